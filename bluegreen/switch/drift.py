"""Compares two witnesses: what Terraform's state says is active, and what the live records say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bluegreen.model import Color, StackFacts
from bluegreen.ports import Record


@dataclass(frozen=True, slots=True)
class Drift:
    """What the live edge says, and where it disagrees with the state.

    live: the color that every public record points at; None when they point at none, or at several.
    findings: one sentence each; empty when there is no drift. records: public hostname -> live content.
    ttl: the longest of their TTLs, seconds.
    """

    live: Color | None
    findings: tuple[str, ...]
    records: dict[str, str]
    ttl: int = 0

    @property
    def found(self) -> bool:
        return bool(self.findings)


ROUTING = frozenset({"A", "AAAA", "CNAME"})
"""Types of the records that say where a hostname's visitors go. What else stands at a name is nobody's traffic."""

AUTOMATIC_TTL = 300
"""Seconds that Cloudflare's "automatic", written as 1, stands for in a record that is not proxied."""


def compare(facts: StackFacts, records: Sequence[Record], *, proxied: bool = True) -> Drift:
    """Compare the state's facts with the live records that route the public hostnames.

    proxied: whether they are to be.
    """
    records = [record for record in records if record.type in ROUTING]
    findings: list[str] = []
    seen: set[Color | None] = set()
    contents: dict[str, str] = {}
    for hostname in facts.public_hostnames:
        own = [record for record in records if record.name == hostname]
        contents[hostname] = ", ".join(record.content for record in own)
        seen |= {_color_at(facts, record.content) for record in own} or {None}
        findings += _differences(facts, hostname, own, proxied)
    live = seen.pop() if len(seen) == 1 else None
    ttl = max((AUTOMATIC_TTL if record.ttl == 1 else record.ttl for record in records), default=0)
    return Drift(live, tuple(findings), contents, ttl)


def _differences(facts: StackFacts, hostname: str, own: Sequence[Record], proxied: bool) -> list[str]:
    if not own:
        return [f"{hostname} has no live record"]
    if len(own) > 1:
        several = ", ".join(f"{record.type} {record.content}" for record in own)
        return [f"{hostname} has {len(own)} live records: {several}"]
    (record,) = own
    known = facts.edge.records.get(hostname)
    found = []
    if known and known != record.id:
        found.append(f"{hostname} is record {record.id}; the state knows {known}")
    if record.type != "A":
        found.append(f"{hostname} is a record of type {record.type}, not A")
    if record.proxied != proxied:
        found.append(f"{hostname} is {'proxied, and edge.proxied is false' if record.proxied else 'not proxied'}")
    if facts.active and record.content != facts.of(facts.active).address:
        expected = facts.of(facts.active).address or "no address"
        named = _color_at(facts, record.content)
        found.append(
            f"{hostname} points at {record.content} ({named or 'no color'}); the state says {expected} ({facts.active})"
        )
    return found


def _color_at(facts: StackFacts, address: str) -> Color | None:
    return next((c for c in Color if address and facts.of(c).address == address), None)
