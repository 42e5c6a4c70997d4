"""Changes that arrive late: what one place of the world (the DNS server, the edge) knows of each name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bluegreen.sandbox.ledger import Delay

T = TypeVar("T")


@dataclass(slots=True)
class _Late(Generic[T]):
    """A change on its way. old: what was known before, None: nothing; credit: answers owed to the new one."""

    old: T | None
    until: float
    share: float
    credit: float = 0.0


class View(Mapping[str, T]):
    """Name -> what is known of it here and now; looking twice may give two answers while a change is on its way.

    What is on its way is not kept over a restart: everything has arrived then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._now: Mapping[str, T] = {}
        self._late: dict[str, _Late[T]] = {}

    def follow(self, now: Mapping[str, T], delays: Mapping[str, Delay]) -> None:
        """Take what is true from now on. delays: name -> how late its changes are; of others they arrive at once."""
        self._late = {name: late for name, late in self._late.items() if name in delays and self._underway(name)}
        for name in delays:
            if now.get(name) != self._now.get(name):
                old = self._late[name].old if name in self._late else self._now.get(name)
                self._late[name] = _Late(old, self._clock() + delays[name].seconds, delays[name].share)
        self._now = dict(now)

    def __getitem__(self, name: str) -> T:
        late = self._underway(name)
        if late is None:
            return self._now[name]
        late.credit += late.share
        if late.credit >= 1:
            late.credit -= 1
            return self._now[name]
        if late.old is None:
            raise KeyError(name)
        return late.old

    def _underway(self, name: str) -> _Late[T] | None:
        late = self._late.get(name)
        return late if late and self._clock() < late.until else None

    def __iter__(self) -> Iterator[str]:
        """Yield what is known whichever answer comes."""
        return (name for name in self._now if not (late := self._underway(name)) or late.old is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
