"""bluegreen init"""

from __future__ import annotations

import click

from bluegreen.cli.console import data, document, tell
from bluegreen.cli.options import Options, Verb


@click.command("init", cls=Verb)
@click.argument("name")
@click.option("--stack", type=click.Choice(["sandbox"]), required=True, help="The kind of Terraform to begin with.")
@click.option(
    "--layout",
    type=click.Choice(["layers", "single"]),
    default="layers",
    show_default=True,
    help="A state for each color and the edge, or one root for everything.",
)
@click.pass_obj
def command(options: Options, name: str, stack: str, layout: str) -> None:
    """Make the project folder NAME: bluegreen.yaml, its Terraform, a README and .gitignore.

    Never overwrites: the folder must be empty or not there. The sandbox needs no account, no registry and no provider.
    """
    from bluegreen.sandbox.project import create_project

    folder = options.folder / name
    files = create_project(folder, name, layout)
    if options.json:
        document({"folder": str(folder), "files": [str(path) for path in files]})
        return
    data("\n".join(str(folder / path) for path in files))
    if not options.quiet:
        steps = (f"cd {folder}", "bluegreen sandbox up", "bluegreen deploy --yes")
        tell("next:", color=options.color)
        for step in steps:
            tell(f"  {step}", color=options.color)
