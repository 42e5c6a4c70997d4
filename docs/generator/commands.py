"""Every command with its arguments and options, from the tree of click's commands that the program walks."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Sequence

import click

from bluegreen.cli.main import PROGRAM, program
from bluegreen.cli.options import global_options
from bluegreen.cli.table import SECTIONS
from generator.marks import escaped, table

DEFAULT = re.compile(r" *\[default: (.*)\]$")
"""How a help text says what click does not know."""

VERBATIM = "\b\n"
"""Before a paragraph that click prints as it is."""


def commands_text() -> str:
    """Return the global options, then every command by the sections of `--help`, each group before its own commands."""
    root = click.Context(program, info_name=PROGRAM)
    parts = ["## Global options", "Before or after the name of the command.", _options(global_options())]
    for title, commands in SECTIONS.items():
        parts.append(f"## {title}")
        for name in commands:
            parts += _command(program, name, root)
    return "\n\n".join(parts) + "\n"


def _command(group: click.Group, name: str, parent: click.Context) -> Iterator[str]:
    command = group.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield f"### {context.command_path}"
    yield f"```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```"
    yield from _help(inspect.cleandoc(command.help or ""))
    shared = {option.name for option in global_options()}
    if own := [one for one in command.params if isinstance(one, click.Option) and one.name not in shared]:
        yield _options(own)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _command(command, inner, context)


def _help(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        verbatim = paragraph.removeprefix(VERBATIM)
        if paragraph == verbatim or "  " not in verbatim:
            yield escaped(verbatim)
        else:
            yield f"```text\n{textwrap.dedent(verbatim)}\n```"


def _options(options: Sequence[click.Parameter]) -> str:
    return table(("option", "what it says", "default"), map(_option, options))


def _option(option: click.Parameter) -> tuple[str, str, str]:
    assert isinstance(option, click.Option)
    assert option.envvar is None, f"{option.name}: this page says that no option has a variable"
    value = "" if option.is_flag else f" {option.metavar or str(option.name).upper()}"
    text = option.help or ""
    known = option.default if isinstance(option.default, str | int) and not option.is_flag else ""
    default = found[1] if (found := DEFAULT.search(text)) else f"`{known}`" if known != "" else ""
    choices = [f"`{choice}`" for choice in option.type.choices] if isinstance(option.type, click.Choice) else []
    notes = [
        *([f"One of {', '.join(choices)}."] if choices else []),
        *(["Required."] if option.required else []),
        *(["May be given several times."] if option.multiple else []),
    ]
    return (f"`{', '.join(option.opts)}{value}`", " ".join([escaped(DEFAULT.sub("", text)), *notes]), default)
