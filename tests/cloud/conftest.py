"""Shops of the cloud's Terraform. A first deploy is slow, so worlds are kept as they were, and brought back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cloud_shop import CloudShop
from compute_witness import eventually, served_at

from bluegreen.sandbox.traffic import Traffic

MOMENTS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "deployed": ("empty", "deploy", {"release": "1.4.2"}),
    "prepared": ("deployed", "prepare", {"release": "1.5.0"}),
    "switched": ("prepared", "switch", {}),
}
"""Moment -> the one before it, and the run that leads from that one to it."""


class Worlds:
    """Shops at the moments of their life, each brought about once in a session, by real runs from the one before.

    Each test gets its moment as it was then. A layout has one folder, and so one network, for all of its tests:
    addresses stand in the states.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[tuple[str, str], Path] = {}
        self._shops: dict[str, CloudShop] = {}

    def at(self, layout: str, moment: str) -> CloudShop:
        """Return a layout's shop, down, as it was at a moment."""
        if layout not in self._shops:
            self._shops[layout] = CloudShop(self._folder / layout / "shop", layout)
            self._keep(layout, "empty")
        if (layout, moment) not in self._kept:
            self._make(layout, moment)
        self._shops[layout].restore(self._kept[layout, moment])
        return self._shops[layout]

    def _make(self, layout: str, moment: str) -> None:
        before, verb, arguments = MOMENTS[moment]
        shop = self.at(layout, before)
        shop.up()
        try:
            assert shop.run(verb, **arguments).exit_code == 0
        finally:
            shop.down()
        self._keep(layout, moment)

    def _keep(self, layout: str, moment: str) -> None:
        copy = self._kept[layout, moment] = self._folder / layout / moment
        self._shops[layout].keep(copy)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each layout's tests together: two processes then share its moments out, and do not make them twice."""
    items.sort(key=_layout)


def _layout(item: pytest.Item) -> str:
    asked = getattr(item, "callspec", None) if Path(__file__).parent in item.path.parents else None
    return str(asked.params.get("layout", "")) if asked is not None else ""


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    return Worlds(tmp_path_factory.mktemp("worlds"))


@pytest.fixture(params=["single", "layers"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _up(shop: CloudShop) -> Iterator[CloudShop]:
    shop.up()
    try:
        for server in shop.sandbox.status().servers:
            eventually(lambda address=server.address: served_at(address))  # they have only begun to boot
        shop.sandbox.forget_requests()
        yield shop
    finally:
        shop.down()


@pytest.fixture
def empty_shop(worlds: Worlds, layout: str) -> Iterator[CloudShop]:
    """A shop whose sandbox is up, with nothing deployed."""
    yield from _up(worlds.at(layout, "empty"))


@pytest.fixture
def shop(worlds: Worlds, layout: str) -> Iterator[CloudShop]:
    """A shop that serves release 1.4.2 from blue."""
    yield from _up(worlds.at(layout, "deployed"))


@pytest.fixture
def prepared(worlds: Worlds, layout: str) -> Iterator[CloudShop]:
    """A shop that serves release 1.4.2 from blue, with 1.5.0 brought up and checked on green."""
    yield from _up(worlds.at(layout, "prepared"))


@pytest.fixture
def switched(worlds: Worlds, layout: str) -> Iterator[CloudShop]:
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
