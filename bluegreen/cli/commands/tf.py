"""bluegreen tf"""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from bluegreen.cli.foreground import run_in_foreground
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment

if TYPE_CHECKING:
    from bluegreen.adapters.terraform.workspace import TerraformWorkspace
    from bluegreen.app import Environment
    from bluegreen.config.stack import LayerConfig

VALUED = frozenset({"plan", "console", "import", "refresh"})
"""Commands that are handed the values. Not apply: an apply that no guard has read is not made easier."""

UNATTENDED = frozenset({"TF_INPUT", "TF_IN_AUTOMATION"})
"""What tells Terraform that there is nobody to ask."""


class _Passing(Verb):
    """Keeps everything behind `--` for Terraform, global options of ours included."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        cut = args.index("--") if "--" in args else len(args)
        context.meta["terraform"] = args[cut + 1 :]
        try:
            return super().parse_args(context, args[:cut])
        except click.UsageError as error:
            if cut == len(args) and (meant := self._meant(context, args)):
                raise NoDashes(meant) from error
            raise

    def _meant(self, context: click.Context, args: list[str]) -> str:
        """Return the command line that was meant by one without `--`; "" when it gives Terraform nothing to do."""
        parser = self.make_parser(context)
        parser.ignore_unknown_options = True
        found, arguments, _ = parser.parse_args(list(args))
        if not arguments or arguments[0].startswith("-"):  # an option of ours, mistyped
            return ""
        return f"bluegreen tf {found['layer']} -- {shlex.join(arguments)}"

    def collect_usage_pieces(self, context: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(context), "-- ARGS..."]


class NoDashes(click.UsageError):
    """Terraform's own arguments stand before `--`, or there is none."""

    def __init__(self, meant: str) -> None:
        super().__init__("what Terraform is to do stands behind --")
        self.hint = meant


@click.command("tf", cls=_Passing)
@click.argument("layer", required=False)
@click.pass_context
def command(context: click.Context, layer: str | None) -> int:
    """Run Terraform in a layer's folder, with the environment's data directory and backend.

    plan, console, import and refresh also get the values that hold now, rebuilt from the stack's output, so that a plan
    shows what differs from them. What follows `--` is Terraform's, and so is the exit code.

    \b
        bluegreen tf edge -- plan
        bluegreen tf blue -- state list
    """
    arguments: list[str] = context.meta["terraform"]
    if not arguments:
        raise click.UsageError("what is Terraform to do? Write it behind --, as: bluegreen tf LAYER -- plan")
    options = context.ensure_object(Options)
    from bluegreen.cli.by_hand import find_layer

    environment = open_environment(options)
    chosen = find_layer(environment, layer)
    workspace = environment.workspace(chosen)
    workspace.init()
    with _values(environment, chosen, workspace, arguments) as extra:
        variables = {**workspace.environment, **extra}
        if sys.stdin is not None and sys.stdin.isatty():  # then somebody is there to be asked
            variables = {name: text for name, text in variables.items() if name not in UNATTENDED}
        return run_in_foreground([*environment.engine.argv, *arguments], workspace.folder, variables)


@contextlib.contextmanager
def _values(
    environment: Environment, layer: LayerConfig, workspace: TerraformWorkspace, arguments: Sequence[str]
) -> Iterator[dict[str, str]]:
    """Give the variable through which Terraform is handed the values, where its command takes any."""
    from bluegreen.cli.by_hand import values_arguments

    wanted = next((word for word in arguments if not word.startswith("-")), "")
    if wanted not in VALUED:
        yield {}
        return
    with values_arguments(environment, layer, workspace) as files:
        yield {f"TF_CLI_ARGS_{wanted}": shlex.join(files)}
