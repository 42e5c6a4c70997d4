"""What `history` and `show` print, read from journals. Pure: entries in, rows and lines out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from bluegreen.cli.narrate import NORMAL, Narrator
from bluegreen.cli.views import table
from bluegreen.cli.words import at, cost, moment, took

if TYPE_CHECKING:
    from bluegreen.ports import JournalEntry

Row = Mapping[str, Any]

HEAD = ("RUN", "WHEN", "WHO", "VERB", "FROM", "TO", "RELEASE", "VERDICT", "FAILED", "COMMIT")
"""The columns of `history`. FAILED: of how many public requests."""

FIRST_BELOW = ("COMMIT", "WHO", "FROM", "FAILED", "RELEASE")
"""Which columns go below their run where a screen is narrow, in this order."""

SHOWN = frozenset(
    {"planned", "apply-finished", "probed", "first-answer", "public-answered", "said", "run-resumed", "hook-finished"}
)
"""Events that `show` lists under the phase in which they came."""


def row_of(run: str, entries: Sequence[JournalEntry]) -> Row:
    """Return one run as `history` lists it. verdict: "" while it goes on, or when it was cut off."""
    told: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        told[entry.event] = entry.data
        if entry.event == "run-resumed":
            told.pop("result", None)
    started, route, result = (told.get(name, {}) for name in ("run-started", "route-chosen", "result"))
    return {
        "run": run,
        "time": entries[0].time if entries else 0.0,
        "verb": started.get("verb", ""),
        "who": started.get("who", ""),
        "host": started.get("host", ""),
        "commit": started.get("commit", ""),
        "ci_url": started.get("ci_url", ""),
        "reason": started.get("reason", ""),
        "from": route.get("origin", ""),
        "from_release": route.get("origin_release", ""),
        "to": route.get("target", ""),
        "release": route.get("release", "") or result.get("release", ""),
        "verdict": result.get("verdict", ""),
        "exit_code": result.get("exit_code"),
        "requests": dict(result.get("requests", {})),
    }


def history_lines(rows: Sequence[Row], *, width: int | None = None, now: float | None = None) -> list[str]:
    """Return the table of `bluegreen history`, newest first; what only some runs have stands below its run.

    width: columns of the screen, None for no end: what has no room beside a run stands below it too. now: Unix seconds.
    """
    cells = [_cells(row, now) for row in rows]
    beside, below = [head for head in HEAD if any(each[head] for each in cells)], list[str]()
    while True:
        first, *lines = table([beside, *([each[head] or "-" for head in beside] for each in cells)])
        dropped = next((head for head in FIRST_BELOW if head in beside), None)
        if width is None or dropped is None or max(map(len, (first, *lines))) <= width:
            break
        beside.remove(dropped)
        below = [head for head in HEAD if head in (dropped, *below)]
    listed = [first]
    for line, row, each in zip(lines, rows, cells, strict=True):
        more = ", ".join(f"{head.lower()}: {each[head]}" for head in below if each[head])
        listed += [line, *wrap(more, width or 0, initial_indent="  ", subsequent_indent="  ")] if more else [line]
        listed += [f"  {label}: {row[key]}" for label, key in (("ci", "ci_url"), ("reason", "reason")) if row[key]]
    return listed


def _cells(row: Row, now: float | None) -> Mapping[str, str]:
    requests = row["requests"]
    return {
        "RUN": row["run"],
        "WHEN": at(row["time"], now),
        "WHO": row["who"],
        "VERB": row["verb"],
        "FROM": row["from"] if row["verb"] != "retire" else "",
        "TO": row["to"],
        "RELEASE": row["release"],
        "VERDICT": row["verdict"] or "unfinished",
        "FAILED": f"{requests['failed']}/{requests['sent']}" if requests.get("sent") else "",
        "COMMIT": row["commit"][:12],
    }


def run_lines(run: str, entries: Sequence[JournalEntry]) -> list[str]:
    """Return the text of `bluegreen show RUN`."""
    row = row_of(run, entries)
    return [*table(_facts(row)), "", *table(_phases(entries)), *_happenings(entries)]


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "run", row["run"]
    yield "when", moment(row["time"])
    yield "who", row["who"] or "-"
    for key, label in (("verb", "verb"), ("commit", "commit"), ("ci_url", "ci"), ("reason", "reason")):
        if row[key]:
            yield label, row[key]
    if row["to"]:
        yield "route", _route(row)
    yield "verdict", row["verdict"] or "unfinished"
    yield "public", cost(row["requests"])


def _route(row: Row) -> str:
    origin = f"{row['from']} {row['from_release']}".strip() or "nothing"
    target = f"{row['to']} {row['release']}".rstrip()
    if row["from"] == row["to"] or row["verb"] == "retire":
        return f"stays on {origin}" + (f"; {target} is retired" if row["verb"] == "retire" else "")
    return f"{origin} -> {target}"


def _phases(entries: Iterable[JournalEntry]) -> Iterator[tuple[str, ...]]:
    yield "PHASE", "ACTING", "WAITING", "OUTCOME"
    begun = ""
    for entry in entries:
        if begun and entry.event in ("run-resumed", "phase-started"):
            yield begun, "-", "-", "cut off"
            begun = ""
        if entry.event == "phase-started":
            begun = entry.data["phase"]
        if entry.event == "phase-finished":
            waiting = entry.data.get("waiting", 0.0)
            acting = entry.data["seconds"] - waiting
            yield entry.data["phase"], took(acting), took(waiting), entry.data["outcome"]
            begun = ""
    if begun:
        yield begun, "-", "-", "cut off"


def _happenings(entries: Iterable[JournalEntry]) -> Iterator[str]:
    narrator = Narrator(NORMAL)
    phase = ""
    for entry in entries:
        lines = narrator.tell(entry.data)
        if entry.event == "phase-started":
            phase = entry.data["phase"]
            yield from ("", phase)
        elif entry.event == "error":
            yield from _error(entry.data)
        elif entry.event in SHOWN:
            yield from ([] if phase else [""])
            yield from (f"  {line}" for line in lines)


def _error(error: Mapping[str, Any]) -> Iterator[str]:
    yield f"  error: {error['message']}"
    yield from (f"    {line}" for line in (error.get("where"), *error.get("details", ())) if line)
    if error.get("hint"):
        yield f"    hint: {error['hint']}"
