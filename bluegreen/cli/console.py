"""The two streams: data goes to stdout, everything for people to stderr."""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Mapping
from typing import Any

import click

from bluegreen.errors import BluegreenError, ConfigError, Interrupted, Refused, UsageError


def data(text: str) -> None:
    """Write data."""
    click.echo(text)


def width() -> int | None:
    """Return how many columns the screen has that data goes to; None when that is no screen."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def document(value: Any) -> None:
    """Write one JSON document."""
    data(json.dumps(value, indent=2, default=str))


def json_line(value: Mapping[str, Any]) -> None:
    """Write one JSON line."""
    data(json.dumps(value, separators=(",", ":")))


def tell(text: str = "", *, color: bool = True, style: str | None = None) -> None:
    """Write a line for people. style: a color's name, for all of it."""
    click.secho(text, err=True, fg=style, color=None if color else False)


def tell_error(error: BluegreenError, *, color: bool = True, hint: bool = True) -> None:
    """Write what is wrong, where, and what to do about it. Every problem, where there are several."""
    problems = error.problems if isinstance(error, ConfigError) and len(error.problems) > 1 else ()
    red = click.style("error:", fg="red", bold=True)
    if problems:
        _write(f"{red} {len(problems)} problems", color)
        for problem in problems:
            _write(f"  {problem}", color)
            if problem.hint:
                _write(f"    {_hint(problem.hint)}", color)
        return
    _write(f"{red} {error.message}", color)
    if error.where:
        _write(f"  {error.where}", color)
    for line in error.details:
        _write(f"  {line}", color)
    if hint and error.hint:
        _write(_hint(error.hint), color)


def _hint(text: str) -> str:
    return f"{click.style('hint:', fg='cyan')} {text}"


def _write(text: str, color: bool) -> None:
    tell(text, color=color)


def ask(question: str, *, yes: bool) -> None:
    """Return when the answer is yes. Raises Refused for no, UsageError when there is nobody to ask."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"this needs a yes, and stdin is no terminal: {question}", hint="say it with --yes")
    # Within a run a first Ctrl-C only asks for an orderly end; at a question it is the answer.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        click.echo(f"{question} [y/N] ", err=True, nl=False)
        answer = sys.stdin.readline().strip().lower()
    except KeyboardInterrupt:
        tell()
        raise Interrupted("interrupted at the question") from None
    finally:
        signal.signal(signal.SIGINT, before)
    if answer not in ("y", "yes"):
        raise Refused("answered no")
