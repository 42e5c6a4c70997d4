"""bluegreen config"""

from __future__ import annotations

import json

import click

from bluegreen.cli.console import document, lines
from bluegreen.cli.options import Options, Verbs
from bluegreen.cli.session import open_environment
from bluegreen.cli.views import table


@click.group("config", cls=Verbs)
def command() -> None:
    """Show what bluegreen.yaml comes to, or which keys it may have."""


@command.command("show")
@click.pass_obj
def show(options: Options) -> None:
    """Print an environment's merged configuration, with where each value came from. Secrets are masked."""
    from bluegreen.config.environment import shown

    rows = shown(open_environment(options).configured)
    if options.json:
        document([row._asdict() for row in rows])
        return
    written = ((row.path, row.origin, json.dumps(row.value, ensure_ascii=False, default=str)) for row in rows)
    lines(table(written))


@command.command("schema")
def schema() -> None:
    """Print the JSON Schema of bluegreen.yaml, for an editor."""
    from bluegreen.config.schema import json_schema

    document(json_schema())
