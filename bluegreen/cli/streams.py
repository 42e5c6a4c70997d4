"""Standard streams that cannot end a run."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:  # a run has one; help and completion need no threads
    from bluegreen.cli.pump import Pump

LEFT = frozenset({errno.EPIPE, errno.EIO})
"""What a write says once its reader has left: a pipe's, and a terminal's that was closed."""


class Patient:
    """A text stream whose reader may leave: from then on it goes nowhere, silently.

    `bluegreen deploy | head -1` must neither end the run nor leave a traceback behind, at exit neither. data: it is
    asked for, so a full disk under it is still an error; one that a pump meets is told at the next writes.
    """

    def __init__(self, stream: TextIO, *, data: bool) -> None:
        self._stream = stream
        self._data = data
        self._pump: Pump | None = None
        self._failed: OSError | None = None
        self._told = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if not isinstance(text, str):  # click tries bytes, to find out what this is
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._pump is None:
            self._write(text)
        elif self._failed is not None:
            self._told = True
            raise self._failed
        elif self._data or not self._pump.is_full:
            self._pump.put(self, text)
        return len(text)

    def flush(self) -> None:
        if self._pump is None:
            self._flush()

    @property
    def untold(self) -> OSError | None:
        """What a pump has met, where no write came after it to tell."""
        return None if self._told else self._failed

    @contextmanager
    def pumped(self, pump: Pump) -> Iterator[None]:
        """Leave writing to a pump until the end of the context."""
        self._flush()
        self._pump = pump
        try:
            yield
        finally:
            self._pump = None

    def take(self, text: str) -> None:
        """Write what a pump was given, now."""
        try:
            self._write(text)
            self._flush()
        except OSError as error:
            self._failed = self._failed or error

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except OSError as error:
            self._leave(error)

    def _flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._leave(error)

    def _leave(self, error: OSError) -> None:
        if self._data and error.errno not in LEFT:
            raise error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


class _Waiting(io.FileIO):
    """A descriptor that is waited for until it takes what is written, though somebody has set it not to wait.

    That is a property of the pipe or terminal, not of the process: a Node program that shares it does so.
    """

    def write(self, data: Any) -> int:
        while (written := super().write(data)) is None:
            select.select([], [self.fileno()], [])
        return written


def _waiting(stream: io.TextIOWrapper) -> TextIO:
    """Return what writes text to where a stream does. It is buffered, else what a write leaves over would be lost."""
    raw = _Waiting(stream.fileno(), "w", closefd=False)
    by_line = stream.line_buffering or stream.write_through
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, "backslashreplace", line_buffering=by_line)


def make_patient() -> None:
    """Have all three streams, make those that are written to patient, and able to write any text."""
    _open_closed_ones()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            setattr(sys, name, Patient(_waiting(stream), data=name == "stdout"))


def _open_closed_ones() -> None:
    """Have those streams go nowhere that are closed (`2>&-`): else a journal, say, is opened under their number."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115  it lives as long as the process
