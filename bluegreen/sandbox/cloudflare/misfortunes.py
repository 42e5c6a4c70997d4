"""The sandbox's own API for what goes wrong at Cloudflare: answers of the edge, late changes, an expired token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from bluegreen.model import EMPTY
from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.ledger import EDGE_ANSWERS, PLACES, Delay, Ledger
from bluegreen.sandbox.orders import carry_out, read_number
from bluegreen.sandbox.records import RecordError
from bluegreen.sandbox.world import World

LATEST = 600.0
"""Seconds that a change may take to arrive; Cloudflare promises five minutes or less."""


async def answer(world: World, call: Call, what: str) -> Reply:
    """Answer one call; what: what follows /sandbox/cloudflare/. Raises Rejected."""
    match call.method, what:
        case "GET", "":
            return Reply.json(_memory(world.ledger))
        case "DELETE", "":
            await carry_out(world, call, _all_well)
        case "PUT", "answers":
            answers = _read_answers(call.json())
            await carry_out(world, call, lambda ledger: replace(ledger, edge_answers=answers))
        case "PUT", "delays":
            delays = {_full_name(world, name): _read_delay(each) for name, each in call.json().items()}
            await carry_out(world, call, lambda ledger: replace(ledger, delays=delays))
        case "PUT", "token":
            expired = call.json().get("expired") is True
            await carry_out(world, call, lambda ledger: _with_token(ledger, expired))
        case _:
            raise Rejected(404, f"the sandbox has no {call.method} /sandbox/{call.path}")
    return Reply.json({})


def _memory(ledger: Ledger) -> dict[str, Any]:
    return {
        "answers": dict(ledger.edge_answers),
        "delays": {name: asdict(delay) for name, delay in ledger.delays.items()},
        "token_expired": ledger.account.token_expired,
        "purges": list(ledger.account.purges),
        "origin_ca": ledger.account.origin_ca,
    }


def _all_well(ledger: Ledger) -> Ledger:
    return replace(_with_token(ledger, False), edge_answers=EMPTY, delays=EMPTY)


def _with_token(ledger: Ledger, expired: bool) -> Ledger:
    return replace(ledger, account=replace(ledger.account, token_expired=expired))


def _read_answers(data: Mapping[str, Any]) -> dict[str, str]:
    for path, kind in data.items():
        if not path.startswith("/") or kind not in EDGE_ANSWERS:
            known = ", ".join(EDGE_ANSWERS)
            raise Rejected(400, f"{path!r}: {kind!r} is not the beginning of a path with one of {known}")
    return dict(data)


def _full_name(world: World, name: str) -> str:
    try:
        return world.zone.full_name(name)
    except RecordError as error:
        raise Rejected(400, f"{name!r}: {error.message}") from None


def _read_delay(data: object) -> Delay:
    if not isinstance(data, dict):
        raise Rejected(400, 'write {"NAME": {"seconds": 5, "share": 0.5, "at": ["dns", "edge"]}}')
    places = data.get("at", PLACES)
    if not isinstance(places, list | tuple) or not places or any(place not in PLACES for place in places):
        raise Rejected(400, f"at is {places!r}, not a list of {', '.join(PLACES)}")
    return Delay(read_number(data, "seconds", LATEST), read_number(data, "share", 1.0), tuple(places))
