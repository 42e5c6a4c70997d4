"""What `status` says: the witnesses side by side, and whether a rollback would work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import isinf
from statistics import median
from typing import Any

from bluegreen.errors import BluegreenError, Locked, Refused, UsageError
from bluegreen.health import Origin, read_marks
from bluegreen.model import Color, StackFacts
from bluegreen.ports import Freeze, Holder
from bluegreen.switch.adoption import nothing_deployed
from bluegreen.switch.background import in_background
from bluegreen.switch.history import FOREVER, ROLLED_BACK, warm_left
from bluegreen.switch.phases import Phase
from bluegreen.switch.request import NO_WAY_BACK, RollbackRequest, check_target, closed, rollback_way
from bluegreen.switch.world import World

RECORDS_WAIT = 10.0
"""Seconds to wait for the live records."""


@dataclass(frozen=True, slots=True)
class ColorStatus:
    """One color. healthy: None when it is not running, so that there is nothing to ask.

    reached: whether it answered at all; what cannot be asked from here may be well.
    """

    enabled: bool
    release: str
    address: str
    backend_url: str
    healthy: bool | None
    detail: str = ""
    presence: str = ""
    reached: bool = True

    @property
    def trouble(self) -> str:
        """What is the matter with a color that is not healthy."""
        return f"{'sick' if self.reached else 'not reached from here'}: {self.detail}"


@dataclass(frozen=True, slots=True)
class WayBack:
    """Whether `bg rollback` would work now. seconds: to the first answer, from earlier runs; None if there is none.

    prepared: its plan is made already, so that it would only have to be applied. closed: it was deployed with no way
    back, so that only --force goes there. asks: not without a yes.
    """

    ready: bool
    reason: str
    target: str = ""
    seconds: float | None = None
    prepared: bool = False
    closed: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run, but for those that found nothing to do. verdict: "" while it goes on, or when it was cut off.

    began: Unix seconds.
    """

    run: str
    verb: str
    verdict: str
    began: float


@dataclass(frozen=True, slots=True)
class StatusReport:
    """One environment. warm_until: Unix seconds, -1 for ever, 0 for nothing. unfinished: a run that was cut off.
    history: why the journals cannot be read, "" when they can; what only they know is then left out.

    warm_since: since when the idle color is warm, Unix seconds, 0 when that is not known. warm_cost: what that has
    cost, in the user's currency; None when nobody said what an hour costs.
    """

    environment: str
    active: str
    public_url: str
    public: str
    colors: Mapping[str, ColorStatus]
    warm_until: float
    rollback: WayBack
    lock: Holder | None
    drift: Sequence[str]
    unfinished: str = ""
    warm_since: float = 0.0
    warm_cost: float | None = None
    history: str = ""
    freeze: Freeze | None = None
    last_run: LastRun | None = None

    @property
    def alarms(self) -> list[str]:
        """What `status --check` fails for."""
        active = self.colors.get(self.active)
        found = [f"drift: {finding}" for finding in self.drift]
        if self.history:
            found.append(self.history)
        if active is not None and not active.healthy:
            found.append(f"{self.active} is active and {active.trouble}")
        if self.warm_until and not self.rollback.ready and not self.rollback.closed:
            found.append(f"no way back inside the warm time: {self.rollback.reason}")
        return found

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def look(world: World) -> StatusReport:
    """Look at one environment, everywhere at once; changes nothing. Raises Refused when nothing is deployed there."""
    stack = world.stack
    stack.last.workspace.init()
    stack.read(stack.last)
    if stack.facts is None:
        unfinished = _unfinished(world)
        cut = f"; unfinished: {unfinished}" if unfinished else ""
        raise nothing_deployed(world, cut)
    facts = stack.complete()
    asked = {str(color): in_background("check", partial(_color, world, facts, color)) for color in Color}
    public = in_background("public", partial(_public, world, facts, facts.serving))
    live, findings = _drift(world, facts)
    colors = {color: status.result() for color, status in asked.items()}
    return StatusReport(
        environment=world.environment,
        active=str(facts.active),
        public_url=facts.public_url,
        public=public.result(),
        colors=colors,
        drift=findings,
        **_kept(world, facts, colors, live),
    )


def _kept(world: World, facts: StackFacts, colors: Mapping[str, ColorStatus], live: Color | None) -> dict[str, Any]:
    """Return the fields of a report that come from the store. One that cannot be asked is asked no more."""
    try:
        told = {"lock": world.lock.holder(), "freeze": _freeze(world)}
        return {**told, **_remembered(world, facts, colors, live)}
    except BluegreenError as error:
        return {"lock": None, "freeze": None, **_unknown(error)}


def _remembered(
    world: World, facts: StackFacts, colors: Mapping[str, ColorStatus], live: Color | None
) -> dict[str, Any]:
    """Return the fields of a report that come from the journals. One that cannot be read says so, and stops nobody
    from seeing the rest."""
    try:
        warm_until = _warm_until(world, facts)
        move, hourly = world.history.last_move, world.settings.cost_per_hour
        since = move.moved_at if move is not None and warm_until else 0.0
        return {
            "warm_until": warm_until,
            "rollback": _way_back(world, facts, colors, live),
            "unfinished": _unfinished(world),
            "last_run": _last_run(world),
            "warm_since": since,
            "warm_cost": hourly * (world.clock.time() - since) / 3600 if since and hourly is not None else None,
        }
    except UsageError as error:
        return _unknown(error)


def _unknown(error: BluegreenError) -> dict[str, Any]:
    unknown = WayBack(False, "what earlier runs did cannot be read")
    return {"warm_until": 0.0, "rollback": unknown, "history": f"{error}; {error.hint}"}


def _freeze(world: World) -> Freeze | None:
    """Return the freeze that holds now; one that its file does not tell of, by its error."""
    try:
        freeze = world.store.freeze()
    except Locked as error:
        return Freeze(str(error), "somebody", 0.0)
    return freeze if freeze is not None and freeze.holds(world.clock.time()) else None


def _color(world: World, facts: StackFacts, color: Color) -> ColorStatus:
    known = facts.of(color)
    status = ColorStatus(known.enabled, known.release, known.address, known.backend_url, None, "", known.presence)
    if not known.running:
        return status
    judged = world.witness.try_asking(known, known.release)
    detail = " ".join(filter(None, (judged.verdict, judged.detail)))
    return replace(status, healthy=judged.good, detail=detail, reached=judged.answer.reached)


def _public(world: World, facts: StackFacts, active: Color) -> str:
    seen = world.witness.ask_public(facts, world.witness.serving(facts, active))
    color = read_marks(seen.answer, world.settings.identity).color
    words = {
        Origin.NEW: str(active),
        Origin.OLD: f"{color}, and not as {active} should",
        Origin.FAILED: f"fails: {seen.answer.outcome}",
    }
    return words.get(seen.origin, str(seen.origin))


def _drift(world: World, facts: StackFacts) -> tuple[Color | None, Sequence[str]]:
    """Return the color that the live records point at, None when that is not known, and where they disagree."""
    try:
        drift = in_background("live-edge", partial(world.drift, facts)).result(RECORDS_WAIT)
    except BluegreenError as error:
        return None, (f"the live records cannot be read: {error}",)
    except TimeoutError:
        return None, (f"the live records cannot be read: their API has not answered in {RECORDS_WAIT:g} s",)
    return drift.live, drift.findings


def _warm_until(world: World, facts: StackFacts) -> float:
    idle, now = facts.serving.other, world.clock.time()
    left = warm_left(world.history, facts, idle, now) if facts.of(idle).running else 0.0
    return FOREVER if isinf(left) else now + left if left else 0.0


def _last_run(world: World) -> LastRun | None:
    run = world.history.newest
    return LastRun(run.id, run.verb, run.verdict, run.began) if run is not None else None


def _unfinished(world: World) -> str:
    """Say which run was cut off or got stuck, and still waits to be ended; not the one that is under way."""
    run, holder = world.history.unfinished, world.lock.holder()
    if run is None or (holder is not None and holder.run == run.id):
        return ""
    return f"{run.verb} {run.id}, {run.stands}"


def _way_back(world: World, facts: StackFacts, colors: Mapping[str, ColorStatus], live: Color | None) -> WayBack:
    try:
        way = rollback_way(facts, RollbackRequest(), world.history)
        if way is None:
            used = world.history.used_up_by(facts.serving.other)
            return WayBack(False, f"{facts.serving.other} was used up by run {used.id}" if used else NO_WAY_BACK)
        presence = check_target(facts, way.target, world.history)
    except Refused as refused:
        return WayBack(False, refused.message)
    target = colors[str(way.target)]
    seconds = _seconds_to_answer(world)
    if way.ends is None and live not in (None, facts.active):
        disagree = f"the state says that {facts.active} is active, and the live records point at {live}"
        return WayBack(False, disagree, str(way.target), seconds)
    run = world.history.closed_by(way.target)
    if run is not None:
        return WayBack(False, f"{closed(run)}; only --force goes there", str(way.target), seconds, closed=True)
    if presence == "stopped":
        return WayBack(True, f"{way.target} is stopped and would be started first", str(way.target), seconds)
    if not target.healthy:
        asks = not target.reached and world.history.was_well(way.target)
        return WayBack(False, f"{way.target} is {target.trouble}", str(way.target), seconds, asks=asks)
    prepared = world.stack.kept(world.stack.moving(Phase.SWITCH, way.target)) is not None
    return WayBack(True, f"{way.target} ({target.release}) is warm and healthy", str(way.target), seconds, prepared)


def _seconds_to_answer(world: World) -> float | None:
    took = [run.answered_after for run in world.history.telling() if run.verdict == ROLLED_BACK and run.answered_after]
    return median(took) if took else None
