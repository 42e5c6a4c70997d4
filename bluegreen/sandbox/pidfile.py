"""Which process lives: a file that it keeps locked, so that neither a crash nor a reused pid can deceive."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

GRACE = 3.0
"""Seconds from SIGTERM to SIGKILL, and from SIGKILL to giving up."""


def claim(path: Path) -> int | None:
    """Lock `path` and write our pid into it; return the descriptor to keep open, or None when another process lives."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    os.ftruncate(file, 0)
    os.write(file, str(os.getpid()).encode())
    return file


def holder(path: Path) -> int | None:
    """Return the pid of the process that holds `path`, None when there is none."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(file, 32)
        return int(text) if text.isdigit() else None
    else:
        return None
    finally:
        os.close(file)


def end(path: Path) -> bool:
    """End the process that holds `path`, if any; return whether it is gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GRACE
        if pid := holder(path):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        while holder(path) and time.monotonic() < deadline:
            time.sleep(0.01)
    return holder(path) is None
