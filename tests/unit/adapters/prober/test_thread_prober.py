from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from bluegreen.adapters import prober as module
from bluegreen.adapters.fakes.http import FakeProbe
from bluegreen.adapters.prober import BODY_KEPT, MOST_IN_FLIGHT, ThreadProber
from bluegreen.errors import ConfigError
from bluegreen.ports import Answer, Question

QUESTION = Question("http://shop.example/", timeout=10.0)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.002)


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def start() -> Iterator[Callable[..., ThreadProber]]:
    started: list[ThreadProber] = []

    def start(answer: Callable[[Question], Answer], every: float = 0.002) -> ThreadProber:
        started.append(ThreadProber(FakeProbe(answer)))
        started[-1].start(QUESTION, every)
        return started[-1]

    yield start
    for prober in started:
        prober.stop()


def test_it_does_not_wait_for_an_answer_and_orders_them_as_they_come(
    start: Callable[..., ThreadProber], gate: threading.Event
) -> None:
    numbers = iter(range(10**9))

    def answer(_: Question) -> Answer:
        number = next(numbers)
        if number == 0:
            gate.wait(20)
        return Answer(200, seconds=float(number))

    prober = start(answer)
    until(lambda: len(prober.answers(0)) >= 3)
    assert 0.0 not in [answer.seconds for answer in prober.answers(0)]
    count = len(prober.answers(0))
    gate.set()
    until(lambda: 0.0 in [answer.seconds for answer in prober.answers(count)])


def test_what_hangs_does_not_keep_another_answer_from_being_heard(
    start: Callable[..., ThreadProber], gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CROWDED_PACE", 0.01)
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        if len(asked) <= MOST_IN_FLIGHT:
            gate.wait(20)
        return Answer(200)

    prober = start(answer, 0.001)
    until(lambda: len(prober.answers(0)) >= 2)
    assert not gate.is_set()
    gate.set()


def test_when_all_are_under_way_a_tick_is_left_out(
    start: Callable[..., ThreadProber], gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CROWDED_PACE", 3600.0)
    asked: list[Question] = []

    def answer(question: Question) -> Answer:
        asked.append(question)
        gate.wait(20)
        return Answer(200)

    prober = start(answer, 0.001)
    until(lambda: len(asked) == MOST_IN_FLIGHT)
    ticks = time.monotonic() + 0.05
    until(lambda: time.monotonic() > ticks)
    assert len(asked) == MOST_IN_FLIGHT
    gate.set()
    until(lambda: len(prober.answers(0)) > MOST_IN_FLIGHT)


def test_stopped_it_has_waited_for_what_was_under_way_and_leaves_no_thread(
    start: Callable[..., ThreadProber], gate: threading.Event
) -> None:
    begun = threading.Event()

    def answer(_: Question) -> Answer:
        begun.set()
        gate.wait(20)
        return Answer(200)

    before = set(threading.enumerate())
    prober = start(answer, 3600.0)
    assert begun.wait(20)
    threading.Timer(0.05, gate.set).start()
    prober.stop()
    assert len(prober.answers(0)) == 1
    until(lambda: set(threading.enumerate()) <= before)


@pytest.mark.parametrize(("timeout", "within"), [(0.05, math.inf), (3600.0, 0.05)])
def test_stopping_waits_no_longer_than_the_question_may_take_or_it_was_told(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch, timeout: float, within: float
) -> None:
    monkeypatch.setattr(module, "_SLACK", 0.01)
    begun, ended = threading.Event(), threading.Event()

    def answer(_: Question) -> Answer:
        begun.set()
        gate.wait(20)
        ended.set()
        return Answer(200)

    before = set(threading.enumerate())
    prober = ThreadProber(FakeProbe(answer))
    prober.start(Question("http://shop.example/", timeout=timeout), 3600.0)
    assert begun.wait(20)
    prober.stop(within)
    assert not ended.is_set()
    gate.set()
    until(lambda: set(threading.enumerate()) <= before)
    (unanswered,) = prober.answers(0)
    assert (unanswered.status, unanswered.reached, unanswered.asked > 0) == (0, False, True)
    assert unanswered.error.startswith("no answer in")


def test_missed_ticks_are_not_made_up_for(monkeypatch: pytest.MonkeyPatch, start: Callable[..., ThreadProber]) -> None:
    asked: list[float] = []
    offset = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + offset[0]))
    prober = start(lambda _: asked.append(0.0) or Answer(200), 60.0)
    until(lambda: len(asked) == 1)
    offset[0] = 3600.0  # the machine slept
    prober.pace(60.0)
    until(lambda: len(asked) >= 2)
    prober.stop()
    assert len(asked) == 2


def test_a_question_that_cannot_be_put_is_a_failed_answer(start: Callable[..., ThreadProber]) -> None:
    def answer(_: Question) -> Answer:
        raise ConfigError("'x' is not a URL")

    prober = start(answer)
    until(lambda: len(prober.answers(0)) >= 2)
    assert (prober.answers(0)[0].status, prober.answers(0)[0].error) == (0, "'x' is not a URL")
    assert not prober.answers(0)[0].reached


def test_large_bodies_are_kept_while_they_are_new(
    start: Callable[..., ThreadProber], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE_BODIES_KEPT", 3)
    prober = start(lambda _: Answer(200, body=b"x" * (BODY_KEPT + 1)), 0.001)
    until(lambda: len(prober.answers(0)) >= 8)
    prober.stop()
    sizes = [len(answer.body) for answer in prober.answers(0)]
    assert sizes == [BODY_KEPT] * (len(sizes) - 3) + [BODY_KEPT + 1] * 3


def test_a_thread_that_may_not_be_costs_one_question(
    start: Callable[..., ThreadProber], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that has as many processes as it may have."""
    begin, refused = threading.Thread.start, list[threading.Thread]()

    def start_thread(thread: threading.Thread) -> None:
        if thread.name == "probe" and not refused:
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start_thread)
    prober = start(lambda _: Answer(200))
    until(lambda: len(prober.answers(0)) >= 3)
    prober.stop()
    first, *rest = prober.answers(0)
    assert (first.status, first.error, first.reached) == (0, "can't start new thread", False)
    assert {answer.status for answer in rest} == {200}
