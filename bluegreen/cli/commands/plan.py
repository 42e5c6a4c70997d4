"""bluegreen plan"""

from __future__ import annotations

from dataclasses import asdict

import click

from bluegreen.cli.console import document, lines
from bluegreen.cli.deploying import parse_sets, wanted_options
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment
from bluegreen.cli.views import plan_lines
from bluegreen.errors import Refused
from bluegreen.events import SCHEMA


@click.command("plan", cls=Verb)
@wanted_options
@click.pass_obj
def command(options: Options, to: str | None, release: str | None, sets: tuple[str, ...]) -> int:
    """Show what a deploy would change, phase by phase, with the guard's verdict. Changes nothing, takes no lock.

    A layer that needs what an earlier one has not made yet is "known after" that one. Exits with 3 when the guard
    would refuse.
    """
    environment = open_environment(options)
    preview = environment.plan(to=to, release=release, sets=parse_sets(sets))
    if options.json:
        document({"schema": SCHEMA, **asdict(preview), "refused": preview.refused})
    else:
        lines(plan_lines(preview))
    if options.step is not None:
        options.step.end_look(
            f"plan for {environment.name}",
            plan_lines(preview),
            verdict=Refused.verdict if preview.refused else "planned" if preview.target else "nothing-to-do",
            active=preview.active,
            release=preview.release,
        )
    return Refused.exit_code if preview.refused else 0
