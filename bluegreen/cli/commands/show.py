"""bluegreen show"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import data, document, lines
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.past import run_lines
from bluegreen.cli.session import open_environment

if TYPE_CHECKING:
    from bluegreen.ports import JournalEntry, Log


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
        data("\n".join(_log_lines(environment.logs(run), entries)))


def _log_lines(logs: Sequence[Log], entries: Sequence[JournalEntry]) -> Iterator[str]:
    for log in logs:
        yield f"\n== {log.layer}: {log.command}\n{log.text.rstrip()}"
    if logs:
        return
    if any(entry.event == "terraform-finished" for entry in entries):
        yield "\nno logs are kept of this run: it is too old, or Terraform printed states alone, which may hold secrets"
    else:
        yield "\nno logs: this run ended before it called Terraform"
