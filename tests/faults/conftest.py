"""Shops on a bad night, which no test leaves up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gate import Gate
from night import QUICK, Night
from planted import plant
from root import World
from shop import Shop


@pytest.fixture(params=["layers"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def night(
    tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Night]:
    """A shop that serves release 1.4.2 from blue, with secrets about that have leaked nowhere in the end."""
    shop = Shop(tmp_path / "shop", layout, **QUICK)
    plant(shop, monkeypatch)
    shop.up()
    try:
        shop.run("deploy")
        night = Night(shop, tmp_path / "scratch")
        yield night
        if not request.node.get_closest_marker("control"):  # what others leave lying about is not ours
            night.assert_nothing_leaked()
    finally:
        shop.down()


@pytest.fixture
def gate(night: Night) -> Gate:
    return Gate(night)


@pytest.fixture
def patient(gate: Gate) -> Gate:
    """A gate before which no Terraform is taken for one that hangs."""
    gate.night.shop.configure(terraform={"deadline": "120s"})
    return gate


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
