"""What a token of Cloudflare's opens: the zones that it can see, and until when it is one. Looks, and never writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bluegreen.adapters.cloudflare_api import CloudflareApi
from bluegreen.ports import Zone

AT_ONCE = 50
"""Zones in one answer, the most that Cloudflare gives. Nobody asks for the next: a token is to open one."""


class CloudflareZones(CloudflareApi):
    """ports.Zones."""

    def zones(self) -> Sequence[Zone]:
        found, _ = self.get("list the zones", "/zones", per_page=AT_ONCE)
        return [_read(zone) for zone in found]

    def expires(self) -> float | None:
        """Return when the token expires. Raises CloudflareRefused for one of an account's, which asks elsewhere."""
        end = self.look("verify the token", "/user/tokens/verify").get("expires_on")
        return datetime.fromisoformat(end).timestamp() if isinstance(end, str) else None


def _read(zone: Mapping[str, Any]) -> Zone:
    return Zone(
        id=str(zone["id"]),
        name=str(zone["name"]),
        status=str(zone.get("status") or ""),
        name_servers=tuple(map(str, zone.get("name_servers") or ())),
        full=zone.get("type") == "full",
        paused=bool(zone.get("paused")),
    )
