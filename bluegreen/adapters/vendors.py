"""What looks at vendors' APIs, made when a run asks for it: no vendor's code is imported any earlier."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bluegreen.config.schema import Edge
from bluegreen.events import TerraformStarted
from bluegreen.model import StackFacts
from bluegreen.ports import Cache, EdgeSwitch, Instances, Permissions, Record, Resolver, Zones

if TYPE_CHECKING:
    from bluegreen.adapters.cloudflare import CloudflareRecords


@dataclass(frozen=True, slots=True)
class LocalVendors:
    """What the variables do not say of a sandbox. nameserver, port: of its DNS. token: one that never expires."""

    nameserver: str
    port: int
    token: str


@dataclass(frozen=True)
class Vendors:
    """environment: the variables that Terraform is given, so that it and we look at the same world.

    local: the sandbox, where the project has one.
    """

    edge: Edge
    environment: Mapping[str, str]
    local: LocalVendors | None

    def live(self, facts: StackFacts | None) -> Sequence[Record]:
        """Read the public hostnames' live records; with None, of the hostnames that the configuration names."""
        if facts is not None:
            zone = facts.edge.zone_id or (self.records.zone_id(self.edge.zone) if self.edge.zone else "")
            return self.records.named(zone, facts.public_hostnames)
        if not self.edge.zone or not self.edge.hostnames:
            return ()
        return self.records.named(self.records.zone_id(self.edge.zone), self.edge.hostnames)

    @cached_property
    def records(self) -> CloudflareRecords:
        """One for all looks: its connection is kept, and it counts its requests."""
        from bluegreen.adapters.cloudflare import CloudflareRecords

        return CloudflareRecords(*self._cloudflare)

    def edge_switch(self) -> EdgeSwitch:
        from bluegreen.adapters.cloudflare import CloudflareSwitch

        return CloudflareSwitch(*self._cloudflare)

    def cache(self) -> Cache:
        from bluegreen.adapters.cloudflare import CloudflareCache

        return CloudflareCache(*self._cloudflare)

    def zones(self) -> Zones:
        from bluegreen.adapters.cloudflare_zones import CloudflareZones

        return CloudflareZones(*self._cloudflare)

    @property
    def records_api(self) -> str:
        """Where the API of the live records is."""
        return self._cloudflare[0] or "https://api.cloudflare.com/client/v4"

    def permissions(self) -> Permissions:
        from bluegreen.adapters.google_permissions import ProjectPermissions

        return ProjectPermissions(self.environment)

    def instances(self) -> Instances:
        from bluegreen.adapters.compute_engine import ComputeInstances

        return ComputeInstances(self.environment)

    def resolver(self) -> Resolver:
        from bluegreen.adapters.resolver import DnsResolver

        return DnsResolver(self.local.nameserver, self.local.port) if self.local else DnsResolver()

    @property
    def _cloudflare(self) -> tuple[str | None, str | None]:
        """Base URL of the API, None for Cloudflare's own, and token."""
        from bluegreen.adapters.cloudflare_api import BASE_URL_VARIABLE, TOKEN_VARIABLE

        token = self.edge.token.get_secret_value() if self.edge.token else self.local and self.local.token
        known = self.environment.get
        return self.edge.base_url or known(BASE_URL_VARIABLE), token or known(TOKEN_VARIABLE)


class ImportMeanwhile:
    """Imports what a run needs later while its first Terraform is running, and this process only waits for it."""

    def __init__(self) -> None:
        self._begun = False

    def __call__(self, event: Mapping[str, Any]) -> None:
        if not self._begun and event["event"] == TerraformStarted.name:
            self._begun = True
            threading.Thread(target=self._import, name="imports").start()

    def _import(self) -> None:
        from bluegreen.adapters.cloudflare_api import import_sdk

        importlib.import_module("jinja2")
        import_sdk()
