"""bluegreen sandbox"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bluegreen.cli.console import document, lines, tell
from bluegreen.cli.options import COLORS, Options, Verbs
from bluegreen.cli.session import open_project
from bluegreen.cli.views import table
from bluegreen.errors import UsageError

if TYPE_CHECKING:
    from bluegreen.sandbox.address import Network
    from bluegreen.sandbox.client import Sandbox, Status
    from bluegreen.sandbox.faults import Fault

EFFECTS = {
    "refuse": "status",
    "delay": "seconds",
    "hang": "seconds",
    "lose-answer": "",
    "fail-operation": "code",
}
"""Effect -> the option that it needs. Spelled out, as are the codes and behaviors, so that help needs click alone."""
CODES = ("ZONE_RESOURCE_POOL_EXHAUSTED", "QUOTA_EXCEEDED", "INTERNAL_ERROR")
BEHAVIORS = ("ok", "slow", "sick", "dead", "wrong_release")
"""What a server can be told to be; see `behave`."""
LONGEST = 600.0
"""Seconds."""


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


@command.command("behave")
@click.argument("color", type=click.Choice(COLORS))
@click.argument("behavior", type=click.Choice(BEHAVIORS))
@click.pass_obj
def behave(options: Options, color: str, behavior: str) -> None:
    """Tell a color's server how to behave. It holds, whatever release comes, until that color is told to be ok.

    \b
    ok               answers at once, with 200
    slow             answers two seconds late
    sick             answers with 500
    dead             there is no process
    wrong_release    says that it is another release
    """
    _sandbox(options).behave(color, behavior)
    if options.json:
        document({"color": color, "behavior": behavior})
    elif not options.quiet:
        tell(f"{color} is told to be {behavior}", color=options.color)


@command.group("fault", cls=Verbs)
def fault() -> None:
    """What is to go wrong with the next requests to its APIs: the clouds' and the states'. It ends with the sandbox."""


@fault.command("add")
@click.argument("effect", metavar="EFFECT", type=click.Choice(list(EFFECTS)))
@click.argument("path")
@click.option("--method", default="*", help="Of requests with this method only, for example PUT.  [default: any]")
@click.option("--times", type=click.IntRange(1), metavar="N", help="How many requests it meets.  [default: 1]")
@click.option("--always", is_flag=True, help="It meets every request, until it is cleared.")
@click.option("--status", type=click.IntRange(400, 599), metavar="CODE", help="refuse: what is answered.")
@click.option("--retry-after", type=click.IntRange(0), metavar="SECONDS", help="refuse: the header of that name.")
@click.option("--seconds", type=click.FloatRange(0, LONGEST), metavar="N", help="delay, hang: for how long.")
@click.option("--code", type=click.Choice(CODES), help="fail-operation: the error with which it ends.")
@click.pass_obj
def add(
    options: Options, /, effect: str, path: str, method: str, times: int | None, always: bool, **given: Any
) -> None:
    """Let requests whose whole path matches PATH, in which * and ? may stand, meet EFFECT.

    \b
    refuse           an error status, in the words of the API
    delay            the answer comes late
    hang             nothing is said, then the connection is cut; nothing is changed
    lose-answer      all is done as asked, then the connection is cut
    fail-operation   a Compute request is accepted, and its operation fails

    For example: bluegreen sandbox fault add refuse '/client/v4/*/dns_records/*' --method PUT --status 429
    """
    _check_fault(effect, path, times, always, given)
    from bluegreen.sandbox.faults import Fault

    asked = {name: value for name, value in given.items() if value is not None}
    left = None if always else times or 1
    made = Fault(method.upper(), path, effect.replace("-", "_"), left, **asked)
    _sandbox(options).inject(made)
    if options.json:
        document(asdict(made))
    elif not options.quiet:
        tell(f"waits: {'  '.join(_fault_row(made))}", color=options.color)


@fault.command("list")
@click.pass_obj
def list_(options: Options) -> None:
    """List the faults that still wait, in the order in which they are tried."""
    faults = _sandbox(options).faults()
    if options.json:
        document({"faults": [asdict(one) for one in faults]})
    else:
        lines(table(map(_fault_row, faults)) or ["no fault waits"])


@fault.command("clear")
@click.pass_obj
def clear(options: Options) -> None:
    """Take back every fault that still waits."""
    sandbox = _sandbox(options)
    waited = len(sandbox.faults())
    sandbox.clear_faults()
    if options.json:
        document({"cleared": waited})
    elif not options.quiet:
        tell(f"taken back: {waited}", color=options.color)


def _sandbox(options: Options) -> Sandbox:
    from bluegreen.sandbox.client import Sandbox

    return Sandbox(_place(options)[1])


def _check_fault(effect: str, path: str, times: int | None, always: bool, given: Mapping[str, Any]) -> None:
    """Raise UsageError for a fault that would never meet a request, or would not do what its options say."""
    needed = EFFECTS[effect]
    fits = {needed, "retry_after"} if effect == "refuse" else {needed}
    if needed and given[needed] is None:
        raise UsageError(f"{effect} needs --{needed}", hint="bluegreen sandbox fault add --help")
    for name, value in given.items():
        if value is not None and name not in fits:
            raise UsageError(f"{effect} has no --{name.replace('_', '-')}", hint="bluegreen sandbox fault add --help")
    if times is not None and always:
        raise UsageError("--times and --always exclude each other")
    if not path.startswith(("/", "*")):
        raise UsageError(f"no path begins as {path!r} does", hint="for example '/compute/v1/*/instances', or '*'")
    if path.split("/")[1:2] == ["sandbox"]:
        raise UsageError("the sandbox's own calls meet no fault", hint="paths begin with /client, /compute or /state")


def _fault_row(one: Fault) -> tuple[str, str, str, str]:
    how = {
        "refuse": f"with {one.status}" + ("" if one.retry_after is None else f", retry after {one.retry_after} s"),
        "fail_operation": f"with {one.code}",
        "lose_answer": "",
    }.get(one.effect, f"{one.seconds:g} s")
    left = "until cleared" if one.times is None else "once" if one.times == 1 else f"{one.times} times"
    return (one.effect.replace("_", "-"), f"{one.method} {one.path}", how, left)


def _show(options: Options, found: Status, network: Network) -> None:
    if options.json:
        document(asdict(found))
    else:
        lines(_lines(found, network))


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
