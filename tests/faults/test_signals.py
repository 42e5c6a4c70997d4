"""Signals: Ctrl-C, however often, a terminal that goes away, a SIGTERM: an orderly end, and no lock left behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle

import pytest
from bare import APPLY, edge_pointed_at, script
from night import Night, wait_until
from program import Ended
from tally import Tally
from terminal import Terminal, on_terminal, started

pytestmark = pytest.mark.timeout(900)

MOMENTS = (
    ("deploy", "phase-started", "PREPARE"),
    ("deploy", "apply-started", "PREPARE"),
    ("deploy", "phase-started", "CHECK"),
    ("deploy", "apply-started", "SWITCH"),
    ("deploy", "phase-started", "PROVE"),
    ("deploy", "phase-started", "BAKE"),
    ("rollback", "apply-started", "SWITCH"),
    ("rollback", "phase-started", "PROVE"),
    ("retire", "apply-started", "RETIRE"),
)
"""Verb, and the event and its phase at which the signal is sent."""

SHARES = 3
"""Each kind of signal is sent at every third moment, and each third is had by one kind at least."""


def interrupt(times: int) -> Callable[[Terminal], None]:
    """Return what types so many Ctrl-C, as an impatient person does, as long as anything is there to be interrupted."""

    def type_all(terminal: Terminal) -> None:
        for _ in range(times):
            if terminal.running.process.poll() is None:
                terminal.type_interrupt()
                time.sleep(0.05)

    return type_all


HOW: Mapping[str, Callable[[Terminal], None]] = {
    "Ctrl-C": interrupt(1),
    "Ctrl-C twice": interrupt(2),
    "Ctrl-C ten times": interrupt(10),
    "hanging up": Terminal.hang_up,
    "SIGTERM": lambda terminal: terminal.running.send(signal.SIGTERM),
}


def disturbed(night: Night, moment: tuple[str, str, str], act: Callable[[Terminal], None]) -> Ended:
    """Call a verb on a terminal, and disturb it at a moment."""
    verb, event, phase = moment
    more = {"deploy": ["--release", night.release()], "retire": ["--force", "--reason", "test"]}.get(verb, [])
    with on_terminal(night, verb, *more) as terminal:
        terminal.running.wait_for(event, phase=phase)
        act(terminal)
        return terminal.running.wait()


def assert_orderly(night: Night, ended: Ended) -> None:
    """It ended by itself, Terraform was let finish, and one command ends what it left, if it left anything."""
    assert (ended.code in (130, 0), "Traceback" in ended.err) == (True, False), ended  # 0: it was done before it heard
    assert night.shop.sandbox.locks() == {}
    if night.status()["unfinished"]:
        resumed = night.program("resume")
        assert resumed.code == 0, resumed
    night.assert_survived(night.answered(), plan=False)


@pytest.mark.fault(2)
@pytest.mark.parametrize("how", ["Ctrl-C ten times", pytest.param("hanging up", marks=pytest.mark.long)])
def test_in_the_middle_of_the_switch(night: Night, how: str) -> None:
    for seconds in (0.0, 3.0):  # PREPARE's; and SWITCH's, so that it lasts until it is disturbed
        night.shop.sandbox.delay_answers("POST", "/state/demo/edge", seconds, times=1)
    with night.traffic():
        assert_orderly(night, disturbed(night, ("deploy", "apply-started", "SWITCH"), HOW[how]))
        assert night.answered() == "blue"
        assert night.program("deploy", "--release", night.release()).code == 0
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(2)
@pytest.mark.long
@pytest.mark.parametrize(("how", "share"), list(zip(HOW, cycle(range(SHARES)), strict=False)))
def test_at_every_moment(night: Night, how: str, share: int, tally: Tally) -> None:
    for moment in MOMENTS[share::SHARES]:
        if moment[0] != "deploy":
            assert night.program("deploy", "--release", night.release()).code == 0
        with tally.fault(), night.traffic():
            assert_orderly(night, disturbed(night, moment, HOW[how]))
    night.shop.assert_nothing_to_plan()


@pytest.fixture
def applying(night: Night) -> Iterator[Terminal]:
    """A bare apply on a terminal, while the state, in which the deed is, is on its way."""
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    night.shop.sandbox.delay_answers("POST", "/state/demo/edge", 15.0, times=1)
    with started(night, root, APPLY.split()) as terminal:
        wait_until(lambda: not night.shop.sandbox.faults())
        yield terminal


@pytest.mark.control(2)
def test_bare_terraform_dies_with_its_terminal(night: Night, applying: Terminal, tally: Tally) -> None:
    applying.hang_up()
    assert applying.running.wait().code == -signal.SIGHUP
    assert_locked(night)
    tally.control = "bare Terraform dies with its terminal, and leaves a lock that stops each apply"


@pytest.mark.control(2)
@pytest.mark.long
def test_bare_terraform_gives_up_at_the_second_interrupt(night: Night, applying: Terminal, tally: Tally) -> None:
    applying.type_interrupt()
    wait_until(lambda: "Interrupt received" in applying.text)
    applying.type_interrupt()
    assert applying.running.wait().code == 1
    assert_locked(night)
    tally.control = "bare Terraform gives up at the second Ctrl-C, with the lock held"


def assert_locked(night: Night) -> None:
    """The lock is left behind, and the next apply fails because of it."""
    assert "demo/edge" in night.shop.sandbox.locks()
    assert script(night.shop.folder / "tf" / "edge", APPLY) == 1
