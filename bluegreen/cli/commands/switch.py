"""bluegreen switch"""

from __future__ import annotations

import click

from bluegreen.cli.deploying import wait_lock_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct


@click.command("switch", cls=Verb)
@wait_lock_option
@click.pass_obj
def command(options: Options) -> int:
    """Check the prepared color again, then switch the public to it, prove it and let it bake.

    Exits with 3 when the last run did not end prepared.
    """
    return conduct(options, lambda environment: environment.switch())
