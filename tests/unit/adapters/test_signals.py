from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterator

import pytest

from bluegreen.adapters.clock import SystemClock
from bluegreen.adapters.signals import CAUGHT, Signals, UntilThen
from bluegreen.errors import Interrupted

told: list[tuple[str, bool]] = []


@pytest.fixture
def signals() -> Iterator[Signals]:
    told.clear()
    with Signals(lambda name, again: told.append((name, again))) as caught:
        yield caught


@pytest.mark.parametrize("number", CAUGHT)
def test_the_first_one_is_remembered(signals: Signals, number: signal.Signals) -> None:
    assert not signals.requested
    signal.raise_signal(number)
    assert signals.requested
    assert told == [(number.name, False)]


def test_further_ones_are_swallowed_and_told(signals: Signals) -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert signals.requested
    assert told == [("SIGINT", False), ("SIGTERM", True)]


def test_the_callback_runs_in_ordinary_code_not_in_the_handler(signals: Signals) -> None:
    signal.raise_signal(signal.SIGINT)
    assert told == []
    assert signals.requested
    assert len(told) == 1


def test_cleared_it_begins_anew(signals: Signals) -> None:
    signal.raise_signal(signal.SIGINT)
    signals.clear()
    assert not signals.requested
    signal.raise_signal(signal.SIGINT)
    assert signals.requested
    assert told == [("SIGINT", False), ("SIGINT", False)]


def test_a_shield_hides_it_and_tells_it(signals: Signals) -> None:
    with signals.shielded():
        with signals.shielded():
            signal.raise_signal(signal.SIGINT)
        assert not signals.requested
        assert told == [("SIGINT", False)]
    assert signals.requested


def test_the_handlers_from_before_come_back() -> None:
    before = [signal.getsignal(number) for number in CAUGHT]
    with Signals():
        assert [signal.getsignal(number) for number in CAUGHT] != before
    assert [signal.getsignal(number) for number in CAUGHT] == before


def test_left_for_good_nothing_is_heard_any_more() -> None:
    before = {number: signal.getsignal(number) for number in CAUGHT}
    try:
        with Signals(for_good=True):
            pass
        for number in CAUGHT:
            signal.raise_signal(number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_the_parent_had_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            signal.raise_signal(signal.SIGHUP)
            assert not signals.requested
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_ends_a_long_sleep(signals: Signals) -> None:
    # The timer's signal arrives in the middle of the wait, which a broken clock would sit out until the test times out.
    before = signal.signal(signal.SIGALRM, lambda number, frame: signal.raise_signal(signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 0.03)
    try:
        with pytest.raises(Interrupted):
            SystemClock(signals).sleep(3600)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_moment_ends_whatever_goes_on_then() -> None:
    assert not UntilThen(time.monotonic() + 3600).requested
    with pytest.raises(Interrupted):
        SystemClock(UntilThen(time.monotonic() + 0.03)).sleep(3600)


def test_one_that_another_thread_tells_is_not_told_twice() -> None:
    """A background plan asks too whether it is to stop."""
    signals = Signals(lambda name, again: told.append((name, again)))

    class Emptied(deque[tuple[str, bool]]):
        def __bool__(self) -> bool:  # when it was looked at there was one, which another thread tells
            return True

    signals._untold = Emptied()
    assert not signals.requested
