"""bluegreen show"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import data, document, lines
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.past import run_lines
from bluegreen.cli.session import open_environment

if TYPE_CHECKING:
    from bluegreen.app import Environment
    from bluegreen.ports import JournalEntry

LATE = 2.0
"""Seconds between the end of a command and its log, and between two clocks."""

EARLY = 0.1
"""Seconds by which the file system's clock may lag behind the one of the journal."""


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
    lines(run_lines(run, entries))
    if logs:
        data("\n".join(_log_lines(environment, entries)))


def _log_lines(environment: Environment, entries: Sequence[JournalEntry]) -> Iterator[str]:
    from bluegreen.adapters.terraform.logs import KEPT

    logs = list(_logs(environment, entries))
    told = [(layer, path, text) for layer, path in logs if (text := path.read_text(errors="replace").rstrip())]
    for layer, path, text in told:
        yield f"\n== {layer}: {path.name}\n{text}"
    if told:
        return
    if logs:
        yield "\nno logs: Terraform printed states and plans only, which may hold secrets and are not kept"
    elif any(entry.event == "terraform-finished" for entry in entries):
        yield f"\nno logs of this run are here: each layer keeps its last {KEPT}, on the machine that ran it"
    else:
        yield "\nno logs: this run ended before it called Terraform"


def _logs(environment: Environment, entries: Sequence[JournalEntry]) -> Iterator[tuple[str, Path]]:
    """Yield layer and path of the logs that were written while the run went on; only the newest of a layer are kept."""
    from bluegreen.adapters.terraform.logs import LOGS, find_logs

    if not entries:
        return
    first, last = entries[0].time - EARLY, entries[-1].time + LATE
    for layer in environment.config.stack:
        for path in find_logs(environment.layer_data(layer) / LOGS):
            if first <= path.stat().st_mtime <= last:
                yield layer.name, path
