"""The program: finds the command, and is the one place where an error becomes an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

import click

from bluegreen import __version__
from bluegreen.cli.github.workflow_commands import in_actions
from bluegreen.cli.options import Options, Verbs, guess
from bluegreen.cli.streams import make_patient
from bluegreen.cli.table import COMMANDS, RUNS, SECTIONS

if TYPE_CHECKING:
    from bluegreen.errors import BluegreenError

PROGRAM = "bluegreen"
"""Also when it was started as `bg`, which in a script is the shell's own."""

CLOSE = 0.7
"""How like an option must be to what was typed to be suggested; 1 is the same. Below, guesses get silly."""


class Program(Verbs):
    """The commands of the table, each imported when it is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"bluegreen.cli.commands.{name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise NoSuchVerb(args[0])
        context.find_root().obj.verb = args[0]
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


class NoSuchVerb(click.UsageError):
    def __init__(self, name: str) -> None:
        from bluegreen.config.wording import did_you_mean

        super().__init__(f'there is no command "{name}"')
        self.hint = did_you_mean(name, COMMANDS) or f"{PROGRAM} --help"


@click.group(cls=Program, invoke_without_command=True)
@click.version_option(__version__, prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context) -> None:
    """Put a new release in production without downtime, with Terraform; and take it back.

    Two colors, blue and green: one is active and serves the public, the other is idle. A deploy brings the release up
    on the idle one, checks it, switches, and proves from outside that the public has arrived.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run as a program: in a process of its own, whose streams are ours."""
    make_patient()
    sys.exit(run(sys.argv[1:], alone=True))


def run(argv: Sequence[str], *, alone: bool = False) -> int:
    """Run one command line; return its exit code. alone: see Options."""
    options = guess(argv)
    options.alone = alone
    with _step(options):
        try:
            return int(program.main(args=list(argv), prog_name=PROGRAM, standalone_mode=False, obj=options) or 0)
        except Exception as error:
            return _end(error, options)


def _step(options: Options) -> AbstractContextManager[object]:
    """Open the step of a GitHub workflow that this process is, if it is one."""
    if not in_actions(os.environ):
        return nullcontext()
    from bluegreen.cli.github.step import this_step

    options.step = this_step(os.environ)
    return options.step


def _end(error: Exception, options: Options) -> int:
    """Tell an error, in words and, where it ended a run, as JSON. Returns the exit code that its class owns."""
    from bluegreen.cli.console import tell_error

    ours = _translated(error, options)
    ours.hint = options.placed(ours.hint)
    tell_error(ours, color=options.color)
    if options.step is not None:
        options.step.annotate(ours, options.folder)
        options.step.end_badly(options.verb, ours)
    if options.json and (options.verb in RUNS or not options.verb):
        _end_json(ours)
    return ours.exit_code


def _translated(error: Exception, options: Options) -> BluegreenError:
    from bluegreen.errors import BluegreenError, Interrupted, UsageError

    match error:
        case BluegreenError():
            return error
        case click.exceptions.Abort():
            return Interrupted("interrupted")
        case click.ClickException():
            return UsageError(_message(error), hint=_hint(error))
    return _unforeseen(error, options)


def _unforeseen(error: Exception, options: Options) -> BluegreenError:
    """Return what is our own mistake, of which nobody knows what it quotes."""
    from bluegreen.adapters.redaction import environment_secrets, redact
    from bluegreen.errors import BluegreenError

    secrets = environment_secrets(os.environ)
    told = BluegreenError(redact(f"internal error: {type(error).__name__}: {error}", secrets))
    if options.debug:
        import traceback

        click.echo(redact("".join(traceback.format_exception(error)), secrets), err=True)
    else:
        told.hint = "--debug shows where; what was begun is in the journal: bluegreen status"
    return told


def _message(error: click.ClickException) -> str:
    # Without click's own "Did you mean", which is the hint.
    text = str(error.message) or error.format_message()
    text = error.format_message() if isinstance(error, click.BadParameter) else text
    return text[:1].lower() + text[1:].rstrip(".")


def _hint(error: click.ClickException) -> str:
    if told := getattr(error, "hint", ""):
        return str(told)
    near = _close(error) if isinstance(error, click.NoSuchOption) else ()
    if near:
        return f"did you mean {' or '.join(near)}?"
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else PROGRAM} --help"


def _close(error: click.NoSuchOption) -> list[str]:
    """Return the options that look like the one typed. The dashes, alike in all of them, do not count."""
    from difflib import get_close_matches

    near = {option.lstrip("-"): option for option in error.possibilities or ()}
    return [near[name] for name in get_close_matches(error.option_name.lstrip("-"), near, cutoff=CLOSE)]


def _end_json(error: BluegreenError) -> None:
    import time

    from bluegreen.cli.console import json_line
    from bluegreen.events import COUNTED, Errored, Result, envelope

    requests = dict.fromkeys(COUNTED, 0)
    result = Result(error.verdict, error.exit_code, requests=requests)
    with suppress(OSError):  # stdout is full: the exit code says it too
        for event in (Errored.of(error), result):
            json_line({**envelope(time=time.time()), **event.as_dict()})
