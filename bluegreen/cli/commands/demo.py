"""bluegreen demo"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import document, lines
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.reporter import Reporter
from bluegreen.cli.views import table
from bluegreen.cli.words import took

if TYPE_CHECKING:
    from bluegreen.app import Environment
    from bluegreen.cli.demo import Act, Numbers
    from bluegreen.ports import Interruptions


@click.command("demo", cls=Verb)
@click.option("--keep", is_flag=True, help="Leave the project's folder; the sandbox is ended all the same.")
@click.pass_obj
def command(options: Options, keep: bool) -> int:
    """Make a project, deploy, deploy again and roll back, with real Terraform, servers and traffic, on this machine.

    Takes about a minute in a temporary folder and leaves nothing behind. Exits with 1 when a public request failed.
    """
    from bluegreen.adapters.signals import Signals
    from bluegreen.cli.demo import Demo

    stage = _Stage(Options(**{**vars(options), "json": False, "yes": True}))
    with Signals(stage.interrupted, for_good=options.alone) as signals:
        stage.interruptions = signals
        numbers = Demo(stage.say, stage.show, signals).perform(keep)
    if options.json:
        document(asdict(numbers))
    else:
        lines(number_lines(numbers))
    return 1 if numbers.failed else 0


class _Stage:
    """Shows the runs one after another, each with a reporter of its own."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._reporter = Reporter(options)
        self.interruptions: Interruptions | None = None

    def say(self, text: str) -> None:
        self._reporter.say("")
        self._reporter.say(f"# {text}")

    def interrupted(self, signal: str, again: bool) -> None:
        self._reporter.interrupted(signal, again)

    def show(self, environment: Environment, act: Act) -> float:
        self._reporter = Reporter(self._options)
        environment.on_event, environment.confirm = self._reporter.take, self._reporter.ask
        if self.interruptions is not None:
            environment.interruptions = self.interruptions
        with self._reporter:
            act(environment)
        self._reporter.summarize()
        return self._reporter.timeline.first_answer or 0.0


def number_lines(numbers: Numbers) -> list[str]:
    """Return the end of the demo."""
    colors = ", ".join(f"{color} {count:,}" for color, count in sorted(numbers.by_color.items()))
    failure = f" ({numbers.first_failure})" if numbers.first_failure else ""
    rows = [
        ("requests sent", f"{numbers.sent:,}"),
        ("failed", f"{numbers.failed:,}{failure}"),
        ("stale", f"{numbers.stale:,}"),
        ("slow", f"{numbers.slow:,}, p99 {numbers.p99 * 1000:.0f} ms"),
        ("by color", colors),
        ("switch", f"first answer of the new color after {took(numbers.switch)}"),
        ("rollback", f"first answer of the old color after {took(numbers.rollback)}"),
    ]
    return ["", *table(rows)]
