"""One run, from lock to final verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bluegreen.errors import BluegreenError, Interrupted, Refused, Returned, Stuck
from bluegreen.events import Result, RunStarted
from bluegreen.model import EMPTY, Color
from bluegreen.run.engine import Ending, Engine
from bluegreen.switch.deploy import Deploy
from bluegreen.switch.history import (
    ABANDONED,
    NOTHING_TO_DO,
    PREPARED,
    RETIRED,
    RETURNED,
    ROLLED_BACK,
    SWITCHED,
)
from bluegreen.switch.phases import NOTHING, TABLES, Phase
from bluegreen.switch.retire import Retire
from bluegreen.switch.rollback import Rollback
from bluegreen.switch.world import World

FOREVER = -1.0

_DONE: Mapping[str, str] = {"deploy": SWITCHED, "switch": SWITCHED, "rollback": ROLLED_BACK, "retire": RETIRED}


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


def conduct(world: World, started: RunStarted, steps: Deploy | Rollback | Retire) -> RunResult:
    """Take the lock, walk the verb's table, give the verdict, release the lock.

    started: the journal's first line, which names the verb. Raises Locked when another run holds the lock.
    """
    succeeded = world.lock.acquire(world.run, started.verb)
    try:
        if succeeded is not None:
            close_abandoned(world, succeeded.run)
        world.emit(started)
        began = world.clock.monotonic()
        engine = Engine(world.emit, world.clock, world.interruptions)
        try:
            ending = engine.walk(TABLES[started.verb], steps.steps(), Phase.PREFLIGHT)
        finally:
            steps.finish()
        result = _judge(world, started.verb, steps, ending, world.clock.monotonic() - began)
        world.emit(_as_event(world, result))
        return result
    finally:
        world.lock.release()


def close_abandoned(world: World, run: str) -> None:
    """Close the journal of a run whose process is gone."""
    if run in world.store.runs():
        entry = {"time": world.clock.time(), "run": run, "event": "result", "verdict": ABANDONED, "exit_code": 7}
        world.store.append(run, entry, durable=True)


def _judge(world: World, verb: str, steps: Deploy | Rollback | Retire, ending: Ending, seconds: float) -> RunResult:
    verdict, error = _verdict(verb, steps, ending)
    active, previous = _standing(steps, ending)
    warm = 0.0
    if verdict == SWITCHED and steps.origin is not None:
        keep = world.settings.keep_warm
        warm = FOREVER if math.isinf(keep) else world.clock.time() + keep
    exit_code = Interrupted.exit_code if ending.interrupted else error.exit_code if error else 0
    return RunResult(
        run=world.run,
        verb=verb,
        verdict=verdict,
        exit_code=exit_code,
        active=str(active or ""),
        previous=str(previous or ""),
        release=steps.release,
        seconds=seconds,
        requests=steps.audience.requests,
        overlap_seconds=steps.audience.overlap,
        warm_until=warm,
        error=error,
    )


def _verdict(verb: str, steps: Deploy | Rollback | Retire, ending: Ending) -> tuple[str, BluegreenError | None]:
    first = ending.errors[0] if ending.errors else BluegreenError("interrupted")
    match ending.phase:
        case Phase.DONE if ending.outcome == NOTHING:
            return NOTHING_TO_DO, None
        case Phase.DONE:
            return _DONE[verb], None
        case Phase.PREPARED:
            return PREPARED, None
        case Phase.RETURNED:
            told = f"{steps.target} was switched to and failed: {first.message}; the public is back on {steps.origin}"
            return RETURNED, Returned(told, where=first.where, hint=f"bluegreen show {steps.world.run}")
        case Phase.STUCK:
            causes = "; ".join(error.message for error in ending.errors)
            return "stuck", Stuck(f"the run is stuck: {causes}", hint=_next_command(verb))
    if ending.interrupted:
        return "interrupted", Interrupted("interrupted before the switch; the public never left the old color")
    return ("refused" if isinstance(first, Refused) else "failed"), first


def _next_command(verb: str) -> str:
    return "bluegreen rollback" if verb != "rollback" else "bluegreen status, then bluegreen rollback"


def _standing(steps: Deploy | Rollback | Retire, ending: Ending) -> tuple[Color | None, Color | None]:
    """Return the active color and the one to go back to, as far as this run knows."""
    if isinstance(steps, Retire) or ending.outcome == NOTHING:
        return steps.origin or steps.target, None
    if ending.phase == Phase.DONE:
        return steps.target, steps.origin if isinstance(steps, Deploy) else None
    if ending.phase == Phase.STUCK:
        facts = steps.world.stack.facts
        return (facts.active if facts else None), steps.origin
    return steps.origin, None


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
    )
