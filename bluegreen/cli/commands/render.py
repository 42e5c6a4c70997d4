"""bluegreen render"""

from __future__ import annotations

import click

from bluegreen.cli.console import document, lines
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment
from bluegreen.errors import Refused

WORDS = {
    "written": "{layer}: {path} was written",
    "current": "{layer}: {path} is current",
    "differs": "{layer}: {path} differs from what is deployed",
    "shared": "{layer}: its folder serves others too and gets no file: bluegreen tf {layer} -- plan",
}


@click.command("render", cls=Verb)
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 when a file differs or is missing.")
@click.pass_obj
def command(options: Options, check: bool) -> int:
    """Write zz-bluegreen.auto.tfvars into each layer's folder, from the stack's output.

    With it a bare `terraform plan` there finds nothing to change. It is derived: bluegreen never reads it to decide.
    """
    from bluegreen.cli.by_hand import render_all

    found = list(render_all(open_environment(options), write=not check))
    if options.json:
        document([{"layer": each.layer, "path": str(each.path), "state": each.state} for each in found])
    else:
        lines(WORDS[each.state].format(layer=each.layer, path=each.path) for each in found)
    return Refused.exit_code if any(each.state == "differs" for each in found) else 0
