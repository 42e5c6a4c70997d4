"""The real Cloudflare SDK against the sandbox's records API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cloudflare_witness import Witness, witness

from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    folder = tmp_path_factory.mktemp("records")
    network = Network.for_path(folder)
    lifecycle.up(folder / "sandbox", network, "shop")
    yield network
    lifecycle.down(folder / "sandbox", network)


@pytest.fixture
def seen(network: Network) -> Iterator[Witness]:
    """Every answer below is held against the SDK's types too, which the SDK itself does not insist on."""
    with witness(network) as found:
        yield found


@pytest.fixture
def sdk(seen: Witness) -> Iterator[Any]:
    import cloudflare

    with cloudflare.Cloudflare(api_token="x" * 40, base_url=seen.base_url, max_retries=0) as client:
        yield client
        zone = zone_id(client)
        for record in list(client.dns.records.list(zone_id=zone)):
            client.dns.records.delete(record.id, zone_id=zone)


def zone_id(sdk: Any) -> str:
    (zone,) = sdk.zones.list(name="shop.test")
    return str(zone.id)


def create(sdk: Any, name: str, content: str = "127.77.12.11", **fields: Any) -> Any:
    return sdk.dns.records.create(zone_id=zone_id(sdk), **{"type": "A", "ttl": 1, **fields}, name=name, content=content)


def code(caught: pytest.ExceptionInfo[Any]) -> tuple[int, int]:
    return caught.value.status_code, caught.value.errors[0].code


def test_zones(sdk: Any) -> None:
    assert sdk.zones.get(zone_id=zone_id(sdk)).name == "shop.test"
    assert list(sdk.zones.list(name="other.test")) == []
    assert [zone.name for zone in sdk.zones.list()] == ["shop.test"]


def test_create_read_edit_update_delete(sdk: Any) -> None:
    zone = zone_id(sdk)
    made = create(sdk, "WWW", proxied=True, comment="mine")
    assert (made.name, made.ttl, made.proxied, made.comment) == ("www.shop.test", 1, True, "mine")
    assert sdk.dns.records.get(made.id, zone_id=zone) == made
    named = {"name": made.name, "type": "A", "ttl": 1}
    edited = sdk.dns.records.edit(made.id, zone_id=zone, content="127.77.12.12", **named)
    assert (edited.content, edited.proxied, edited.comment, edited.created_on) == (
        "127.77.12.12",
        True,
        "mine",
        made.created_on,
    )
    assert edited.modified_on > made.modified_on
    whole = {"name": "www.shop.test", "type": "A", "content": "127.77.12.13", "ttl": 300}
    updated = sdk.dns.records.update(made.id, zone_id=zone, **whole)
    assert (updated.id, updated.proxied, updated.ttl, updated.comment) == (made.id, False, 300, None), "PUT resets"
    assert sdk.dns.records.delete(made.id, zone_id=zone).id == made.id
    assert list(sdk.dns.records.list(zone_id=zone)) == []


def test_paging_ends(sdk: Any) -> None:
    for number in range(7):
        create(sdk, f"n{number}")
    pages = [len(page.result) for page in sdk.dns.records.list(zone_id=zone_id(sdk), per_page=3).iter_pages()]
    assert pages[:3] == [3, 3, 1]
    assert sum(pages) == 7
    names = {record.name for record in sdk.dns.records.list(zone_id=zone_id(sdk), per_page=3)}
    assert len(names) == 7


def test_filters(sdk: Any) -> None:
    create(sdk, "a", "127.77.12.11")
    create(sdk, "b", "127.77.12.12", proxied=True)
    create(sdk, "c", "hello", type="TXT")

    def named(**filters: Any) -> list[str]:
        return [record.name[0] for record in sdk.dns.records.list(zone_id=zone_id(sdk), **filters)]

    assert named(name={"exact": "a.shop.test"}) == ["a"]
    assert named(extra_query={"name": "b.shop.test"}) == ["b"]
    assert named(name={"startswith": "c"}) == ["c"]
    assert named(content={"exact": "127.77.12.12"}) == ["b"]
    assert named(type="TXT") == ["c"]
    assert named(proxied=True) == ["b"]
    assert named(name={"exact": "a.shop.test"}, type="TXT") == []
    assert named(name={"exact": "a.shop.test"}, type="TXT", match="any") == ["a", "c"]


def test_batch_is_all_or_nothing(sdk: Any) -> None:
    import cloudflare

    zone = zone_id(sdk)
    old, kept = create(sdk, "old"), create(sdk, "kept")
    post = {"name": "new.shop.test", "type": "A", "content": "127.77.12.12", "ttl": 1}
    with pytest.raises(cloudflare.APIStatusError):
        sdk.dns.records.batch(zone_id=zone, deletes=[{"id": old.id}], posts=[post, post])
    assert {record.id for record in sdk.dns.records.list(zone_id=zone)} == {old.id, kept.id}
    done = sdk.dns.records.batch(
        zone_id=zone,
        deletes=[{"id": old.id}],
        patches=[{"id": kept.id, "content": "127.77.12.12"}],
        posts=[post],
    )
    assert ([r.id for r in done.deletes], [r.content for r in done.patches]) == ([old.id], ["127.77.12.12"])
    assert {record.name for record in sdk.dns.records.list(zone_id=zone)} == {"kept.shop.test", "new.shop.test"}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"type": "A"}, {"type": "A"}, 81058),
        ({"type": "CNAME", "content": "shop.test"}, {"type": "A"}, 81054),
        ({"type": "A"}, {"type": "CNAME", "content": "shop.test"}, 81053),
        ({"type": "TXT", "content": "x"}, {"type": "A", "content": "no address"}, 9005),
        ({"type": "TXT", "content": "x"}, {"type": "TXT", "content": "y", "proxied": True}, 9004),
        ({"type": "TXT", "content": "x"}, {"type": "A", "ttl": 5}, 9021),
        ({"type": "TXT", "content": "x"}, {"type": "A", "name": "a b"}, 9000),
    ],
)
def test_rules_have_cloudflares_codes(sdk: Any, first: Any, second: Any, expected: int) -> None:
    import cloudflare

    create(sdk, **{"name": "x", **first})
    with pytest.raises(cloudflare.BadRequestError) as caught:
        create(sdk, **{"name": "x", **second})
    assert code(caught) == (400, expected)


def test_what_is_not_there(sdk: Any) -> None:
    import cloudflare

    with pytest.raises(cloudflare.NotFoundError) as caught:
        sdk.dns.records.get("f" * 32, zone_id=zone_id(sdk))
    assert code(caught) == (404, 81044)
    with pytest.raises(cloudflare.BadRequestError) as caught:
        sdk.zones.get(zone_id="nonsense")
    assert code(caught) == (400, 7003)
    with pytest.raises(cloudflare.NotFoundError) as caught:
        sdk.zones.get(zone_id="f" * 32)
    assert code(caught) == (404, 1001)


def test_tokens(sdk: Any, network: Network) -> None:
    import cloudflare

    with (
        cloudflare.Cloudflare(api_token="expired", base_url=network.records_api_url, max_retries=0) as client,
        pytest.raises(cloudflare.PermissionDeniedError) as caught,
    ):
        client.zones.list()
    assert code(caught) == (403, 9109)
    assert sdk.user.tokens.verify().status == "active"
