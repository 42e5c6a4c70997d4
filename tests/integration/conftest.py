"""Shops in the sandbox, which no test leaves up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from root import World
from shop import Shop


@pytest.fixture(params=["single", "layers"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_shop(tmp_path: Path, layout: str) -> Iterator[Shop]:
    """A shop whose sandbox is up, with nothing deployed."""
    shop = Shop(tmp_path / "shop", layout)
    shop.up()
    yield shop
    shop.down()


@pytest.fixture
def shop(empty_shop: Shop) -> Shop:
    """A shop that serves release 1.4.2 from blue."""
    empty_shop.run("deploy")
    return empty_shop


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
