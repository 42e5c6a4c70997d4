"""Answers as a test wants them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from bluegreen.ports import Answer, Question


class FakeProbe:
    """ports.Probe by a function. questions: all that were asked, in order."""

    def __init__(self, answer: Callable[[Question], Answer]) -> None:
        self.questions: list[Question] = []
        self._answer = answer

    def ask(self, question: Question) -> Answer:
        self.questions.append(question)
        return self._answer(question)


class FakeProber:
    """ports.Prober whose answers come when the test says so. paces: `start`'s seconds, then each of `pace`."""

    def __init__(self) -> None:
        self.question: Question | None = None
        self.paces: list[float] = []
        self._answers: list[Answer] = []
        self._running = False

    def start(self, question: Question, every: float) -> None:
        self._running, self.question = True, question
        self.paces.append(every)

    def pace(self, every: float) -> None:
        self.paces.append(every)

    def answers(self, since: int) -> Sequence[Answer]:
        return self._answers[since:]

    def stop(self, within: float = math.inf) -> None:
        self._running = False

    def come(self, answers: Iterable[Answer]) -> None:
        """Let these answers come; none do unless it has been started."""
        if self._running:
            self._answers.extend(answers)
