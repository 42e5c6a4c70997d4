from __future__ import annotations

import pytest

from bluegreen.adapters.fakes.clock import FakeClock
from bluegreen.errors import Interrupted


def test_hooks_are_called_in_order_at_their_time() -> None:
    clock, seen = FakeClock(), list[tuple[str, float]]()
    clock.at(20, lambda: seen.append(("late", clock.monotonic())))
    clock.at(5, lambda: seen.append(("early", clock.monotonic())))
    clock.sleep(10)
    assert seen == [("early", 5.0)]
    clock.sleep(10)
    assert seen == [("early", 5.0), ("late", 20.0)]
    assert clock.monotonic() == 20
    assert clock.slept == [10, 10]


def test_a_hook_may_interrupt_the_sleep_it_is_called_in() -> None:
    clock = FakeClock()
    clock.at(5, clock.interruptions.interrupt)
    with pytest.raises(Interrupted):
        clock.sleep(10)
    assert clock.monotonic() == 5


def test_a_hook_whose_time_has_passed_is_called_at_once() -> None:
    clock, seen = FakeClock(), list[float]()
    clock.sleep(10)
    clock.at(5, lambda: seen.append(clock.monotonic()))
    clock.sleep(1)
    assert seen == [10.0]
