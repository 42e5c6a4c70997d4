"""What the public sees while a run goes on: asked in the background, told apart, counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bluegreen.errors import BluegreenError
from bluegreen.events import COUNTED, Emit, FirstAnswer, PublicAnswered, PublicCounted, PublicMeasured
from bluegreen.health import Marks, Origin, Public, read_marks
from bluegreen.model import Color
from bluegreen.ports import Answer, Clock, Prober, Question
from bluegreen.switch.windows import Answered, Windows

DISTURBED_AFTER = 3
"""Failed public answers in a row that stop a run before its switch; a single one is counted and told."""

_COLORS = frozenset(map(str, Color))

AFTER_429 = 1.0
"""Seconds between two questions once the edge has said that there were too many."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One public answer and where it came from."""

    origin: Origin
    answer: Answer


@dataclass(slots=True)
class Audience:
    """The public URL's answers. latency: seconds, above which an answer counts as slow."""

    prober: Prober
    clock: Clock
    emit: Emit
    latency: float
    sent: int = 0
    failed: int = 0
    cached: int = 0
    stopped: int = 0
    slow: int = 0
    wrong_release: int = 0
    by_color: Counter[str] = field(default_factory=Counter)
    overlap: float = 0.0
    was_good: bool = False
    _public: Public | None = None
    _goal: Color | None = None
    _switched_at: float | None = None
    _first_new: float | None = None
    _failed_in_a_row: int = 0
    _every: float = 0.0
    _slowest_pace: float = 0.0
    _last_origin: Origin | None = None
    _windows: Windows = field(default_factory=Windows)

    def start(self, question: Question, every: float, public: Public, *, goal: Color, was_good: bool) -> None:
        """Ask from now on, though something else was asked before.

        goal: the color that the run is about. was_good: the public answered well before it.
        """
        self.read()
        self._public, self._goal, self.was_good = public, goal, was_good
        self._switched_at = self._first_new = None
        self._every = max(every, self._slowest_pace)
        self.prober.start(question, self._every)

    def expect(self, public: Public) -> None:
        """From now on traffic is meant to go to another color: a switch's apply is about to begin."""
        self.read()
        self._measure(self._windows.rest())
        self._public, self._switched_at, self._first_new = public, self.clock.monotonic(), None
        self._failed_in_a_row = 0

    def pace(self, every: float) -> None:
        """Ask every so many seconds from now on; never faster than a 429 has allowed."""
        self._every = max(every, self._slowest_pace)
        self.prober.pace(self._every)

    def stop(self, within: float = math.inf) -> None:
        """Ask no more, and count what is under way still, waiting for no more than `within` seconds."""
        self.prober.stop(within)
        self.read()
        self._measure(self._windows.rest())

    @property
    def answered(self) -> bool:
        """Whether the target has answered the public since the switch's apply began. Never without an identity."""
        return self._first_new is not None

    @property
    def requests(self) -> dict[str, int]:
        """How many public questions were sent, and what came of them. What no origin answered has not failed."""
        return {name: getattr(self, name) for name in COUNTED}

    def read(self) -> Sequence[Seen]:
        """Return what came since the last call, oldest question first, counted and told apart."""
        public = self._public
        if public is None:
            return ()
        answers = sorted(self.prober.answers(self.sent), key=lambda answer: answer.asked)
        seen = [self._count(answer, public) for answer in answers]
        if seen:
            counted = dict(self.by_color)
            self.emit(PublicCounted(**self.requests, by_color=counted))
        self._measure(self._windows.closed(self.clock.time()))
        return seen

    def _measure(self, windows: Iterable[PublicMeasured]) -> None:
        for measured in windows:
            self.emit(measured)

    def check_undisturbed(self, idle: Color) -> None:
        """Raise BluegreenError when, before a switch, the idle color answers the public, or the public fails."""
        for seen in self.read():
            color = read_marks(seen.answer, self._public.identity if self._public else None).color
            if color == idle:
                raise BluegreenError(
                    f"{idle} answers the public before the switch",
                    hint="look at the edge: something else than bluegreen sends traffic there",
                )
        if self.was_good and self._failed_in_a_row >= DISTURBED_AFTER:
            raise BluegreenError(
                f"the public URL answered well before this run and has failed {self._failed_in_a_row} times in a row",
                hint="the idle color is left as it is; look at the active color: bluegreen status",
            )

    def _count(self, answer: Answer, public: Public) -> Seen:
        origin = public.origin(answer)
        marks = read_marks(answer, public.identity)
        self.sent += 1
        self.failed += origin is Origin.FAILED
        self.cached += origin is Origin.CACHED
        self.stopped += origin is Origin.STOPPED
        if answer.status == 429 and not self._slowest_pace:
            self._slowest_pace = AFTER_429
            self.pace(self._every)
        self.slow += bool(answer.status) and answer.seconds > self.latency
        self.wrong_release += marks.color == public.color and not public.right_release(marks)
        if marks.color and origin is not Origin.FAILED:
            self.by_color[marks.color] += 1
        self._failed_in_a_row = self._failed_in_a_row + 1 if origin is Origin.FAILED else 0
        self._follow(origin, answer, public)
        self._windows.take(self._answered(origin, answer, marks))
        if origin is Origin.FAILED or origin is not self._last_origin:
            told = self._told(origin, marks)
            self.emit(PublicAnswered(told, marks.color, marks.release, answer.outcome, answer.seconds))
        self._last_origin = origin
        return Seen(origin, answer)

    def _answered(self, origin: Origin, answer: Answer, marks: Marks) -> Answered:
        ago = self.clock.monotonic() - (answer.asked + answer.seconds)
        named = origin.is_evidence and marks.color in _COLORS  # anybody could have answered, and said anything
        return Answered(self.clock.time() - ago, answer.seconds, origin is Origin.FAILED, marks.color if named else "")

    def _told(self, origin: Origin, marks: Marks) -> Origin:
        """Return new and old as the whole run means them, also before its switch."""
        if self._switched_at is not None or origin not in (Origin.NEW, Origin.OLD):
            return origin
        return Origin.NEW if marks.color == self._goal else Origin.OLD

    def _follow(self, origin: Origin, answer: Answer, public: Public) -> None:
        if self._switched_at is None or answer.asked < self._switched_at:
            return
        if origin is Origin.NEW and self._first_new is None:
            self._first_new = answer.asked
            self.emit(FirstAnswer(public.color, answer.asked + answer.seconds - self._switched_at))
        if origin is Origin.OLD and self._first_new is not None and answer.asked > self._first_new:
            self.overlap = max(self.overlap, answer.asked - self._first_new)
