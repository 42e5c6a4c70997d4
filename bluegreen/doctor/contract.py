"""Whether the stack keeps the contract, whether blue and green are alike, and whether the code still says what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from bluegreen.doctor.findings import Finding, Unknown, failure, ok, together, warning
from bluegreen.doctor.subject import Subject
from bluegreen.errors import BluegreenError
from bluegreen.model import OUTPUT, SEE_CONTRACT, Color, StackFacts
from bluegreen.switch.stack import Layer, Stack
from bluegreen.switch.values import as_it_is, layer_values

SINGLE = {"blue_enabled", "green_enabled", "blue", "green", "server_active"}
SERVERS = {"color", "enabled", "server"}
EDGE = {"server_active", "server_previous", "colors"}
DIFFERS = frozenset({"release", "running"})
"""Fields of a color's object that say what is to differ between blue and green."""


def contract(subject: Subject) -> Finding:
    """Each root declares what it is handed and says what it knows; no file that loads by itself says it too."""
    stack = subject.world.stack
    if not stack.layers:
        raise Unknown("without an engine nobody knows which files of a root count")
    surveys = subject.surveys()
    parts = [part for layer in stack.layers for part in _broken(stack, layer, surveys[layer.name].declares)]
    return together([*parts, *_unsaid(subject)], f"kept by {', '.join(layer.name for layer in stack.layers)}")


def _broken(stack: Stack, layer: Layer, declares: frozenset[str]) -> Iterator[Finding]:
    try:
        layer.workspace.check_folder()
        variables = layer.workspace.variables
    except BluegreenError as error:
        yield failure(str(error), error.hint)
        return
    wanted = SINGLE if stack.single else SERVERS if layer.color else EDGE if layer is stack.last else set()
    lacks = [*(f'variable "{name}"' for name in sorted(wanted - variables))]
    lacks += sorted({f"output.{OUTPUT}", f"terraform_data.{OUTPUT}"} - declares)
    if lacks:
        yield failure(f"{layer.name} lacks {', '.join(lacks)}", SEE_CONTRACT)
    if layer.color and "server_active" in variables:
        yield failure(f"{layer.name} declares server_active: each switch would change servers", SEE_CONTRACT)
    if stack.single and "server_previous" not in variables:
        seen = f"{layer.name} has no server_previous: from another machine a rollback has to be told where to"
        yield warning(seen, 'variable "server_previous" { type = string }, and hand it on in the output')


def _unsaid(subject: Subject) -> Iterator[Finding]:
    """What the output of a stack that is deployed must say, so that runs can stand on it."""
    try:
        facts = subject.facts()
    except Unknown:
        return  # nothing deployed, or not readable, which others say
    if not facts.public_hostnames:
        yield failure("the output names no public_hostnames: nobody knows which records to look at", SEE_CONTRACT)
    for color in filter(lambda color: facts.of(color).running, Color):
        missing = [name for name in ("address", "backend_url") if not getattr(facts.of(color), name)]
        if missing:
            yield failure(f"the output does not say {' and '.join(missing)} of {color}", SEE_CONTRACT)


def colors(subject: Subject) -> Finding:
    """Blue and green are the same but for their release, so that one can stand for the other."""
    facts = subject.facts()
    if not all(facts.of(color).enabled for color in Color):
        raise Unknown("there is one color only")
    parts = [*_inputs(facts), *_resources(subject)]
    return together(parts, "the same but for their release")


def _inputs(facts: StackFacts) -> Iterator[Finding]:
    blue, green = (_compared(facts.of(color).inputs) for color in Color)
    apart = sorted(name for name in blue.keys() | green.keys() if blue.get(name) != green.get(name))
    if apart:
        told = ", ".join(f"{name} ({blue.get(name)!r}, {green.get(name)!r})" for name in apart)
        yield warning(f"blue and green differ in {told}", "deploy once more: both then have what is configured")


def _compared(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (inputs or {}).items() if name not in DIFFERS}


def _resources(subject: Subject) -> Iterator[Finding]:
    """Compare what there is of each color, by addresses with the color's name taken out."""
    stack, states = subject.world.stack, subject.states()
    made: dict[Color, set[str]] = {}
    for color in Color:
        word = re.compile(rf"(?<![a-z]){color}(?![a-z])")  # not that of the marker's name
        of = [states[layer.name] for layer in stack.layers if layer.color == color and layer.name in states]
        addresses = [address for state in of for address in state.resources]
        if stack.single and stack.last.name in states:
            addresses = [one for one in states[stack.last.name].resources if word.search(one)]
        made[color] = {word.sub("COLOR", address) for address in addresses}
    only = {color: sorted(made[color] - made[color.other]) for color in Color}
    told = [f"only {color} has {', '.join(extra)}" for color, extra in only.items() if extra]
    if told:
        yield warning("; ".join(told), "deploy once more: what the code does not say any more goes with it")


def code(subject: Subject) -> Finding:
    """A plan with the values as they are changes nothing: what runs is what the code says today."""
    facts, stack = subject.facts(), subject.world.stack
    echoed = {str(color): dict(facts.of(color).echo) for color in Color}
    plans = [subject.aside(f"plan of {one.name}", partial(_planned, one, facts, echoed)) for one in stack.layers]
    return together([plan.result() for plan in plans], "a plan of what runs changes nothing")


def _planned(layer: Layer, facts: StackFacts, echoed: Mapping[str, Any]) -> Finding:
    workspace = layer.workspace
    values = layer_values(as_it_is(facts, facts.serving), layer.color, echoed, workspace.variables)
    try:
        changes = workspace.plan(values, look=True).changes
    except BluegreenError as error:
        return failure(str(error), error.hint)
    if not changes:
        return ok("")
    told = ", ".join(f"{change.action} {change.address}" for change in changes)
    return warning(f"{layer.name} is not what its code says: {told}", f"bluegreen tf {layer.name} -- plan shows it")
