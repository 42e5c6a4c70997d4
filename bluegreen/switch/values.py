"""What each layer is handed in each step: the contract's variables, from an intent and what the stack said.

The last layer's output is complete, so every intent but a deploy's can be made from it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bluegreen.model import Color, StackFacts, Value


@dataclass(frozen=True, slots=True)
class Intent:
    """How the world is to be. objects: a color's object, None if it was never deployed."""

    enabled: Mapping[Color, bool]
    objects: Mapping[Color, Mapping[str, Any] | None]
    active: Color
    previous: Color | None = None


def as_it_is(facts: StackFacts, active: Color) -> Intent:
    """The world as the output echoes it, with `active` serving the public."""
    return Intent(
        enabled={color: facts.of(color).enabled for color in Color},
        objects={color: facts.of(color).inputs for color in Color},
        active=active,
        previous=facts.previous,
    )


def first_deploy(color: Color, wanted: Mapping[str, Any]) -> Intent:
    return Intent(
        enabled={color: True, color.other: False},
        objects={color: wanted, color.other: None},
        active=color,
    )


def prepared(facts: StackFacts, active: Color, wanted: Mapping[str, Any]) -> Intent:
    """The idle color runs `wanted`; what is active stays, and there is nothing to go back to any more."""
    now = as_it_is(facts, active)
    return replace(
        now,
        enabled={**now.enabled, active.other: True},
        objects={**now.objects, active.other: wanted},
        previous=None,
    )


def switched(facts: StackFacts, to: Color) -> Intent:
    return replace(as_it_is(facts, to), previous=to.other)


def returned(facts: StackFacts, to: Color) -> Intent:
    return replace(as_it_is(facts, to), previous=None)


def accepted(facts: StackFacts, live: Color) -> Intent:
    """`live` is what serves the public, whoever pointed it there; the way back is the color that did before."""
    previous = live.other if facts.of(live.other).enabled else None
    return replace(as_it_is(facts, live), previous=previous)


def started(facts: StackFacts, active: Color, color: Color) -> Intent:
    return _with_object(as_it_is(facts, active), color, running=True)


def stopped(facts: StackFacts, active: Color, color: Color) -> Intent:
    return _with_object(as_it_is(facts, active), color, running=False)


def destroyed(facts: StackFacts, active: Color, color: Color) -> Intent:
    now = as_it_is(facts, active)
    return replace(now, enabled={**now.enabled, color: False})


def _with_object(intent: Intent, color: Color, *, running: bool) -> Intent:
    changed = {**(intent.objects[color] or {}), "running": running}
    return replace(intent, objects={**intent.objects, color: changed})


def layer_values(
    intent: Intent, color: Color | None, colors: Mapping[str, Any], declared: frozenset[str]
) -> dict[str, Value]:
    """Return the variables of one layer, those that it declares.

    color: the color that the layer belongs to, None for a shared one, the edge and a single root.
    colors: what earlier layers said of the colors.
    """
    values: dict[str, Value] = {
        "blue_enabled": intent.enabled[Color.BLUE],
        "green_enabled": intent.enabled[Color.GREEN],
        "blue": intent.objects[Color.BLUE],
        "green": intent.objects[Color.GREEN],
        "server_active": str(intent.active),
        "server_previous": str(intent.previous or ""),
        "colors": dict(colors),
    }
    if color is not None:
        values |= {"color": str(color), "enabled": intent.enabled[color], "server": intent.objects[color]}
    return {name: value for name, value in values.items() if name in declared}


def same_object(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Return whether two objects mean the same color: what is null, or `running = true`, may be left out."""
    return one is not None and other is not None and _essence(one) == _essence(other)


def _essence(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in wanted.items() if v is not None and not (k == "running" and v is True)}
