"""A run on a terminal, as lines of styled text. Pure: a timeline and a time in, a picture out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap

from bluegreen.adapters.printable import one_line
from bluegreen.cli.timeline import PhaseSeen, Timeline
from bluegreen.cli.words import WENT_WELL, at, running, took
from bluegreen.switch.phases import TABLES, Phase

Span = tuple[str, str]
"""Text and its style, as Rich names styles; "" for plain."""

LABEL = 10
"""Columns of the words before a detail."""
LONGEST_BAR = 24


@dataclass(frozen=True, slots=True)
class Marks:
    """The characters that a terminal can show."""

    done: str
    now: str
    ahead: str
    bad: str
    blocks: tuple[str, str]
    cut: str


UNICODE = Marks("✓", "▸", "·", "✗", ("█", "▒"), "…")
ASCII = Marks("+", ">", ".", "x", ("#", "="), "~")
# The blocks differ, because there may be no color to tell blue and green apart by.


@dataclass(frozen=True, slots=True)
class Screen:
    width: int = 80
    marks: Marks = UNICODE


def draw(timeline: Timeline, now: float, screen: Screen) -> list[list[Span]]:
    """Return the picture at `now`, Unix seconds; no line is wider than the screen."""
    lines = [_head(timeline), *_phases(timeline, now, screen)]
    lines += [_detail(label, text, style) for label, text, style in _details(timeline, now, screen)]
    if timeline.requests.get("sent"):
        lines.append(_public(timeline, screen))
    return [_cut(line, screen) for line in lines]


def _head(timeline: Timeline) -> list[Span]:
    head: list[Span] = [(timeline.verb, "bold"), (f" {timeline.service} {timeline.environment}  ", "")]
    if not timeline.target:
        return head
    if timeline.origin and timeline.origin != timeline.target and timeline.verb != "retire":
        head += [_colored(timeline.origin, timeline.origin_release), (" -> ", "")]
    return [*head, _colored(timeline.target, timeline.release)]


def _colored(color: str, release: str) -> Span:
    return running(color, release), color


def expected(verb: str) -> list[Phase]:
    """Return the phases that a run walks when all goes well."""
    routes, walked, phase = TABLES.get(verb, {}), [], Phase.PREFLIGHT
    while phase in routes:
        walked.append(phase)
        phase = Phase(routes[phase]["done"])
    return walked


def _phases(timeline: Timeline, now: float, screen: Screen) -> Iterator[list[Span]]:
    for seen in timeline.phases:
        mark, style = _state(seen, screen.marks)
        yield [(f" {mark} ", style), (f"{seen.name:<{LABEL}}", style), (f"{took(seen.elapsed(now)):>9}", "")]
    if timeline.result or timeline.phase not in expected(timeline.verb):
        return
    walked = expected(timeline.verb)
    for phase in walked[walked.index(Phase(timeline.phase)) + 1 :]:
        yield [(f" {screen.marks.ahead} {phase}", "dim")]


def _state(seen: PhaseSeen, marks: Marks) -> Span:
    if seen.seconds is None:
        return marks.now, "bold"
    return (marks.done, "") if seen.outcome in WENT_WELL else (marks.bad, "bold red")


def _details(timeline: Timeline, now: float, screen: Screen) -> Iterator[tuple[str, str, str]]:
    if timeline.resource:
        resource = timeline.resource
        since = took(now - timeline.resource_since)
        yield "terraform", f"{resource['layer']}: {since}, {resource['action']} {resource['address']}", ""
    if timeline.waiting:
        yield from _whole("waiting", f"{_until(timeline.waiting_until, now)}for {timeline.waiting}", "", screen)
    for probe in timeline.probes.values():
        row = f" {probe['good_in_a_row']}/{probe['needed']}" if probe["needed"] and probe["good_in_a_row"] else ""
        detail = f" ({probe['detail']})" if probe["detail"] else ""
        yield "probe", f"{probe['color']}: {probe['verdict']}{row}{detail}", ""
    if timeline.first_answer is not None:
        yield "answered", f"public answers {timeline.answered_by} after {took(timeline.first_answer)}", ""
    for warning in timeline.warnings:
        yield from _whole("warning", warning, "yellow", screen)


def _whole(label: str, text: str, style: str, screen: Screen) -> Iterator[tuple[str, str, str]]:
    """Yield a detail that must not be cut, on as many lines as it needs."""
    for number, line in enumerate(wrap(text, max(1, screen.width - LABEL - 4))):
        yield "" if number else label, line, style


def _until(end: float, now: float) -> str:
    """Say when a wait ends. One that is not over then goes on: an answer of the old color begins it anew."""
    if not end:
        return ""
    left = f"{took(end - now)} left" if end > now else f"{took(now - end)} over"
    return f"until {at(end, now, seconds=True)} ({left}) "


def _detail(label: str, text: str, style: str) -> list[Span]:
    return [(f"   {label:<{LABEL}} ", "dim"), (text, style)]


def _public(timeline: Timeline, screen: Screen) -> list[Span]:
    requests, share = timeline.requests, timeline.share
    counted = f"  {requests['sent']:,} asked, {requests['failed']:,} failed"
    room = screen.width - LABEL - 4 - len(counted) - len("blue 100%  100% green")
    line: list[Span] = [(f"   {'public':<{LABEL}} ", "dim")]
    if room >= 6 and share:
        line += _bar(share, min(LONGEST_BAR, room), screen.marks)
    return [*line, (counted if len(line) > 1 else counted.strip(), "red" if requests["failed"] else "")]


def _bar(share: dict[str, float], width: int, marks: Marks) -> list[Span]:
    part = share.get("blue", 0.0)
    blue, (left, right) = round(part * width), marks.blocks
    return [
        (f"blue {part:4.0%} {left * blue}", "blue"),
        (f"{right * (width - blue)} {share.get('green', 0.0):.0%} green", "green"),
    ]


def _cut(line: list[Span], screen: Screen) -> list[Span]:
    left = screen.width
    kept: list[Span] = []
    for said, style in line:
        text = one_line(said)
        if len(text) > left:
            return [*kept, (text[: max(0, left - 1)] + screen.marks.cut, style)] if left else kept
        kept.append((text, style))
        left -= len(text)
    return kept
