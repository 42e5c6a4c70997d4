"""Takes up a run that was cut off or got stuck: finds out by looking where it stands, and goes on as its ROUTES say.

A crash re-enters the phase in which it happened. What a run knew then is in its journal; where the public is by now
the live records say, and not the state's output, which a failed apply may have left untrue.
"""

from __future__ import annotations

from collections.abc import Sequence

from bluegreen.errors import BluegreenError, DriftFound, Refused
from bluegreen.events import Errored, RouteChosen, RunResumed
from bluegreen.model import Color, StackFacts
from bluegreen.switch.conduct import RunResult, locked, walk
from bluegreen.switch.deploy import Deploy, SwitchPrepared
from bluegreen.switch.drift import Drift
from bluegreen.switch.history import History, PastRun
from bluegreen.switch.phases import MOVED, Phase
from bluegreen.switch.reconcile import Reconcile
from bluegreen.switch.request import DeployRequest, ReconcileRequest, RetireRequest, RollbackRequest, check_target
from bluegreen.switch.retire import Retire
from bluegreen.switch.rollback import Rollback
from bluegreen.switch.stack import Layer
from bluegreen.switch.steps import Steps
from bluegreen.switch.world import World

BEGUN = "it was agreed to when the run was begun"
"""The reason of what is forced in a run that is taken up again."""

STANDS = {
    Phase.PREFLIGHT: "not begun",
    Phase.PREPARE: "half prepared",
    Phase.CHECK: "prepared",
    Phase.SWITCH: "prepared",
    Phase.PROVE: "switched, and not proven",
    Phase.BAKE: "switched and proven",
    Phase.RETURN: "on its way back",
    Phase.RETIRE: "half retired",
    Phase.RECORD: "half recorded",
}
"""How a run stands that was cut off in a phase; in SWITCH, as long as no apply was begun."""


def resume(world: World, resumed: RunResumed) -> RunResult:
    """Take up a run where it was cut off or got stuck, in its own journal; the world's run is that run.

    Raises Locked when another one is under way, Refused when it has been ended meanwhile, and whatever keeps it from
    being taken up; then it stays as it was.
    """
    with locked(world, resumed):
        cut = History(world.store).unfinished
        if cut is None or cut.id != world.run:
            raise Refused(f"run {world.run} has been ended meanwhile", hint="bluegreen status")
        steps = steps_of(world, cut)
        return walk(world, cut.verb, steps, lambda: _take_up(steps, cut))


def _take_up(steps: Steps, cut: PastRun) -> str:
    try:
        return take_up(steps, cut)
    except BluegreenError as error:
        steps.world.emit(Errored.of(error))
        raise


def steps_of(world: World, cut: PastRun) -> Steps:
    """Return the steps of a run, with what it was asked for."""
    asked = cut.asked
    match cut.verb:
        case "deploy" | "prepare":
            return Deploy(world, request=DeployRequest(retry=True, reason=BEGUN, no_way_back=cut.no_way_back))
        case "switch":
            return SwitchPrepared(world, request=DeployRequest(no_way_back=cut.no_way_back))
        case "rollback" if asked.get("direct"):
            return Reconcile(world)
        case "rollback":
            return Rollback(world, request=RollbackRequest(cut.target, bool(asked.get("force")), BEGUN))
        case "reconcile":
            return Reconcile(world, request=ReconcileRequest(asked["to"]))
        case "retire":
            return Retire(world, request=RetireRequest(asked.get("standby", ""), force=True, reason=BEGUN))
    raise Refused(f"run {cut.id} is a {cut.verb}, which cannot be taken up again")


def take_up(steps: Steps, cut: PastRun) -> str:
    """Have the steps know what their run knew, look, and return the phase in which it goes on.

    Raises BluegreenError, Interrupted included, when that cannot be said; then the run stays as it was.
    """
    assert cut.target is not None, "a run without a target has done nothing"
    steps.cut, steps.origin, steps.target, steps.release = cut, cut.origin, cut.target, cut.release
    if isinstance(steps, Reconcile) and cut.verb == "rollback":
        steps.say(f"run {cut.id} was {cut.stands}, which is to say now what the live records say", "warning")
        return Phase.PREFLIGHT
    if cut.phase == Phase.PREFLIGHT:
        phase = _from_the_start(steps, cut)
    else:
        facts = steps.open_stack(_layers(steps, cut))
        _tell_route(steps, cut)
        phase = _without_facts(steps, cut) if facts is None else _with_facts(steps, cut, facts)
    stands = (
        "in doubt: its switch had begun" if cut.phase == Phase.SWITCH and cut.moved_at else STANDS[Phase(cut.phase)]
    )
    where = f"; the public records point at {steps.active}" if steps.moving and steps.active else ""
    steps.say(f"run {cut.id} ({cut.verb}) ended in {cut.phase}, {stands}{where}; going on with {phase}", "warning")
    return phase


def _layers(steps: Steps, cut: PastRun) -> Sequence[Layer]:
    stack = steps.world.stack
    return stack.layers if cut.phase == Phase.PREPARE and isinstance(steps, Deploy) else [stack.last]


def _tell_route(steps: Steps, cut: PastRun) -> None:
    assert steps.target is not None
    route = RouteChosen(
        str(cut.origin or ""), cut.origin_release, steps.target, cut.release, dict(cut.inputs), cut.first_deploy
    )
    steps.world.emit(route)
    if isinstance(steps, Deploy):
        steps.wanted, steps.first = dict(cut.inputs), cut.first_deploy


def _from_the_start(steps: Steps, cut: PastRun) -> str:
    """Nothing was done: PREFLIGHT does all of its looking once more, with the object that was chosen."""
    if isinstance(steps, Deploy):
        steps.wanted = dict(cut.inputs)
    steps.origin = None
    return Phase.PREFLIGHT


def _without_facts(steps: Steps, cut: PastRun) -> str:
    """A first deploy whose last layer was not applied: nobody is served yet."""
    if isinstance(steps, Deploy) and steps.first and cut.phase == Phase.PREPARE:
        return Phase.PREPARE
    layer = steps.world.stack.last.name
    raise Refused(
        f"run {cut.id} was cut off in {cut.phase}, and the state of {layer} says nothing any more",
        hint=f"is the backend's address right? bluegreen tf {layer} -- state list",
    )


def _with_facts(steps: Steps, cut: PastRun, facts: StackFacts) -> str:
    steps.live.begin(facts)
    if isinstance(steps, Rollback):
        steps.ends, steps.stale = cut, True
    if cut.phase in MOVED:
        return _moved(steps, cut, facts)
    _refuse_moved_since(steps, cut, facts)
    match steps:
        case Deploy(first=False, origin=Color() as origin):
            steps.watch(facts, steps.world.witness.serving(facts, origin))
        case Rollback():
            return Phase.PREPARE if check_target(facts, steps.target, steps.world.history) == "stopped" else Phase.CHECK
    return cut.phase


def _refuse_moved_since(steps: Steps, cut: PastRun, facts: StackFacts) -> None:
    """Raise Refused when the target of a run that had moved nobody serves the public by now."""
    if cut.origin != cut.target and not cut.first_deploy and facts.serving == cut.target:
        raise Refused(
            f"{cut.target} serves the public since run {cut.id} was cut off, and that run was to change it",
            hint="bluegreen status; then begin anew what is still wanted",
        )


def _moved(steps: Steps, cut: PastRun, facts: StackFacts) -> str:
    """The public may have been moved: the live records say how far."""
    drift = steps.live.drift()
    steps.active = drift.live
    begun = bool(cut.moved_at)
    if not begun:
        _refuse_moved_since(steps, cut, facts)
    if cut.phase == Phase.SWITCH:
        if not cut.first_deploy and (not begun or drift.live == cut.origin != cut.target):
            return _again(steps, cut, facts)
        _refuse_strange(steps, drift, facts)
    steps.moving = begun
    if cut.phase in (Phase.PROVE, Phase.BAKE):
        _watch_moved(steps, facts)
    elif cut.phase == Phase.RETURN and cut.origin is not None:
        steps.watch(facts, steps.world.witness.serving(facts, cut.origin))
    elif isinstance(steps, Deploy) and not steps.first and cut.phase == Phase.SWITCH:
        steps.watch(facts, steps.world.witness.serving(facts, steps.target))
    return cut.phase


def _again(steps: Steps, cut: PastRun, facts: StackFacts) -> str:
    """Nobody was moved, and time has passed: the target is checked once more before it is switched to."""
    if isinstance(steps, Deploy) and cut.origin is not None:
        steps.watch(facts, steps.world.witness.serving(facts, cut.origin))
    return Phase.CHECK


def _refuse_strange(steps: Steps, drift: Drift, facts: StackFacts) -> None:
    """Raise DriftFound when a public record points at neither color: that was not this run's doing."""
    ours = {facts.of(color).address for color in Color}
    strange = [f"{name} points at {at or 'nothing'}" for name, at in drift.records.items() if at not in ours]
    if strange:
        raise DriftFound(
            f"somebody else has changed the public records since: {'; '.join(strange)}",
            hint=f"bluegreen rollback goes back to {steps.origin} all the same"
            if steps.origin
            else "mend them by hand",
        )


def _watch_moved(steps: Steps, facts: StackFacts) -> None:
    """Ask the public as PROVE and BAKE do, who meet traffic that goes to the target already."""
    public = steps.world.witness.serving(facts, steps.target)
    steps.watch(facts, public)
    steps.audience.pace(steps.world.settings.probe.every)
    steps.audience.expect(public)
    steps.active = steps.target
