"""What the journals of earlier runs say. Reads only; what it does not find it does not guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bluegreen.model import EMPTY, Color
from bluegreen.ports import JournalEntry, Store
from bluegreen.switch.phases import MOVED

ABANDONED, NOTHING_TO_DO, PREPARED = "abandoned", "nothing-to-do", "prepared"
SWITCHED, RETURNED, ROLLED_BACK, RETIRED = "switched", "returned", "rolled-back", "retired"

_READ_AT_MOST = 200
"""Runs looked through for a question that may concern any of them."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run as its journal tells it. phase: the last one begun. touched: colors on which an apply was begun.

    moved_at: when the last apply that may have moved the public was begun, Unix seconds; 0 if none was.
    answered_after: seconds from the start of the run to the target's first public answer; 0 if there was none.
    """

    id: str
    verb: str = ""
    origin: Color | None = None
    origin_release: str = ""
    target: Color | None = None
    release: str = ""
    inputs: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    first_deploy: bool = False
    phase: str = ""
    touched: frozenset[Color] = frozenset()
    moved_at: float = 0.0
    answered_after: float = 0.0
    result: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    @property
    def verdict(self) -> str:
        return str(self.result.get("verdict", ""))

    @property
    def unfinished(self) -> bool:
        return self.verdict in ("", ABANDONED)

    @property
    def may_have_moved(self) -> bool:
        return self.phase in MOVED


def read_run(run: str, entries: Sequence[JournalEntry]) -> PastRun:
    """Read one journal."""
    found: dict[str, Any] = {"id": run}
    touched: set[Color] = set()
    started = 0.0
    for entry in entries:
        data = entry.data
        match entry.event:
            case "run-started":
                found["verb"], started = data["verb"], entry.time
            case "first-answer" if data["color"] == str(found.get("target")):
                found["answered_after"] = entry.time - started
            case "route-chosen":
                found |= {name: data[name] for name in ("origin_release", "release", "inputs", "first_deploy")}
                found |= {name: Color(data[name]) if data[name] else None for name in ("origin", "target")}
            case "phase-started":
                found["phase"] = data["phase"]
            case "apply-started":
                if data["color"]:
                    touched.add(Color(data["color"]))
                if data["phase"] in MOVED:
                    found["moved_at"] = entry.time
            case "result":
                found["result"] = data
    return PastRun(**found, touched=frozenset(touched))


@dataclass(frozen=True)
class History:
    """The runs of one environment, newest first, without the one that asks."""

    store: Store
    without: str = ""

    def runs(self) -> Iterator[PastRun]:
        for run in self.store.runs()[:_READ_AT_MOST]:
            if run != self.without:
                yield read_run(run, self.store.journal(run))

    @cached_property
    def telling(self) -> tuple[PastRun, ...]:
        """Runs that did, or may have done, something: not those that found nothing to do or were refused."""
        return tuple(run for run in self.runs() if run.target is not None and run.verdict != NOTHING_TO_DO)

    @property
    def last(self) -> PastRun | None:
        return self.telling[0] if self.telling else None

    @property
    def unfinished(self) -> PastRun | None:
        """The last run, if it was killed before it could end."""
        return self.last if self.last and self.last.unfinished else None

    @property
    def last_move(self) -> PastRun | None:
        """The newest run that may have moved the public."""
        return next((run for run in self.telling if run.moved_at), None)

    def warm_until(self, color: Color) -> float | None:
        """Until when `color` is kept warm, Unix seconds (-1: for ever); None when the journals do not say."""
        for run in self.telling:
            if color in run.touched or run.verdict == RETIRED:
                return 0.0
            if run.result.get("warm_until"):
                return float(run.result["warm_until"]) if run.result.get("previous") == color else 0.0
        return None

    def used_up_by(self, color: Color) -> PastRun | None:
        """The run that began to change `color` after it last served the public; None if none did."""
        for run in self.telling:
            if run.verdict == RETIRED or run.verb == "rollback":
                continue
            if color in run.touched and run.target == color:
                return None if run.verdict == SWITCHED else run
            if color == run.origin and run.moved_at:
                return None
        return None

    def returned_from(self, release: str) -> PastRun | None:
        """The run that took `release` out of service again, unless it was deployed well since."""
        for run in self.telling:
            if run.verdict == SWITCHED and run.release == release:
                return None
            if run.verdict == RETURNED and run.release == release:
                return run
            if run.verdict == ROLLED_BACK and run.origin_release == release:
                return run
        return None
