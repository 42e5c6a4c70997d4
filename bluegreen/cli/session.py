"""From the options to an environment, and through a run to its exit code.

What stands behind an environment is imported when one is opened: help and completion need none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bluegreen.cli.console import tell, tell_error
from bluegreen.cli.options import Options
from bluegreen.cli.pump import unhurried
from bluegreen.cli.reporter import Reporter
from bluegreen.errors import BluegreenError, UsageError

if TYPE_CHECKING:
    from bluegreen.app import Environment, Project
    from bluegreen.switch.conduct import RunResult


def open_project(options: Options) -> Project:
    """Read the project. Raises ConfigError."""
    from bluegreen.app import load

    return load(options.folder)


def several(options: Options, *, every: bool) -> Project | None:
    """Return the project where all of its environments are meant: every, or none of several is named; else None.

    Raises ConfigError, and UsageError when one is named and all are meant.
    """
    if options.environment is not None:
        if every:
            raise UsageError("--all means every environment, and -e names one", hint="leave one of them out")
        return None
    project = open_project(options)
    return project if every or len(project.config.names) > 1 else None


def open_environment(options: Options) -> Environment:
    """Read the project and choose its environment, in which nothing is shown or asked yet. Raises ConfigError.

    What was done past Terraform is said, whatever the verb, until it is mended.
    """
    environment = open_project(options).environment(options.environment, terraform=options.terraform)
    if options.step is not None:
        options.step.mask(environment.secrets)
    run = environment.past_terraform
    if run is not None:
        told = f"run {run.id} pointed the public at {run.target} past Terraform, which does not know that yet"
        tell(options.placed(f"warning: {told}: bluegreen resume"), color=options.color, style="yellow")
    return environment


def conduct(options: Options, act: Callable[[Environment], RunResult]) -> int:
    """Do one run with everything shown; return its exit code. Raises what ended it before it began."""
    from bluegreen.adapters.signals import Signals

    environment = open_environment(options)
    reporter = Reporter(options)
    try:
        with unhurried(), reporter, Signals(reporter.interrupted, for_good=options.alone) as signals:
            environment.on_event, environment.confirm = reporter.take, reporter.ask
            environment.interruptions, environment.wait_lock = signals, options.wait_lock
            result = act(environment)
    except BluegreenError as error:
        if not reporter.timeline.result:
            raise
        tell_error(error, color=options.color, hint=False)
        if options.step is not None:
            options.step.annotate(error, options.folder)
        reporter.summarize(hint=error.hint)
        exit_code = int(reporter.timeline.result["exit_code"])
    else:
        reporter.summarize()
        exit_code = result.exit_code
    if options.step is not None:
        options.step.keep_report(reporter.timeline.run, partial(_report, environment, reporter.timeline.run))
    return exit_code


def _report(environment: Environment, run: str) -> str:
    from bluegreen.cli.chronicle import report_of

    return report_of(run, environment.journal(run))
