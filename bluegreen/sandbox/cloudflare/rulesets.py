"""The zone's rulesets: one a phase, each a list of rules."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.cloudflare.errors import CloudflareError
from bluegreen.sandbox.cloudflare.exchange import Request, Result
from bluegreen.sandbox.world import timestamp

CACHE, FIREWALL = "http_request_cache_settings", "http_request_firewall_custom"
ACTIONS: Mapping[str, tuple[str, ...]] = {
    CACHE: ("set_cache_settings",),
    FIREWALL: ("block", "challenge", "js_challenge", "log", "managed_challenge", "skip"),
}
"""Phase -> actions of its rules. Cloudflare knows more of both."""
GIVEN = ("action", "action_parameters", "expression", "description", "enabled", "logging", "ref")


async def find(request: Request) -> Result:
    rulesets = request.account.rulesets.values()
    return Result([{key: value for key, value in each.items() if key != "rules"} for each in rulesets])


async def read(request: Request) -> Result:
    return Result(_get(request.account, request.id))


async def read_entrypoint(request: Request) -> Result:
    return Result(_entrypoint(request.account, request.id))


async def create(request: Request) -> Result:
    asked, id = request.call.json(), uuid.uuid4().hex
    if asked.get("phase") not in ACTIONS:
        raise _invalid(f"{asked.get('phase')!r} is not a phase that this sandbox knows")
    if asked.get("kind") != "zone":
        raise _invalid(f"{asked.get('kind')!r} is not a valid value for kind")
    made = {"id": id, "kind": "zone", "phase": asked["phase"], **_content(asked, {}, asked["phase"])}

    def edit(account: Account) -> Account:
        if any(each["phase"] == made["phase"] for each in account.rulesets.values()):
            reason = f"exceeded maximum number of zone rulesets for phase {made['phase']}"
            raise _invalid(f"'zone' is not a valid value for kind because {reason}")
        return replace(account, rulesets={**account.rulesets, id: made})

    await request.change(edit)
    return Result(made)


async def update(request: Request) -> Result:
    return await _update(request, request.id)


async def update_entrypoint(request: Request) -> Result:
    return await _update(request, _entrypoint(request.account, request.id)["id"])


async def _update(request: Request, id: str) -> Result:
    asked = request.call.json()

    def edit(account: Account) -> Account:
        old = _get(account, id)
        new = {**old, **_content(asked, old, old["phase"])}
        return replace(account, rulesets={**account.rulesets, id: new})

    await request.change(edit)
    return Result(_get(request.account, id))


async def delete(request: Request) -> Result:
    def edit(account: Account) -> Account:
        _get(account, request.id)
        return replace(account, rulesets={key: each for key, each in account.rulesets.items() if key != request.id})

    await request.change(edit)
    return Result(None, status=204)


def _get(account: Account, id: str) -> Mapping[str, Any]:
    if id not in account.rulesets:
        raise CloudflareError(404, 10003, f"could not find ruleset {id}")
    return account.rulesets[id]


def _entrypoint(account: Account, phase: str) -> Mapping[str, Any]:
    for ruleset in account.rulesets.values():
        if ruleset["phase"] == phase:
            return ruleset
    raise CloudflareError(404, 10003, f"could not find entrypoint ruleset in the {phase} phase")


def _content(asked: Mapping[str, Any], old: Mapping[str, Any], phase: str) -> dict[str, Any]:
    """Return what a ruleset gets with each write: its words, its rules and its next version."""
    now = timestamp()
    known = {rule["ref"]: rule for rule in old.get("rules", ())}
    return {
        "name": asked.get("name") or old.get("name", "default"),
        "description": asked.get("description") or "",
        "version": str(int(old.get("version", "0")) + 1),
        "last_updated": now,
        "rules": [_rule(each, known, phase, now) for each in asked.get("rules") or ()],
    }


def _rule(asked: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], phase: str, now: str) -> dict[str, Any]:
    """Return one rule; one that has a `ref` of before keeps its id."""
    action, expression = asked.get("action"), asked.get("expression")
    if action not in ACTIONS[phase]:
        raise _invalid(f"'{action}' is not a valid value for action because it is not supported in phase {phase}")
    if not isinstance(expression, str) or not expression:
        raise _invalid("the expression is empty")
    if action in ("set_cache_settings", "skip") and not asked.get("action_parameters"):
        raise CloudflareError(400, 20106, f"action parameters are required for the {action} action")
    old = known.get(asked.get("ref", ""), {})
    id = old.get("id") or uuid.uuid4().hex
    given = {key: asked[key] for key in GIVEN if asked.get(key) is not None}
    usual: dict[str, Any] = {"ref": id, "enabled": True, "description": ""}
    if action == "skip":
        usual["logging"] = {"enabled": True}
    return {**usual, **given, "id": id, "version": str(int(old.get("version", "0")) + 1), "last_updated": now}


def _invalid(message: str) -> CloudflareError:
    return CloudflareError(400, 20217, message)
