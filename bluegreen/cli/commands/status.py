"""bluegreen status"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import document, lines, tell
from bluegreen.cli.deploying import seconds
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment, several
from bluegreen.cli.views import status_lines
from bluegreen.errors import Refused
from bluegreen.events import SCHEMA

if TYPE_CHECKING:
    from bluegreen.app import Environment, Project


@click.command("status", cls=Verb)
@click.option("--check", is_flag=True, help="Exit with 3 on drift, a sick active color, or no way back while warm.")
@click.option(
    "--all", "every", is_flag=True, help="Every environment in one table; so too when none of several is named."
)
@click.option("--within", callback=seconds, default="1m", metavar="DURATION", help="For several.  [default: 1m]")
@click.pass_obj
def command(options: Options, check: bool, every: bool, within: float) -> int:
    """Show what is active, what each color runs and how healthy it is, and whether a rollback would work.

    Of several environments a table, with the worst of their exit codes. They are asked at once, and one that is silent
    holds up no other.
    """
    project = several(options, every=every)
    if project is not None:
        return _overview(options, project, within, check=check)
    report = open_environment(options).status()
    if options.json:
        document({"schema": SCHEMA, **report.as_dict()})
    else:
        lines(status_lines(report, time.time()))
    if options.step is not None:
        options.step.end_look(
            f"status of {report.environment}",
            [*(f"alarm: {alarm}" for alarm in report.alarms), *status_lines(report, time.time())],
            verdict="alarm" if report.alarms else "well",
            active=report.active,
            previous=report.rollback.target,
            release=report.colors[report.active].release,
            public_url=report.public_url,
        )
    if not check or not report.alarms:
        return 0
    for alarm in report.alarms:
        tell(f"alarm: {alarm}", color=options.color, style="red")
    return Refused.exit_code


def _overview(options: Options, project: Project, within: float, *, check: bool) -> int:
    from bluegreen.cli.everywhere import look_everywhere, overview_lines, overview_notes, overview_rows

    def opened(environment: Environment) -> None:
        if options.step is not None:
            options.step.mask(environment.secrets)

    looked = look_everywhere(project, within, opened)
    if options.json:
        document([one.as_dict() for one in looked])
    else:
        lines(overview_lines(looked, time.time(), options.placed_in))
    if options.step is not None:
        rows, notes = overview_rows(looked, time.time()), overview_notes(looked, options.placed_in)
        options.step.end_look_everywhere(rows, notes, well=not any(one.exit_code(check=True) for one in looked))
    return max(one.exit_code(check=check) for one in looked)
