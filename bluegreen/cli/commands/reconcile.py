"""bluegreen reconcile"""

from __future__ import annotations

import click

from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct


@click.command("reconcile", cls=Verb)
@click.option("--to", type=click.Choice(("live", "state")), required=True, help="The one that is right.")
@click.pass_obj
def command(options: Options, to: str) -> int:
    """End a disagreement of Terraform's state and the live edge, which `bluegreen status` calls drift.

    --to live: somebody pointed the records at the other color, and the state is made to say so; the public stays where
    it is. --to state: the records are pointed back to the color that the state calls active, checked and proven like a
    switch.
    """
    return conduct(options, lambda environment: environment.reconcile(to=to))
