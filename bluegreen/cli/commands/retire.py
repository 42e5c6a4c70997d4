"""bluegreen retire"""

from __future__ import annotations

import click

from bluegreen.cli.deploying import check_forced, reason_option, wait_lock_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct
from bluegreen.errors import UsageError


@click.command("retire", cls=Verb)
@click.option("--stop", is_flag=True, help="Stop its server; a rollback starts it again.")
@click.option("--destroy", is_flag=True, help="Destroy its server; only a deploy brings it back.")
@click.option("--due", is_flag=True, help="Do nothing, and exit with 0, unless the warm time has ended.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@click.option("--force", is_flag=True, help="Inside the warm time; needs --reason.")
@reason_option
@wait_lock_option
@click.pass_obj
def command(options: Options, stop: bool, destroy: bool, due: bool, dry_run: bool, force: bool, reason: str) -> int:
    """End the warm time of the idle color: its server is stopped or destroyed.

    Without --stop or --destroy, what the environment's `standby` says. Refused (3) inside the warm time unless forced.
    """
    if stop and destroy:
        raise UsageError("--stop and --destroy exclude each other", hint="choose one")
    check_forced(force, reason, "--force")
    standby = "stop" if stop else "destroy" if destroy else ""
    return conduct(
        options,
        lambda environment: environment.retire(standby=standby, due=due, dry_run=dry_run, force=force, reason=reason),
    )
