"""What the journals of earlier runs say. Reads only; what it does not find it does not guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from bluegreen.health import Verdict
from bluegreen.model import EMPTY, Color, StackFacts
from bluegreen.ports import DeadTerraform, JournalEntry, Store
from bluegreen.switch.phases import MOVED, NOT_BEGUN, STALE

ABANDONED, NOTHING_TO_DO, PREPARED = "abandoned", "nothing-to-do", "prepared"
SWITCHED, RETURNED, ROLLED_BACK, RETIRED, STUCK = "switched", "returned", "rolled-back", "retired", "stuck"
RECONCILED, FROZEN, UNLOCKED = "reconciled", "frozen", "unlocked"
DIRECT = "rolled-back-directly"

LEFT = ("layer", "command", "pid", "started", "ended")
"""What a journal says of a Terraform that failed and may have left the state locked."""

FOREVER = -1.0
"""As the end of a warm time."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run as its journal tells it. phase: the last one begun. touched: colors that a PREPARE began to change.

    applied: whether any apply was begun that Terraform did not refuse at once. moved_at: when the last such apply that
    may have moved the public was begun, Unix seconds; 0 if none was. answered_after: seconds from the start of the run
    to the target's first public answer; 0 if there was none. probed: each color's last verdict, of health.Verdict.
    terraform: the process that its journal does not say has ended. failed: the last one that failed and may have left
    the state locked. asked: see events.RunStarted. began: Unix seconds. ci_url: of whoever was at it last, "" for a
    person. hooks: name and number of each hook that was begun -> its exit code, None when its journal does not say that
    it ended. hooks_failed: those that failed, and the run has not ended since. addresses: where the public records
    pointed when a color was live.
    """

    id: str
    verb: str = ""
    began: float = 0.0
    host: str = ""
    ci_url: str = ""
    asked: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    origin: Color | None = None
    origin_release: str = ""
    target: Color | None = None
    release: str = ""
    inputs: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    first_deploy: bool = False
    phase: str = ""
    touched: frozenset[Color] = frozenset()
    applied: bool = False
    moved_at: float = 0.0
    answered_after: float = 0.0
    probed: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    terraform: DeadTerraform | None = None
    failed: DeadTerraform | None = None
    hooks: Mapping[tuple[str, int], int | None] = field(default_factory=dict)
    hooks_failed: frozenset[tuple[str, int]] = frozenset()
    addresses: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    result: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    @property
    def verdict(self) -> str:
        return str(self.result.get("verdict", ""))

    @property
    def cut_off(self) -> bool:
        """It was killed before it could end."""
        return self.verdict in ("", ABANDONED)

    @property
    def left(self) -> Color | None:
        """The color that the public left in this run for good, and that is kept warm since."""
        return self.origin if self.verdict in (SWITCHED, RECONCILED) and self.origin != self.target else None

    @property
    def no_way_back(self) -> str:
        """Why nobody may go back from what it has switched to; "" when they may."""
        return str(self.asked.get("no_way_back", ""))

    @property
    def owes(self) -> bool:
        """It may have moved the public past Terraform, which has not come along yet."""
        return bool(self.asked.get("direct") and self.moved_at) and self.verdict not in (ROLLED_BACK, NOTHING_TO_DO)

    @property
    def stands(self) -> str:
        """How a run that is unfinished ended."""
        if self.owes:
            return "done past Terraform"
        return f"{'cut off' if self.cut_off else 'stuck'} in {self.phase}"

    @property
    def tells(self) -> bool:
        """It did, or may have done, something, or it ended a run that was cut off."""
        ended = self.verdict in (PREPARED, ROLLED_BACK) or (self.verb == "rollback" and self.verdict == NOTHING_TO_DO)
        return self.target is not None and (self.applied or self.cut_off or ended)


def _place(data: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: data.get(name, "") for name in ("host", "ci_url")}


def read_run(run: str, entries: Sequence[JournalEntry]) -> PastRun:
    """Read one journal."""
    found: dict[str, Any] = {"id": run}
    touched: set[Color] = set()
    applied_in: set[str] = set()
    probed: dict[str, str] = {}
    hooks_failed: set[tuple[str, int]] = set()
    started = 0.0
    for entry in entries:
        data = entry.data
        match entry.event:
            case "run-started":
                found |= {"verb": data["verb"], "asked": data.get("asked", EMPTY), **_place(data)}
                found["began"] = started = entry.time
            case "run-resumed":
                found |= {"result": EMPTY, **_place(data)}
            case "terraform-started":
                found["terraform"] = DeadTerraform(
                    data["layer"], data["command"], data["pid"], data["started"], birth=data.get("birth", 0)
                )
            case "terraform-finished":
                found["terraform"] = None
            case "lock-left":
                found["failed"] = DeadTerraform(**{name: data[name] for name in LEFT})
            case "hook-started" | "hook-finished":
                found["hooks"] = {**found.get("hooks", {}), (data["hook"], data["number"]): data.get("exit_code")}
                if data.get("exit_code"):
                    hooks_failed.add((data["hook"], data["number"]))
            case "route-chosen":
                found |= {name: data[name] for name in ("origin_release", "release", "inputs", "first_deploy")}
                found |= {name: Color(data[name]) if data[name] else None for name in ("origin", "target")}
            case "phase-started":
                found["phase"] = data["phase"]
            case "apply-started":
                applied_in.add(data["phase"])
                if data["color"]:
                    touched.add(Color(data["color"]))
                if data["phase"] in MOVED:
                    found["moved_at"] = entry.time
            case "phase-finished" if data["outcome"] in (STALE, NOT_BEGUN):
                applied_in.discard(data["phase"])  # its apply, if one was begun, was refused before it touched anything
                found["moved_at"] = found["moved_at"] if applied_in & MOVED else 0.0
            case "witnessed" if data["active"] and len(set(data["records"].values())) == 1:
                address = next(iter(data["records"].values()))
                found["addresses"] = {**found.get("addresses", {}), data["active"]: address}
            case "first-answer" if data["color"] == str(found.get("target")):
                found["answered_after"] = entry.time - started
            case "probed":
                probed[data["color"]] = data["verdict"]
            case "result":
                found["result"] = data
                hooks_failed.clear()  # who goes on with a run that got stuck has been told
    return PastRun(
        **found,
        touched=frozenset(touched),
        applied=bool(applied_in),
        probed=probed,
        hooks_failed=frozenset(hooks_failed),
    )


class History:
    """The runs of one environment, newest first, read when they are needed and once. without: the run that asks."""

    def __init__(self, store: Store, without: str = "") -> None:
        self._store, self._without = store, without
        self._read: list[PastRun] = []
        self._unread = self._runs()

    def runs(self) -> Iterator[PastRun]:
        """All of them, also those that found nothing to do."""
        yield from self._read
        for run in self._unread:
            self._read.append(run)
            yield run

    def _runs(self) -> Iterator[PastRun]:
        for run in self._store.runs():
            if run != self._without:
                yield read_run(run, self._store.journal(run))

    def telling(self) -> Iterator[PastRun]:
        return (run for run in self.runs() if run.tells)

    @property
    def last(self) -> PastRun | None:
        return next(self.telling(), None)

    @property
    def newest(self) -> PastRun | None:
        """The newest run that began, and that did not find that there was nothing to do."""
        return next((run for run in self.runs() if run.verb and run.verdict != NOTHING_TO_DO), None)

    @property
    def unfinished(self) -> PastRun | None:
        """The last run that did something, if it was killed before it could end, got stuck, or went past Terraform."""
        last = self.last
        return last if last is not None and (last.cut_off or last.verdict == STUCK or last.owes) else None

    @property
    def past_terraform(self) -> PastRun | None:
        """The last run that did something, if it went past Terraform and that has not come along yet."""
        last = self.last
        return last if last is not None and last.owes else None

    @property
    def last_move(self) -> PastRun | None:
        """The newest run that may have moved the public from one color to the other."""
        return next((run for run in self.telling() if run.moved_at and run.origin != run.target), None)

    def closed_by(self, target: Color) -> PastRun | None:
        """The run that left `target` last, if that was with no way back to it."""
        move = self.last_move
        return move if move is not None and move.origin == target and move.no_way_back else None

    @property
    def only_first_deploys(self) -> bool:
        """No run has ever reached its SWITCH; so too when there are none."""
        return all(run.first_deploy and run.phase not in MOVED for run in self.telling())

    def warm_until(self, color: Color) -> float | None:
        """Until when `color` is kept warm: Unix seconds, FOREVER, 0 for not; None when the journals do not say.

        A run that left the color and did not end well keeps it until somebody ends that run.
        """
        for run in self.telling():
            if run.verdict == RETIRED or color in run.touched:
                return 0.0
            moved = run.moved_at or run.verdict == ROLLED_BACK  # which one that ends another may be without an apply
            if moved and run.origin == color:
                ended = run.verdict in (SWITCHED, RETURNED, ROLLED_BACK, RECONCILED)
                return float(run.result.get("warm_until", 0.0)) if ended else FOREVER
            if moved and run.target == color:
                return 0.0
        return None

    def used_up_by(self, color: Color) -> PastRun | None:
        """The run that began to change `color` after it last served the public; None if none did."""
        for run in self.telling():
            served_before = run.origin == color and run.moved_at
            if served_before or (run.target == color and run.verdict in (SWITCHED, ROLLED_BACK, DIRECT, RECONCILED)):
                return None
            if color in run.touched:
                return run
        return None

    def was_well(self, color: Color) -> bool:
        """Whether the last probe of `color` by its backend was good, or there was none.

        That a rollback got no answer does not count: what one could not reach from here would be sick to the next one.
        """
        last = ((run.verb, run.probed[color]) for run in self.runs() if color in run.probed)
        counting = (verdict for verb, verdict in last if (verb, verdict) != ("rollback", Verdict.NO_ANSWER))
        return next(counting, Verdict.GOOD) == Verdict.GOOD

    def last_address(self, color: Color) -> str:
        """Where the public records pointed when `color` was last seen live; "" when no journal says."""
        return next((run.addresses[color] for run in self.runs() if color in run.addresses), "")

    def returned_from(self, release: str) -> PastRun | None:
        """The run that took `release` out of service again, unless it was deployed well since."""
        for run in self.telling():
            if run.verdict == SWITCHED and run.release == release:
                return None
            came_back = run.verdict == RETURNED or (run.cut_off and run.moved_at and run.verb != "rollback")
            if came_back and run.release == release:
                return run
            if run.verdict == ROLLED_BACK and run.moved_at and run.origin_release == release:
                return run
        return None


def warm_left(history: History, facts: StackFacts, color: Color, now: float) -> float:
    """Return for how many more seconds `color` is kept warm; inf for ever, 0 for not.

    Where the journals do not say, on another machine, the color that a rollback would go to is.
    """
    until = history.warm_until(color)
    if until is None:
        return inf if facts.previous == color else 0.0
    return inf if until == FOREVER else max(0.0, until - now) if until else 0.0


def in_words(left: float) -> str:
    """Say how long something stays warm. left: seconds, inf for ever."""
    return "kept warm as the way back" if left == inf else f"warm for {max(1, round(left / 60))} more minutes"
