"""`stack:`, the Terraform of an environment: one root, or layers in the order in which they are applied."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bluegreen.config.fields import NAME
from bluegreen.config.nodes import Node
from bluegreen.config.wording import Wrong
from bluegreen.errors import Problem
from bluegreen.model import Color

SINGLE = "main"
"""The name of the one layer of a single root."""

EDGE = "edge"

_FORM = "stack: terraform, or stack: [network: tf/network, blue: tf/server, green: tf/server, edge: tf/edge]"


@dataclass(frozen=True, slots=True)
class LayerConfig:
    """One root module. folder: absolute. color: whose layer it is; None for a shared one, the edge and a single root.

    shared: it belongs to no color and is not the last. last: its output is complete.
    """

    name: str
    folder: Path
    color: Color | None
    shared: bool
    last: bool


def read_stack(node: Node, project: Path) -> tuple[tuple[LayerConfig, ...], list[Problem]]:
    """Read `stack:`. Returns no layers when there are problems."""
    if node.broken:
        return (), []
    if isinstance(node.value, str):
        pairs: Sequence[tuple[str, Node]] = [(SINGLE, node)]
        problems: list[Problem] = []
    elif isinstance(node.value, list) and node.value:
        pairs, problems = _pairs(node.value)
        if not problems:
            problems = list(_misplaced(node, [name for name, _ in pairs]))
    else:
        return (), [node.problem("must be a folder or a list of layers", _FORM)]
    layers = []
    for name, folder in pairs:
        try:
            layers.append(_layer(name, _folder(folder, project), last=folder is pairs[-1][1]))
        except Wrong as error:
            problems.append(folder.problem(error.message, error.hint))
    return ((), problems) if problems else (tuple(layers), [])


def _layer(name: str, folder: Path, *, last: bool) -> LayerConfig:
    color = Color(name) if name in list(Color) else None
    return LayerConfig(name, folder, color, shared=color is None and not last, last=last)


def _pairs(items: Sequence[Node]) -> tuple[list[tuple[str, Node]], list[Problem]]:
    pairs: dict[str, Node] = {}
    problems = []
    for item in items:
        if item.broken:
            continue
        if not isinstance(item.value, Mapping) or len(item.value) != 1:
            problems.append(item.problem("must be one layer: a name and its folder", "for example network: tf/network"))
            continue
        ((name, folder),) = item.value.items()
        if not re.fullmatch(NAME, name):
            problems.append(item.problem(f'"{name[:40]}" is no name for a layer', "lower-case letters, digits, dashes"))
        elif name in pairs:
            problems.append(item.problem(f"there is a layer {name} already", "each layer has a name of its own"))
        else:
            pairs[name] = folder
    return list(pairs.items()), problems


def _misplaced(node: Node, names: Sequence[str]) -> list[Problem]:
    missing = [name for name in (*Color, EDGE) if name not in names]
    if missing:
        return [node.problem(f"has no layer {' and no layer '.join(missing)}", f"one root, or all three: {_FORM}")]
    if names[-1] != EDGE:
        return [node.problem(f"ends with {names[-1]}: the last layer must be edge", "it is told what all others made")]
    return []


def _folder(node: Node, project: Path) -> Path:
    if not isinstance(node.value, str) or not node.value.strip():
        raise Wrong("must be a folder", f'write it in quotes: "{node.text}"' if node.text else "for example terraform")
    text = node.value
    if Path(text).is_absolute():
        raise Wrong("must be relative to the project", "so that every checkout finds it")
    try:
        folder = (project / text).resolve()
        there = folder.is_dir()
    except (OSError, ValueError, RuntimeError):  # names too long, a NUL inside, links in a circle
        raise Wrong(f"{text[:80]!r} cannot be a folder", "for example terraform") from None
    if not folder.is_relative_to(project.resolve()):
        raise Wrong("leads out of the project", "its Terraform lives beside bluegreen.yaml or below")
    if not there:
        raise Wrong(f"there is no folder {text}", f"it is looked for in {project}")
    return folder
