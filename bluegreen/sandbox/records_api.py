"""The records API: Cloudflare's v4 paths, envelope, paging and error codes, for one zone."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.ledger import Ledger
from bluegreen.sandbox.records import Record, RecordError, Records, Zone, build, get, put, without
from bluegreen.sandbox.world import World, timestamp

PER_PAGE, PER_PAGE_LIMIT = 100, 50_000
EXPIRED = "expired"
"""The one token that is refused; every other one that is not empty will do."""

MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "": str.__eq__,
    ".exact": str.__eq__,
    ".contains": str.__contains__,
    ".startswith": str.startswith,
    ".endswith": str.endswith,
}
BORN = "2020-01-01T00:00:00.000000Z"


@dataclass(frozen=True, slots=True)
class Result:
    """What goes into the envelope. info: paging."""

    result: Any
    info: Mapping[str, int] | None = None


async def answer(world: World, call: Call) -> Reply:
    """Answer one call; `call.path` is what follows /client/v4/."""
    try:
        _check_token(call.headers.get("authorization", ""))
        found = await _dispatch(world, call)
    except RecordError as error:
        return _envelope(error.status, errors=[{"code": error.code, "message": error.message}])
    except Rejected as error:
        return _envelope(error.status, errors=[{"code": 6003, "message": f"Invalid request: {error.text}"}])
    return _envelope(200, found.result, info=found.info)


def _envelope(
    status: int,
    result: Any = None,
    errors: Sequence[Mapping[str, Any]] = (),
    info: Mapping[str, int] | None = None,
) -> Reply:
    data = {"success": not errors, "errors": list(errors), "messages": [], "result": result}
    return Reply.json({**data, "result_info": dict(info)} if info else data, status)


def _check_token(authorization: str) -> None:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RecordError(400, 9106, "Missing Authorization header: a bearer token is needed.")
    if token.strip() == EXPIRED:
        raise RecordError(403, 9109, "Invalid access token")


async def _dispatch(world: World, call: Call) -> Result:
    parts = call.path.strip("/").split("/")
    if parts == ["user", "tokens", "verify"] and call.method == "GET":
        return Result({"id": "0" * 32, "status": "active"})
    if parts[0] != "zones":
        raise _no_route(call)
    if len(parts) == 1 and call.method == "GET":
        wanted = call.parameters.get("name", world.zone.name).removeprefix("equal:")
        return _page([_zone_json(world.zone)] if wanted == world.zone.name else [], call.parameters)
    if len(parts) > 1:
        _check_zone(world.zone, parts[1])
    if len(parts) == 2 and call.method == "GET":
        return Result(_zone_json(world.zone))
    if len(parts) in (3, 4) and parts[2] == "dns_records":
        return await _records(world, call, parts[3] if len(parts) == 4 else "")
    raise _no_route(call)


async def _records(world: World, call: Call, id: str) -> Result:
    records = world.ledger.records
    if not id and call.method == "GET":
        found = [record.as_json() for record in records.values() if _matches(record, call.parameters)]
        return _page(found, call.parameters)
    if id == "batch" and call.method == "POST":
        return await _edit(world, Batch(world.zone, call.json()))
    if not id and call.method == "POST":
        batch = Batch(world.zone, {"posts": [call.json()]})
        return Result((await _edit(world, batch)).result["posts"][0])
    if id and call.method == "GET":
        return Result(get(records, id).as_json())
    kind = {"PUT": "puts", "PATCH": "patches", "DELETE": "deletes"}.get(call.method, "")
    if not id or not kind:
        raise _no_route(call)
    fields = call.json() if kind != "deletes" else {}
    done = (await _edit(world, Batch(world.zone, {kind: [{**fields, "id": id}]}))).result[kind][0]
    return Result({"id": id} if kind == "deletes" else done)


class Batch:
    """Several edits of the records as one: all of them or none, in Cloudflare's order."""

    ORDER = ("deletes", "patches", "puts", "posts")

    def __init__(self, zone: Zone, asked: Mapping[str, Any]):
        self._zone = zone
        self._asked = {kind: asked.get(kind) or [] for kind in self.ORDER}
        self.done: dict[str, list[Any]] = {}
        if not all(
            isinstance(items, list) and all(isinstance(item, dict) for item in items) for items in self._asked.values()
        ):
            raise Rejected(400, "deletes, patches, puts and posts are lists of objects")

    def __call__(self, ledger: Ledger) -> Ledger:
        records, self.done, now = ledger.records, {}, timestamp()
        for kind in self.ORDER:
            self.done[kind] = []
            for item in self._asked[kind]:
                records, record = self._one(kind, records, item, now)
                self.done[kind].append(record.as_json())
        return replace(ledger, records=records)

    def _one(self, kind: str, records: Records, item: Mapping[str, Any], now: str) -> tuple[Records, Record]:
        if kind == "posts":
            record = build(self._zone, uuid.uuid4().hex, item)
        else:
            old = get(records, str(item.get("id")))
            if kind == "deletes":
                return without(records, [old.id]), old
            record = build(self._zone, old.id, item if kind == "puts" else {**old.fields(), **item})
        records = put(records, record, now)
        return records, records[record.id]


async def _edit(world: World, batch: Batch) -> Result:
    await world.change(batch)
    return Result(batch.done)


def _matches(record: Record, parameters: Mapping[str, str]) -> bool:
    verdicts = []
    for field in ("name", "content", "comment"):
        for suffix, matches in MATCHES.items():
            if field + suffix in parameters:
                verdicts.append(matches((getattr(record, field) or "").lower(), parameters[field + suffix].lower()))
    if "type" in parameters:
        verdicts.append(record.type == parameters["type"].upper())
    if "proxied" in parameters:
        verdicts.append(record.proxied == (parameters["proxied"] == "true"))
    return any(verdicts) if verdicts and parameters.get("match") == "any" else all(verdicts)


def _page(items: Sequence[Any], parameters: Mapping[str, str]) -> Result:
    """Cut one page; the page after the last is empty, which is how clients know that they have all."""
    page = _number(parameters.get("page", "1"), "page", 2**31)
    per_page = _number(parameters.get("per_page", str(PER_PAGE)), "per_page", PER_PAGE_LIMIT)
    found = items[(page - 1) * per_page : page * per_page]
    info = {"page": page, "per_page": per_page, "count": len(found), "total_count": len(items)}
    return Result(found, {**info, "total_pages": math.ceil(len(items) / per_page)})


def _number(text: str, name: str, limit: int) -> int:
    number = int(text.removesuffix(".0")) if re.fullmatch(r"[0-9]{1,9}(\.0)?", text) else 0
    if not 1 <= number <= limit:
        raise Rejected(400, f"{name} is {text!r}, not a number from 1 to {limit}")
    return number


def _check_zone(zone: Zone, id: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{32}", id):
        message = f"Could not route to /zones/{id}, perhaps your object identifier is invalid?"
        raise RecordError(400, 7003, message)
    if id != zone.id:
        raise RecordError(404, 1001, "Invalid zone identifier")


def _no_route(call: Call) -> RecordError:
    return RecordError(404, 7000, f"No route for that URI: {call.method} /{call.path}")


def _zone_json(zone: Zone) -> dict[str, Any]:
    return {
        "id": zone.id,
        "name": zone.name,
        "status": "active",
        "type": "full",
        "paused": False,
        "development_mode": 0,
        "name_servers": [f"ns1.{zone.name}", f"ns2.{zone.name}"],
        "original_name_servers": None,
        "account": {"id": "0" * 32, "name": "sandbox"},
        "owner": {"id": None, "type": "user", "name": None},
        "meta": {"page_rule_quota": 0, "phishing_detected": False, "step": 2},
        "plan": {"id": "0" * 32, "name": "Sandbox"},
        "created_on": BORN,
        "modified_on": BORN,
        "activated_on": BORN,
    }
