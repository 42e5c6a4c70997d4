"""One run, from lock to final verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bluegreen.errors import BluegreenError, ConfigError, Interrupted, Locked, Refused, Returned, Stuck
from bluegreen.events import LockTakenOver, Result, RunStarted, Said, envelope
from bluegreen.model import EMPTY
from bluegreen.ports import Freeze, Store
from bluegreen.run.engine import Ending, Engine
from bluegreen.switch.history import (
    ABANDONED,
    FOREVER,
    NOTHING_TO_DO,
    PREPARED,
    RECONCILED,
    RETIRED,
    ROLLED_BACK,
    SWITCHED,
    read_run,
)
from bluegreen.switch.hooks import Hooks
from bluegreen.switch.phases import NOTHING, Phase
from bluegreen.switch.stack import Stack
from bluegreen.switch.steps import Steps
from bluegreen.switch.world import World

_DONE: Mapping[str, str] = {
    "deploy": SWITCHED,
    "switch": SWITCHED,
    "rollback": ROLLED_BACK,
    "retire": RETIRED,
    "reconcile": RECONCILED,
}


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended. error: None when it did what it was asked, or found nothing to do.

    requests: public requests sent, failed, slow, wrong_release. warm_until: Unix seconds, -1 for ever, 0 for none.
    """

    run: str
    verb: str
    verdict: str
    exit_code: int
    active: str
    previous: str
    release: str
    seconds: float
    requests: Mapping[str, int] = field(default_factory=lambda: EMPTY)
    overlap_seconds: float = 0.0
    warm_until: float = 0.0
    error: BluegreenError | None = None


def conduct(world: World, started: RunStarted, steps: Steps) -> RunResult:
    """Take the lock, walk the verb's table, give the verdict, release the lock.

    started: the journal's first line, which names the verb. Raises Locked when another run holds the lock.
    """
    with locked(world, started):
        return walk(world, started.verb, steps, lambda: Phase.PREFLIGHT)


def conduct_past_locks(world: World, started: RunStarted, steps: Steps) -> RunResult:
    """The same, but that a lock which cannot be had is gone past, and said."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(world, started))
        except BluegreenError as error:
            world.emit(started)
            steps.say(f"{error}; going past that", "warning")
        return walk(world, started.verb, steps, lambda: Phase.PREFLIGHT)


FROZEN = frozenset({"deploy", "prepare", "switch", "retire"})
"""What a frozen environment refuses. A way back it never does."""


@contextmanager
def locked(world: World, started: RunStarted) -> Iterator[None]:
    """Hold the lock, and say in the journal who does, and whose run was cut off before.

    Raises Locked when another run holds it, or when the environment is frozen.
    """
    if started.verb in FROZEN:
        _refuse_frozen(world)
    succeeded = world.lock.acquire(world.run, started.verb)
    try:
        world.store.call_back(world.run, "")  # what was asked of it before it was cut off
        other = succeeded if succeeded and succeeded.run != world.run else None
        closed = other is not None and close_abandoned(
            world.store, other.run, time=world.clock.time(), environment=world.environment, service=started.service
        )
        world.emit(started)
        if other is not None and closed:
            told = f"run {other.run} ({other.verb} by {other.who}) was cut off and is closed as abandoned"
            world.emit(Said(told, "warning"))
        if other is not None:
            world.emit(LockTakenOver(other.title))
        yield
    finally:
        world.lock.release()


def _refuse_frozen(world: World) -> None:
    freeze = world.store.freeze()
    if freeze is not None and freeze.holds(world.clock.time()):
        raise Locked(f"{world.environment} is {freeze.title}", hint="bluegreen unlock ends that; a rollback passes")


def walk(world: World, verb: str, steps: Steps, begin: Callable[[], str]) -> RunResult:
    """Walk the verb's table from the phase that `begin` returns, and give the verdict."""
    began = world.clock.monotonic()
    engine, hooks = Engine(world.emit, world.clock, world.interruptions), Hooks(verb, steps)
    try:
        ending = engine.walk(steps.routes(verb), hooks.around(steps.steps()), begin())
        if ending.phase == Phase.DONE and ending.outcome != NOTHING:
            hooks.at_the_end()
    finally:
        steps.finish()
    result = _judge(world, verb, steps, ending, world.clock.monotonic() - began)
    if result.verdict == Returned.verdict and world.settings.lock_after_return:
        why = f"run {world.run} was returned from"
        world.store.set_freeze(Freeze(why, "lock_after_return", world.clock.time()))
        world.emit(Said(f"{world.environment} is locked now, because {why}", "warning"))
    world.emit(_as_event(world, result))
    return result


def close_abandoned(store: Store, run: str, *, time: float, environment: str, service: str) -> bool:
    """Close the journal of a run that is gone, unless it had ended; return whether it was closed. time: Unix seconds.

    Where machines share the journal, that shuts out whoever is at that run after all.
    """
    if run not in store.runs() or read_run(run, store.journal(run)).verdict:
        return False
    around = envelope(time=time, run=run, environment=environment, service=service)
    closing = Result(verdict=ABANDONED, exit_code=Stuck.exit_code)
    store.append(run, {**around, **closing.as_dict()}, durable=True)
    return True


def _judge(world: World, verb: str, steps: Steps, ending: Ending, seconds: float) -> RunResult:
    verdict, error = _verdict(verb, steps, ending)
    if ending.phase == Phase.STUCK:
        steps.look_where_public_is()
    moved = verdict in (SWITCHED, RECONCILED) and steps.origin not in (None, steps.target)
    keep = world.settings.keep_warm
    return RunResult(
        run=world.run,
        verb=verb,
        verdict=verdict,
        exit_code=_exit_code(ending.interrupted and not world.interruptions.asked_by, error),
        active=str(steps.active or ""),
        previous=str(steps.origin) if moved else "",
        release=steps.release,
        seconds=seconds,
        requests=steps.audience.requests,
        overlap_seconds=steps.audience.overlap,
        warm_until=0.0 if not moved else FOREVER if math.isinf(keep) else world.clock.time() + keep,
        error=error,
    )


def _exit_code(interrupted: bool, error: BluegreenError | None) -> int:
    return Interrupted.exit_code if interrupted else error.exit_code if error else 0


def _verdict(verb: str, steps: Steps, ending: Ending) -> tuple[str, BluegreenError | None]:
    if ending.phase == Phase.DONE:
        return (NOTHING_TO_DO if ending.outcome == NOTHING else steps.done or _DONE[verb]), None
    if ending.phase == Phase.PREPARED:
        return PREPARED, None
    error = _error(steps, ending)
    return error.verdict, error


def _error(steps: Steps, ending: Ending) -> BluegreenError:
    if ending.phase == Phase.RETURNED:
        cause = ending.errors[0] if ending.errors else BluegreenError("the run was cut off on its way back")
        return _because(_returned(steps, cause), cause)
    if ending.phase == Phase.STUCK:
        return _because(_stuck(steps, ending.errors), ending.errors[-1])
    return _failed(steps, ending)


def _because(error: BluegreenError, cause: BluegreenError) -> BluegreenError:
    """Return the error with what ended the run behind it: where that was, and what Terraform said of it."""
    error.where, error.details = cause.where, cause.details
    return error


def _returned(steps: Steps, cause: BluegreenError) -> Returned:
    what = f"{steps.target} was switched to and failed: {cause.message}"
    if isinstance(cause, Interrupted):
        by = steps.world.interruptions.asked_by
        what = f"returned on request of {by}" if by else "the run was interrupted after the switch"
    told = f"{what}; the public is back on {steps.origin}"
    return Returned(told, hint=f"bluegreen show {steps.world.run}")


def _stuck(steps: Steps, causes: Sequence[BluegreenError]) -> Stuck:
    told = "; ".join(dict.fromkeys(cause.message for cause in causes))
    return Stuck(f"the run is stuck: {told}", hint=steps.way_out)


def _failed(steps: Steps, ending: Ending) -> BluegreenError:
    if ending.interrupted:
        kept = f"the public never left {steps.active}" if steps.world.stack.applied_in else "nothing was changed"
        if by := steps.world.interruptions.asked_by:
            return BluegreenError(f"stopped on request of {by}; {kept}")
        return Interrupted(f"interrupted; {kept}" if steps.active else "interrupted")
    error = ending.errors[0]
    if isinstance(error, Refused) and ending.left in steps.world.stack.applied_in:
        return BluegreenError(error.message, where=error.where, hint=error.hint)
    return error


def _as_event(world: World, result: RunResult) -> Result:
    return Result(
        verdict=result.verdict,
        exit_code=result.exit_code,
        active=result.active,
        previous=result.previous,
        release=result.release,
        seconds=result.seconds,
        requests=result.requests,
        overlap_seconds=result.overlap_seconds,
        warm_until=result.warm_until,
        proof="records-only" if world.settings.identity is None else "answers",
        **_urls(world.stack),
    )


def _urls(stack: Stack) -> Mapping[str, str]:
    """Where the public and the idle color answer, as far as this run has read that."""
    try:
        facts = stack.facts
    except ConfigError:  # which has ended the run already
        facts = None
    if facts is None:
        return {}
    idle = facts.of(facts.active.other) if facts.active else None
    idle_url = idle.check_url or idle.backend_url if idle and idle.running else ""
    return {"public_url": facts.public_url, "idle_url": idle_url}
