"""The token for the records, the zone, who answers for it in the DNS, and where the public records point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bluegreen.doctor.findings import Finding, Unknown, failure, ok, together, warning
from bluegreen.doctor.subject import Subject
from bluegreen.errors import BluegreenError
from bluegreen.ports import Zone

SOON = 14 * 86400.0
"""Seconds before its end from which on a token should be replaced."""

SHOWN = 5
"""Zones that are named."""

NARROW = "make a token for the one zone: whoever has this one can move every other zone's visitors too"
DRIFT = "bluegreen reconcile --to state, or --to live"


def token(subject: Subject) -> Finding:
    """The token is accepted, opens one zone and no more, and lasts."""
    zones = subject.seen_zones()
    return together([*_too_wide(zones), *_ending(subject)], "accepted, and opens one zone")


def _too_wide(zones: Sequence[Zone]) -> Iterator[Finding]:
    if len(zones) > 1:
        some = ", ".join(zone.name for zone in zones[:SHOWN]) + (", ..." if len(zones) > SHOWN else "")
        yield warning(f"the token opens {len(zones)} zones: {some}", NARROW)
    if not zones:
        yield warning(
            "the token may read no zone", "give it Zone:Read, without which no plan finds the zone by its name"
        )


def _ending(subject: Subject) -> Iterator[Finding]:
    """A token of an account's, and not of a person's, cannot be asked when it ends."""
    try:
        end = subject.zones().expires()
    except BluegreenError:
        return
    left = None if end is None else end - subject.world.clock.time()
    if left is not None and left < SOON:
        yield warning(f"the token expires in {left / 86400:.0f} days", "make a new one before that")


def zone(subject: Subject) -> Finding:
    """The zone is active, so that Cloudflare answers for its names and proxies them."""
    found = _find(subject)
    if found.paused:
        return failure(
            f"{found.name} is paused: nothing is proxied, and the servers' addresses are public", "resume it"
        )
    if found.status != "active":
        seen = f"{found.name} is {found.status}: Cloudflare does not answer for it yet"
        return failure(seen, f"name {' and '.join(found.name_servers)} at its registrar")
    return ok(f"{found.name} is active")


def delegation(subject: Subject) -> Finding:
    """The name servers that the DNS has for the zone are the ones that Cloudflare gave it."""
    found = _find(subject)
    if not found.full:
        raise Unknown(f"{found.name} is answered for elsewhere, on purpose")
    wanted = set(map(str.lower, found.name_servers))
    told = set(subject.world.resolver().name_servers(found.name))
    fix = f"name {' and '.join(sorted(wanted))}, and no other, at its registrar"
    if not told:
        return warning(f"this machine is told no name server of {found.name}", fix)
    if not told & wanted:
        return failure(f"{found.name} is delegated to {', '.join(sorted(told))}, and not to Cloudflare", fix)
    if told - wanted:
        return warning(f"{found.name} is delegated to {', '.join(sorted(told - wanted))} too", fix)
    return ok(f"{found.name} is delegated to {', '.join(sorted(told))}")


def _find(subject: Subject) -> Zone:
    """Return the environment's zone: by its id in the output, or by its name in bluegreen.yaml."""
    try:
        zones = subject.seen_zones()
    except BluegreenError:
        raise Unknown("the token opens no zones") from None
    try:
        known = subject.facts().edge.zone_id
    except Unknown:
        known = ""
    name = subject.world.settings.edge.zone
    if not known and not name:
        raise Unknown("neither the stack's output nor edge.zone says which zone it is")
    found = [one for one in zones if one.id == known or (not known and one.name == name)]
    if not found:
        raise Unknown(f"{name or known} is not among the {len(zones)} zones that the token can see")
    return found[0]


def records(subject: Subject) -> Finding:
    """The live records are there, and point where the state says."""
    drift = subject.world.drift(subject.facts())
    if drift.found:
        return failure("; ".join(drift.findings), DRIFT)
    return ok(f"{', '.join(drift.records)} at {drift.live}")
