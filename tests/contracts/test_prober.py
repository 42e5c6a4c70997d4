"""What ports.Prober promises, kept by the fake and by threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from bluegreen.adapters.fakes.http import FakeProbe, FakeProber
from bluegreen.adapters.prober import ThreadProber
from bluegreen.ports import Answer, Prober, Question

QUESTION = Question("http://shop.example/", timeout=5.0)

Await = Callable[[int], None]
"""Lets answers come until there are so many."""


@pytest.fixture(params=["fake", "threads"])
def background(request: pytest.FixtureRequest) -> Iterator[tuple[Prober, Await]]:
    prober: Prober
    if request.param == "fake":
        fake = prober = FakeProber()
        wait: Await = lambda count: fake.come([Answer(200)] * (count - len(fake.answers(0))))  # noqa: E731
    else:
        threads = prober = ThreadProber(FakeProbe(lambda _: Answer(200)))

        def wait(count: int) -> None:
            deadline = time.monotonic() + 20
            while len(threads.answers(0)) < count:
                assert time.monotonic() < deadline, "no answers came"
                time.sleep(0.002)

    yield prober, wait
    prober.stop()


def test_there_are_no_answers_before_it_is_started(background: tuple[Prober, Await]) -> None:
    assert list(background[0].answers(0)) == []


def test_answers_are_numbered_as_they_come(background: tuple[Prober, Await]) -> None:
    prober, wait = background
    prober.start(QUESTION, 0.005)
    wait(3)
    first = list(prober.answers(0))
    wait(5)
    later = list(prober.answers(0))
    assert later[: len(first)] == first
    assert list(prober.answers(2))[: len(later) - 2] == later[2:]
    assert list(prober.answers(10_000_000)) == []


def test_nothing_comes_once_it_is_stopped_and_what_came_stays(background: tuple[Prober, Await]) -> None:
    prober, wait = background
    prober.start(QUESTION, 0.005)
    wait(2)
    prober.stop()
    count = len(prober.answers(0))
    assert count >= 2
    prober.stop()
    assert len(prober.answers(0)) == count


def test_started_again_it_goes_on_counting(background: tuple[Prober, Await]) -> None:
    prober, wait = background
    prober.start(QUESTION, 0.005)
    wait(1)
    prober.stop()
    count = len(prober.answers(0))
    prober.start(QUESTION, 0.005)
    wait(count + 1)
    assert len(prober.answers(count)) >= 1


def test_started_while_it_asks_it_goes_on_counting(background: tuple[Prober, Await]) -> None:
    prober, wait = background
    prober.start(QUESTION, 3600.0)
    wait(1)
    prober.start(QUESTION, 0.005)
    wait(4)
    prober.stop()


def test_another_pace_holds_at_once(background: tuple[Prober, Await]) -> None:
    prober, wait = background
    prober.start(QUESTION, 3600.0)
    wait(1)
    prober.pace(0.005)
    wait(4)
