from __future__ import annotations

import pytest

from bluegreen.model import Color, ColorFacts, EdgeFacts, StackFacts
from bluegreen.ports import Record
from bluegreen.switch.drift import compare

FACTS = StackFacts(
    colors={
        Color.BLUE: ColorFacts(Color.BLUE, address="127.0.0.1"),
        Color.GREEN: ColorFacts(Color.GREEN, address="127.0.0.2"),
    },
    active=Color.BLUE,
    public_hostnames=("shop.test", "www.shop.test"),
    edge=EdgeFacts("cloudflare", "zone", {"shop.test": "r1", "www.shop.test": "r2"}),
)


def record(name: str = "shop.test", id: str = "r1", content: str = "127.0.0.1", **fields: object) -> Record:
    return Record(**{"id": id, "name": name, "type": "A", "content": content, "proxied": True, **fields})  # type: ignore[arg-type]


WWW = record("www.shop.test", "r2")


def test_records_that_say_what_the_state_says_are_no_drift() -> None:
    drift = compare(FACTS, [record(), WWW])
    assert (drift.live, drift.findings) == (Color.BLUE, ())


def test_what_routes_nobody_stands_beside_a_public_record_without_harm() -> None:
    text = record(id="r9", type="TXT", content="v=spf1 -all", proxied=False, ttl=3600)
    drift = compare(FACTS, [record(), text, WWW])
    assert (drift.live, drift.findings, drift.records["shop.test"], drift.ttl) == (Color.BLUE, (), "127.0.0.1", 300)


@pytest.mark.parametrize(
    ("records", "finding"),
    [
        ([WWW], "shop.test has no live record"),
        ([record(), record(id="r9"), WWW], "shop.test has 2 live records"),
        ([record(), record(id="r9", type="AAAA", content="::1"), WWW], "shop.test has 2 live records"),
        ([record(id="r9"), WWW], "the state knows r1"),
        ([record(type="CNAME", content="x.test"), WWW], "of type CNAME"),
        ([record(proxied=False), WWW], "not proxied"),
        ([record(content="127.0.0.2"), WWW], "points at 127.0.0.2 (green); the state says 127.0.0.1 (blue)"),
        ([record(content="127.0.0.9"), WWW], "points at 127.0.0.9 (no color)"),
    ],
)
def test_each_disagreement_is_found(records: list[Record], finding: str) -> None:
    findings = compare(FACTS, records).findings
    assert any(finding in found for found in findings), findings


def test_the_live_color_is_known_only_when_every_name_agrees() -> None:
    green = [record(content="127.0.0.2"), record("www.shop.test", "r2", "127.0.0.2")]
    assert compare(FACTS, green).live is Color.GREEN
    assert compare(FACTS, [green[0], WWW]).live is None
    assert compare(FACTS, []).live is None
