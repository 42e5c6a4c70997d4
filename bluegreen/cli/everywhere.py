"""All environments of a project, asked at once, as one table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from bluegreen.adapters.signals import UntilThen
from bluegreen.cli.views import drift_found, last_run, table
from bluegreen.cli.words import until
from bluegreen.errors import BluegreenError, Interrupted, Refused
from bluegreen.events import SCHEMA
from bluegreen.switch.background import in_background
from bluegreen.switch.status import StatusReport

if TYPE_CHECKING:
    from bluegreen.app import Environment, Project

HEAD = ("ENVIRONMENT", "ACTIVE", "RELEASE", "HEALTH", "WARM", "LAST RUN", "DRIFT")

FOR_THE_LAST = 3.0
"""Seconds that are left, after all have had their time, for a Terraform to end in good order."""


Placed: TypeAlias = Callable[[str, str], str]
"""Given an environment and a text, returns the text with each command of ours in it as it has to be typed for it."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One environment: what was seen there, or why nothing was."""

    environment: str
    report: StatusReport | None = None
    error: BluegreenError | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the document of one environment, as `status --json` prints it; without a report, its error."""
        if self.report is not None:
            return {"schema": SCHEMA, **self.report.as_dict()}
        error = self.error or BluegreenError("")
        told = {name: getattr(error, name) for name in ("message", "where", "hint", "exit_code")}
        return {"schema": SCHEMA, "environment": self.environment, "error": told}

    def exit_code(self, *, check: bool) -> int:
        """Return what `status` of this environment alone would end with."""
        if self.error is not None:
            return self.error.exit_code
        return Refused.exit_code if check and self.report is not None and self.report.alarms else 0


def look_everywhere(project: Project, within: float, opened: Callable[[Environment], None]) -> Sequence[Looked]:
    """Ask every environment at once, in the order of the file. within: seconds; whoever is silent then is left.

    opened: is handed each before it is asked, from a thread of its own.
    """
    end = time.monotonic() + within

    def look(name: str) -> StatusReport:
        environment = project.environment(name)
        environment.interruptions = UntilThen(end)
        opened(environment)
        return environment.status()

    return gather({name: partial(look, name) for name in project.config.names}, within)


def gather(asked: Mapping[str, Callable[[], StatusReport]], within: float) -> Sequence[Looked]:
    """Return what each of them says, or why it says nothing."""
    end = time.monotonic() + within + FOR_THE_LAST
    silent = BluegreenError(f"no answer in {within:g} s", hint="alone it may take longer: bluegreen status")
    answers = {name: in_background(f"status of {name}", look) for name, look in asked.items()}
    looked = []
    for name, answer in answers.items():
        try:
            looked.append(Looked(name, answer.result(max(0.0, end - time.monotonic()))))
        except (TimeoutError, Interrupted):
            looked.append(Looked(name, error=silent))
        except BluegreenError as error:
            looked.append(Looked(name, error=error))
    return looked


def overview_lines(looked: Sequence[Looked], now: float, placed: Placed) -> list[str]:
    """Return the table, and below it what is the matter. now: Unix seconds."""
    notes = overview_notes(looked, placed)
    return [*table(overview_rows(looked, now)), *(["", *notes] if notes else [])]


def overview_rows(looked: Sequence[Looked], now: float) -> list[tuple[str, ...]]:
    """Return the table, its head first."""
    return [HEAD, *(_row(one, now) for one in looked)]


def overview_notes(looked: Sequence[Looked], placed: Placed) -> list[str]:
    """Return what is the matter, a line each."""
    return [f"{one.environment}: {placed(one.environment, note)}" for one in looked for note in _notes(one)]


def _row(looked: Looked, now: float) -> tuple[str, ...]:
    report = looked.report
    if report is None:
        return (looked.environment, "?", "?", "?", "?", "?", "?")
    warm = until(report.warm_until, now) if report.warm_until else "-"
    last = last_run(report.last_run, now) if report.last_run is not None else "-"
    color = report.colors.get(report.active)
    release = color.release if color is not None else ""
    return (report.environment, report.active, release or "-", _health(report), warm, last, drift_found(report))


def _health(report: StatusReport) -> str:
    color = report.colors.get(report.active)
    if color is None or color.healthy is None:
        return "not running"
    return "healthy" if color.healthy else "sick" if color.reached else "not reached"


def _notes(looked: Looked) -> Iterator[str]:
    if looked.error is not None:
        yield from (f"error: {one}" for one in getattr(looked.error, "problems", ()) or (looked.error,))
        if looked.error.hint:
            yield f"hint: {looked.error.hint}"
    if looked.report is None:
        return
    yield from looked.report.alarms
    if looked.report.freeze is not None:
        yield looked.report.freeze.title
    if looked.report.unfinished:
        yield f"unfinished: {looked.report.unfinished}; bluegreen resume finishes it"
