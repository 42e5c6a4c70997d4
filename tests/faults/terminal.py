"""A program on a terminal of its own, in its foreground: what is typed there reaches it, and so does a hanging up."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from night import Night
from program import Running, command, environment

IN_FOREGROUND = (
    "import fcntl, os, sys, termios;"
    "os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Leads a session, takes the terminal on stdin for that session's own, and becomes the program."""

CTRL_C = b"\x03"


class Terminal:
    """running: the program. screen: all that was written to the terminal."""

    def __init__(self, running: Running, screen: IO[bytes], descriptor: int) -> None:
        self.running = running
        self._screen, self._descriptor = screen, descriptor
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def text(self) -> str:
        return os.pread(self._screen.fileno(), 1_000_000, 0).decode(errors="replace")

    def type_interrupt(self) -> None:
        """The terminal makes a SIGINT of it, for all that is in its foreground."""
        os.write(self._descriptor, CTRL_C)

    def hang_up(self) -> None:
        """Go away, as a terminal does whose window is closed or whose connection is lost."""
        if not self._over.is_set():
            self._over.set()
            self._reader.join()
            os.close(self._descriptor)

    def _read(self) -> None:
        while not self._over.is_set():
            readable, _, _ = select.select([self._descriptor], [], [], 0.05)
            try:
                if readable:
                    self._screen.write(os.read(self._descriptor, 65536))
                    self._screen.flush()
            except OSError:  # nobody has it open any more
                return


@contextmanager
def on_terminal(night: Night, *arguments: str) -> Iterator[Terminal]:
    """Call the program on a terminal, in the shop's folder."""
    with started(night, night.shop.folder, [*command(), *arguments]) as terminal:
        yield terminal


@contextmanager
def started(night: Night, folder: Path, argv: Sequence[str]) -> Iterator[Terminal]:
    """Start a program on a terminal; it is killed where the test leaves it behind."""
    before = frozenset((night.data / "runs").glob("*.jsonl"))
    ours, its = pty.openpty()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as screen:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", IN_FOREGROUND, *argv],
            cwd=folder,
            env=environment({"TERM": "xterm", "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}),
            stdin=its,
            stdout=its,
            stderr=its,
        )
        os.close(its)
        terminal = Terminal(Running(process, out, screen, night.data / "runs", before), screen, ours)
        try:
            yield terminal
        finally:
            process.kill()
            process.wait()
            terminal.hang_up()
