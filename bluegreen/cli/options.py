"""The global options, which every command takes before and after its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pathlib import Path

    from bluegreen.cli.github.step import Step

COLORS = ("blue", "green")
"""Spelled out, so that help needs nothing but click; a test holds them to model.Color."""


def _color_wanted() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Options:
    """What was asked for globally. environment: None for the only one. verb: the command, "" until it is known.
    wait_lock: seconds to wait for another run. terraform: the command runs it.
    alone: the process is ours, and ends with the command. step: of a GitHub workflow, None elsewhere.

    No dataclass, and no import of pathlib above: both would be a tenth of the time that `--help` takes.
    """

    project: str = "."
    environment: str | None = None
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    yes: bool = False
    terraform: bool = True
    verb: str = ""
    wait_lock: float = 0.0
    alone: bool = False
    step: Step | None = None

    def __init__(self, **given: Any) -> None:
        self.color = _color_wanted()
        vars(self).update(given)

    @property
    def dumb(self) -> bool:
        """Whether the terminal can only be written to, line after line."""
        return os.environ.get("TERM", "dumb") == "dumb"

    @property
    def folder(self) -> Path:
        from pathlib import Path

        return Path(self.project).absolute()

    def placed(self, text: str) -> str:
        """Return `text` with the project and environment that were named added to each command of ours in it."""
        return self.placed_in(self.environment or "", text)

    def placed_in(self, environment: str, text: str) -> str:
        """The same for an environment, "" for none."""
        import re
        import shlex

        given = [("-C", self.project if self.project != "." else ""), ("-e", environment)]
        extra = "".join(f" {option} {shlex.quote(value)}" for option, value in given if value)
        return re.sub(r"\bbluegreen (?!tf\b)[a-z][a-z-]*", lambda found: found[0] + extra, text) if extra else text


def guess(argv: Sequence[str]) -> Options:
    """Return what decides how an error is told, also when the arguments cannot be parsed."""
    ours = argv[: argv.index("--")] if "--" in argv else argv
    options = Options(json="--json" in ours, debug="--debug" in ours)
    options.color = options.color and "--no-color" not in ours
    return options


def _set(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    # A default must not undo what the other place, before or after the verb, has said.
    if context.get_parameter_source(str(parameter.name)) is click.core.ParameterSource.COMMANDLINE:
        setattr(context.find_root().obj, str(parameter.name), value)


def _no_color(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().obj.color = False


def global_options() -> list[click.Parameter]:
    """Return new ones, for one command."""
    flags = {
        "--json": "JSON on stdout: one event a line, or one document.",
        "--quiet": "Tell warnings, errors and the summary only.",
        "--verbose": "Tell every Terraform call, resource and change of the public's answers.",
        "--debug": "Show the traceback of an internal error.",
        "--yes": "No confirmation; required where stdin is no terminal.",
    }
    return [
        _Global(["-C", "--project"], metavar="DIR", help="The project's folder.  [default: .]", callback=_set),
        _Global(["-e", "--environment"], metavar="NAME", help="May be left out when there is one.", callback=_set),
        *(_Global([name], is_flag=True, help=text, callback=_set) for name, text in flags.items()),
        _Global(["--no-color"], is_flag=True, help="As the variable NO_COLOR.", callback=_no_color),
    ]


class _Global(click.Option):
    def __init__(self, declarations: Sequence[str], **attributes: Any) -> None:
        super().__init__(declarations, expose_value=False, **attributes)


class _Explained:
    """Help in two parts, the command's own options first."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        assert isinstance(self, click.Command)
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for parameter in self.get_params(context):
            # The usage line shows arguments; newer clicks would list them as options too.
            record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
            if record is not None:
                (shared if isinstance(parameter, _Global) else own).append(record)
        for title, records in (("Options", own), ("Global options", shared)):
            with formatter.section(title):
                formatter.write_dl(records)


class Verb(_Explained, click.Command):
    """A command that takes the global options too."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params += global_options()


class Verbs(_Explained, click.Group):
    """A command with commands of its own; all take the global options."""

    command_class = Verb

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **{"no_args_is_help": False, **attributes})
        self.params += global_options()

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        _Explained.format_options(self, context, formatter)
        self.format_commands(context, formatter)
