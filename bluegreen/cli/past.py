"""What `history` and `show` print, read from journals. Pure: entries in, rows and lines out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bluegreen.cli.narrate import NORMAL, Narrator
from bluegreen.cli.views import table
from bluegreen.cli.words import at, cost, took

if TYPE_CHECKING:
    from bluegreen.ports import JournalEntry

Row = Mapping[str, Any]

SHOWN = frozenset({"planned", "apply-finished", "probed", "first-answer", "public-answered", "said"})
"""Events that `show` lists under the phase in which they came."""


def row_of(run: str, entries: Sequence[JournalEntry]) -> Row:
    """Return one run as `history` lists it. verdict: "" while it goes on, or when it was cut off."""
    told: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        told[entry.event] = entry.data
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


def history_lines(rows: Sequence[Row]) -> list[str]:
    """Return the table of `bluegreen history`, newest first; what only some runs have stands below its run."""
    head = ("RUN", "WHEN", "WHO", "VERB", "FROM", "TO", "RELEASE", "VERDICT", "REQUESTS", "COMMIT")
    first, *lines = table([head, *map(_cells, rows)])
    listed = [first]
    for line, row in zip(lines, rows, strict=True):
        listed.append(line)
        listed += [f"  {label}: {row[key]}" for label, key in (("ci", "ci_url"), ("reason", "reason")) if row[key]]
    return listed


def _cells(row: Row) -> tuple[str, ...]:
    requests = row["requests"]
    seen = f"{requests['sent']:,}, {requests['failed']:,} failed" if requests.get("sent") else ""
    cells = (
        row["run"],
        at(row["time"]),
        row["who"],
        row["verb"],
        row["from"],
        row["to"],
        row["release"],
        row["verdict"] or "unfinished",
        seen,
        row["commit"][:12],
    )
    return tuple(cell or "-" for cell in cells)


def run_lines(run: str, entries: Sequence[JournalEntry]) -> list[str]:
    """Return the text of `bluegreen show RUN`."""
    row = row_of(run, entries)
    return [*table(_facts(row)), "", *table(_phases(entries)), *_happenings(entries)]


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "run", row["run"]
    yield "when", at(row["time"], seconds=True)
    yield "who", row["who"] or "-"
    for key, label in (("verb", "verb"), ("commit", "commit"), ("ci_url", "ci"), ("reason", "reason")):
        if row[key]:
            yield label, row[key]
    if row["to"]:
        origin = f"{row['from']} {row['from_release']}".strip() or "nothing"
        yield "route", f"{origin} -> {row['to']} {row['release']}".rstrip()
    yield "verdict", row["verdict"] or "unfinished"
    yield "public", cost(row["requests"])


def _phases(entries: Iterable[JournalEntry]) -> Iterator[tuple[str, ...]]:
    yield "PHASE", "ACTING", "WAITING", "OUTCOME"
    begun = ""
    for entry in entries:
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
    for entry in entries:
        lines = narrator.tell(entry.data)
        if entry.event == "phase-started":
            yield from ("", entry.data["phase"])
        elif entry.event == "error":
            yield f"  error: {entry.data['message']}"
        elif entry.event in SHOWN:
            yield from (f"  {line}" for line in lines)
