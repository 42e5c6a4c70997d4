"""INT, TERM and HUP: the first one is remembered, further ones are swallowed, none raises in the middle of a step."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, TypeAlias

OnSignal: TypeAlias = Callable[[str, bool], None]
"""Is told a signal's name, as SIGINT, and whether it came after the first one."""

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _ignore(name: str, again: bool) -> None:
    """Tell nobody."""


class Signals:
    """ports.Interruptions over this process's signals, while it is entered; in the main thread only.

    What arrives while shielded is kept: it is seen when the shield ends, unless it is cleared before.
    """

    def __init__(self, on_signal: OnSignal = _ignore, *, for_good: bool = False) -> None:
        """for_good: after it is left they are ignored: the process only has to say what came of it, and to end."""
        self._on_signal = on_signal
        self._for_good = for_good
        self._arrived = False
        self._shields = 0
        self._untold: deque[tuple[str, bool]] = deque()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Signals:
        for number in CAUGHT:
            # A parent such as nohup set it to be ignored, and means it.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._for_good else handler)
        self._before.clear()
        self._tell()

    asked_by = ""

    @property
    def requested(self) -> bool:
        self._tell()
        return self._arrived and not self._shields

    def clear(self) -> None:
        self._arrived = False

    @contextmanager
    def shielded(self) -> Iterator[None]:
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1

    def _note(self, number: int, frame: FrameType | None) -> None:
        # Runs between two bytecodes of whatever the main thread does: no lock, no I/O, nothing that can fail.
        self._untold.append((signal.Signals(number).name, self._arrived))
        self._arrived = True

    def _tell(self) -> None:
        """Tell what came. Called from ordinary code of any thread, where the callback may print and write files."""
        while True:
            try:
                untold = self._untold.popleft()
            except IndexError:  # none is left; another thread may have told the last one since we looked
                return
            self._on_signal(*untold)


class NeverInterrupted:
    """ports.Interruptions for a program that handles its signals itself."""

    requested = False
    asked_by = ""

    def clear(self) -> None:
        """There is nothing to forget."""

    @contextmanager
    def shielded(self) -> Iterator[None]:
        yield


class CalledOff(NeverInterrupted):
    """ports.Interruptions of what its own caller stops, once nobody waits for it any more."""

    def call_off(self) -> None:
        self.requested = True


class UntilThen(NeverInterrupted):
    """The same, but that whatever goes on is to end at a moment. end: monotonic seconds."""

    def __init__(self, end: float) -> None:
        self._end = end

    @property
    def requested(self) -> bool:  # type: ignore[override]
        return time.monotonic() >= self._end
