"""bluegreen rollback"""

from __future__ import annotations

import click

from bluegreen.cli.deploying import check_forced, reason_option, to_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct


@click.command("rollback", cls=Verb)
@to_option
@click.option("--force", is_flag=True, help="Although the color to go back to is sick; needs --reason.")
@reason_option
@click.pass_obj
def command(options: Options, to: str | None, force: bool, reason: str) -> int:
    """Send the public back to the color it came from. Needs no arguments.

    Where it came from is in the stack's output, so this works from a fresh checkout and on another machine too. After
    a run that was cut off it ends that run; one that is under way is asked to go back by itself. Once the restored
    color answers the public that is said at once; what follows can be left with Ctrl-C without harm.
    `bluegreen status` says beforehand whether it would work.
    """
    check_forced(force, reason, "--force")
    return conduct(options, lambda environment: environment.rollback(to=to, force=force, reason=reason))
