"""Whose turn it is: who waits for another run, who asks it to go back, and who may succeed one that is silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest

from bluegreen.adapters.fakes.clock import FakeClock
from bluegreen.adapters.fakes.state import MemoryLock, MemoryPlace, MemoryStore
from bluegreen.errors import BluegreenError, Locked
from bluegreen.events import Event, LockTakenOver
from bluegreen.ports import Holder
from bluegreen.switch.request import RollbackRequest
from bluegreen.switch.succession import Turn

RUN = "20261122-183501-4f2a"
TTL = 60.0


class Turns:
    """A turn that another one's run is in the way of."""

    def __init__(self, verb: str = "deploy", ttl: float = TTL) -> None:
        self.place, self.store, self.clock = MemoryPlace(), MemoryStore(), FakeClock()
        MemoryLock(self.place, "bob@far").acquire(RUN, verb)
        self.store.append(RUN, {"event": "run-started", "verb": verb, "time": 0.0}, durable=True)
        self.place.unseen = True
        self.told: list[Event] = []
        lock = MemoryLock(self.place, ttl=ttl)
        self.turn = Turn(self.store, lock, self.clock, lambda run: self.told.append, "ana@desk")
        self.began = self.clock.monotonic()

    @property
    def holder(self) -> Holder:
        assert self.place.holder is not None
        return self.place.holder

    def beat(self) -> None:
        self.place.holder = replace(self.holder, beat=self.holder.beat + 1)

    def end(self) -> None:
        self.place.holder = None

    def take(self, in_the_way: Callable[[Holder], bool]) -> str:
        def run() -> str:
            MemoryLock(self.place).acquire("mine", "rollback")
            return "done"

        return self.turn.take(run, in_the_way)

    def call_back(self) -> str:
        return self.take(lambda holder: self.turn.call_back(holder, RollbackRequest()))

    @property
    def waited(self) -> float:
        return self.clock.monotonic() - self.began


def test_a_deploy_is_asked_to_go_back_and_waited_for() -> None:
    turns = Turns()
    turns.clock.at(turns.waited + 5, turns.end)
    assert turns.call_back() == "done"
    assert turns.store.called_back(RUN) == "ana@desk"
    assert turns.waited < 7


def test_a_deploy_that_has_hardly_begun_is_asked_too() -> None:
    turns = Turns()
    turns.turn = replace(turns.turn, store=MemoryStore())
    turns.clock.at(turns.waited + 5, turns.end)
    assert turns.call_back() == "done"
    assert turns.turn.store.called_back(RUN) == "ana@desk"


def test_another_rollback_is_only_waited_for() -> None:
    turns = Turns("rollback")
    turns.clock.at(turns.waited + 5, turns.end)
    assert turns.call_back() == "done"
    assert turns.store.called_back(RUN) == ""


@pytest.mark.parametrize("verb", ["deploy", "rollback", "retire"])
def test_a_silent_holder_is_succeeded_by_a_rollback_after_the_time_to_live(verb: str) -> None:
    turns = Turns(verb)
    title = turns.holder.title
    assert turns.call_back() == "done"
    assert TTL <= turns.waited < TTL + 2
    assert LockTakenOver(title) in turns.told


def test_a_holder_that_lives_is_never_succeeded() -> None:
    turns = Turns()
    for seconds in range(30, 600, 30):
        turns.clock.at(turns.waited + seconds, turns.beat)
    turns.clock.at(turns.waited + 600, turns.end)
    assert turns.call_back() == "done"
    assert turns.waited >= 600


def test_a_holder_that_falls_silent_is_watched_a_whole_time_to_live_from_then() -> None:
    turns = Turns()
    turns.clock.at(turns.waited + 50, turns.beat)
    turns.call_back()
    assert 50 + TTL <= turns.waited < 50 + TTL + 2


def test_a_resume_succeeds_the_silent_and_leaves_the_living_alone() -> None:
    turns = Turns()
    assert turns.take(turns.turn.succeed) == "done"
    living = Turns()
    living.clock.at(living.waited + 15, living.beat)
    with pytest.raises(Locked, match="is under way"):
        living.take(living.turn.succeed)
    assert living.holder.run == RUN


def test_where_no_sign_of_life_is_given_nobody_is_silent() -> None:
    turns = Turns("retire", ttl=inf)
    for take in (turns.call_back, lambda: turns.take(turns.turn.succeed)):
        with pytest.raises(Locked, match=RUN):
            take()
    assert turns.waited == 0


def test_others_wait_as_long_as_they_were_told_and_succeed_nobody() -> None:
    turns = Turns(ttl=inf)
    with pytest.raises(Locked, match="still holds the lock"):
        turns.take(lambda holder: turns.turn.wait(holder, turns.began + 30))
    assert 30 <= turns.waited < 32
    silent = Turns()
    with pytest.raises(Locked, match="no sign of life for 60 s") as caught:
        silent.take(lambda holder: silent.turn.wait(holder, silent.began + 600))
    assert "bluegreen resume" in caught.value.hint
    assert silent.holder.run == RUN
    patient = Turns()
    patient.clock.at(patient.waited + 20, patient.end)
    assert patient.take(lambda holder: patient.turn.wait(holder, patient.began + 30)) == "done"


def test_without_being_told_nobody_waits() -> None:
    turns = Turns()
    with pytest.raises(Locked, match=RUN):
        turns.take(lambda holder: turns.turn.wait(holder, turns.began))
    assert turns.waited == 0


def test_what_a_run_itself_found_locked_is_not_waited_for() -> None:
    turns = Turns()
    locked = Locked("the state is locked")
    locked.result = object()

    def run() -> None:
        raise locked

    with pytest.raises(BluegreenError, match="the state is locked"):
        turns.turn.take(run, lambda holder: turns.turn.call_back(holder, RollbackRequest()))
    assert turns.waited == 0
