"""bluegreen resume"""

from __future__ import annotations

import click

from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct


@click.command("resume", cls=Verb)
@click.pass_obj
def command(options: Options) -> int:
    """Take up a run that was cut off or got stuck, and finish it.

    It says first where the run stood, which it finds out by looking: whether its Terraform still runs, and where the
    public records point. Then it goes on in the phase in which the run was cut off. The way back instead, out of an
    unfinished deploy, is `bluegreen rollback`. With nothing to take up it does nothing, and exits with 0.
    """
    return conduct(options, lambda environment: environment.resume())
