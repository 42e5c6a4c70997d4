"""The door of the program, open before anything is imported that takes time: Ctrl-C meanwhile is quiet."""

from __future__ import annotations

import gc
import sys

GARBAGE = 20_000
"""Objects after which garbage is looked for, of those that may hold it. Nearly all that is made here is imported, and
stays: with Python's own number, 700, looking takes a twentieth of the time in which the program starts."""

EXIT_CODE = 130
"""When interrupted: what errors.Interrupted owns too, which may not be there yet."""


def main() -> None:
    """Run as a program. Interrupted before a command can hear that, it has done nothing, and says nothing."""
    gc.set_threshold(GARBAGE)
    try:
        from bluegreen.cli.main import main as begin

        begin()
    except KeyboardInterrupt:
        sys.exit(EXIT_CODE)
