"""The zone itself: there or not, its settings, its origin pulls, purges of its cache; and the edge's addresses."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bluegreen.sandbox.call import Rejected
from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.cloudflare.errors import CloudflareError
from bluegreen.sandbox.cloudflare.exchange import Request, Result, page
from bluegreen.sandbox.ledger import Ledger
from bluegreen.sandbox.records import Zone
from bluegreen.sandbox.world import timestamp

BORN = "2020-01-01T00:00:00.000000Z"
ACCOUNT_ID = "0" * 32
ON_OFF = ("off", "on")
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "always_use_https": ON_OFF,
    "min_tls_version": ("1.0", "1.1", "1.2", "1.3"),
    "ssl": ("full", "off", "flexible", "strict"),
    "tls_client_auth": ON_OFF,
}
"""Name -> values, the first of which a new zone has."""
PURGES_KEPT = 100


def check(zone: Zone, account: Account, id: str) -> None:
    """Raise CloudflareError unless `id` is that of the zone, and there is one."""
    if not re.fullmatch(r"[0-9a-f]{32}", id):
        message = f"Could not route to /zones/{id}, perhaps your object identifier is invalid?"
        raise CloudflareError(400, 7003, message)
    if id != zone.id or not account.zone_exists:
        raise CloudflareError(404, 1001, "Invalid zone identifier")


async def find(request: Request) -> Result:
    zone, parameters = request.world.zone, request.call.parameters
    wanted = parameters.get("name", zone.name).removeprefix("equal:")
    found = request.account.zone_exists and wanted == zone.name
    return page([_as_json(zone)] if found else [], parameters)


async def read(request: Request) -> Result:
    return Result(_as_json(request.world.zone))


async def create(request: Request) -> Result:
    """Make the sandbox's own zone again, after it was deleted; it is active at once. There is no other domain."""
    zone, name = request.world.zone, request.call.json().get("name")

    def edit(account: Account) -> Account:
        if name != zone.name:
            raise CloudflareError(400, 1049, f"{name} is not a registered domain")
        if account.zone_exists:
            raise CloudflareError(400, 1061, f"{name} already exists")
        return replace(account, zone_exists=True)

    await request.change(edit)
    return Result(_as_json(zone))


async def edit(request: Request) -> Result:
    """Take an edit that changes nothing, as Terraform sends one; a zone here cannot be paused."""
    now = _as_json(request.world.zone)
    changed = [key for key, value in request.call.json().items() if key in now and value not in (now[key], None)]
    if changed:
        raise Rejected(400, f"this sandbox cannot change a zone's {', '.join(sorted(changed))}")
    return Result(now)


async def delete(request: Request) -> Result:
    """Delete the zone with its records, settings and rulesets."""

    def edit(ledger: Ledger) -> Ledger:
        old = ledger.account
        left = replace(old, zone_exists=False, origin_pulls=False, settings={}, rulesets={})
        return replace(ledger, records={}, account=left)

    await request.world.change(edit)
    return Result({"id": request.world.zone.id})


async def read_setting(request: Request) -> Result:
    return Result(_setting(request.account, request.id))


async def edit_setting(request: Request) -> Result:
    name, value = request.id, request.call.json().get("value")
    _setting(request.account, name)
    if value not in SETTINGS[name]:
        raise CloudflareError(400, 1007, f"Invalid value for zone setting {name}")
    await request.change(lambda account: replace(account, settings={**account.settings, name: str(value)}))
    return Result({**_setting(request.account, name), "modified_on": timestamp()})


def _setting(account: Account, name: str) -> dict[str, Any]:
    if name not in SETTINGS:
        raise CloudflareError(400, 1006, "Unrecognized zone setting name")
    value = account.settings.get(name, SETTINGS[name][0])
    return {"id": name, "value": value, "editable": True, "modified_on": None}


async def read_origin_pulls(request: Request) -> Result:
    return Result({"enabled": request.account.origin_pulls})


async def update_origin_pulls(request: Request) -> Result:
    enabled = request.call.json().get("enabled")
    if not isinstance(enabled, bool):
        raise Rejected(400, f"enabled is {enabled!r}, not true or false")
    await request.change(lambda account: replace(account, origin_pulls=enabled))
    return await read_origin_pulls(request)


async def purge(request: Request) -> Result:
    """Write down what is to be purged; the edge's cache follows."""
    asked = request.call.json()
    if not (asked.get("purge_everything") is True or any(asked.get(key) for key in ("files", "hosts", "prefixes"))):
        raise CloudflareError(400, 1012, "Request must contain one of purge_everything, files, hosts or prefixes")
    entry = {"id": uuid.uuid4().hex, "at": timestamp(), "asked": asked}
    await request.change(lambda account: replace(account, purges=(*account.purges, entry)[-PURGES_KEPT:]))
    return Result({"id": request.world.zone.id})


async def addresses(request: Request) -> Result:
    """Return where this world's edge connects from: a firewall made of it is right here.

    The IPv6 range is loopback's: nothing comes from there, but a firewall rule with an empty list would be open to all.
    """
    ranges = {"ipv4_cidrs": [f"{request.world.network.edge}/32"], "ipv6_cidrs": ["::1/128"]}
    etag = hashlib.md5(repr(ranges).encode(), usedforsecurity=False).hexdigest()
    return Result({**ranges, "etag": etag})


def _as_json(zone: Zone) -> dict[str, Any]:
    return {
        "id": zone.id,
        "name": zone.name,
        "status": "active",
        "type": "full",
        "paused": False,
        "development_mode": 0,
        "name_servers": [f"ns1.{zone.name}", f"ns2.{zone.name}"],
        "original_name_servers": None,
        "account": {"id": ACCOUNT_ID, "name": "sandbox"},
        "owner": {"id": None, "type": "user", "name": None},
        "meta": {"page_rule_quota": 0, "phishing_detected": False, "step": 2},
        "plan": {"id": ACCOUNT_ID, "name": "Sandbox"},
        "created_on": BORN,
        "modified_on": BORN,
        "activated_on": BORN,
    }
