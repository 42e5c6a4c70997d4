"""Nine causes of downtime, each brought about on the active color while the other one is warm."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from night import Night, wait_until
from program import Ended
from tally import DOWNTIME, Tally

from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.fault(DOWNTIME), pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Cause:
    """begin: brings it about, and returns what ends it."""

    how: str
    begin: Callable[[Night], Callable[[], object]]
    not_covered: str


def behaving(behavior: str, seconds: float = 5.0) -> Callable[[Night], Callable[[], object]]:
    def begin(night: Night) -> Callable[[], object]:
        night.shop.sandbox.behave("green", behavior, seconds=seconds)
        return lambda: night.shop.sandbox.behave("green", "ok")

    return begin


def signalled(number: signal.Signals) -> Callable[[Night], Callable[[], object]]:
    """Its process gets a signal; the end of that is that it goes on, or is started anew."""

    def begin(night: Night) -> Callable[[], object]:
        green = night.shop.sandbox.status().server("green")
        assert green is not None
        pid = green.pid
        assert pid is not None
        os.kill(pid, number)
        if number == signal.SIGSTOP:
            return lambda: os.kill(pid, signal.SIGCONT)
        wait_until(lambda: night.answered() == "")
        return lambda: night.shop.sandbox.behave("green", "ok")

    return begin


def flooded(night: Night) -> Callable[[], object]:
    """Far more is asked at its own address than it can answer, past the edge."""
    flood = Traffic(f"http://{night.shop.network.green}:8080/bytes/1000000", workers=16)
    flood.__enter__()
    night.shop.sandbox.behave("green", "slow", seconds=5.0)

    def end() -> None:
        night.shop.sandbox.behave("green", "ok")
        flood.__exit__(None, None, None)

    return end


CAUSES: Mapping[str, Cause] = {
    "server restart": Cause(
        "its process ended by SIGTERM, as a reboot does",
        signalled(signal.SIGTERM),
        "that it is noticed: nobody watches between runs; `status --check` is for a timer of yours",
    ),
    "software restart": Cause(
        "stopped listening: connections are refused",
        behaving("dead"),
        "requests that were under way in the old process",
    ),
    "network disconnection": Cause(
        "its process stopped by SIGSTOP: connections are made, and nothing comes",
        signalled(signal.SIGSTOP),
        "a network that both colors share",
    ),
    "overload": Cause(
        "each answer takes 5 s, and 1 s is waited for",
        behaving("slow"),
        "load that follows the public: the other color has no more servers than this one",
    ),
    "hardware failure": Cause(
        "its process ended by SIGKILL, and not started again",
        signalled(signal.SIGKILL),
        "what was written on its disk only",
    ),
    "software failure": Cause(
        "each answer is a 500",
        behaving("sick"),
        "faults that the old release has too, and data that the new one has changed",
    ),
    "attack": Cause(
        "flooded at its own address, and made to take 5 s for an answer",
        flooded,
        "a flood of the public name, which follows the public: that is the edge's to stop",
    ),
    "attack (taken over)": Cause(
        "answers with a release that nobody deployed",
        behaving("wrong_release"),
        "what was read or planted by then, and a hole that the old release has too",
    ),
}


@pytest.fixture
def stage() -> str:
    return "switched"


@pytest.fixture
def night(night: Night) -> Night:
    night.shop.configure(probe={"timeout": "1s"}, check={"timeout": "1s"})
    return night


@contextmanager
def brought_about(night: Night, cause: Cause) -> Iterator[None]:
    end = cause.begin(night)
    try:
        yield
    finally:
        end()


def alarm_of(checked: Ended) -> str:
    """What `status --check` says of the active color."""
    (alarm,) = [line.partition("alarm: ")[2] for line in checked.err.splitlines() if "alarm: green" in line]
    return alarm.partition("(HTTPConnection")[0].strip()


def go_back(night: Night) -> float:
    """Roll back; return the seconds from its beginning to the first answer of the other color."""
    began = time.monotonic()
    with night.program.start("rollback") as rollback:
        wait_until(lambda: night.answered() == "blue")
        seconds = time.monotonic() - began
        ended = rollback.wait()
    assert ended.code == 0, ended
    return seconds


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.long) for name in CAUSES])
def test_a_cause_on_the_active_color(night: Night, tally: Tally, name: str) -> None:
    cause = CAUSES[name]
    with brought_about(night, cause):
        checked = night.program("status", "--check")
        assert checked.code == 3, checked
        assert "blue (1.4.2) is warm and healthy" in night.program("status").out
        seconds = go_back(night)
        with night.traffic() as traffic:
            assert traffic.wait_for("blue", count=20)
        night.assert_survived("blue")
    tally.downtime = (name, cause.how, alarm_of(checked), f"{seconds:.1f} s", cause.not_covered)


@pytest.mark.long
def test_a_power_cut(night: Night, tally: Tally) -> None:
    """Server and operator are in one house: a run is cut off with its Terraform, and the active color is gone."""
    green = night.shop.sandbox.status().server("green")
    assert green is not None
    assert green.pid is not None
    with night.program.start("rollback") as cut_off:
        cut_off.wait_for("phase-started", phase="CHECK")
        os.kill(green.pid, signal.SIGKILL)
        cut_off.process.kill()
    night.await_terraform()
    wait_until(lambda: night.answered() != "green")
    checked = night.program("status", "--check")
    assert checked.code == 3, checked
    alarm, seconds = alarm_of(checked), go_back(night)
    night.assert_survived("blue")
    how = "its process and a rollback that had begun ended by SIGKILL"
    covered = "both colors in one house: spread them over zones"
    tally.downtime = ("power cut", how, alarm, f"{seconds:.1f} s", covered)


@pytest.mark.long
def test_a_network_outage(night: Night, tally: Tally) -> None:
    """Neither the colors nor the API can be reached: no run makes it worse, and afterwards all is as it was."""
    pid = night.shop.sandbox.status().pid
    assert pid is not None
    night.shop.configure(terraform={"deadline": "3s", "grace": "500ms"})
    os.kill(pid, signal.SIGSTOP)
    try:
        checked, back = night.program("status", "--check"), night.program("rollback")
    finally:
        os.kill(pid, signal.SIGCONT)
    for ended in (checked, back):  # the rollback has its plan, and no answer to the apply
        assert (ended.code in (1, 2, 7), "Traceback" in ended.err) == (True, False), ended
    wait_until(lambda: night.answered() == "green")
    night.status()
    seconds = go_back(night)
    night.assert_survived("blue")
    (said, *_) = [line for line in checked.err.splitlines() if "error" in line]
    how = "API and edge stopped by SIGSTOP: nothing can be reached"
    covered = "the outage itself: no rollback reaches the API, and nothing is changed meanwhile"
    tally.downtime = ("network outage", how, said, f"{seconds:.1f} s after its end", covered)
