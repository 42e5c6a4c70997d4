"""A run, a plan or a status as Markdown: what a step's summary shows, and a comment or an issue. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bluegreen.adapters.printable import one_line
from bluegreen.cli.timeline import PhaseSeen, Timeline
from bluegreen.cli.words import WENT_WELL, running, took

MOST = 50_000
"""Characters of lines as they were printed: an issue or a comment holds 65,536, a step's summary 1 MiB."""


def run_summary(timeline: Timeline, told: Sequence[str]) -> str:
    """Return what happened in a run that has ended. told: its last lines, as people were told them."""
    about = f"{timeline.verb} of {timeline.service} in {timeline.environment}: " if timeline.verb else ""
    parts = [
        f"### {_plain(about + timeline.result['verdict'])}",
        "\n".join(f"- {_plain(line)}" for line in told),
        *_error(timeline.error),
        *_places(timeline),
        *_phases(timeline.phases),
        *_requests(timeline),
    ]
    return "\n\n".join(parts) + "\n"


def lines_summary(title: str, lines: Sequence[str]) -> str:
    """Return lines, as they were printed, under a title."""
    return f"### {_plain(title)}\n\n{fenced(lines)}\n"


def table_summary(title: str, rows: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    """Return a table, its head first, and lines below it, as they were printed."""
    head, *others = (f"| {' | '.join(map(_plain, row))} |" for row in rows)
    table = "\n".join([head, f"|{'---|' * len(rows[0])}", *others])
    return "\n\n".join([f"### {_plain(title)}", table, *([fenced(notes)] if notes else [])]) + "\n"


def error_summary(title: str, message: str, hint: str = "") -> str:
    """Return what kept a command from beginning."""
    return f"### {_plain(title)}\n\n{fenced([*message.splitlines(), *([f'hint: {hint}'] if hint else [])])}\n"


def fenced(lines: Iterable[str], language: str = "text") -> str:
    """Return lines as a block of code that none of them can end."""
    text = "\n".join(map(one_line, lines))
    if len(text) > MOST:
        text = f"{text[:MOST].rpartition(chr(10))[0]}\n... and more, in the log"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _plain(text: str) -> str:
    """Return text of whatever origin as Markdown that shows it: no link, image, HTML or mention comes of it."""
    return re.sub(r"([\\`*_{}\[\]<>()#|~&!])", r"\\\1", one_line(text)).replace("@", "&#64;").replace("://", ":&#47;/")


def _error(error: Mapping[str, Any]) -> Iterator[str]:
    if error:
        said = (error["message"], error.get("where", ""), *error.get("details", ()))
        yield fenced(line for text in said if text for line in str(text).splitlines())


def _places(timeline: Timeline) -> Iterator[str]:
    """Link what a person opens now: before a switch the prepared color, after it the public."""
    result = timeline.result
    named = (("prepared color", "idle_url"),) if result["verdict"] == "prepared" else ()
    for label, key in (*named, ("public", "public_url")):
        if re.fullmatch(r"https?://[\w.:/%-]+", result.get(key, "")):
            yield f"[{label}]({result[key]})"


def _phases(phases: Sequence[PhaseSeen]) -> Iterator[str]:
    if not phases:
        return
    rows = ["| phase | acting | waiting | outcome |", "|---|---:|---:|---|"]
    rows += [
        f"| {seen.name} | {took((seen.seconds or 0.0) - seen.waiting)} | {took(seen.waiting)} | {seen.outcome or '-'} |"
        for seen in phases
    ]
    yield "\n".join(rows)
    yield fenced(_gantt(phases), "mermaid")


def _gantt(phases: Sequence[PhaseSeen]) -> Iterator[str]:
    """Yield a Gantt chart. Mermaid's `x` are Unix milliseconds; a task needs one at least to be drawn."""
    yield from ("gantt", "dateFormat x", "axisFormat %H:%M:%S")
    for number, seen in enumerate(phases):
        begin = round(seen.began * 1000)
        end = begin + max(1, round((seen.seconds or 0.0) * 1000))
        state = "done" if seen.outcome in WENT_WELL else "crit"
        yield f"{seen.name} :{state}, p{number}, {begin}, {end}"


def _requests(timeline: Timeline) -> Iterator[str]:
    by_color = timeline.counts[-1][1] if timeline.counts else {}
    if not by_color:
        return
    releases = {timeline.origin: timeline.origin_release, timeline.target: timeline.release}
    rows = ["| public | requests |", "|---|---:|"]
    rows += [f"| {_plain(running(color, releases.get(color, '')))} | {count:,} |" for color, count in by_color.items()]
    yield "\n".join([*rows, f"| failed | {timeline.requests['failed']:,} |"])
