"""Two operators on two machines over one bucket, in any order of steps, paused anywhere: nothing stale is written."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from tally import Tally

from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.state import host
from bluegreen.adapters.state.bucket_store import BucketStore
from bluegreen.adapters.state.lease import HEARTBEAT, TTL, BucketLock
from bluegreen.errors import Locked
from bluegreen.ports import Holder

WHERE = "gs://bucket/shop/pro"
NEVER = 86400.0
SCHEDULES = 1000
RUNS = count()


class WrittenOnce(MemoryObjects):
    """No piece of a journal is ever written over."""

    def write(self, name: str, content: bytes, *, generation: int | None = None) -> int:
        assert not (name.startswith("runs/") and name in self.stored and generation is None), name
        return super().write(name, content, generation=generation)


class Operator:
    """One machine. run: what it is at, "" for nothing. watched: the holder that it watches, and since when."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name = town, name
        self.run = ""
        self.watched: tuple[Holder, float] | None = None
        self.lock: BucketLock
        self.store: BucketStore

    def begin(self) -> None:
        """Take the lock, and shut out whoever is succeeded by writing into his journal."""
        self.lock = BucketLock(self.town.objects, WHERE, {}, clock=self.town.time, heartbeat=NEVER)
        self.store = BucketStore(self.town.objects, WHERE, fence=self.lock.check, every=NEVER)
        run = f"20261122-000000-{next(RUNS) % 65536:04x}"
        try:
            succeeded = self.lock.acquire(run, "rollback")
        except Locked:
            return
        self.run = run
        if succeeded is not None and succeeded.run in self.store.runs():
            self.write(succeeded.run)
            self.town.sealed.add(succeeded.run)
        self.write(run)

    def write(self, run: str) -> None:
        try:
            self.store.append(run, {"event": "said", "by": self.name}, durable=True)
        except Locked:
            self.run = ""
            return
        assert self.run == run or run not in self.town.sealed
        assert not (self.run == run and run in self.town.sealed), "a run was written to by the one who had lost it"
        self.town.written.append((run, self.name))

    def watch(self) -> None:
        """Look at the lock; break it when its holder has been seen unchanged for the whole time-to-live."""
        lock = BucketLock(self.town.objects, WHERE, {})
        holder, now = lock.holder(), self.town.time()
        if holder is None or self.watched is None or self.watched[0] != holder:
            self.watched = (holder, now) if holder is not None else None
        elif now - self.watched[1] >= TTL:
            lock.break_(holder)

    @property
    def believes(self) -> bool:
        """Whether it holds the lock, as far as it knows."""
        try:
            self.lock.check()
        except (Locked, AttributeError):
            return False
        return bool(self.run)


class Town(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.objects = WrittenOnce()
        self.operators = [Operator(self, "one"), Operator(self, "two")]
        self.sealed: set[str] = set()
        self.written: list[tuple[str, str]] = []
        self.patch = pytest.MonkeyPatch()

    def time(self) -> float:
        return self.now

    def teardown(self) -> None:
        self.patch.undo()

    def at(self, number: int) -> Operator:
        """Return an operator, on whose machine everything happens from now on."""
        operator = self.operators[number]
        self.patch.setattr(host, "host", lambda: operator.name)
        return operator

    @initialize()
    def nothing_yet(self) -> None:
        self.at(0)

    @rule(seconds=st.sampled_from([1.0, HEARTBEAT, TTL / 2, TTL]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(number=st.integers(0, 1))
    def begins(self, number: int) -> None:
        operator = self.at(number)
        if not operator.run:
            operator.begin()

    @rule(number=st.integers(0, 1))
    def gives_a_sign_of_life(self, number: int) -> None:
        operator = self.at(number)
        if operator.run:
            operator.lock.renew()

    @rule(number=st.integers(0, 1))
    def writes(self, number: int) -> None:
        operator = self.at(number)
        if operator.run:
            operator.write(operator.run)

    @rule(number=st.integers(0, 1), releases=st.booleans())
    def ends(self, number: int, releases: bool) -> None:
        operator = self.at(number)
        if operator.run and releases:
            operator.lock.release()
        operator.run = ""

    @rule(number=st.integers(0, 1))
    def watches(self, number: int) -> None:
        operator = self.at(number)
        if not operator.run:
            try:
                operator.watch()
            except Locked:
                operator.watched = None

    @rule(number=st.integers(0, 1))
    def is_succeeded(self, number: int) -> None:
        if self.operators[number].run:
            self.succeed(1 - number)

    def succeed(self, number: int) -> None:
        """Watch the other one, who gives no sign of life, for long enough, and begin."""
        operator = self.at(number)
        if operator.run:
            return
        try:
            operator.watch()
            self.now += TTL
            operator.watch()
        except Locked:
            return
        operator.begin()

    @rule(number=st.integers(0, 1), asked=st.sampled_from(["write", "look", "names"]), writes=st.integers(0, 3))
    def is_paused_in_the_middle(self, number: int, asked: str, writes: int) -> None:
        """Stopped between a look and a write, an operator goes on when the other one has long succeeded it."""
        operator, other = self.operators[number], self.operators[1 - number]

        def meanwhile(method: str) -> None:
            if method == asked:
                self.objects.interfere = lambda method: None
                self.succeed(1 - number)
                for _ in range(writes):
                    if other.run:
                        other.write(other.run)
                self.at(number)

        self.at(number)
        self.objects.interfere = meanwhile
        if operator.run:
            operator.write(operator.run)
        else:
            operator.begin()
        self.objects.interfere = lambda method: None

    @invariant()
    def one_at_most_believes_to_hold_the_lock(self) -> None:
        assert sum(operator.believes for operator in self.operators) <= 1

    @invariant()
    def every_line_that_was_written_stands(self) -> None:
        kept: list[tuple[str, Any]] = []
        store = BucketStore(self.objects, WHERE)
        for run in dict.fromkeys(run for run, _ in self.written):
            kept += [(run, entry.data["by"]) for entry in store.journal(run)]
        assert sorted(kept) == sorted(self.written)


def schedules(number: int) -> Callable[[], None]:
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    found = settings(max_examples=number, stateful_step_count=30, deadline=None, suppress_health_check=quiet)
    return lambda: run_state_machine_as_test(Town, settings=found)


def test_two_operators() -> None:
    schedules(60)()


@pytest.mark.fault(18)
@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_operators_in_a_thousand_schedules(tally: Tally) -> None:
    tally.injected = SCHEDULES
    schedules(SCHEDULES)()
    tally.survived = SCHEDULES
