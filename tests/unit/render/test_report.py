"""The report of a run: whole in itself, harmless whatever it tells of, readable by everybody, and true."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from bad_night import BEGAN, HOSTILE, bad_night

from bluegreen.cli.chronicle import story_of
from bluegreen.ports import JournalEntry
from bluegreen.render.report.axes import Axis, clock, number_axis, time_axis
from bluegreen.render.report.charts import Period, periods
from bluegreen.render.report.page import render_report
from bluegreen.render.report.story import Story, Turn, Window
from bluegreen.render.report.traffic import MOST_COLUMNS, MOST_ROWS, traffic_chart

RECORDED = Path(__file__).parents[1] / "cli" / "recorded"

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """A page, taken apart. tags: each with its attributes. text: all that is shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == [], "a tag is never closed"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self._open[-1:] != ["style"] else ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def recorded(name: str) -> list[JournalEntry]:
    return [JournalEntry(json.loads(line)) for line in (RECORDED / f"{name}.jsonl").read_text().splitlines()]


def report(entries: list[JournalEntry]) -> str:
    return render_report(story_of("20261122-192803-2945", entries))


@pytest.fixture(scope="module")
def night() -> str:
    return report(bad_night())


# Whole in itself


def test_it_asks_nobody_for_anything(night: str) -> None:
    page = Page(night)
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.tags}
    assert {name for _, given in page.tags for name in given} & {"src", "srcset", "data", "onload", "onclick"} == set()
    assert set(re.findall(r"url\(([^)]*)\)", night)) == {"#near-hatch", "#whole-hatch"}
    assert "@import" not in night
    policy = next(one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_links_lead_within_it_or_to_the_ci_run(night: str) -> None:
    page = Page(night)
    ids = {given["id"] for _, given in page.tags if "id" in given}
    led = {str(one["href"]) for one in page.all("a")}
    assert {link[1:] for link in led if link.startswith("#")} <= ids
    assert [link for link in led if not link.startswith("#")] == ["https://ci.example/run/7"]


def test_no_address_but_one_of_the_web_becomes_a_link() -> None:
    started = bad_night()[0].data
    page = Page(report([JournalEntry({**started, "ci_url": "javascript:alert(1)"})]))
    assert "javascript:alert(1)" in page.text
    assert [one["href"] for one in page.all("a") if not str(one["href"]).startswith("#")] == []


# Harmless


def test_whatever_was_said_is_text(night: str) -> None:
    page = Page(night)
    assert page.all("script") == []
    told = HOSTILE.replace("\u202e", "")
    for place in (
        "ana",
        "faster ",
        "HTTP 504 ",
        "HTTP 503 ",
        "terraform_data.bluegreen",
        "wrong answer ",
        "./migrate ",
    ):
        assert f"{place}{told}" in page.text, place
    assert "\u202e" not in night, "a mark that reorders text"


# For everybody


def test_everything_has_its_place_and_its_name(night: str) -> None:
    page = Page(night)
    tags = Counter(tag for tag, _ in page.tags)
    assert [tags[one] for one in ("main", "header", "nav", "footer", "h1")] == [1, 1, 1, 1, 1]
    assert page.all("html") == [{"lang": "en"}]
    labels = [str(given["aria-labelledby"]).split() for _, given in page.tags if "aria-labelledby" in given]
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))
    assert {one for label in labels for one in label} <= set(ids)


def test_every_chart_says_what_it_shows_and_has_a_table_behind_it(night: str) -> None:
    page = Page(night)
    charts = page.all("svg")
    assert len(charts) == 5
    assert all(chart["role"] == "img" and chart["aria-labelledby"] for chart in charts)
    assert night.count("<title id=") == night.count("<desc id=") == len(charts)
    assert len(page.all("table")) == len(page.all("caption")) >= len(charts)
    assert all(one.get("scope") in ("col", "row") for one in page.all("th"))


def test_what_scrolls_can_be_reached_by_the_keyboard(night: str) -> None:
    scrolling = [given for _, given in Page(night).tags if given.get("class") == "scroll"]
    assert len(scrolling) >= 5
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in scrolling)


# True


def test_it_tells_the_whole_night(night: str) -> None:
    text = " ".join(Page(night).text.split())
    assert "returned: green (1.5.0) failed in BAKE after 11 min 38 s; blue (1.4.2) serves the public again" in text
    assert "5,213 requests, 118 failed, 3 slow; both colors answered for 4.2 s" in text
    assert "0123456789abcdef" in text
    assert "5 min 05 s, 5 min of it waiting" in text
    assert "one" in text
    assert "migrated" in text


def test_failures_are_marked_where_they_were(night: str) -> None:
    marks = [int(count) for count in re.findall(r"<title>(\d+) failed at \+1[01]:\d\d</title>", night)]
    measured = sum(e.data["failed"] for e in bad_night() if e.event == "public-measured")
    assert sum(marks) == measured > 0


def test_a_run_of_an_older_journal_has_no_curves_and_says_so() -> None:
    page = report(recorded("deploy"))
    assert "Nothing was measured by the second in this run." in page
    assert "switched" in page
    assert len(Page(page).all("svg")) == 2


@pytest.mark.parametrize("name", ["deploy", "returned"])
def test_a_run_that_goes_on_has_a_report_at_any_moment(name: str) -> None:
    entries = recorded(name)
    for number in range(0, len(entries), 5):
        page = Page(report(entries[:number]))
        assert "unfinished" in page.text


def test_a_run_that_was_cut_off_says_in_which_phase() -> None:
    entries = [entry for entry in bad_night() if entry.time < BEGAN + 400]
    story = story_of("R", entries)
    assert (story.verdict, story.phases[-1].phase, story.phases[-1].outcome) == (
        "unfinished",
        "PROVE",
        "under way, or cut off",
    )
    assert story.happened == "under way, or cut off, in PROVE; the target is green (1.5.0)"
    assert "around" not in report(entries[:3])


# Drawn


def window(began: float, blue: int = 0, green: int = 0, took: dict[float, int] | None = None) -> Window:
    return Window(began, 1.0, blue + green, 0, {"blue": blue, "green": green}, took or {})


def points(path: str, axis: Axis) -> list[float]:
    """Return the values of a path's steps."""
    whole = (axis.begin - axis.end) / axis.high
    return [round((axis.begin - float(y)) / whole, 1) for y in re.findall(r"V([\d.]+)", path)]


def test_the_curves_are_what_was_counted_and_cross_where_traffic_moved() -> None:
    windows = [window(n + 0.0, blue=10) for n in range(5)] + [window(5.0, blue=4, green=6)]
    windows += [window(n + 0.0, green=10) for n in range(6, 10)]
    chart = traffic_chart(windows, (), {"blue": "1", "green": "2"}, Turn(5.0, 5.2, 9.0), (0.0, 10.0), 0.0)
    blue, green = chart.curves
    assert (blue.name, green.name) == ("blue 1", "green 2")
    assert points(blue.stroke, chart.rate) == [10.0] * 5 + [4.0] + [0.0] * 4
    assert points(green.stroke, chart.rate) == [0.0] * 5 + [6.0] + [10.0] * 4
    assert [row.counts for row in chart.rows] == [(10, 0)] * 5 + [(4, 6)] + [(0, 10)] * 4


def test_the_other_color_is_drawn_nowhere_before_traffic_moved() -> None:
    windows = [window(2.3, blue=3), window(3.3, green=8)]
    chart = traffic_chart(windows, (), {}, Turn(3.3), (0.0, 6.0), 0.0)
    (green,) = (curve for curve in chart.curves if curve.kind == "green")
    first = re.search(r"H([\d.]+)V(?!200\.0)", green.stroke)
    assert first
    assert float(first[1]) == chart.time.at(3.3)


def test_a_long_run_has_no_more_columns_and_rows_than_can_be_seen() -> None:
    windows = [window(float(n), blue=2) for n in range(0, 7 * 86_400, 600)]
    chart = traffic_chart(windows, (), {}, None, (0.0, 7 * 86_400.0), 0.0)
    assert len(points(chart.curves[0].stroke, chart.rate)) <= MOST_COLUMNS + 1
    assert len(chart.rows) <= MOST_ROWS + 1
    assert sum(row.counts[0] for row in chart.rows) == 2 * len(windows)


def test_latencies_before_during_and_after() -> None:
    windows = [
        window(1.0, blue=99, took={10: 98, 50: 1}),
        window(5.0, green=4, took={100: 4}),
        window(9.0, 0, 1, {7: 1}),
    ]
    before, during, after = periods(windows, Turn(4.0, 5.0, 8.0))
    assert before == Period("before", answers=99, p50=10, p95=10, p99=50, most=50)
    assert (during.name, during.p50) == ("during", 100)
    assert (after.name, after.most) == ("after", 7)
    assert [part.name for part in periods(windows, None)] == ["in the run"]
    assert periods([], None) == ()


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "+0 s"), (0.00457, "+0 s"), (0.25, "+0.25 s"), (59, "+59 s"), (65, "+1:05"), (3725, "+1:02:05"), (-5, "-5 s")],
)
def test_times_since_the_start(seconds: float, told: str) -> None:
    assert clock(seconds) == told


@pytest.mark.parametrize("length", [0.0, 0.3, 8.3, 59.0, 700.0, 86_400.0, 8_640_000.0])
def test_an_axis_has_few_round_ticks(length: float) -> None:
    axis = time_axis(100.0, 100.0 + length, 100.0)
    assert axis.ticks[0].label == "+0 s"
    assert len(axis.ticks) <= 20
    assert all(axis.begin <= tick.place <= axis.end for tick in axis.ticks)


@pytest.mark.parametrize("most", [0.0, 0.004, 1, 7, 10, 11, 95, 1501])
def test_a_number_axis_ends_above_all_that_is_drawn(most: float) -> None:
    axis = number_axis(most, 200.0, 0.0)
    assert axis.high >= most
    assert axis.ticks[0].label == "0"


def test_a_story_holds_each_probe_and_each_plan() -> None:
    story: Story = story_of("R", bad_night())
    entries: list[Any] = bad_night()
    assert len(story.probes) == sum(entry.event == "probed" for entry in entries)
    assert len(story.plans) == sum(entry.event == "planned" for entry in entries)
    assert story.turn == Turn(BEGAN + 263.0, BEGAN + 265.8, pytest.approx(BEGAN + 697.99))
