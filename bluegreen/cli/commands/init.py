"""bluegreen init"""

from __future__ import annotations

import click

from bluegreen.cli.console import document, lines, tell
from bluegreen.cli.options import Options, Verb
from bluegreen.errors import UsageError

STACKS = ("sandbox", "gcp-cloudflare")
SANDBOX_STEPS = ("bluegreen sandbox up", "bluegreen deploy --yes")
CLOUD_STEPS = (
    "(README.md: accounts, permissions, what to write into bluegreen.yaml)",
    "bluegreen plan -e pro",
    "bluegreen deploy -e pro",
)


@click.command("init", cls=Verb)
@click.argument("name")
@click.option("--stack", type=click.Choice(list(STACKS)), required=True, help="The kind of Terraform to begin with.")
@click.option(
    "--layout",
    type=click.Choice(["layers", "single"]),
    default="layers",
    show_default=True,
    help="A state for each color and the edge, or one root for everything.",
)
@click.option("--local", is_flag=True, help="A cloud's stack, run in the sandbox: real providers, no account.")
@click.option(
    "--modules",
    metavar="git::URL",
    default="",
    help="Take the modules from this git repository, at this version's tag, instead of copying them.",
)
@click.pass_obj
def command(options: Options, name: str, stack: str, layout: str, local: bool, modules: str) -> None:
    """Make the project folder NAME: bluegreen.yaml, its Terraform, a README and .gitignore.

    Never overwrites: the folder must be empty or not there. The sandbox needs no account, no registry and no provider.
    gcp-cloudflare is servers at Google Compute Engine behind Cloudflare; its README says what it needs.
    """
    from bluegreen.sandbox.project import SANDBOX, create_project

    if local and stack == SANDBOX:
        raise UsageError("--local is for a cloud's stack", hint="leave it out: the sandbox is local already")
    folder = options.folder / name
    files = create_project(folder, name, layout, stack, local=local, modules=modules)
    if options.json:
        document({"folder": str(folder), "files": [str(path) for path in files]})
        return
    lines(str(folder / path) for path in files)
    if not options.quiet:
        begin = SANDBOX_STEPS if stack == SANDBOX or local else CLOUD_STEPS
        steps = (f"cd {folder}", *begin)
        tell("next:", color=options.color)
        for step in steps:
            tell(f"  {step}", color=options.color)
