"""bluegreen show"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import data, document
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.past import run_lines
from bluegreen.cli.session import open_environment

if TYPE_CHECKING:
    from bluegreen.app import Environment
    from bluegreen.ports import JournalEntry

LATE = 2.0
"""Seconds between the end of a command and its log, and between two clocks."""


@click.command("show", cls=Verb)
@click.argument("run")
@click.option("--logs", is_flag=True, help="Terraform's messages too, without secrets and values.")
@click.pass_obj
def command(options: Options, run: str, logs: bool) -> None:
    """Show one run: its phases with seconds, plans, probes and errors. `bluegreen history` lists the runs."""
    environment = open_environment(options)
    entries = environment.journal(run)
    if options.json:
        document([entry.data for entry in entries])
        return
    data("\n".join(run_lines(run, entries)))
    if logs:
        for layer, path in _logs(environment, entries):
            data(f"\n== {layer}: {path.name}\n{path.read_text(errors='replace').rstrip()}")


def _logs(environment: Environment, entries: Sequence[JournalEntry]) -> Iterator[tuple[str, Path]]:
    """Yield the logs that were written while the run went on; only the newest of each layer are kept."""
    from bluegreen.adapters.terraform.logs import find_logs

    if not entries:
        return
    first, last = entries[0].time, entries[-1].time
    for layer in environment.config.stack:
        for path in find_logs(environment.data / layer.name / "logs"):
            facts = path.stat()
            if facts.st_size and first <= facts.st_mtime <= last + LATE:
                yield layer.name, path
