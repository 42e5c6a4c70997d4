"""What a root lacks of the stack contract, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bluegreen.adapters.terraform.folder import find_intruders
from bluegreen.adoption.findings import Finding, fights, lacks
from bluegreen.adoption.parts import address_of, public_records, records, servers
from bluegreen.adoption.source import Source, followers
from bluegreen.model import OUTPUT, Color

SINGLE_ROOT = ("blue_enabled", "green_enabled", "blue", "green", "server_active", "server_previous")
"""The contract's variables of a single root."""


def missing_variables(source: Source) -> list[str]:
    return [name for name in SINGLE_ROOT if source.root.named("variable", name) is None]


def has_marker(source: Source) -> bool:
    marker = source.root.named("resource", OUTPUT)
    return marker is not None and marker.type == "terraform_data"


def what_lacks(source: Source, written: str) -> Iterator[Finding]:
    """Yield what the contract needs. written: the file that brings in what can be written, as it is shown."""
    for name in missing_variables(source):
        yield lacks(source.shown(source.root.folder), f'no variable "{name}"', f"{written} declares it")
    if not has_marker(source):
        yield lacks(
            source.shown(source.root.folder),
            f"no resource terraform_data.{OUTPUT}, the marker",
            f"{written} has it; it says what this root knows of the colors",
        )
    if source.root.named("output", OUTPUT) is None:
        yield lacks(source.shown(source.root.folder), f'no output "{OUTPUT}"', f"{written} has it")
    yield from _defaults(source)
    yield from _unused(source)
    yield from _values(source)
    yield from _records(source)
    yield from _addresses(source, written)


def _defaults(source: Source) -> Iterator[Finding]:
    for name in SINGLE_ROOT:
        variable = source.root.named("variable", name)
        default = variable.attribute("default") if variable else None
        if variable and default:
            yield lacks(
                variable.at(default),
                f'variable "{name}" has a default: a bare plan in a fresh checkout plans a switch instead of asking',
                "take the default out",
            )


def _unused(source: Source) -> Iterator[Finding]:
    """Yield what nothing follows: a switch, or a new color, would then change nothing."""
    meant = {
        "server_active": "the records",
        "blue_enabled": "the count of blue's server",
        "green_enabled": "the count of green's server",
    }
    for name, what in meant.items():
        known = followers(source.root, name)
        if any(block.mentions(*known) for block in source.root.of("module", "resource") if block.label != OUTPUT):
            continue
        variable = source.root.named("variable", name)
        yield lacks(
            variable.place if variable else source.shown(source.root.folder),
            f"nothing follows var.{name}",
            f"make {what} follow it",
        )


def _values(source: Source) -> Iterator[Finding]:
    """Yield variables of the root's own that no file and no default gives a value."""
    for variable in source.root.of("variable"):
        if variable.label in SINGLE_ROOT or variable.attribute("default") or source.given(variable.label):
            continue
        yield lacks(
            variable.place,
            f'nothing here gives variable "{variable.label}" a value, and nobody is asked',
            f"terraform.var_files in bluegreen.yaml, or TF_VAR_{variable.label} in the environment or in terraform.env",
        )


def _records(source: Source) -> Iterator[Finding]:
    if not public_records(source):
        others = [record for record in records(source) if record.color is None]
        yield lacks(
            others[0].block.place if others else source.shown(source.root.folder),
            "no record here can be told to be the public one"
            + (f", of {len(others)} that could be" if others else "; those of Cloudflare are known"),
            "set guard.ownership.public in bluegreen.yaml to the address of the public record's resource",
        )
    for record in public_records(source):
        if record.flips:
            yield lacks(
                record.flips,
                f"the type of the public record {record.address} depends on something: to change it is to delete it",
                "keep it A, and change its content; no guard.allow lets a public record be replaced",
            )


def _addresses(source: Source, written: str) -> Iterator[Finding]:
    for color in Color:
        made = servers(source, color)
        if not made:
            yield lacks(
                source.shown(source.root.folder),
                f"no server of {color} can be seen: no module or machine is named for it",
                f'name it module "{color}_server", or set guard.ownership and the address of {color} in {written}',
            )
        elif not address_of(source, color):
            yield lacks(
                made[0].place,
                f"no address of {color} can be seen: nothing here is given one by reference",
                f"write it into {written}, colors.{color}.address: one that is reserved outside the server",
            )


def what_fights(source: Source) -> Iterator[Finding]:
    """Yield the lines of tfvars files that set what only a run may set."""
    for problem in find_intruders(source.root.folder, SINGLE_ROOT):
        path, _, line = problem.where.rpartition(":")
        code = source_line(path, int(line))
        yield fights(
            f"{source.shown(source.root.folder)}/{path.rpartition('/')[2]}:{line}",
            f"{problem.path} is set by a file that loads by itself, and only a run may set it",
            f"take this line out: {code}" if code else problem.hint,
        )
    for block in source.tfvars:
        if block.head.name in SINGLE_ROOT:
            continue
        for name in ("server_active", "blue_svr", "green_svr"):
            if place := block.find(rf"(?<![\w.]){name}\s*[=:]"):
                variable = {"blue_svr": "blue_enabled", "green_svr": "green_enabled"}.get(name, name)
                yield fights(
                    place,
                    f"{name} is set within {block.head.name}, where no run reaches it",
                    f"hand it on as merge(var.{block.head.name}, {{ {name} = var.{variable} }}), and take this out",
                )


def source_line(path: str, line: int) -> str:
    """Return one line of a file, as it is."""
    with open(path, errors="replace") as file:
        return re.sub(r"\s+", " ", file.read().splitlines()[line - 1]).strip()
