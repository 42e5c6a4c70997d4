"""Asks one question again and again in threads of its own."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from bluegreen.errors import BluegreenError
from bluegreen.ports import Answer, Probe, Question

MOST_IN_FLIGHT = 100
"""Questions under way at a time, as many as the defaults ask of an edge that answers none; a quicker pace would gather
thousands."""

CROWDED_PACE = 1.0
"""Seconds between two questions once so many are under way: those that hang at one color must not hide the other."""

BODY_KEPT = 4096
LARGE_BODIES_KEPT = 512
"""A body longer than BODY_KEPT bytes is cut to that once so many later ones of its kind have come: by then whoever
reads the answers has read it, and 64 KiB ten times a second for an hour would be 2 GiB."""

_SLACK = 1.0
"""Seconds that a thread may take to end, beyond its question's own timeout."""


class ThreadProber:
    """ports.Prober."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._changed = threading.Condition()
        self._answers: list[Answer] = []
        self._large: deque[int] = deque()
        self._asking: dict[threading.Thread, float] = {}
        self._ticker: threading.Thread | None = None
        self._question = Question("")
        self._every = 0.0

    def start(self, question: Question, every: float) -> None:
        with self._changed:
            self._question, self._every = question, every
            if self._ticker is None:
                self._ticker = threading.Thread(target=self._tick, name="prober", daemon=True)
                self._ticker.start()
            self._changed.notify_all()

    def pace(self, every: float) -> None:
        with self._changed:
            self._every = every
            self._changed.notify_all()

    def answers(self, since: int) -> Sequence[Answer]:
        with self._changed:
            return self._answers[since:]

    def stop(self, within: float = math.inf) -> None:
        with self._changed:
            ticker, self._ticker = self._ticker, None
            self._changed.notify_all()
        if ticker is None:
            return
        ticker.join()
        with self._changed:
            asking = tuple(self._asking)
        end = time.monotonic() + min(within, self._question.timeout + _SLACK)
        for thread in asking:
            thread.join(max(0.0, end - time.monotonic()))
        with self._changed:
            for asked in self._asking.values():
                waited = time.monotonic() - asked
                self._keep(Answer(0, error=f"no answer in {waited:.1f} s", reached=False, seconds=waited, asked=asked))
            self._asking.clear()  # an answer that comes after all is not told any more

    def _tick(self) -> None:
        me = threading.current_thread()
        with self._changed:
            last = time.monotonic() - self._every
            while self._ticker is me:
                now, due = time.monotonic(), last + self._every
                if now < due:
                    self._changed.wait(due - now)
                    continue
                # Ticks that were missed, say while the machine slept, are not made up for.
                last = due if now < due + self._every else now
                self._ask_aside(now)

    def _ask_aside(self, now: float) -> None:
        if len(self._asking) < MOST_IN_FLIGHT or now - max(self._asking.values()) >= CROWDED_PACE:
            thread = threading.Thread(target=self._ask, args=(self._question,), name="probe", daemon=True)
            self._asking[thread] = now
            try:
                thread.start()
            except RuntimeError as error:  # so many threads may not be: this one question is lost, and not the rest
                del self._asking[thread]
                self._keep(Answer(0, error=str(error), reached=False, asked=now))

    def _ask(self, question: Question) -> None:
        asked = time.monotonic()
        answer = None
        try:
            answer = self._probe.ask(question)
        except BluegreenError as error:  # there is nobody in this thread who could be told in any other way
            answer = Answer(0, error=str(error), reached=False, asked=asked)
        finally:
            with self._changed:
                waited_for = self._asking.pop(threading.current_thread(), None) is not None
                if answer is not None and waited_for:
                    self._keep(answer)

    def _keep(self, answer: Answer) -> None:
        if len(answer.body) > BODY_KEPT:
            self._large.append(len(self._answers))
        self._answers.append(answer)
        if len(self._large) > LARGE_BODIES_KEPT:
            oldest = self._large.popleft()
            self._answers[oldest] = replace(self._answers[oldest], body=self._answers[oldest].body[:BODY_KEPT])
