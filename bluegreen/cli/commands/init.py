"""bluegreen init"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from bluegreen.cli.console import choose, data, document, is_asked, lines, tell
from bluegreen.cli.options import Options, Verb
from bluegreen.errors import UsageError

CLOUD = "gcp-cloudflare"
STACKS: Mapping[str, str] = {
    "sandbox": "all of it on this machine, to try it: no account, no registry, no provider",
    CLOUD: "servers at Google Compute Engine, records at Cloudflare",
}
LAYOUTS: Mapping[str, str] = {
    "layers": "a state for each color and for the edge: an edit of shared code reaches the idle color first",
    "single": "one root for everything: fewer files, and each switch plans all of it",
}
PLACES: Mapping[str, str] = {
    "cloud": "in your accounts; the project's README says what they need",
    "local": "in the sandbox, with the real providers, to try it: no account",
}
SANDBOX_STEPS = ("bluegreen sandbox up", "bluegreen deploy --yes")
CLOUD_STEPS = (
    "(README.md: accounts, permissions, what to write into bluegreen.yaml)",
    "bluegreen plan -e pro",
    "bluegreen deploy -e pro",
)


@click.command("init", cls=Verb)
@click.argument("name")
@click.option("--stack", type=click.Choice(list(STACKS)), help="The kind of Terraform; without it, you are asked.")
@click.option(
    "--layout",
    type=click.Choice(list(LAYOUTS)),
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
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_context
def command(
    context: click.Context, name: str, stack: str | None, layout: str, local: bool, modules: str, dry_run: bool
) -> None:
    """Make the project folder NAME: bluegreen.yaml, its Terraform, a README and .gitignore.

    Never overwrites: the folder must be empty or not there. The sandbox needs no account, no registry and no provider.
    gcp-cloudflare is servers at Google Compute Engine behind Cloudflare; its README says what it needs.
    For Terraform that you have already there is `bluegreen adopt`.
    """
    from bluegreen.sandbox.project import SANDBOX, project_files, write_project

    options = context.ensure_object(Options)
    if stack is None:
        stack, layout, local = _ask(context, options.color)
    if local and stack == SANDBOX:
        raise UsageError("--local is for a cloud's stack", hint="leave it out: the sandbox is local already")
    folder = options.folder / name
    files = project_files(folder, name, layout, stack, local=local, modules=modules)
    if not dry_run:
        write_project(folder, files)
    if options.json:
        document({"folder": str(folder), "files": list(map(str, files)), "written": not dry_run})
        return
    lines(str(folder / path) for path in files)
    if dry_run:
        tell("nothing was written; bluegreen.yaml would say:", color=options.color)
        data(files[Path("bluegreen.yaml")])
    elif not options.quiet:
        begin = SANDBOX_STEPS if stack == SANDBOX or local else CLOUD_STEPS
        tell("next:", color=options.color)
        for step in (f"cd {folder}", *begin):
            tell(f"  {step}", color=options.color)


def _ask(context: click.Context, color: bool) -> tuple[str, str, bool]:
    """Ask for what was not said; return stack, layout, and whether a cloud's stack is to run in the sandbox."""
    if not is_asked():
        raise UsageError("which stack? stdin is no terminal", hint=f"--stack {' or --stack '.join(STACKS)}")
    layout, local = context.params["layout"], context.params["local"]
    stack = CLOUD if local else choose("What are the servers and the edge?", STACKS, color=color)
    if stack == CLOUD and not local:
        local = choose("Where do they run?", PLACES, color=color) == "local"
    if context.get_parameter_source("layout") is click.core.ParameterSource.DEFAULT:
        layout = choose("How is the Terraform laid out?", LAYOUTS, color=color)
    said = f"--stack {stack} --layout {layout}{' --local' if local else ''}"
    tell(f"the same without questions: {said}", color=color)
    return stack, layout, local
