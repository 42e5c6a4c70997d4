"""Shops of the cloud's Terraform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud_shop import CloudShop
from worlds import Worlds, up

from bluegreen.sandbox.traffic import Traffic


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each layout's tests together: two processes then share its moments out, and do not make them twice."""
    items.sort(key=_layout)


def _layout(item: pytest.Item) -> str:
    asked = getattr(item, "callspec", None) if Path(__file__).parent in item.path.parents else None
    return str(asked.params.get("layout", "")) if asked is not None else ""


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds[CloudShop]:
    return Worlds(tmp_path_factory.mktemp("worlds"), CloudShop)


@pytest.fixture(params=[pytest.param("single", marks=pytest.mark.single_root), "layers"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _up(shop: CloudShop) -> Iterator[CloudShop]:
    with up(shop):
        shop.sandbox.forget_requests()
        yield shop


@pytest.fixture
def empty_shop(worlds: Worlds[CloudShop], layout: str) -> Iterator[CloudShop]:
    """A shop whose sandbox is up, with nothing deployed."""
    yield from _up(worlds.at(layout, "empty"))


@pytest.fixture
def shop(worlds: Worlds[CloudShop], layout: str) -> Iterator[CloudShop]:
    """A shop that serves release 1.4.2 from blue."""
    yield from _up(worlds.at(layout, "deployed"))


@pytest.fixture
def prepared(worlds: Worlds[CloudShop], layout: str) -> Iterator[CloudShop]:
    """A shop that serves release 1.4.2 from blue, with 1.5.0 brought up and checked on green."""
    yield from _up(worlds.at(layout, "prepared"))


@pytest.fixture
def switched(worlds: Worlds[CloudShop], layout: str) -> Iterator[CloudShop]:
    """A shop that serves release 1.5.0 from green, with 1.4.2 warm on blue."""
    yield from _up(worlds.at(layout, "switched"))


@pytest.fixture
def traffic(request: pytest.FixtureRequest) -> Iterator[Traffic]:
    """Public traffic at the shop that the test has; no request of it may fail, whatever the test does."""
    name = next(name for name in ("shop", "prepared", "switched") if name in request.fixturenames)
    with request.getfixturevalue(name).traffic() as traffic:
        yield traffic
    assert traffic.report.sent > 0
    assert traffic.report.failed == 0, traffic.report
