"""bluegreen status"""

from __future__ import annotations

import time

import click

from bluegreen.cli.console import document, lines, tell
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment
from bluegreen.cli.views import status_lines
from bluegreen.errors import Refused
from bluegreen.events import SCHEMA


@click.command("status", cls=Verb)
@click.option("--check", is_flag=True, help="Exit with 3 on drift, a sick active color, or no way back while warm.")
@click.pass_obj
def command(options: Options, check: bool) -> int:
    """Show what is active, what each color runs and how healthy it is, and whether a rollback would work."""
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
