"""A DNS in memory."""

from __future__ import annotations

from collections.abc import Mapping

from bluegreen.ports import Resolution


class FakeResolver:
    """ports.Resolver. known: hostname -> what it resolves to, to be changed at will."""

    def __init__(self, known: Mapping[str, Resolution] | None = None) -> None:
        self.known = dict(known or {})

    def resolve(self, hostname: str) -> Resolution:
        missing = Resolution(error="system: no such name; authoritative: no such name")
        return self.known.get(hostname.lower().rstrip("."), missing)
