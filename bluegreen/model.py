"""The nouns: colors, what each runs, and the one output by which a stack says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from bluegreen.errors import ConfigError

Value: TypeAlias = "bool | int | float | str | list[Value] | Mapping[str, Value] | None"
"""What a Terraform variable can carry: JSON."""

OUTPUT = "bluegreen"
"""Name of the marker resource and of the one output of a root that keeps the contract."""

SEE_CONTRACT = "see the stack contract: docs/reference/contract.md in the documentation of bluegreen"
"""The hint of whoever finds it broken."""

EMPTY: Mapping[str, Any] = MappingProxyType({})


class Color(StrEnum):
    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Color:
        return Color.GREEN if self is Color.BLUE else Color.BLUE


class Action(StrEnum):
    """What a plan does to one resource, as Terraform's JSON stream words it."""

    NOOP = "noop"
    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    MOVE = "move"
    FORGET = "remove"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ColorFacts:
    """What the stack's output says of one color.

    inputs: the color's object, verbatim; None if it was never deployed.
    echo: everything the output says of this color, verbatim, as it is handed on in `colors`.
    """

    color: Color
    enabled: bool = False
    inputs: Mapping[str, Any] | None = None
    address: str = ""
    backend_hostname: str = ""
    backend_url: str = ""
    echo: Mapping[str, Any] = field(default_factory=lambda: EMPTY)

    @property
    def check_url(self) -> str:
        """Where the edge answers for this color alone; "" when it does not."""
        return str(self.echo.get("check_url") or "")

    @property
    def instance(self) -> str:
        """The path by which its cloud knows its machine, written as such or as an object's `id`; "" when there is none.

        The sandbox's machines have no such path.
        """
        instance = self.echo.get("instance")
        path = instance.get("id") if isinstance(instance, Mapping) else instance
        return path if isinstance(path, str) and "/" in path else ""

    @property
    def release(self) -> str:
        return str((self.inputs or EMPTY).get("release") or "")

    @property
    def running(self) -> bool:
        return self.enabled and bool((self.inputs or EMPTY).get("running", True))

    @property
    def presence(self) -> str:
        """In one word: running, stopped or gone."""
        return "running" if self.running else "stopped" if self.enabled else "gone"


@dataclass(frozen=True, slots=True)
class EdgeFacts:
    """Where the public records live. records: public hostname -> record id."""

    kind: str = ""
    zone_id: str = ""
    records: Mapping[str, str] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class StackFacts:
    """A root's output `bluegreen`, read.

    active, previous: None when this root does not say. declares_previous: whether it has `server_previous` at all.
    """

    colors: Mapping[Color, ColorFacts]
    active: Color | None = None
    previous: Color | None = None
    declares_previous: bool = False
    public_hostnames: tuple[str, ...] = ()
    public_url: str = ""
    edge: EdgeFacts = field(default_factory=EdgeFacts)

    @property
    def serving(self) -> Color:
        """The active color, of an output that is complete."""
        assert self.active is not None, "only a complete output says which color is active"
        return self.active

    def of(self, color: Color) -> ColorFacts:
        return self.colors.get(color) or ColorFacts(color)


def parse_color(text: object, path: str) -> Color:
    """Return the color that `text` names; ConfigError naming `path` if it names none."""
    try:
        return Color(str(text))
    except ValueError:
        raise ConfigError(f"{path} is {text!r}, not a color", hint='write "blue" or "green"') from None


def parse_facts(output: Any, where: str) -> StackFacts:
    """Read a root's output `bluegreen`.

    output: the value Terraform gave. where: the layer, for the error.
    Raises ConfigError when the output does not keep the contract.
    """
    if not isinstance(output, Mapping):
        raise _broken(where, "it is no object")
    colors = output.get("colors") or {}
    if not isinstance(colors, Mapping):
        raise _broken(where, "colors is no object")
    facts = {}
    for name, echo in colors.items():
        color = parse_color(name, f"output.{OUTPUT}.colors, in {where}: a key")
        if not isinstance(echo, Mapping):
            raise _broken(where, f"colors.{name} is no object")
        facts[color] = parse_color_facts(color, echo, where)
    active, previous = output.get("server_active"), output.get("server_previous")
    hostnames = output.get("public_hostnames") or []
    if not isinstance(hostnames, list):
        raise _broken(where, "public_hostnames is no list")
    return StackFacts(
        colors=facts,
        active=parse_color(active, f"server_active, in {where},") if active else None,
        previous=parse_color(previous, f"server_previous, in {where},") if previous else None,
        declares_previous=previous is not None,
        public_hostnames=tuple(map(str, hostnames)),
        public_url=str(output.get("public_url") or ""),
        edge=_parse_edge(output.get("edge") or {}, where),
    )


def _parse_edge(edge: Any, where: str) -> EdgeFacts:
    records = edge.get("records") or {} if isinstance(edge, Mapping) else None
    if not isinstance(records, Mapping):
        raise _broken(where, "edge is no object, or its records are none")
    known = {name: str(record) for name, record in records.items()}
    return EdgeFacts(str(edge.get("kind") or ""), str(edge.get("zone_id") or ""), known)


def parse_color_facts(color: Color, echo: Mapping[str, Any], where: str) -> ColorFacts:
    """Read what an output says of one color. Raises ConfigError when `inputs` is no object."""
    inputs = echo.get("inputs")
    if inputs is not None and not isinstance(inputs, Mapping):
        raise _broken(where, f"colors.{color}.inputs is no object")
    return ColorFacts(
        color=color,
        enabled=bool(echo.get("enabled")),
        inputs=inputs,
        address=str(echo.get("address") or ""),
        backend_hostname=str(echo.get("backend_hostname") or ""),
        backend_url=str(echo.get("backend_url") or ""),
        echo=echo,
    )


def merge_colors(outputs: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Merge what several layers say of the colors, per color and per key; later layers win."""
    merged: dict[str, dict[str, Any]] = {}
    for colors in outputs:
        for color, echo in colors.items():
            merged.setdefault(color, {}).update(echo)
    return merged


def _broken(where: str, what: str) -> ConfigError:
    return ConfigError(
        f"the output {OUTPUT} does not keep the contract: {what}",
        where=where,
        hint=SEE_CONTRACT,
    )
