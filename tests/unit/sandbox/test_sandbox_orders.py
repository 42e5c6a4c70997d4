"""The orders that the sandbox's own API takes: carried out and logged, or refused with nothing changed."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from bluegreen.sandbox import control_api
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.ledger import Ledger, LedgerFile
from bluegreen.sandbox.records import Zone
from bluegreen.sandbox.states import Wants
from bluegreen.sandbox.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    async def effect(ledger: Ledger, wants: Wants) -> None:
        """None: no servers here."""

    return World(Zone("shop.test"), Network("127.77.12"), LedgerFile(tmp_path / "world.json"), effect)


def order(world: World, method: str, path: str, body: Any) -> Reply:
    call = Call(method, path, body=json.dumps(body).encode())
    return asyncio.run(control_api.answer(world, call, lambda: {}))


def test_an_order_is_carried_out_and_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert order(world, "PUT", "compute", {"operation_seconds": 7}).status == 200
    assert order(world, "PUT", "cloudflare/token", {"expired": True}).status == 200
    assert (world.ledger.compute.operation_seconds, world.ledger.account.token_expired) == (7.0, True)
    assert [record.message for record in caplog.records] == [
        'PUT /sandbox/compute {"operation_seconds": 7}',
        'PUT /sandbox/cloudflare/token {"expired": true}',
    ]


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("compute", {"operation_seconds": 61}, "operation_seconds is 61, not a number from 0 to 60"),
        ("compute", {"operation_seconds": True}, "operation_seconds is True"),
        ("compute", {"operation_seconds": "1"}, "operation_seconds is '1'"),
        ("servers/blue", {"behavior": "slow", "seconds": -1}, "seconds is -1"),
        ("cloudflare/delays", {"www": {"seconds": 601}}, "seconds is 601, not a number from 0 to 600"),
        ("cloudflare/delays", {"www": {"seconds": 1, "share": 2}}, "share is 2, not a number from 0 to 1"),
        ("cloudflare/delays", {"www": {"seconds": 1, "at": [["dns"]]}}, "at is [['dns']], not a list of dns, edge"),
    ],
)
def test_a_number_out_of_bounds_changes_nothing(world: World, path: str, body: Any, said: str) -> None:
    before = world.ledger
    with pytest.raises(Rejected) as rejected:
        order(world, "PUT", path, body)
    assert rejected.value.status == 400
    assert said in rejected.value.text
    assert world.ledger is before


def test_what_is_not_said_is_the_default(world: World) -> None:
    order(world, "PUT", "compute", {})
    order(world, "PUT", "cloudflare/delays", {"www": {}})
    assert world.ledger.compute.operation_seconds == control_api.PACE
    assert world.ledger.delays["www.shop.test"].seconds == 0.0
