"""bluegreen rollback"""

from __future__ import annotations

import click

from bluegreen.cli.deploying import check_forced, reason_option, to_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct
from bluegreen.errors import UsageError


@click.command("rollback", cls=Verb)
@to_option
@click.option(
    "--force", is_flag=True, help="To a sick color too, or one that was left with no way back; needs --reason."
)
@click.option("--direct", is_flag=True, help="Past Terraform, by the CDN's own API; needs --to and --reason.")
@click.option("--address", metavar="IP", default="", help="Of the color, with --direct; the zone says it by default.")
@click.option(
    "--cancelled",
    is_flag=True,
    help="Only out of a run of this CI job that was cut off; without one do nothing.",
)
@reason_option
@click.pass_obj
def command(
    options: Options, to: str | None, force: bool, direct: bool, address: str, cancelled: bool, reason: str
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
    if cancelled:
        return conduct(options, lambda environment: environment.end_cancelled())
    check_forced(force, reason, "--force")
    return conduct(options, lambda environment: environment.rollback(to=to, force=force, reason=reason))


def _directly(options: Options, to: str | None, address: str, force: bool, reason: str) -> int:
    if to is None or not reason:
        raise UsageError("--direct needs --to COLOR and --reason TEXT", hint="nothing is read that could say them")
    options.terraform = False
    return conduct(options, lambda env: env.rollback_directly(to=to, reason=reason, address=address, force=force))
