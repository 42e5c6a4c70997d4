"""The zone's DNS records: list, read, make, replace, edit, delete, and several of these as one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bluegreen.sandbox.call import Rejected
from bluegreen.sandbox.cloudflare.exchange import Request, Result, page
from bluegreen.sandbox.ledger import Ledger
from bluegreen.sandbox.records import Record, Records, Zone, build, get, put, without
from bluegreen.sandbox.world import World, timestamp

MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "": str.__eq__,
    ".exact": str.__eq__,
    ".contains": str.__contains__,
    ".startswith": str.startswith,
    ".endswith": str.endswith,
}


async def find(request: Request) -> Result:
    parameters = request.call.parameters
    records = request.world.ledger.records.values()
    return page([record.as_json() for record in records if _matches(record, parameters)], parameters)


async def read(request: Request) -> Result:
    return Result(get(request.world.ledger.records, request.id).as_json())


async def create(request: Request) -> Result:
    return await _edit_one(request.world, "posts", request.call.json())


async def update(request: Request) -> Result:
    return await _edit_one(request.world, "puts", {**request.call.json(), "id": request.id})


async def edit(request: Request) -> Result:
    return await _edit_one(request.world, "patches", {**request.call.json(), "id": request.id})


async def delete(request: Request) -> Result:
    await _edit_one(request.world, "deletes", {"id": request.id})
    return Result({"id": request.id})


async def batch(request: Request) -> Result:
    return await _edit(request.world, Batch(request.world.zone, request.call.json()))


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


async def _edit_one(world: World, kind: str, item: Mapping[str, Any]) -> Result:
    done = await _edit(world, Batch(world.zone, {kind: [item]}))
    return Result(done.result[kind][0])


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
