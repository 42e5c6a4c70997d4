"""Time and interruptions as a test wants them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from bluegreen.errors import Interrupted


class FakeInterruptions:
    """ports.Interruptions; `interrupt` is the signal, or somebody's request."""

    def __init__(self) -> None:
        self._arrived = False
        self._shields = 0
        self.asked_by = ""

    def interrupt(self, asked_by: str = "") -> None:
        self._arrived = True
        self.asked_by = asked_by

    @property
    def requested(self) -> bool:
        return self._arrived and not self._shields

    def clear(self) -> None:
        self._arrived = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1


class FakeClock:
    """ports.Clock whose sleep takes no time. slept: each sleep's seconds, in order."""

    def __init__(self, interruptions: FakeInterruptions | None = None, start: float = 1_800_000_000.0) -> None:
        self.interruptions = interruptions or FakeInterruptions()
        self.slept: list[float] = []
        self._start = start
        self._elapsed = 0.0
        self._hooks: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def time(self) -> float:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed

    @property
    def waited(self) -> float:
        return sum(self.slept)

    def at(self, seconds: float, hook: Callable[[], None]) -> None:
        """Call `hook` when `monotonic` reaches `seconds`; at once on the next sleep if that has passed."""
        heapq.heappush(self._hooks, (seconds, next(self._numbers), hook))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        end = self._elapsed + max(0.0, seconds)
        self._notice()
        while self._hooks and self._hooks[0][0] <= end:
            due, _, hook = heapq.heappop(self._hooks)
            self._elapsed = max(self._elapsed, due)
            hook()
            self._notice()
        self._elapsed = end

    def _notice(self) -> None:
        if self.interruptions.requested:
            raise Interrupted("interrupted while waiting")
