"""Values that know where they are written, and how one layer of them lies over another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from bluegreen.errors import Problem

Loc: TypeAlias = "tuple[str | int, ...]"
Content: TypeAlias = "bool | int | float | str | Mapping[str, Node] | Sequence[Node] | None"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written. line and column begin at 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Node:
    """One value and where it comes from.

    path: from the top of the file in which it is written, which a merge does not change. place, key_place: of the value
    and of its key; None for what no file says. text: a scalar exactly as written. broken: a problem was reported
    for it already.
    """

    value: Content
    path: Loc = ()
    place: Place | None = None
    key_place: Place | None = None
    text: str = ""
    broken: bool = False

    @property
    def where(self) -> str:
        return str(self.place or "")

    @property
    def dotted(self) -> str:
        return ".".join(str(part) for part in self.path)

    def child(self, part: str | int) -> Node | None:
        if isinstance(self.value, Mapping):
            return self.value.get(str(part))
        if isinstance(self.value, list) and isinstance(part, int) and part < len(self.value):
            item: Node = self.value[part]
            return item
        return None

    def deepest(self, loc: Sequence[str | int]) -> tuple[Node, Sequence[str | int]]:
        """Follow `loc` as far as there are nodes; return the last one and what was left of the way."""
        node = self
        for index, part in enumerate(loc):
            below = node.child(part)
            if below is None:
                return node, loc[index:]
            node = below
        return node, ()

    def plain(self) -> Any:
        """Return the value as plain dictionaries, lists and scalars."""
        if isinstance(self.value, Mapping):
            return {key: below.plain() for key, below in self.value.items()}
        if isinstance(self.value, list):
            return [below.plain() for below in self.value]
        return self.value

    def problem(self, message: str, hint: str = "") -> Problem:
        return Problem(self.where, self.dotted, message, hint)


def node_of(value: Any, path: Loc = ()) -> Node:
    """Make nodes without a place from plain values."""
    if isinstance(value, Mapping):
        return Node({key: node_of(below, (*path, key)) for key, below in value.items()}, path)
    if isinstance(value, list):
        return Node([node_of(below, (*path, index)) for index, below in enumerate(value)], path)
    return Node(value, path)


def merge(below: Node, above: Node, whole: Collection[Loc] = (), loc: Loc = ()) -> Node:
    """Lay one node over another: mappings are merged key by key, everything else is replaced.

    whole: the places, from the top of the two, at which a mapping replaces a mapping too.
    """
    if not isinstance(below.value, Mapping) or not isinstance(above.value, Mapping) or loc in whole:
        return above
    merged = dict(below.value)
    for key, node in above.value.items():
        merged[key] = merge(merged[key], node, whole, (*loc, key)) if key in merged else node
    return replace(above, value=merged)
