"""The public's answers as curves: how many a second of each color, and which have failed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil, floor

from bluegreen.render.report.axes import LETTER, STEPS, Axis, Line, clock, moments, number_axis, time_axis
from bluegreen.render.report.story import Stretch, Turn, Window

MOST_COLUMNS = 240
"""Of a chart: finer than that nobody sees."""

MOST_ROWS = 48
"""Of the table behind it."""

BEFORE, AROUND = 12.0, 20.0
"""Seconds before a switch's apply, and after its first answer, that are drawn once more by themselves."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Answers a second of one kind. area, stroke: paths. name: of the kind, with what it ran. peak: at most."""

    kind: str
    name: str
    area: str
    stroke: str
    peak: float


@dataclass(frozen=True, slots=True)
class Mark:
    """Failed answers within one column."""

    x: float
    count: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """How many answers came from a moment on, for so many seconds: of each kind, in the order of the curves."""

    at: float
    counts: tuple[int, ...]
    failed: int


@dataclass(frozen=True, slots=True)
class Band:
    """A phase behind the curves. name: "" where there is no room for it."""

    x: float
    width: float
    name: str


@dataclass(frozen=True, slots=True)
class TrafficChart:
    """every: seconds from one row of the table to the next."""

    time: Axis
    rate: Axis
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    curves: tuple[Curve, ...]
    failed: tuple[Mark, ...]
    every: float
    rows: tuple[Row, ...]


def traffic_chart(
    windows: Sequence[Window],
    phases: Iterable[Stretch],
    runs: Mapping[str, str],
    turn: Turn | None,
    times: tuple[float, float],
    zero: float,
) -> TrafficChart:
    """Draw the answers between two moments. runs: color -> what it ran. zero: the start of the run."""
    time = time_axis(*times, zero)
    width, every = _step(time, MOST_COLUMNS), _step(time, MOST_ROWS)
    edges = _edges(time, width, turn.begun if turn else time.low)
    rates = {kind: _rates(windows, kind, edges) for kind in ("blue", "green", "other", "failed")}
    rate = number_axis(max(map(max, rates.values())), 200.0, 16.0)
    shown = [kind for kind in ("blue", "green", "other") if any(rates[kind])]
    seen = (stretch for stretch in phases if stretch.ended > time.low and stretch.began < time.high)
    return TrafficChart(
        time=time,
        rate=rate,
        bands=tuple(_band(stretch, time) for stretch in seen),
        lines=tuple(moments(turn, time)),
        curves=tuple(_curve(kind, runs.get(kind, ""), rates[kind], edges, time, rate) for kind in shown),
        failed=tuple(_failed(windows, edges, time, zero)),
        every=every,
        rows=tuple(_rows(windows, shown, time, every)),
    )


def _edges(time: Axis, width: float, fixed: float) -> list[float]:
    """Return the edges of columns so wide, within the axis. One is at `fixed`: no column shows before and after it."""
    first, last = floor((time.low - fixed) / width), ceil((time.high - fixed) / width)
    return [min(time.high, max(time.low, fixed + width * number)) for number in range(first, last + 1)]


def _step(time: Axis, most: int) -> float:
    return next((step for step in STEPS if step >= 1 and (time.high - time.low) / step <= most), STEPS[-1])


def _rows(windows: Iterable[Window], kinds: Sequence[str], time: Axis, every: float) -> Iterator[Row]:
    within = (window for window in windows if time.low <= window.began <= time.high)
    for number, some in groupby(within, key=lambda window: floor((window.began - time.low) / every)):
        group = list(some)
        counts = tuple(sum(_count(window, kind) for window in group) for kind in kinds)
        yield Row(time.low + number * every, counts, sum(window.failed for window in group))


def around(turn: Turn, began: float, ended: float) -> tuple[float, float]:
    """Return the part of a run in which traffic moves."""
    return max(began, turn.begun - BEFORE), min(ended, (turn.answered or turn.begun) + AROUND)


def _count(window: Window, kind: str) -> int:
    if kind == "failed":
        return window.failed
    if kind == "other":
        return max(0, window.sent - window.failed - sum(window.by_color.values()))
    return window.by_color.get(kind, 0)


def _rates(windows: Iterable[Window], kind: str, edges: Sequence[float]) -> list[float]:
    """Return how many a second there were between each two edges; what a window holds is spread over it evenly."""
    counts = [0.0] * (len(edges) - 1)
    for window in windows:
        count, end = _count(window, kind), window.began + window.seconds
        first = max(0, bisect_right(edges, window.began) - 1)
        for number in range(first, len(counts) if count else 0):
            if edges[number] >= end:
                break
            within = min(end, edges[number + 1]) - max(window.began, edges[number])
            counts[number] += count * max(0.0, within) / window.seconds
    return [count / max(end - begin, 0.1) for count, (begin, end) in zip(counts, pairwise(edges), strict=True)]


def _curve(kind: str, release: str, rates: Sequence[float], edges: Sequence[float], time: Axis, rate: Axis) -> Curve:
    """Draw steps, one for each column: between two columns nothing was measured."""
    steps = "".join(f"H{time.at(edge)}V{rate.at(number)}" for edge, number in zip(edges, rates, strict=False))
    stroke = f"M{time.at(edges[0])},{rate.at(0)}{steps}H{time.at(edges[-1])}"
    name = f"{kind} {release}".strip() if kind != "other" else "said nothing of a color"
    return Curve(kind, name, f"{stroke}V{rate.at(0)}Z", stroke, max(rates))


def _failed(windows: Iterable[Window], edges: Sequence[float], time: Axis, zero: float) -> Iterator[Mark]:
    counts: dict[int, int] = {}
    for window in windows:
        middle = window.began + window.seconds / 2
        if window.failed and edges[0] <= middle <= edges[-1]:
            number = max(0, bisect_left(edges, middle) - 1)
            counts[number] = counts.get(number, 0) + window.failed
    for number, count in sorted(counts.items()):
        at = (edges[number] + edges[number + 1]) / 2
        yield Mark(time.at(at), count, f"{count} failed at {clock(at - zero)}")


def _band(stretch: Stretch, time: Axis) -> Band:
    x, right = time.at(stretch.began), time.at(stretch.ended)
    return Band(x, right - x, stretch.phase if right - x > LETTER * len(stretch.phase) + 6 else "")
