"""bluegreen rollback"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bluegreen.cli.deploying import check_forced, reason_option, to_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct
from bluegreen.errors import UsageError

if TYPE_CHECKING:
    from bluegreen.app import Environment
    from bluegreen.switch.conduct import RunResult

MOVES = frozenset({"deploy", "prepare", "switch", "rollback"})
"""Runs that move the public, or lead to that."""


@click.command("rollback", cls=Verb)
@to_option
@click.option(
    "--force", is_flag=True, help="To a sick color too, or one that was left with no way back; needs --reason."
)
@click.option("--direct", is_flag=True, help="Past Terraform, by the CDN's own API; needs --to and --reason.")
@click.option("--address", metavar="IP", default="", help="Of the color, with --direct; the zone says it by default.")
@click.option(
    "--unfinished", is_flag=True, help="Do nothing, and exit with 0, unless a run was cut off: for a cancelled job."
)
@reason_option
@click.pass_obj
def command(
    options: Options, to: str | None, force: bool, direct: bool, address: str, unfinished: bool, reason: str
) -> int:
    """Send the public back to the color it came from. Needs no arguments.

    Where it came from is in the stack's output, so this works from a fresh checkout and on another machine too. After
    a run that was cut off it ends that run; one that is under way is asked to go back by itself. Once the restored
    color answers the public that is said at once; what follows can be left with Ctrl-C without harm.
    `bluegreen status` says beforehand whether it would work.

    --direct is for the night on which Terraform is the problem: it needs bluegreen.yaml and the CDN's token, and
    neither Terraform, nor its state, nor a lock. `bluegreen resume` has Terraform catch up, and is owed until then.
    """
    if direct:
        return _directly(options, to, address, force, reason)
    if address:
        raise UsageError("--address is for --direct only")
    if unfinished:
        return conduct(options, _end_unfinished)
    check_forced(force, reason, "--force")
    return conduct(options, lambda environment: environment.rollback(to=to, force=force, reason=reason))


def _end_unfinished(environment: Environment) -> RunResult:
    """Go back out of a deploy or rollback that was cut off; finish any other run, which has moved nobody."""
    cut = environment.unfinished
    moves = cut is not None and cut.verb in MOVES
    return environment.rollback(reason="it was cut off") if moves else environment.resume()


def _directly(options: Options, to: str | None, address: str, force: bool, reason: str) -> int:
    if to is None or not reason:
        raise UsageError("--direct needs --to COLOR and --reason TEXT", hint="nothing is read that could say them")
    options.terraform = False
    return conduct(options, lambda env: env.rollback_directly(to=to, reason=reason, address=address, force=force))
