"""The real clock."""

from __future__ import annotations

import time

from bluegreen.errors import Interrupted
from bluegreen.ports import Interruptions

SLICE = 0.02
"""Seconds for which an interruption may go unnoticed; a person does not feel it, and it costs no measurable time."""


class SystemClock:
    """ports.Clock by the system's clocks.

    It waits in slices instead of on an Event that a signal handler sets: the handler runs in the very thread that
    waits, may find the Event's lock, which is not reentrant, taken by it, and would wait for itself for ever.
    """

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self.waited = 0.0

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        began = time.monotonic()
        try:
            self._sleep_until(began + seconds)
        finally:
            self.waited += time.monotonic() - began

    def _sleep_until(self, end: float) -> None:
        while not self._interruptions.requested:
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, SLICE))
        raise Interrupted("interrupted while waiting")
