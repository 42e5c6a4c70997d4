"""Shops at the moments of their life. Making one takes longer than most tests, so worlds are kept, and brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Generic, TypeVar

from compute_witness import eventually, served_at
from shop import Shop

MOMENTS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "deployed": ("empty", "deploy", {"release": "1.4.2"}),
    "prepared": ("deployed", "prepare", {"release": "1.5.0"}),
    "switched": ("prepared", "switch", {}),
}
"""Moment -> the one before it, and the run that leads from that one to it."""

AnyShop = TypeVar("AnyShop", bound=Shop)


class Worlds(Generic[AnyShop]):
    """Each moment is brought about once in a session, by real runs from the one before.

    Each test gets its moment as it was then. A layout has one folder, and so one network, for all of its tests:
    addresses stand in the states. make: makes an empty shop in a folder, of a layout.
    """

    def __init__(self, folder: Path, make: Callable[[Path, str], AnyShop]) -> None:
        self._folder, self._make_shop = folder, make
        self._kept: dict[tuple[str, str], Path] = {}
        self._shops: dict[str, AnyShop] = {}

    def at(self, layout: str, moment: str) -> AnyShop:
        """Return a layout's shop, down, as it was at a moment."""
        if layout not in self._shops:
            self._shops[layout] = self._make_shop(self._folder / layout / "shop", layout)
            self._keep(layout, "empty")
        if (layout, moment) not in self._kept:
            self._make(layout, moment)
        shop = copy(self._shops[layout])
        shop.restore(self._kept[layout, moment])
        return shop

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
        self._kept[layout, moment] = self._folder / layout / moment
        self._shops[layout].keep(self._kept[layout, moment])


@contextmanager
def up(shop: AnyShop) -> Iterator[AnyShop]:
    """Have a shop up while the context lasts, with all its servers booted."""
    shop.up()
    try:
        for server in shop.sandbox.status().servers:
            eventually(lambda address=server.address: served_at(address))
        yield shop
    finally:
        shop.down()
