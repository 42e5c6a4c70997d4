"""What tokens open, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bluegreen.errors import BluegreenError
from bluegreen.ports import Zone


class FakeZones:
    """ports.Zones. seen, end: what the token can see, and when it expires; error: raised when asked, if set."""

    def __init__(self, seen: Iterable[Zone] = (), end: float | None = None) -> None:
        self.seen, self.end = list(seen), end
        self.error: BluegreenError | None = None

    def zones(self) -> Sequence[Zone]:
        if self.error:
            raise self.error
        return self.seen

    def expires(self) -> float | None:
        if self.error:
            raise self.error
        return self.end


class FakePermissions:
    """ports.Permissions of one project. has: what the account may do; error: raised when asked, if set."""

    def __init__(self, project: str, has: Iterable[str] = ()) -> None:
        self.has = set(has)
        self.error: BluegreenError | None = None
        self._project = project

    def held(self, project: str, asked: Sequence[str]) -> frozenset[str]:
        if self.error:
            raise self.error
        return frozenset(asked) & self.has if project == self._project else frozenset()
