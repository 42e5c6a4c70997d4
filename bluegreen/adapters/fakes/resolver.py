"""A DNS in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bluegreen.ports import Resolution


class FakeResolver:
    """ports.Resolver.

    known: hostname -> what it resolves to; servers: zone -> its name servers. Both to be changed at will.
    """

    def __init__(
        self, known: Mapping[str, Resolution] | None = None, servers: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.known = dict(known or {})
        self.servers = dict(servers or {})

    def resolve(self, hostname: str) -> Resolution:
        missing = Resolution(error="system: no such name; authoritative: no such name")
        return self.known.get(hostname.lower().rstrip("."), missing)

    def name_servers(self, zone: str) -> tuple[str, ...]:
        return tuple(sorted(self.servers.get(zone.lower().rstrip("."), ())))
