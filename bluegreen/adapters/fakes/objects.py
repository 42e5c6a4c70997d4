"""A bucket in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from bluegreen.adapters.state.objects import NONE, Conflict, Stored


class MemoryObjects:
    """adapters.state.objects.Objects. interfere: called before each request, by its method's name; may raise."""

    def __init__(self) -> None:
        self.stored: dict[str, Stored] = {}
        self.interfere: Callable[[str], None] = lambda method: None
        self._generation = 0
        self._one_at_a_time = Lock()

    def read(self, name: str, *, quick: bool = False) -> bytes | None:
        self.interfere("read")
        stored = self.stored.get(name)
        return stored.content if stored else None

    def look(self, name: str) -> Stored | None:
        self.interfere("look")
        return self.stored.get(name)

    def write(self, name: str, content: bytes, *, generation: int | None = None) -> int:
        self.interfere("write")
        with self._one_at_a_time:
            standing = self.stored.get(name)
            if generation is not None and generation != (standing.generation if standing else NONE):
                if standing and standing.content == content:
                    return standing.generation
                raise Conflict(name)
            self._generation += 1
            self.stored[name] = Stored(content, self._generation)
            return self._generation

    def delete(self, name: str) -> None:
        self.interfere("delete")
        self.stored.pop(name, None)

    def names(self, prefix: str) -> Sequence[str]:
        self.interfere("names")
        return sorted(name for name in self.stored if name.startswith(prefix))

    def folders(self, prefix: str) -> Sequence[str]:
        below = (name.removeprefix(prefix) for name in self.names(prefix))
        return sorted({name.partition("/")[0] for name in below if "/" in name})
