from __future__ import annotations

import errno

import pytest

from bluegreen.adapters.fakes.clock import FakeClock, FakeInterruptions
from bluegreen.errors import BluegreenError, Interrupted
from bluegreen.events import Event, PhaseFinished, PhaseStarted
from bluegreen.run.engine import DONE, FAILED, INTERRUPTED, Ending, Engine, Leave, Step

ROUTES = {
    "ONE": {DONE: "TWO", FAILED: "LOST", INTERRUPTED: "LOST", "aside": "ASIDE"},
    "TWO": {DONE: "END", FAILED: "BACK", INTERRUPTED: "BACK"},
    "BACK": {DONE: "HOME", FAILED: "LOST", INTERRUPTED: "BACK"},
}


class Walked:
    def __init__(self, **steps: Step) -> None:
        self.events: list[Event] = []
        self.interruptions = FakeInterruptions()
        engine = Engine(self.events.append, FakeClock(), self.interruptions)
        done: dict[str, Step] = {name: lambda: None for name in ROUTES}
        self.ending: Ending = engine.walk(ROUTES, {**done, **steps}, "ONE")

    @property
    def phases(self) -> list[str]:
        return [event.phase for event in self.events if isinstance(event, PhaseStarted)]


def failing() -> None:
    raise BluegreenError("broken")


def test_it_walks_until_a_phase_leads_nowhere() -> None:
    walked = Walked()
    assert walked.phases == ["ONE", "TWO"]
    assert walked.ending == Ending("END", "TWO", DONE, (), interrupted=False)


def test_a_phase_is_told_before_its_step_is_entered() -> None:
    seen: list[str] = []
    engine_events: list[Event] = []
    engine = Engine(engine_events.append, FakeClock(), FakeInterruptions())

    def step() -> None:
        seen.extend(type(event).__name__ for event in engine_events)

    engine.walk({"ONE": {DONE: "END", FAILED: "END"}}, {"ONE": step}, "ONE")
    assert seen == ["PhaseStarted"]


def test_an_error_takes_the_failed_route_and_is_kept() -> None:
    walked = Walked(TWO=failing)
    assert walked.ending.phase == "HOME"
    assert [error.message for error in walked.ending.errors] == ["broken"]
    assert walked.phases == ["ONE", "TWO", "BACK"]


def test_what_the_system_refuses_takes_it_too() -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x")

    walked = Walked(TWO=full)
    assert walked.ending.phase == "HOME"
    (error,) = walked.ending.errors
    assert error.message == "the system has refused something: [Errno 28] No space left on device: '/tmp/x'"


def test_a_step_may_name_its_way_out() -> None:
    assert Walked(ONE=lambda: "aside").ending == Ending("ASIDE", "ONE", "aside", (), interrupted=False)


def test_a_step_may_leave_by_another_outcome_because_of_an_error() -> None:
    def leaving() -> None:
        raise Leave("aside", BluegreenError("not that way"))

    ending = Walked(ONE=leaving).ending
    assert (ending.phase, ending.outcome) == ("ASIDE", "aside")
    assert [error.message for error in ending.errors] == ["not that way"]


def test_an_interruption_takes_its_route_once_and_is_forgotten() -> None:
    def interrupted() -> None:
        raise Interrupted("interrupted")

    walked = Walked(TWO=interrupted)
    assert (walked.ending.phase, walked.ending.interrupted) == ("HOME", True)
    assert not walked.interruptions.requested


def test_an_interruption_during_a_step_that_ends_well_counts_too() -> None:
    interruptions = FakeInterruptions()
    engine = Engine(lambda event: None, FakeClock(), interruptions)
    steps: dict[str, Step] = {"ONE": interruptions.interrupt, "TWO": lambda: None, "BACK": lambda: None}
    assert engine.walk(ROUTES, steps, "ONE").phase == "LOST"


def test_what_is_no_error_of_ours_is_not_swallowed() -> None:
    def bug() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Walked(ONE=bug)


def test_each_phase_is_timed_and_says_where_it_leads() -> None:
    clock, events = FakeClock(), []
    engine = Engine(events.append, clock, FakeInterruptions())
    engine.walk({"ONE": {DONE: "END", FAILED: "END"}}, {"ONE": lambda: clock.sleep(3)}, "ONE")
    (finished,) = [event for event in events if isinstance(event, PhaseFinished)]
    assert (finished.outcome, finished.following, finished.seconds) == (DONE, "END", 3)
