"""The program, killed before or after it has written a line of its journal: killed.py before|after LINE ARGUMENT..."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from bluegreen.adapters.state.journal import LocalStore
from bluegreen.cli.main import main


def arrange(when: str, line: int) -> None:
    """Kill this process around the write of that line; 0 is the first that it writes."""
    write, written = LocalStore.append, 0

    def append(self: LocalStore, *arguments: Any, **options: Any) -> None:
        nonlocal written
        if (when, line) == ("before", written):
            os.kill(os.getpid(), signal.SIGKILL)
        write(self, *arguments, **options)
        if (when, line) == ("after", written):
            os.kill(os.getpid(), signal.SIGKILL)
        written += 1

    LocalStore.append = append  # type: ignore[method-assign]


if __name__ == "__main__":
    arrange(sys.argv[1], int(sys.argv[2]))
    sys.argv[1:3] = []
    main()
