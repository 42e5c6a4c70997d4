"""Phases, latencies and probes: numbers in, the places of what an SVG holds out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil

from bluegreen.render.report.axes import LEFT, LETTER, RIGHT, WIDTH, Axis, Line, moments, number_axis, time_axis
from bluegreen.render.report.story import Probed, Stretch, Tone, Turn, Window

ROW = 26.0
"""Height of a row."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase. anchor: start where its label stands after it, end where before it."""

    stretch: Stretch
    x: float
    y: float
    width: float
    label: str
    label_x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class PhaseChart:
    time: Axis
    height: float
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """How long answers took in one part of a run, in milliseconds. answers: how many did not fail."""

    name: str
    answers: int
    p50: float
    p95: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class LatencyChart:
    scale: Axis
    height: float
    rows: tuple[tuple[float, Period], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    good: bool
    color: str


@dataclass(frozen=True, slots=True)
class ProbeChart:
    time: Axis
    lanes: tuple[tuple[str, float], ...]
    dots: tuple[Dot, ...]


def phase_chart(phases: Sequence[Stretch], began: float, ended: float, turn: Turn | None) -> PhaseChart:
    time = time_axis(began, ended, began)
    return PhaseChart(
        time=time,
        height=ROW * len(phases),
        bars=tuple(_bar(stretch, number, time) for number, stretch in enumerate(phases)),
        lines=tuple(moments(turn, time)),
    )


def _bar(stretch: Stretch, number: int, time: Axis) -> Bar:
    x, right = time.at(stretch.began), time.at(stretch.ended)
    width = max(3.0, right - x)
    label = stretch.took if stretch.tone is Tone.GOOD else f"{stretch.took}, {stretch.outcome}"
    fits = x + width + 6 + LETTER * len(label) <= WIDTH
    return Bar(stretch, x, number * ROW + 5, width, label, x + width + 6 if fits else x - 6, "start" if fits else "end")


def periods(windows: Sequence[Window], turn: Turn | None) -> tuple[Period, ...]:
    """Return how long answers took before, during and after traffic moved; in the whole run when it did not."""
    if turn is None:
        parts = {"in the run": list(windows)}
    else:
        settled = turn.settled if turn.settled is not None else max((w.began + 1 for w in windows), default=turn.begun)
        parts = {
            "before": [window for window in windows if window.began < turn.begun],
            "during": [window for window in windows if turn.begun <= window.began < settled],
            "after": [window for window in windows if window.began >= max(turn.begun, settled)],
        }
    return tuple(_period(name, part) for name, part in parts.items() if any(window.milliseconds for window in part))


def _period(name: str, windows: Iterable[Window]) -> Period:
    counts: dict[float, int] = {}
    for window in windows:
        for took, count in window.milliseconds.items():
            counts[took] = counts.get(took, 0) + count
    known = sorted(counts)
    up_to = list(accumulate(counts[one] for one in known))

    def percentile(share: float) -> float:
        return known[bisect_left(up_to, ceil(share * up_to[-1]))]

    return Period(name, up_to[-1], percentile(0.5), percentile(0.95), percentile(0.99), known[-1])


def latency_chart(parts: Sequence[Period]) -> LatencyChart:
    scale = number_axis(max(part.p99 for part in parts), LEFT, WIDTH - RIGHT - 30, " ms")
    rows = tuple((ROW * number + ROW / 2 + 4, part) for number, part in enumerate(parts))
    return LatencyChart(scale, ROW * len(rows) + 8, rows)


def probe_chart(probes: Sequence[Probed], began: float, ended: float) -> ProbeChart:
    """Draw each probe; those that would cover each other are drawn once."""
    time = time_axis(began, ended, began)
    lanes = {color: 18.0 + 30.0 * number for number, color in enumerate(sorted({one.color for one in probes}))}
    dots = dict.fromkeys(Dot(round(time.at(p.at) / 3) * 3.0, lanes[p.color], p.good, p.color) for p in probes)
    return ProbeChart(time, tuple(lanes.items()), tuple(dots))
