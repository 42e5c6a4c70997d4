"""Cloudflare's v4 paths: who answers which call, and with which error when nobody does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.cloudflare import certificates, dns_records, rulesets, zones
from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.cloudflare.errors import CloudflareError
from bluegreen.sandbox.cloudflare.exchange import Request, Result, envelope
from bluegreen.sandbox.world import World

EXPIRED = "expired"
"""The one token that is always refused; every other one that is not empty will do, until told otherwise."""
HAND = "sandbox"
"""The token of the sandbox's own client: a hand in the dashboard, which stays signed in when tokens expire."""

Handler = Callable[[Request], Awaitable[Result]]


async def verify_token(request: Request) -> Result:
    return Result({"id": "0" * 32, "status": "active"})


ZONE, ID = "{zone}", "{id}"
ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "user/tokens/verify"): verify_token,
    ("GET", "ips"): zones.addresses,
    ("GET", "certificates"): certificates.find,
    ("POST", "certificates"): certificates.create,
    ("GET", "certificates/{id}"): certificates.read,
    ("DELETE", "certificates/{id}"): certificates.revoke,
    ("GET", "zones"): zones.find,
    ("POST", "zones"): zones.create,
    ("GET", "zones/{zone}"): zones.read,
    ("PATCH", "zones/{zone}"): zones.edit,
    ("DELETE", "zones/{zone}"): zones.delete,
    ("GET", "zones/{zone}/dns_records"): dns_records.find,
    ("POST", "zones/{zone}/dns_records"): dns_records.create,
    ("POST", "zones/{zone}/dns_records/batch"): dns_records.batch,
    ("GET", "zones/{zone}/dns_records/{id}"): dns_records.read,
    ("PUT", "zones/{zone}/dns_records/{id}"): dns_records.update,
    ("PATCH", "zones/{zone}/dns_records/{id}"): dns_records.edit,
    ("DELETE", "zones/{zone}/dns_records/{id}"): dns_records.delete,
    ("GET", "zones/{zone}/settings/{id}"): zones.read_setting,
    ("PATCH", "zones/{zone}/settings/{id}"): zones.edit_setting,
    ("GET", "zones/{zone}/origin_tls_client_auth/settings"): zones.read_origin_pulls,
    ("PUT", "zones/{zone}/origin_tls_client_auth/settings"): zones.update_origin_pulls,
    ("POST", "zones/{zone}/purge_cache"): zones.purge,
    ("GET", "zones/{zone}/rulesets"): rulesets.find,
    ("POST", "zones/{zone}/rulesets"): rulesets.create,
    ("GET", "zones/{zone}/rulesets/phases/{id}/entrypoint"): rulesets.read_entrypoint,
    ("PUT", "zones/{zone}/rulesets/phases/{id}/entrypoint"): rulesets.update_entrypoint,
    ("GET", "zones/{zone}/rulesets/{id}"): rulesets.read,
    ("PUT", "zones/{zone}/rulesets/{id}"): rulesets.update,
    ("DELETE", "zones/{zone}/rulesets/{id}"): rulesets.delete,
}


async def answer(world: World, call: Call) -> Reply:
    """Answer one call; `call.path` is what follows /client/v4/."""
    try:
        _check_token(call.headers.get("authorization", ""), world.ledger.account)
        found = await _dispatch(world, call)
    except CloudflareError as error:
        return envelope(error.status, errors=[{"code": error.code, "message": error.message}])
    except Rejected as error:
        return envelope(error.status, errors=[{"code": 6003, "message": f"Invalid request: {error.text}"}])
    return found.reply()


def _check_token(authorization: str, account: Account) -> None:
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise CloudflareError(400, 9106, "Missing Authorization header: a bearer token is needed.")
    if token == EXPIRED or (account.token_expired and token != HAND):
        raise CloudflareError(403, 9109, "Invalid access token")


async def _dispatch(world: World, call: Call) -> Result:
    asked = call.path.strip("/").split("/")
    if asked[0] == "zones" and len(asked) > 1:
        zones.check(world.zone, world.ledger.account, asked[1])
    for (method, pattern), handler in ROUTES.items():
        if method == call.method and (found := _names(pattern.split("/"), asked)) is not None:
            return await handler(Request(world, call, found.get(ID, "")))
    raise CloudflareError(404, 7000, f"No route for that URI: {call.method} /{call.path}")


def _names(pattern: list[str], asked: list[str]) -> dict[str, str] | None:
    """Return what the path has in the places of the pattern's names; None when it does not fit."""
    if len(pattern) != len(asked) or not all(want in (ZONE, ID, got) for want, got in zip(pattern, asked, strict=True)):
        return None
    return {want: got for want, got in zip(pattern, asked, strict=True) if want in (ZONE, ID) and got}
