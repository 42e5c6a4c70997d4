"""Shops on a bad night, which no test leaves up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gate import Gate
from night import QUICK, Night
from planted import SECRETS, plant
from root import World
from shop import Shop
from worlds import Worlds, up


@pytest.fixture(params=["layers"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def secretive_shop(folder: Path, layout: str) -> Shop:
    shop = Shop(folder, layout, **QUICK)
    plant(shop)
    return shop


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds[Shop]:
    return Worlds(tmp_path_factory.mktemp("worlds"), secretive_shop)


@pytest.fixture
def night(
    tmp_path: Path,
    layout: str,
    stage: str,
    worlds: Worlds[Shop],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Night]:
    """A shop that serves release 1.4.2 from blue, or is at another stage; secrets are about that leaked nowhere."""
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)
    with up(worlds.at(layout, stage)) as shop:
        night = Night(shop, tmp_path / "scratch")
        yield night
        if not request.node.get_closest_marker("control"):  # what others leave lying about is not ours
            night.assert_nothing_leaked()


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
