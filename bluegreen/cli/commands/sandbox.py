"""bluegreen sandbox"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import data, document, tell
from bluegreen.cli.options import Options, Verbs
from bluegreen.cli.session import open_project
from bluegreen.cli.views import table
from bluegreen.errors import UsageError

if TYPE_CHECKING:
    from bluegreen.sandbox.address import Network
    from bluegreen.sandbox.client import Status


@click.group("sandbox", cls=Verbs)
def command() -> None:
    """The world on localhost that the sandbox stack lives in: an edge, records, servers, Terraform's state."""


def _place(options: Options) -> tuple[Path, Network, str]:
    from bluegreen.sandbox.project import sandbox_folder

    project = open_project(options)
    if project.network is None:
        raise UsageError(
            "this project has no sandbox", where="bluegreen.yaml", hint="bluegreen init NAME --stack sandbox"
        )
    return sandbox_folder(project.folder), project.network, project.config.service


@command.command("up")
@click.pass_obj
def up(options: Options) -> None:
    """Start it, with the world as it was."""
    from bluegreen.sandbox import lifecycle

    folder, network, service = _place(options)
    found = lifecycle.up(folder, network, service)
    _show(options, found, network)


@command.command("status")
@click.pass_obj
def status(options: Options) -> None:
    """Show whether it is up, and what there is."""
    from bluegreen.sandbox import lifecycle

    folder, network, _ = _place(options)
    _show(options, lifecycle.status(folder, network), network)


@command.command("down")
@click.pass_obj
def down(options: Options) -> None:
    """End it; states and records stay for the next `up`."""
    from bluegreen.sandbox import lifecycle

    folder, network, _ = _place(options)
    lifecycle.down(folder, network)
    if options.json:
        document({"up": False})
    elif not options.quiet:
        tell("the sandbox is down", color=options.color)


def _show(options: Options, found: Status, network: Network) -> None:
    if options.json:
        document(asdict(found))
    else:
        data("\n".join(_lines(found, network)))


def _lines(found: Status, network: Network) -> list[str]:
    if not found.up:
        return ["the sandbox is down; bluegreen sandbox up starts it"]
    rows = [("sandbox", f"up, process {found.pid}"), ("public", network.public_url), ("api", network.api_url)]
    for server in found.servers:
        how = "running" if server.alive else "not running"
        told = "" if server.behavior == "ok" else f", told to be {server.behavior}"
        rows.append((server.color, f"{server.release} at {server.address}, {how}{told}"))
    rows += [("record", f"{record.name} {record.type} {record.content}") for record in found.records]
    rows += [("locked", path) for path in found.locks]
    return table(rows)
