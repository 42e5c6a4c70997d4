"""The sandbox's own API: what there is, how servers are told to misbehave, which locks are held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from bluegreen.model import Color
from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.cloudflare import misfortunes
from bluegreen.sandbox.ledger import BEHAVIORS, Behavior, Ledger
from bluegreen.sandbox.orders import carry_out, read_number
from bluegreen.sandbox.state_api import break_lock
from bluegreen.sandbox.world import World

SLOWEST = 60.0
"""Seconds that a slow server may be told to take for one answer, and a Compute operation until its end."""
PACE = 2.0
"""Seconds, when a call names none."""


async def answer(world: World, call: Call, describe: Callable[[], Mapping[str, Any]]) -> Reply:
    """Answer one call; `call.path` is what follows /sandbox. describe: what only the daemon knows. Raises Rejected."""
    parts = call.path.strip("/").split("/", 1)
    match call.method, *parts:
        case "GET", "":
            return Reply.json({**describe(), **_memory(world.ledger)})
        case "GET", "locks":
            return Reply.json(_memory(world.ledger)["locks"])
        case "DELETE", "locks", path:
            await carry_out(world, call, lambda ledger: break_lock(ledger, path))
        case (("PUT" | "DELETE"), "servers", color):
            behavior = _read_behavior(call.json()) if call.method == "PUT" else Behavior()
            await carry_out(world, call, lambda ledger: _behave(ledger, color, behavior))
        case "PUT", "faults":
            refusals = _read_refusals(call.json())
            await carry_out(world, call, lambda ledger: replace(ledger, refusals=refusals))
        case "DELETE", "faults":
            await carry_out(world, call, lambda ledger: replace(ledger, refusals={}))
        case _, "cloudflare", *what:
            return await misfortunes.answer(world, call, "".join(what))
        case "PUT", "compute":
            seconds = read_number(call.json(), "operation_seconds", SLOWEST, PACE)
            await carry_out(world, call, lambda ledger: _pace(ledger, seconds))
        case _:
            raise Rejected(404, f"the sandbox has no {call.method} /sandbox/{call.path}")
    return Reply.json({})


def _memory(ledger: Ledger) -> dict[str, Any]:
    return {
        "records": [record.as_json() for record in ledger.records.values()],
        "states": sorted(ledger.states),
        "locks": {path: dict(info) for path, info in ledger.locks.items()},
        "behaviors": {color: asdict(behavior) for color, behavior in ledger.behaviors.items()},
        "faults": {"refuse_state": dict(ledger.refusals)},
    }


def _behave(ledger: Ledger, color: str, behavior: Behavior) -> Ledger:
    if color not in tuple(Color):
        raise Rejected(404, f"{color!r} is no color")
    others = {key: value for key, value in ledger.behaviors.items() if key != color}
    return replace(ledger, behaviors=others if behavior == Behavior() else {**others, color: behavior})


def _pace(ledger: Ledger, seconds: float) -> Ledger:
    return replace(ledger, compute=replace(ledger.compute, operation_seconds=seconds))


def _read_behavior(data: Mapping[str, Any]) -> Behavior:
    name, seconds = data.get("behavior"), read_number(data, "seconds", SLOWEST, PACE)
    if name not in BEHAVIORS:
        raise Rejected(400, f"behavior is {name!r}, not one of {', '.join(BEHAVIORS)}")
    return Behavior(str(name), seconds if name == "slow" else 0.0)


def _read_refusals(data: Mapping[str, Any]) -> dict[str, str]:
    """Return path suffix -> reason. A number (4xx) instead of a reason gets a reason of ours."""
    asked = data.get("refuse_state")
    if not isinstance(asked, dict) or not all(suffix and isinstance(why, str | int) for suffix, why in asked.items()):
        raise Rejected(400, 'write {"refuse_state": {"PATH": "the reason"}}')
    return {
        suffix.strip("/"): why if isinstance(why, str) else f"the sandbox was told to refuse {suffix}"
        for suffix, why in asked.items()
    }
