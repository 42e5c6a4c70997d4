"""What the public saw, by time: its answers in windows, of which there are never many."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from operator import attrgetter

from bluegreen.events import PublicMeasured

NARROWEST = 1.0
"""Seconds of a window around a switch: what a report draws there, it draws by the second."""

ALIKE = 120
"""Windows of one width; those after them are twice as wide. So a week at ten questions a second makes 1,400 of them."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer. at: when it was complete, Unix seconds. color: "" when it names none."""

    at: float
    seconds: float
    failed: bool
    color: str


@dataclass(slots=True)
class Windows:
    """A window begins with the first answer that no earlier one holds; a time without answers makes none."""

    _waiting: list[Answered] = field(default_factory=list)
    _width: float = NARROWEST
    _alike: int = 0

    def take(self, answered: Answered) -> None:
        self._waiting.append(answered)

    def closed(self, now: float) -> Iterator[PublicMeasured]:
        """Yield what was over by then, in order. now: Unix seconds."""
        waiting = sorted(self._waiting, key=attrgetter("at"))
        done = 0
        while done < len(waiting) and (end := waiting[done].at + self._width) <= now:
            following = bisect_left(waiting, end, lo=done, key=attrgetter("at"))
            yield _measured(waiting[done:following], self._width)
            self._grow()
            done = following
        self._waiting = waiting[done:]

    def rest(self) -> Iterator[PublicMeasured]:
        """Yield all that came, and begin anew with the narrowest windows."""
        yield from self.closed(inf)
        self._width, self._alike = NARROWEST, 0

    def _grow(self) -> None:
        self._alike += 1
        if self._alike == ALIKE:
            self._width, self._alike = 2 * self._width, 0


def _measured(answers: Sequence[Answered], width: float) -> PublicMeasured:
    good = [one for one in answers if not one.failed]
    return PublicMeasured(
        began=answers[0].at,
        seconds=width,
        sent=len(answers),
        failed=len(answers) - len(good),
        by_color=dict(Counter(one.color for one in good if one.color)),
        milliseconds=dict(Counter(_two_digits(1000 * one.seconds) for one in good)),
    )


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):g}"
