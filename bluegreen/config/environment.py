"""One environment, ready to be used: its merged settings, and where each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from bluegreen.config.nodes import Node
from bluegreen.config.schema import EnvironmentSettings, Sandbox
from bluegreen.config.stack import LayerConfig

DEFAULT = "default"


class EnvironmentConfig(EnvironmentSettings):
    """Everything that a run needs to know of its environment.

    project: the folder of bluegreen.yaml, absolute. stack: in the order in which it is applied.
    origins: dotted path -> "bluegreen.yaml:12" or "default", for each value that `shown` tells.
    secrets: every value that came from the process's environment, whatever its length: never to be shown.
    """

    name: str
    service: str
    project: Path
    stack: tuple[LayerConfig, ...]
    sandbox: Sandbox | None
    origins: Mapping[str, str] = Field(repr=False)
    secrets: frozenset[str] = Field(repr=False, exclude=True)

    @property
    def single(self) -> bool:
        """One root holds everything."""
        return len(self.stack) == 1


class Shown(NamedTuple):
    """One row of `bluegreen config show`. value: as the file would write it, secrets masked."""

    path: str
    value: Any
    origin: str


def shown(environment: EnvironmentConfig) -> list[Shown]:
    """Return every setting of an environment, in the order of the schema."""
    rows = settings_of(environment, environment.secrets)
    return [Shown(path, value, environment.origins[path]) for path, value in rows]


def settings_of(settings: EnvironmentSettings, secrets: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Yield dotted path and value of every setting; lists are one value. secrets: what to mask."""
    dumped = settings.model_dump(
        mode="json", by_alias=True, include=set(EnvironmentSettings.model_fields), context=secrets
    )
    for path, value in _leaves(dumped, ()):
        if path[0] == "identity" and value is None and len(path) == 3:
            continue  # of header, json and pattern exactly one is set
        yield ".".join(path), "none" if path == ("identity",) else value


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _leaves(below, (*path, key))
    else:
        yield path, value


def origins_of(settings: EnvironmentSettings, node: Node) -> dict[str, str]:
    """Return where each setting came from. node: the merged environment."""
    return {".".join(path): _origin(node, path) for path, _ in _leaves(settings.model_dump(by_alias=True), ())}


def _origin(node: Node, path: tuple[str, ...]) -> str:
    found, rest = node.deepest(path)
    if rest or found.place is None:
        return DEFAULT
    return f"{found.place.file}:{found.place.line}"
