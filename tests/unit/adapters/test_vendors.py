"""Where the live records are looked for: where the stack's output says, else where the configuration does."""

from __future__ import annotations

import pytest

from bluegreen.adapters.fakes.records import FakeSwitch
from bluegreen.adapters.vendors import Vendors
from bluegreen.config.schema import Edge
from bluegreen.errors import BluegreenError
from bluegreen.model import EdgeFacts, StackFacts
from bluegreen.ports import Record

RECORD = Record("1", "shop.test", "A", "192.0.2.11", proxied=True, ttl=1)


def found(zone: str | None, zone_id: str) -> list[Record]:
    vendors = Vendors(Edge(zone=zone), {}, None)
    vars(vendors)["records"] = FakeSwitch("shop.test", "zone", [RECORD])
    return list(vendors.live(StackFacts({}, public_hostnames=("shop.test",), edge=EdgeFacts(zone_id=zone_id))))


@pytest.mark.parametrize(("zone", "zone_id"), [(None, "zone"), ("shop.test", ""), ("elsewhere.test", "zone")])
def test_a_zone_whose_id_the_output_does_not_hold_is_looked_up_by_name(zone: str | None, zone_id: str) -> None:
    assert found(zone, zone_id) == [RECORD]


def test_with_neither_there_is_no_zone() -> None:
    with pytest.raises(BluegreenError, match="no zone"):
        found(None, "")
