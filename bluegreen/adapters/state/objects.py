"""Objects in a bucket: bytes under a name, each write a new generation. What the store of a bucket stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

NONE = 0
"""The generation of an object that is not there."""


class Conflict(Exception):
    """The object is of another generation than was expected: somebody else has written it."""


@dataclass(frozen=True, slots=True)
class Stored:
    content: bytes
    generation: int


class Objects(Protocol):
    """The objects below one prefix of a bucket. Each method raises BluegreenError when the bucket cannot be asked."""

    def read(self, name: str, *, quick: bool = False) -> bytes | None:
        """Return an object's content, None when there is none. quick: ask once, and wait no longer than 2 s."""
        ...

    def look(self, name: str) -> Stored | None:
        """Return an object with its generation, None when there is none."""
        ...

    def write(self, name: str, content: bytes, *, generation: int | None = None) -> int:
        """Write an object whole; return its new generation. It is there for everybody once this returns.

        generation: which one must be there until then, NONE for no object, None for whichever. Raises Conflict. Content
        that is written on condition must be unlike any other, so that a write whose answer was lost is known again.
        """
        ...

    def delete(self, name: str) -> None:
        """Delete an object, if it is there."""
        ...

    def names(self, prefix: str) -> Sequence[str]:
        """Return the names that begin so, in order."""
        ...

    def folders(self, prefix: str) -> Sequence[str]:
        """Return what follows `prefix` up to the next slash, of the names that have one there, each once, in order."""
        ...
