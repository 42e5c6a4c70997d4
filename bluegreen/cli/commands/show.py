"""bluegreen show"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import MOST_DETAILS, data, document
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


@dataclass(frozen=True, slots=True)
class Log:
    """One command's log. written: Unix seconds."""

    layer: str
    path: Path
    written: float


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
    kept = list(_logs(environment, entries))
    data("\n".join(run_lines(run, entries, lambda finished: _details(kept, finished))))
    if logs:
        data("\n".join(_log_lines(kept, entries)))


def _logs(environment: Environment, entries: Sequence[JournalEntry]) -> Iterator[Log]:
    """Yield the logs that were written while the run went on; only the newest of each layer are kept."""
    from bluegreen.adapters.terraform.logs import find_logs

    if not entries:
        return
    first, last = entries[0].time - EARLY, entries[-1].time + LATE
    for layer in environment.config.stack:
        for path in find_logs(environment.data / "layers" / layer.name / "logs"):
            facts = path.stat()
            if first <= facts.st_mtime <= last:
                yield Log(layer.name, path, facts.st_mtime)


def _details(logs: Sequence[Log], finished: JournalEntry) -> list[str]:
    """Return what Terraform said of a failed command, as the error showed it when it happened."""
    from bluegreen.adapters.terraform.logs import read_details

    layer, name = finished.data["layer"], f"{finished.data['command']}-"
    for log in logs:
        of_it = log.layer == layer and log.path.name.startswith(name)
        if of_it and finished.time - EARLY <= log.written <= finished.time + LATE:
            return read_details(log.path)[:MOST_DETAILS]
    return []


def _log_lines(logs: Sequence[Log], entries: Sequence[JournalEntry]) -> Iterator[str]:
    from bluegreen.adapters.terraform.logs import KEPT

    told = [(log, text) for log in logs if (text := log.path.read_text(errors="replace").rstrip())]
    for log, text in told:
        yield f"\n== {log.layer}: {log.path.name}\n{text}"
    if told:
        return
    if logs:
        yield "\nno logs: Terraform printed states and plans only, which may hold secrets and are not kept"
    elif any(entry.event == "terraform-finished" for entry in entries):
        yield f"\nno logs of this run are here: each layer keeps its last {KEPT}, on the machine that ran it"
    else:
        yield "\nno logs: this run ended before it called Terraform"
