"""Shops in the sandbox, which no test leaves up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from root import World
from shop import Shop
from worlds import Worlds, up


@pytest.fixture(params=["single", "layers"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds[Shop]:
    return Worlds(tmp_path_factory.mktemp("worlds"), Shop)


@pytest.fixture
def empty_shop(worlds: Worlds[Shop], layout: str) -> Iterator[Shop]:
    """A shop whose sandbox is up, with nothing deployed."""
    with up(worlds.at(layout, "empty")) as shop:
        yield shop


@pytest.fixture
def shop(worlds: Worlds[Shop], layout: str, stage: str) -> Iterator[Shop]:
    """A shop that serves release 1.4.2 from blue, or is at another stage."""
    with up(worlds.at(layout, stage)) as shop:
        yield shop


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
