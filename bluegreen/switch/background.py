"""Work that goes on while something else is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from bluegreen.ports import Clock

T = TypeVar("T")

HEARD_AFTER = 0.2
"""Seconds for which an interruption may go unheard while something is asked that does not answer."""


def in_background(name: str, work: Callable[[], T]) -> Future[T]:
    """Begin `work` in a thread of its own, of that name. The program's end does not wait for it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def interruptibly(name: str, work: Callable[[], T], clock: Clock) -> T:
    """Return what `work` returns; raise Interrupted as soon as whoever asked the run to stop would have to wait for it.

    Then the work goes on to its own end, and nobody hears of it.
    """
    future = in_background(name, work)
    while wait([future], HEARD_AFTER).not_done:  # not by result's own TimeoutError: the work may have raised one
        clock.sleep(0.0)
    return future.result()
