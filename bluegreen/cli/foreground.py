"""Runs a program that has the terminal to itself, and ends as it ends."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

HANDED_ON = (signal.SIGTERM, signal.SIGHUP)
"""A Ctrl-C reaches the program by itself, since it is in the terminal's foreground; these are for us alone."""


def run_in_foreground(argv: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """Run a program on our own streams until it ends; return its exit code, 128 + N when signal N ended it.

    What it writes, be it a saved plan or a local state, is its user's alone.
    """
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def hand_on(number: int, frame: FrameType | None) -> None:
        if number in HANDED_ON:
            started[0].send_signal(number) if started else early.append(number)

    # A handler, not SIG_IGN, which the program would inherit.
    before = {number: signal.signal(number, hand_on) for number in (signal.SIGINT, *HANDED_ON)}
    try:
        program = subprocess.Popen(argv, cwd=folder, env=dict(environment), umask=0o077)
        started.append(program)
        for number in early:
            program.send_signal(number)
        code = program.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
