"""What ports.Zones and ports.Permissions promise, kept by the fakes, and by the adapters against the sandbox's APIs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bluegreen.adapters.cloudflare_zones import CloudflareZones
from bluegreen.adapters.fakes.account import FakePermissions, FakeZones
from bluegreen.adapters.google_permissions import ProjectPermissions
from bluegreen.errors import BluegreenError
from bluegreen.ports import Permissions, Zone, Zones
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox import records as sandbox
from bluegreen.sandbox.address import Network

HELD, NOT_HELD = "compute.instances.create", "compute.firewalls.delete"
ZONE = Zone(sandbox.Zone("shop.test").id, "shop.test", "active", ("ns1.shop.test", "ns2.shop.test"))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("account")
    network = Network.for_path(folder)
    lifecycle.up(folder / "sandbox", network, "shop")
    yield network
    lifecycle.down(folder / "sandbox", network)


@pytest.fixture(params=["fake", "sandbox"])
def zones(request: pytest.FixtureRequest) -> Zones:
    if request.param == "fake":
        return FakeZones([ZONE])
    return CloudflareZones(request.getfixturevalue("network").records_api_url, "t" * 40)


@pytest.fixture(params=["fake", "sandbox"])
def permissions(request: pytest.FixtureRequest) -> Permissions:
    if request.param == "fake":
        return FakePermissions("shop-1", {HELD})
    return ProjectPermissions(request.getfixturevalue("network").environment)


def test_what_a_token_can_see_and_until_when(zones: Zones) -> None:
    assert zones.zones() == [ZONE]
    assert zones.expires() is None


def test_what_an_account_may_do(permissions: Permissions) -> None:
    assert permissions.held("shop-1", [NOT_HELD, HELD]) == {HELD}
    assert permissions.held("shop-1", [NOT_HELD]) == frozenset()


def test_an_api_that_refuses_is_an_error(network: Network) -> None:
    for refusing in (CloudflareZones(network.records_api_url, "expired").zones, _asks(network)):
        with pytest.raises(BluegreenError):
            refusing()
    fakes = FakeZones(), FakePermissions("p")
    for fake in fakes:
        fake.error = BluegreenError("no")  # type: ignore[attr-defined]
    for refused in (fakes[0].zones, fakes[0].expires, lambda: fakes[1].held("p", [])):
        with pytest.raises(BluegreenError, match="no"):
            refused()


def _asks(network: Network):  # type: ignore[no-untyped-def]
    account = ProjectPermissions({**network.environment, "GOOGLE_OAUTH_ACCESS_TOKEN": "expired"})
    return lambda: account.held("shop-1", [HELD])
