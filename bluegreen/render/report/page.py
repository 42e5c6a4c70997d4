"""Sets a story as one HTML file that asks nobody for anything: no script, no font, no picture, no address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from bluegreen.render.report.axes import clock
from bluegreen.render.report.charts import latency_chart, periods, phase_chart, probe_chart
from bluegreen.render.report.story import Probed, Story
from bluegreen.render.report.traffic import around, traffic_chart
from bluegreen.resources import shipped

if TYPE_CHECKING:  # jinja2 takes 0.05 s to import
    from jinja2 import Template

LONG = 90.0
"""Seconds; of a longer run the moments around its switch are drawn once more by themselves."""


@dataclass(frozen=True, slots=True)
class Row:
    """Probes of one color alike, one after another. slowest: milliseconds."""

    first: Probed
    last: Probed
    count: int
    slowest: float


def render_report(story: Story) -> str:
    """Return the page. Everything that is told in it is escaped: a journal holds what servers have said."""
    told = [(phase, list(lines)) for phase, lines in groupby(story.happenings, key=attrgetter("phase"))]
    return _template().render(story=story, told=told, rows=_alike(story.probes), **_charts(story))


def _charts(story: Story) -> dict[str, Any]:
    """Return each chart by its name in the template, None where there is nothing to draw."""
    times = story.began, story.ended
    told = story.windows, story.phases, story.runs, story.turn
    near = around(story.turn, *times) if story.turn and story.ended - story.began > LONG else None
    parts = periods(story.windows, story.turn)
    return {
        "phases": phase_chart(story.phases, *times, story.turn) if story.phases else None,
        "traffic": traffic_chart(*told, times, story.began) if story.windows else None,
        "near": traffic_chart(*told, near, story.began) if story.windows and near else None,
        "latency": latency_chart(parts) if parts else None,
        "probed": probe_chart(story.probes, *times) if story.probes else None,
    }


def _alike(probes: Iterable[Probed]) -> Sequence[Row]:
    """Return what answers said, once for each stretch in which a color said the same, in the order of their begin."""
    rows: list[Row] = []
    last: dict[str, int] = {}
    for one in probes:
        known = rows[last[one.color]] if one.color in last else None
        if known is not None and (known.last.words, known.last.status) == (one.words, one.status):
            slowest = max(known.slowest, one.milliseconds)
            rows[last[one.color]] = Row(known.first, one, known.count + 1, slowest)
        else:
            last[one.color] = len(rows)
            rows.append(Row(one, one, 1, one.milliseconds))
    return rows


def _utc(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _iso(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _milliseconds(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(shipped("templates", "report")),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "utc": _utc, "iso": _iso, "ms": _milliseconds}
    return environment.get_template("report.html.j2")
