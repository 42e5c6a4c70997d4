"""A run that somebody else asks to go back: to the run, that is an interruption with a name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bluegreen.errors import BluegreenError
from bluegreen.ports import Interruptions, Store

EVERY = 2.0
"""Seconds between two looks into the store."""


class CalledBack:
    """ports.Interruptions: those of this process, and a request in the store that the run go back."""

    def __init__(self, inner: Interruptions, store: Store, run: str, every: float = EVERY) -> None:
        self._inner = inner
        self._store = store
        self._run = run
        self._every = every
        self._next = 0.0
        self._shields = 0
        self._waits = False
        self.asked_by = ""

    @property
    def requested(self) -> bool:
        if self._inner.requested:
            return True
        if self._shields:
            return False
        if not self.asked_by:
            self._look()
        return self._waits

    def clear(self) -> None:
        self._inner.clear()
        self._waits = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        self._shields += 1
        try:
            with self._inner.shielded():
                yield
        finally:
            self._shields -= 1

    def _look(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._every
        try:
            self.asked_by = self._store.called_back(self._run)
        except BluegreenError:
            return  # a store that cannot be read now is asked again
        self._waits = bool(self.asked_by)
