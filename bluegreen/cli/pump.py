"""Standard streams that cannot hold a run up."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue

from bluegreen.cli.console import tell
from bluegreen.cli.streams import Patient

MOST = 1000
"""Writes for people that wait for a reader: what comes then is left out, and is in the journal. A live picture makes
eight a second."""


class Pump:
    """Writes to streams in a thread of its own, in the order in which it was given the texts. It waits for readers."""

    def __init__(self) -> None:
        self._given: SimpleQueue[tuple[Patient, str] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether so much waits that people would not read it any more."""
        return self._given.qsize() >= MOST

    def put(self, stream: Patient, text: str) -> None:
        self._given.put((stream, text))

    def end(self) -> None:
        """Return once everything is written, however long its readers take."""
        self._given.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (given := self._given.get()) is not None:
            stream, text = given
            stream.take(text)


@contextmanager
def unhurried() -> Iterator[None]:
    """Have no write wait for its reader until the end of the context, which waits for them all.

    A pager that nobody scrolls, or a connection that hangs, must keep no run from watching, or from going back. Where
    one stream alone is a terminal it goes on by itself; else they share a pump, and their lines keep their order.
    """
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, Patient)]
    with ExitStack() as stack:
        pumps: dict[bool, Pump] = {}
        for stream in streams:
            kind = stream.isatty()
            if kind not in pumps:
                pumps[kind] = Pump()
                stack.callback(pumps[kind].end)
            stack.enter_context(stream.pumped(pumps[kind]))
        yield
    for stream in streams:
        if stream.untold is not None:
            tell(f"warning: not everything could be written: {stream.untold.strerror}", style="yellow")
