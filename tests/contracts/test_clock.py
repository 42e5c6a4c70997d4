"""ports.Clock and ports.Interruptions: the fakes promise no more than the real ones keep."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from bluegreen.adapters.clock import SystemClock
from bluegreen.adapters.fakes.clock import FakeClock, FakeInterruptions
from bluegreen.adapters.signals import Signals
from bluegreen.errors import Interrupted
from bluegreen.ports import Clock, Interruptions


@dataclass
class Time:
    clock: Clock
    interruptions: Interruptions
    interrupt: Callable[[], None]


@pytest.fixture(params=["fake", "system"])
def time(request: pytest.FixtureRequest) -> Iterator[Time]:
    if request.param == "fake":
        fake = FakeInterruptions()
        yield Time(FakeClock(fake), fake, fake.interrupt)
    else:
        with Signals() as signals:
            yield Time(SystemClock(signals), signals, lambda: signal.raise_signal(signal.SIGINT))


def test_sleeping_takes_at_least_as_long_by_both_clocks(time: Time) -> None:
    wall, steady = time.clock.time(), time.clock.monotonic()
    time.clock.sleep(0.05)
    assert time.clock.monotonic() - steady >= 0.05
    assert time.clock.time() > wall


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_time_is_no_sleep(time: Time, seconds: float) -> None:
    time.clock.sleep(seconds)


@pytest.mark.parametrize("seconds", [0.0, 3600.0])
def test_an_interruption_ends_every_sleep_until_it_is_cleared(time: Time, seconds: float) -> None:
    time.interrupt()
    for _ in range(2):
        with pytest.raises(Interrupted):
            time.clock.sleep(seconds)
    time.interruptions.clear()
    time.clock.sleep(0.0)


def test_within_a_shield_nothing_is_noticed_and_after_it_all(time: Time) -> None:
    with time.interruptions.shielded():
        time.interrupt()
        assert not time.interruptions.requested
        time.clock.sleep(0.0)
    assert time.interruptions.requested
    with pytest.raises(Interrupted):
        time.clock.sleep(0.0)
