"""bluegreen history"""

from __future__ import annotations

from itertools import islice

import click

from bluegreen.cli.console import document, lines, width
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.past import history_lines, row_of
from bluegreen.cli.session import open_environment


@click.command("history", cls=Verb)
@click.option("-n", "--number", type=click.IntRange(1), default=20, show_default=True, help="So many runs at most.")
@click.pass_obj
def command(options: Options, number: int) -> None:
    """List the runs, newest first: who, when, commit, CI, from, to, release, verdict and what the public saw."""
    environment = open_environment(options)
    told = (row_of(run, environment.journal(run)) for run in environment.store.runs())
    # What found the lock held never began, and is no run to tell of.
    rows = list(islice((row for row in told if row["verb"]), number))
    if options.json:
        document(rows)
    else:
        lines(history_lines(rows, width=width()) if rows else ["no runs yet"])
