"""The values that a layer has now, rebuilt from what the stack says: for Terraform by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluegreen.adapters.state.files import replace_file
from bluegreen.adapters.terraform.folder import VALUES_FILE
from bluegreen.adapters.terraform.workspace import TerraformWorkspace
from bluegreen.app import Environment
from bluegreen.config.stack import LayerConfig
from bluegreen.errors import Refused, UsageError
from bluegreen.model import Color, Value, parse_facts
from bluegreen.render.tfvars import render_tfvars
from bluegreen.switch.values import as_it_is, layer_values


def find_layer(environment: Environment, name: str | None) -> LayerConfig:
    """Return a layer; without a name, the only one. Raises UsageError."""
    layers = {layer.name: layer for layer in environment.config.stack}
    if name is None and len(layers) == 1:
        return next(iter(layers.values()))
    if name not in layers:
        what = f'there is no layer "{name}"' if name else "which layer?"
        raise UsageError(f"{what}; there are {', '.join(layers)}", hint="bluegreen tf LAYER -- plan")
    return layers[name]


def read_output(environment: Environment) -> Mapping[str, Any] | None:
    """Return what the last layer says; None when nothing is deployed."""
    workspace = environment.workspace(environment.config.stack[-1])
    workspace.init()
    return workspace.read().output


def current_values(
    output: Mapping[str, Any], where: str, color: Color | None, declared: frozenset[str]
) -> dict[str, Value]:
    """Return the values of one layer as they are now, those that it declares.

    output: what the last layer, named `where`, says. color: the one that the layer belongs to, if any. Raises
    ConfigError when the output does not keep the contract, Refused when it names no active color.
    """
    facts = parse_facts(output, where)
    if facts.active is None:
        raise Refused("the output bluegreen names no active color", where=where, hint="bluegreen status")
    return layer_values(as_it_is(facts, facts.active), color, output.get("colors") or {}, declared)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One layer's values file. state: written, current, differs, or shared for a folder that gets none."""

    layer: str
    path: Path
    state: str


def render_all(environment: Environment, *, write: bool) -> Iterator[Rendered]:
    """Write every layer's values file, or only compare it. Raises Refused when nothing is deployed."""
    stack = environment.config.stack
    output = read_output(environment)
    if output is None:
        raise Refused("nothing is deployed here yet", hint="bluegreen deploy --release VERSION")
    for layer in stack:
        workspace = environment.workspace(layer)
        path = workspace.folder / VALUES_FILE
        if not environment.keeps_values(layer):
            yield Rendered(layer.name, path, "shared")
            continue
        values = current_values(output, stack[-1].name, layer.color, workspace.variables)
        if agrees(path, values):
            yield Rendered(layer.name, path, "current")
        elif write:
            replace_file(path, render_tfvars(values).encode())
            yield Rendered(layer.name, path, "written")
        else:
            yield Rendered(layer.name, path, "differs")


def agrees(path: Path, values: Mapping[str, Value]) -> bool:
    """Return whether a values file, as `render_tfvars` writes it, says what is true now.

    Of `colors` it may say less: what the last layer itself adds to them is not among the values it was applied with.
    """
    try:
        said = dict(_read(path.read_text()))
    except (OSError, ValueError):
        return False
    return said.keys() == values.keys() and all(
        _within(value, values[name]) if name == "colors" else value == values[name] for name, value in said.items()
    )


def _read(text: str) -> Iterator[tuple[str, Any]]:
    # Each value is an HCL expression in one line that is JSON as well.
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.lstrip().startswith("#"):
            yield name.strip(), json.loads(value)


def _within(said: Any, true: Any) -> bool:
    if isinstance(said, Mapping) and isinstance(true, Mapping):
        return all(key in true and _within(value, true[key]) for key, value in said.items())
    return bool(said == true)


@contextmanager
def values_arguments(
    environment: Environment, layer: LayerConfig, workspace: TerraformWorkspace
) -> Iterator[list[str]]:
    """Give the -var-file arguments of a layer: the environment's own files, and the present values while within.

    Without a deploy there are no values, and only the environment's files are given.
    """
    own = [f"-var-file={environment.folder / name}" for name in environment.configured.terraform.var_files]
    output = read_output(environment)
    if output is None:
        yield own
        return
    last = environment.config.stack[-1].name
    values = current_values(output, last, layer.color, workspace.variables)
    with workspace.values_file(values) as path:
        yield [*own, f"-var-file={path}"]
