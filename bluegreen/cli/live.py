"""Draws a run on a terminal while it goes on, with Rich; imported only then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bluegreen.cli.frame import ASCII, UNICODE, Screen, draw
from bluegreen.cli.timeline import Timeline

FRAMES = 8
"""Pictures a second: enough for a clock with tenths that a person watches."""


def shows_unicode(environment: Mapping[str, str], encoding: str) -> bool:
    """Return whether the terminal is meant to show more than ASCII.

    Python makes C.UTF-8 of a C locale and tells so in LC_CTYPE, so that one counts last.
    """
    locale = environment.get("LC_ALL") or environment.get("LANG") or environment.get("LC_CTYPE") or ""
    return "utf" in locale.lower() and "utf" in encoding.lower()


class Picture:
    """The timeline as Rich draws it, anew for each frame, so that its clocks run."""

    def __init__(self, timeline: Timeline, clock: Callable[[], float] = time.time) -> None:
        self._timeline = timeline
        self._clock = clock

    def text(self, screen: Screen) -> Text:
        lines = draw(self._timeline, self._clock(), screen)
        return Text("\n").join(Text.assemble(*line, no_wrap=True) for line in lines)


class LiveView:
    """A live picture on stderr, from `start` to `stop`; what is left then stands as the record of the run."""

    def __init__(self, timeline: Timeline, *, color: bool) -> None:
        self._console = Console(stderr=True, no_color=not color, highlight=False)
        unicode = shows_unicode(os.environ, self._console.encoding)
        self._marks = UNICODE if unicode else ASCII
        self._picture = Picture(timeline)
        self._live = self._new()

    def _new(self) -> Live:
        return Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=FRAMES,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _render(self) -> Text:
        return self._picture.text(Screen(self._console.width, self._marks))

    def start(self) -> None:
        # A Live that is started twice takes the lines in between for its own, and draws over them.
        self._live = self._new()
        self._live.start(refresh=True)

    def pause(self) -> None:
        """Wipe the picture and let go of the terminal, to be started again."""
        self._live.transient = True
        self._live.stop()

    def stop(self) -> None:
        """Draw the last picture and let go of the terminal."""
        self._live.stop()

    def tell(self, text: str) -> None:
        """Write a line above the picture."""
        self._console.print(text, markup=False)
