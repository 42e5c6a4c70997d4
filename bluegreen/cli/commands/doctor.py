"""bluegreen doctor"""

from __future__ import annotations

from dataclasses import asdict

import click

from bluegreen.cli.console import document, lines
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment
from bluegreen.cli.views import doctor_lines
from bluegreen.errors import Refused
from bluegreen.events import SCHEMA


@click.command("doctor", cls=Verb)
@click.pass_obj
def command(options: Options) -> int:
    """Look at everything that a run stands on, and say what to mend. Changes nothing, takes no lock.

    Engine, lock files, states, contract, colors, token, zone, permissions, firewall, evidence, and this machine; a line
    each, ok, skipped, warning or failure, with what to do about it. Exits with 3 on a failure.
    """
    diagnosis = open_environment(options).doctor()
    if options.json:
        document({"schema": SCHEMA, **asdict(diagnosis), "failed": diagnosis.failed})
    else:
        lines(doctor_lines(diagnosis))
    return Refused.exit_code if diagnosis.failed else 0
