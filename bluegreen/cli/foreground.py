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
    """Run a program on our own streams until it ends; return its exit code, 128 + N when signal N ended it."""

    def leave_to_it(number: int, frame: FrameType | None) -> None:
        """The program was told the same."""

    # A handler, not SIG_IGN, which the program would inherit.
    before = {number: signal.signal(number, leave_to_it) for number in (signal.SIGINT, *HANDED_ON)}
    try:
        program = subprocess.Popen(argv, cwd=folder, env=dict(environment))
        for number in HANDED_ON:
            signal.signal(number, lambda number, frame: program.send_signal(number))
        code = program.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
