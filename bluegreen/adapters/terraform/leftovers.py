"""Scratch folders and saved plans are named after the process that made them, so that its death frees them.

They may hold secrets, and a process that is killed cleans nothing up.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bluegreen.adapters.state.files import private_folder
from bluegreen.adapters.state.host import find_process, host

LEFTOVER_AGE = 24 * 3600.0
"""Seconds after which nobody can still be using what a process of another machine has made."""


def ours() -> str:
    """Return what this process writes into the names of what it leaves lying about while it works."""
    return f"{host()}-{os.getpid()}"


@contextmanager
def saved_plan(data_dir: Path, *, keep: bool) -> Iterator[Path]:
    """Give a path for a saved plan; deleted afterwards unless it is to be kept, and when planning fails."""
    path = private_folder(data_dir / "plans") / f"plan-{ours()}-{uuid.uuid4().hex}.tfplan"
    kept = False
    try:
        yield path
        kept = keep
    finally:
        if not kept:
            path.unlink(missing_ok=True)


def sweep(paths: Iterable[Path]) -> None:
    """Delete those that no process needs any more; they are named `...-HOST-PID-RANDOM...`."""
    oldest = time.time() - LEFTOVER_AGE
    for path in paths:
        with suppress(FileNotFoundError):  # somebody else sweeps too
            if _is_left_over(path, oldest):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _is_left_over(path: Path, oldest: float) -> bool:
    place, _, pid = path.name.rpartition("-")[0].rpartition("-")
    if place.endswith(f"-{host()}") and pid.isdecimal():
        return find_process(int(pid)) is None
    return path.lstat().st_mtime < oldest
