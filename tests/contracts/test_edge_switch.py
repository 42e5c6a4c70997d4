"""What ports.EdgeSwitch promises, kept by the fake, and by Cloudflare's SDK against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bluegreen.adapters.cloudflare import CloudflareSwitch
from bluegreen.adapters.fakes.records import FakeSwitch
from bluegreen.errors import BluegreenError, ConfigError
from bluegreen.ports import EdgeSwitch, Record
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.client import Sandbox
from bluegreen.sandbox.records import Zone

ZONE = Zone("shop.test").id
TOKEN = "a" * 40
OLD, NEW = "203.0.113.1", "203.0.113.2"
NAMES = ("shop.test", "www.shop.test")
WORLD = (
    *(Record(str(number), name, "A", OLD, proxied=True) for number, name in enumerate(NAMES)),
    Record("own", "backend-blue-access.shop.test", "A", OLD, ttl=60),
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("sandbox")
    network = Network.for_path(folder)
    lifecycle.up(folder / "sandbox", network, "shop")
    try:
        yield network
    finally:
        lifecycle.down(folder / "sandbox", network)


def filled(network: Network) -> EdgeSwitch:
    """Make the sandbox's zone hold WORLD and nothing else."""
    import cloudflare

    with cloudflare.Cloudflare(api_token=TOKEN, base_url=network.records_api_url) as client:
        deletes: Any = [{"id": record.id} for record in client.dns.records.list(zone_id=ZONE)]
        sent = ("name", "type", "content", "proxied", "ttl")
        posts: Any = [{key: getattr(record, key) for key in sent} for record in WORLD]
        client.dns.records.batch(zone_id=ZONE, deletes=deletes, posts=posts)
    return CloudflareSwitch(network.records_api_url, TOKEN)


@pytest.fixture(params=["fake", "sandbox"])
def edge(request: pytest.FixtureRequest) -> EdgeSwitch:
    if request.param == "fake":
        return FakeSwitch("shop.test", ZONE, WORLD)
    return filled(request.getfixturevalue("network"))


def told(edge: EdgeSwitch) -> list[tuple[str, str, bool]]:
    """Return name, content and whether it is proxied, of every record."""
    names = sorted({record.name for record in WORLD})
    return [(record.name, record.content, record.proxied) for record in edge.named(ZONE, names)]


def ids(edge: EdgeSwitch) -> list[str]:
    return [record.id for record in edge.named(ZONE, NAMES)]


def test_the_zone_is_found_by_its_name(edge: EdgeSwitch) -> None:
    assert edge.zone_id("shop.test") == ZONE
    with pytest.raises(ConfigError, match="no zone"):
        edge.zone_id("example.com")


def test_all_named_records_get_their_content_and_no_other_changes(edge: EdgeSwitch) -> None:
    edge.switch(ZONE, dict.fromkeys(ids(edge), NEW))
    assert told(edge) == [
        ("backend-blue-access.shop.test", OLD, False),
        ("shop.test", NEW, True),
        ("www.shop.test", NEW, True),
    ]


def test_again_is_harmless(edge: EdgeSwitch) -> None:
    for _ in range(2):
        edge.switch(ZONE, {ids(edge)[0]: NEW})
    assert [content for _, content, _ in told(edge)] == [OLD, NEW, OLD]


def test_all_or_none(edge: EdgeSwitch) -> None:
    before = told(edge)
    with pytest.raises(BluegreenError):
        edge.switch(ZONE, {ids(edge)[0]: NEW, "f" * 32: NEW})
    assert told(edge) == before


def test_a_zone_that_is_not_there_is_an_error_with_a_hint(edge: EdgeSwitch) -> None:
    with pytest.raises(BluegreenError) as caught:
        edge.switch("0" * 32, {ids(edge)[0]: NEW})
    assert "zone id" in caught.value.hint


def test_at_cloudflare_it_is_one_request_which_may_be_refused(network: Network) -> None:
    edge, sandbox = filled(network), Sandbox(network)
    assert isinstance(edge, CloudflareSwitch)
    found = ids(edge)
    before = edge.requests
    edge.switch(ZONE, dict.fromkeys(found, NEW))
    assert edge.requests == before + 1
    sandbox.refuse_requests("POST", "/client/v4/*/dns_records/batch", 403)
    with pytest.raises(BluegreenError) as caught:
        edge.switch(ZONE, dict.fromkeys(found, OLD))
    assert "DNS:Edit" in caught.value.hint
    sandbox.clear_faults()
    assert {content for _, content, proxied in told(edge) if proxied} == {NEW}


def test_the_fake_can_refuse_before_and_after() -> None:
    fake = FakeSwitch("shop.test", ZONE, WORLD)
    fake.refusal = BluegreenError("no answer")
    for late, content in ((False, OLD), (True, NEW)):
        fake.late = late
        with pytest.raises(BluegreenError, match="no answer"):
            fake.switch(ZONE, {"0": NEW})
        assert fake.records["0"].content == content
    assert len(fake.switched) == 2
