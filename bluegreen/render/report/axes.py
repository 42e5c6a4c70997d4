"""Where things stand in a report's charts.

Drawn by ourselves: a chart library brings a script or a font, and this page has to stand alone for years.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, log10

from bluegreen.render.report.story import Turn

WIDTH, LEFT, RIGHT = 960.0, 84.0, 28.0
"""Of each chart, in its own units, and what is left free beside the drawing."""

_DAY = 86400
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, _DAY, 7 * _DAY)
"""Seconds from one tick of a time axis to the next, from one column to the next, from one row to the next."""

LETTER = 6.4
"""Width of a character of a label, about."""


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From a number to its place. low, high: what stands at the ends; begin, end: their places."""

    low: float
    high: float
    begin: float
    end: float
    ticks: tuple[Tick, ...]

    def at(self, number: float) -> float:
        share = (number - self.low) / (self.high - self.low)
        return round(self.begin + min(1.0, max(0.0, share)) * (self.end - self.begin), 1)


@dataclass(frozen=True, slots=True)
class Line:
    """A vertical line at a moment, with its name."""

    x: float
    label: str
    anchor: str


def clock(seconds: float) -> str:
    """Write a time since the start of a run: +0.4 s, +1:05, +1:02:05."""
    if abs(seconds) < 60:
        return f"{'-' if seconds < 0 else '+'}{round(abs(seconds), 2):.3g} s"
    whole = round(abs(seconds))
    hours = f"{whole // 3600}:{whole % 3600 // 60:02}" if whole >= 3600 else f"{whole // 60}"
    return f"{'-' if seconds < 0 else '+'}{hours}:{whole % 60:02}"


def time_axis(low: float, high: float, zero: float) -> Axis:
    """Return the axis of a stretch of time. zero: the start of the run, from which ticks count."""
    high = max(high, low + 0.5)
    step = next((step for step in STEPS if (high - low) / step <= 9), STEPS[-1])
    numbers = range(ceil((low - zero) / step), floor((high - zero) / step) + 1)
    axis = Axis(low, high, LEFT, WIDTH - RIGHT, ())
    ticks = tuple(Tick(axis.at(zero + number * step), clock(number * step)) for number in numbers)
    return Axis(low, high, LEFT, WIDTH - RIGHT, ticks)


def number_axis(most: float, begin: float, end: float, unit: str = "") -> Axis:
    """Return an axis from 0 to a round number that is `most` or more."""
    most = max(most, 1e-3)
    power = 10.0 ** floor(log10(most))
    high = next(one * power for one in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if one * power >= most * 0.9999)
    parts = 3 if round(high / power, 1) in (1.5, 3, 6) else 4
    axis = Axis(0.0, high, begin, end, ())
    numbers = [high * part / parts for part in range(parts + 1)]
    return Axis(0.0, high, begin, end, tuple(Tick(axis.at(number), f"{number:.3g}{unit}") for number in numbers))


def moments(turn: Turn | None, time: Axis) -> Iterator[Line]:
    if turn is None:
        return
    begun = time.at(turn.begun)
    if turn.answered is None:
        yield Line(begun, "traffic moves", "start")
        return
    answered = time.at(turn.answered)
    yield Line(begun, "traffic moves", "end")
    yield Line(answered, "first answer", "start")
