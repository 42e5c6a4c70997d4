"""The live edge at Cloudflare: looks at its records; empties its cache and switches without Terraform when asked to."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bluegreen.adapters.cloudflare_api import PER_PAGE, TOKEN_VARIABLE, CloudflareApi
from bluegreen.errors import ConfigError
from bluegreen.ports import Record

FILTERS = ("exact", "startswith", "endswith", "contains")
"""The API's filters of a record's name. Each may be given once, so this is how many names one call can ask for."""

HOSTS_PER_PURGE = 30
"""Hostnames in one call: what Cloudflare's API reference has always allowed. Its guide says 100 by now."""

EDITING = "DNS:Edit"
"""The permission of a token that changes records."""

PURGING = "Zone:Cache Purge"
"""The permission of a token that empties the cache."""


class CloudflareRecords(CloudflareApi):
    """ports.Records, in one call for up to four names that have records."""

    def named(self, zone_id: str, names: Sequence[str]) -> Sequence[Record]:
        """Return every record of each of these names, of whatever type. Raises BluegreenError, ConfigError."""
        wanted = list(dict.fromkeys(name.lower() for name in names))
        found: dict[str, list[Record]] = {name: [] for name in wanted}
        for start in range(0, len(wanted), len(FILTERS)):
            some = wanted[start : start + len(FILTERS)]
            for record in self._list(zone_id, some):
                if record.name.lower() in some:  # the filters let more through than the names
                    found[record.name.lower()].append(record)
            # "It has no record" is a grave thing to say: it is not said on the word of several filters at once.
            for name in (name for name in some if len(some) > 1 and not found[name]):
                found[name] = self._list(zone_id, [name])
        return list(itertools.chain.from_iterable(found.values()))

    def zone_id(self, name: str) -> str:
        """Return the id of the zone `name`. Raises ConfigError when the token sees none of that name."""
        zones, _ = self.get("find the zone", "/zones", name=name)
        found = [str(zone["id"]) for zone in zones if zone["name"] == name]
        if not found:
            raise ConfigError(
                f"Cloudflare has no zone {name!r} that this token can see",
                hint=f"check the name, and that the token in {TOKEN_VARIABLE} has Zone:Read on it",
            )
        return found[0]

    def _list(self, zone_id: str, names: Sequence[str]) -> list[Record]:
        """Return the records that the filters for these names let through: at least every record of each name.

        With match=any the API joins its filters by OR; the shortest name gets the exact one, which lets the least by.
        """
        path = _path(zone_id, "dns_records")
        asked = {f"name.{by}": name for by, name in zip(FILTERS, sorted(names, key=len), strict=False)}
        asked |= {"match": "any"} if len(names) > 1 else {}
        found: dict[str, Record] = {}
        for number in itertools.count(1):
            page, size = self.get("list the records", path, **asked, per_page=PER_PAGE, page=number)
            new = {record["id"]: _read(record) for record in page if record["id"] not in found}
            found |= new
            # An API that ignores `page` would otherwise be read for ever.
            if not new or len(page) < size:
                break
        return list(found.values())


class CloudflareSwitch(CloudflareRecords):
    """ports.EdgeSwitch, by one batch, which Cloudflare carries out as one transaction."""

    def switch(self, zone_id: str, contents: Mapping[str, str]) -> None:
        patches = [{"id": record, "content": content} for record, content in contents.items()]
        self.post("switch the records", EDITING, _path(zone_id, "dns_records/batch"), {"patches": patches})


class CloudflareCache(CloudflareApi):
    """ports.Cache. Its errors say what Cloudflare said; whether a purge that failed matters is the caller's to say."""

    def purge_hosts(self, zone_id: str, hostnames: Sequence[str]) -> None:
        """Forget every answer kept for these hostnames, 30 in a call. Raises BluegreenError, ConfigError."""
        for start in range(0, len(hostnames), HOSTS_PER_PURGE):
            self._purge(zone_id, {"hosts": [name.lower() for name in hostnames[start : start + HOSTS_PER_PURGE]]})

    def purge_everything(self, zone_id: str) -> None:
        """Forget every answer kept for the zone. Raises BluegreenError, ConfigError."""
        self._purge(zone_id, {"purge_everything": True})

    def _purge(self, zone_id: str, what: Mapping[str, Any]) -> None:
        self.post("purge the cache", PURGING, _path(zone_id, "purge_cache"), what)


def _path(zone_id: str, what: str) -> str:
    return f"/zones/{quote(zone_id, safe='')}/{what}"


def _read(record: Mapping[str, Any]) -> Record:
    return Record(
        id=record["id"],
        name=record["name"],
        type=record["type"],
        content=record.get("content") or "",
        proxied=bool(record.get("proxied")),
        ttl=int(record.get("ttl") or 1),
    )
