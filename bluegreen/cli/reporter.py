"""Shows one run as it goes: JSON lines, a live picture, or plain lines, and three lines at its end."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bluegreen.cli.console import ask, json_line, tell
from bluegreen.cli.narrate import NORMAL, QUIET, VERBOSE, Narrator
from bluegreen.cli.options import Options
from bluegreen.cli.summary import summarize
from bluegreen.cli.timeline import Timeline

if TYPE_CHECKING:
    from bluegreen.cli.live import LiveView

INTERRUPTED = "interrupted: finishing the current step, please wait"
GOING_BACK = "going back, please wait"


def wants_live(options: Options) -> bool:
    """Return whether stderr is a terminal that nothing else needs, and no runner's log."""
    return (
        options.step is None
        and not (options.quiet or options.verbose)
        and sys.stderr.isatty()
        and not options.dumb
        and not (options.json and sys.stdout.isatty())
    )


class Reporter:
    """Takes a run's events, from any thread: `take` is its on_event, `ask` its confirm, `interrupted` its OnSignal."""

    def __init__(self, options: Options) -> None:
        self.timeline = Timeline()
        self._options = options
        self._json = options.json
        level = QUIET if options.quiet else VERBOSE if options.verbose else NORMAL
        self._narrator = Narrator(level)
        self._live: LiveView | None = None
        self._told: set[str] = set()
        self._one_at_a_time = threading.RLock()

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def take(self, data: Mapping[str, Any]) -> None:
        """Take one event."""
        with self._one_at_a_time:
            self.timeline.take(data)
            if data.get("event") in ("run-started", "run-resumed") and wants_live(self._options):
                self._show()
            if self._json:
                self._write_json(data)
            if self._options.step is not None:
                self._options.step.take(data)
            if self._live is None or data["event"] == "console":  # too long for the picture, too good to be lost
                for line in self._narrator.tell(data):
                    self.say(line)

    def _write_json(self, data: Mapping[str, Any]) -> None:
        """Write a line of JSON. A full disk under stdout ends these lines; people are told on as ever."""
        try:
            json_line(data)
        except OSError as error:
            self._json = False
            self.say(f"warning: no more JSON can be written: {error.strerror}")

    def _show(self) -> None:
        from bluegreen.cli.live import LiveView

        self._live = LiveView(self.timeline, color=self._options.color)
        self._live.start()

    def say(self, text: str) -> None:
        """Write a line for people, whatever else is on the screen."""
        if self._live is not None:
            self._live.tell(text)
        else:
            self._line(text)

    def _line(self, text: str) -> None:
        style = "yellow" if text.startswith("warning:") else None
        tell(text, color=self._options.color, style=style)

    def ask(self, question: str) -> None:
        """Ask the person at the terminal; see console.ask."""
        with self._aside():
            ask(question, yes=self._options.yes)

    def interrupted(self, signal: str, again: bool) -> None:
        """Say once that a signal was heard, and what is done about it."""
        text = GOING_BACK if self.timeline.phase == "RETURN" else INTERRUPTED
        if text not in self._told:
            self._told.add(text)
            self.say(text)

    def summarize(self, *, hint: str = "") -> None:
        """Write the three lines, if there was a run, and what a step of a workflow leaves."""
        if not self.timeline.result:
            return
        told = [self._options.placed(line) for line in summarize(self.timeline, hint=hint)]
        for line in told:
            tell(line, color=self._options.color)
        if self._options.step is not None:
            self._options.step.end_run(self.timeline, told)

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Leave the terminal to something else for a moment."""
        if self._live is None:
            yield
            return
        self._live.pause()
        try:
            yield
        finally:
            self._live.start()
