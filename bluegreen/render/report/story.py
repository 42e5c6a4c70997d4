"""What the report of one run shows, in words and numbers. Times are Unix seconds, durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How something is set: as it should be, to be looked at, wrong, or not known yet."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number to be read first, in words."""

    label: str
    value: str
    tone: Tone = Tone.OPEN


@dataclass(frozen=True, slots=True)
class Stretch:
    """One phase. waiting: how long nothing was done in it. took: in words."""

    phase: str
    began: float
    ended: float
    waiting: float
    outcome: str
    tone: Tone
    took: str


@dataclass(frozen=True, slots=True)
class Window:
    """The public's answers within one window of time; see events.PublicMeasured."""

    began: float
    seconds: float
    sent: int
    failed: int
    by_color: Mapping[str, int]
    milliseconds: Mapping[float, int]


@dataclass(frozen=True, slots=True)
class Probed:
    """One answer of a color. words: what it was worth, and why."""

    at: float
    color: str
    good: bool
    words: str
    status: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Failed answers of the public that said the same. detail: what that was."""

    first: float
    last: float
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan of one layer changes. changes: action and address."""

    phase: str
    layer: str
    changes: tuple[tuple[str, str], ...]
    allowed: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of what was told. phase: in which it came. output: what a command or a machine printed."""

    at: float
    phase: str
    words: str
    tone: Tone
    output: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """When traffic moved. begun: the switch's apply; answered: the first answer of the other color, None if there was
    none; settled: the end of its proof, or of the way back, None if there was none."""

    begun: float
    answered: float | None = None
    settled: float | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One run. verdict: "unfinished" for one that goes on, or was cut off. facts: label and value, in order.

    runs: color -> what it ran. turn: None when nobody was moved.
    """

    run: str
    title: str
    verdict: str
    tone: Tone
    happened: str
    cost: str
    figures: tuple[Figure, ...]
    facts: tuple[tuple[str, str], ...]
    began: float
    ended: float
    runs: Mapping[str, str]
    turn: Turn | None
    phases: tuple[Stretch, ...]
    windows: tuple[Window, ...]
    failures: tuple[Failure, ...]
    probes: tuple[Probed, ...]
    plans: tuple[Planned, ...]
    happenings: tuple[Happening, ...]
