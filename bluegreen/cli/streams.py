"""Standard streams that cannot end a run."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO


class Patient:
    """A text stream whose reader may leave: from then on it goes nowhere, silently.

    `bluegreen deploy | head -1` must neither end the run nor leave a traceback behind, at exit neither.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            return self._leave(len(text))

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._leave(0)

    def _leave(self, written: int) -> int:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        return written


def make_patient() -> None:
    """Make both streams patient, and able to write any text."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
            setattr(sys, name, Patient(stream))
