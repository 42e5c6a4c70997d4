"""Terraform's `http` backend, with locking: any path below /state/ is one state."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.ledger import Ledger
from bluegreen.sandbox.world import World

log = logging.getLogger(__name__)


async def answer(world: World, call: Call) -> Reply:
    """Answer one call; `call.path` is the state's path. Raises Rejected."""
    if not call.path or "//" in f"/{call.path}/":
        raise Rejected(404, "a state needs a path: /state/ENVIRONMENT/LAYER")
    if call.method == "GET":
        body = world.ledger.states.get(call.path)
        return Reply(404) if body is None else Reply(200, body.encode())
    actions = {"POST": _store, "DELETE": _delete, "LOCK": _lock, "UNLOCK": _unlock}
    if call.method not in actions:
        raise Rejected(405, f"{call.method} is not what Terraform's http backend sends")
    await world.change(lambda ledger: actions[call.method](world, ledger, call))
    log.info("%s %s", call.method, call.path)
    return Reply()


def _store(world: World, ledger: Ledger, call: Call) -> Ledger:
    _check_lock(ledger, call)
    for suffix, reason in ledger.refusals.items():
        if f"/{call.path}".endswith(f"/{suffix}"):
            raise Rejected(400, reason)
    try:
        body = call.body.decode()
    except UnicodeDecodeError:
        raise Rejected(400, "the state is no UTF-8") from None
    return world.with_state(ledger, call.path, body)


def _delete(world: World, ledger: Ledger, call: Call) -> Ledger:
    _check_lock(ledger, call)
    return world.with_state(ledger, call.path, None) if call.path in ledger.states else ledger


def _check_lock(ledger: Ledger, call: Call) -> None:
    """Terraform names its lock as ?ID=; it has none when it runs with -lock=false."""
    holder, id = ledger.locks.get(call.path), call.parameters.get("ID", "")
    if holder and id != holder["ID"]:
        raise Rejected(423, f"{call.path} is locked by {_who(holder)}; this write came from {id or 'nobody'}")
    if id and not holder:
        raise Rejected(409, f"{call.path}: lock {id} has been broken; this write would overwrite what came after")


def _lock(world: World, ledger: Ledger, call: Call) -> Ledger:
    holder = ledger.locks.get(call.path)
    if holder:
        raise Held(holder)
    info = call.json()
    if not isinstance(info.get("ID"), str) or not info["ID"]:
        raise Rejected(400, "a lock needs an ID")
    return replace(ledger, locks={**ledger.locks, call.path: info})


def _unlock(world: World, ledger: Ledger, call: Call) -> Ledger:
    holder = ledger.locks.get(call.path)
    id = call.json().get("ID") if call.body else None  # `terraform force-unlock` sends no body at all
    if not id:
        raise Rejected(400, "UNLOCK without a lock ID is refused: `bluegreen sandbox` shows and breaks locks")
    if holder and holder["ID"] != id:
        raise Rejected(409, f"{call.path} is locked by {_who(holder)}, not by {id}")
    return _without_lock(ledger, call.path)


def break_lock(ledger: Ledger, path: str) -> Ledger:
    """Return the ledger without that lock. Raises Rejected when there is none."""
    if path not in ledger.locks:
        raise Rejected(404, f"{path} is not locked")
    return _without_lock(ledger, path)


def _without_lock(ledger: Ledger, path: str) -> Ledger:
    return replace(ledger, locks={key: info for key, info in ledger.locks.items() if key != path})


def _who(holder: Mapping[str, Any]) -> str:
    return f"{holder['ID']} ({holder.get('Who', '?')}, {holder.get('Operation', '?')})"


class Held(Rejected):
    """Locked already; the answer carries the holder's lock info, as Terraform expects."""

    def __init__(self, holder: Mapping[str, Any]):
        super().__init__(423, json.dumps(holder))
