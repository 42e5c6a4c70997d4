"""The two streams: data goes to stdout, everything for people to stderr.

Whatever somebody else said, a server, an API or a command, passes through here, and loses what a terminal would obey.
JSON needs none of that: ours is ASCII.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from bluegreen.adapters.printable import one_line, printable
from bluegreen.cli.github.workflow_commands import harmless, harmless_json, in_actions
from bluegreen.errors import BluegreenError, ConfigError, Interrupted, Refused, UsageError


def data(text: str) -> None:
    """Write data."""
    text = printable(text)
    click.echo(harmless(text) if in_actions(os.environ) else text)


def lines(lines: Iterable[str]) -> None:
    """Write data that people read line by line."""
    data("\n".join(map(one_line, lines)))


def width() -> int | None:
    """Return how many columns the screen has that data goes to; None when that is no screen."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def document(value: Any) -> None:
    """Write one JSON document."""
    click.echo(harmless_json(json.dumps(value, indent=2, default=str)))


def json_line(value: Mapping[str, Any]) -> None:
    """Write one JSON line."""
    click.echo(harmless_json(json.dumps(value, separators=(",", ":"))))


def tell(text: str = "", *, color: bool = True, style: str | None = None, label: str = "") -> None:
    """Write a line for people. style: a color's name, for all of it. label: what stands before it, styled already."""
    click.echo(label + click.style(one_line(text), fg=style), err=True, color=None if color else False)


def tell_error(error: BluegreenError, *, color: bool = True, hint: bool = True) -> None:
    """Write what is wrong, where, and what to do about it. Every problem, where there are several."""
    problems = error.problems if isinstance(error, ConfigError) and len(error.problems) > 1 else ()
    red = click.style("error:", fg="red", bold=True) + " "
    cyan = click.style("hint:", fg="cyan") + " "
    if problems:
        tell(f"{len(problems)} problems", label=red, color=color)
        for problem in problems:
            tell(f"  {problem}", color=color)
            if problem.hint:
                tell(problem.hint, label=f"    {cyan}", color=color)
        return
    first, *more = error.message.splitlines() or [""]
    tell(first, label=red, color=color)
    for line in (*more, error.where, *error.details):
        if line:
            tell(f"  {line.strip()}", color=color)
    if hint and error.hint:
        tell(error.hint, label=cyan, color=color)


def ask(question: str, *, yes: bool) -> None:
    """Return when the answer is yes. Raises Refused for no, UsageError when there is nobody to ask."""
    if yes:
        return
    if not is_asked():
        raise UsageError(f"this needs a yes, and stdin is no terminal: {question}", hint="say it with --yes")
    if _answer(f"{question} [y/N]").strip().lower() not in ("y", "yes"):
        raise Refused("answered no")


def is_asked() -> bool:
    """Return whether there is somebody who can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def choose(question: str, choices: Mapping[str, str], *, color: bool = True) -> str:
    """Return the word that somebody chose, by itself or by its number; without an answer the first one.

    choices: word -> what it is. Raises Refused when there is no more to be read.
    """
    words = list(choices)
    tell(question, color=color)
    for number, (word, meaning) in enumerate(choices.items(), 1):
        tell(f"  {number}  {word:<{max(map(len, words))}}  {meaning}", color=color)
    while True:
        answer = _answer(f"1 to {len(words)} [1]")
        if not answer:
            tell()
            raise Refused("not answered")
        said = answer.strip()
        if said.isdecimal() and 1 <= int(said) <= len(words):
            return words[int(said) - 1]
        if said in choices or not said:
            return said or words[0]


def _answer(question: str) -> str:
    """Return the line that was typed, "" at the end of all. Raises Interrupted."""
    # Within a run a first Ctrl-C only asks for an orderly end; at a question it is the answer.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        click.echo(f"{one_line(question)} ", err=True, nl=False)
        return sys.stdin.readline()
    except KeyboardInterrupt:
        tell()
        raise Interrupted("interrupted at the question") from None
    finally:
        signal.signal(signal.SIGINT, before)
