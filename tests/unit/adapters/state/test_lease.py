"""The lease: it is kept by signs of life, and whoever cannot give them stops before anybody else begins."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.state.lease import NAME, TTL, BucketLock
from bluegreen.errors import BluegreenError, Locked
from bluegreen.ports import Holder

WHERE = "gs://bucket/shop/pro"
NEVER = 86400.0
FIRST, SECOND = "20261122-183501-4f2a", "20261122-183501-8000"


class Machine:
    """A lock of one machine, with its own clock, which gives a sign of life only when it is told to."""

    def __init__(self, objects: MemoryObjects) -> None:
        self.now = 0.0
        self.lock = BucketLock(objects, WHERE, {}, clock=lambda: self.now, heartbeat=NEVER)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def one(objects: MemoryObjects) -> Iterator[Machine]:
    machine = Machine(objects)
    yield machine
    machine.lock.release()


@pytest.fixture
def two(objects: MemoryObjects) -> Iterator[Machine]:
    machine = Machine(objects)
    yield machine
    machine.lock.release()


def standing(machine: Machine) -> Holder:
    holder = machine.lock.holder()
    assert holder is not None
    return holder


def elsewhere(objects: MemoryObjects) -> None:
    """Have the holder be on another machine: its process cannot be seen from here."""
    stored = objects.stored[NAME]
    lease = json.loads(stored.content)
    lease["claim"]["host"] = "elsewhere"
    objects.stored[NAME] = replace(stored, content=json.dumps(lease).encode())


def epoch(objects: MemoryObjects) -> int:
    return int(json.loads(objects.stored[NAME].content)["epoch"])


def test_each_sign_of_life_is_counted_and_holds_for_the_time_to_live(one: Machine, two: Machine) -> None:
    one.lock.acquire(FIRST, "deploy")
    for beat in range(3):
        assert standing(two).beat == beat
        one.now += TTL - 1
        one.lock.check()
        one.lock.renew()
    one.now += TTL
    with pytest.raises(Locked, match="could not be renewed for 60 s"):
        one.lock.check()


def test_signs_of_life_are_given_by_themselves(objects: MemoryObjects) -> None:
    lock, beats = BucketLock(objects, WHERE, heartbeat=0.01), threading.Semaphore(0)
    objects.interfere = lambda method: beats.release() if method == "write" else None
    lock.acquire(FIRST, "deploy")
    assert all(beats.acquire(timeout=30) for _ in range(4))
    lock.release()
    assert lock.holder() is None


def test_a_sign_of_life_counts_from_when_it_was_begun(one: Machine, objects: MemoryObjects) -> None:
    """Whoever watches may have seen it then, and been told later than the holder."""

    def late(method: str) -> None:
        one.now += 10

    objects.interfere = late
    one.lock.acquire(FIRST, "deploy")
    objects.interfere = lambda method: None
    one.now = 10 + TTL  # one request to look, one to write
    with pytest.raises(Locked):
        one.lock.check()


def test_who_cannot_reach_the_bucket_tries_again_and_stops_in_time(one: Machine, objects: MemoryObjects) -> None:
    one.lock.acquire(FIRST, "deploy")

    def refuse(method: str) -> None:
        raise BluegreenError("no network")

    objects.interfere = refuse
    assert one.lock.renew() < 2
    one.now = TTL - 1
    one.lock.check()
    one.now = TTL
    with pytest.raises(Locked):
        one.lock.check()
    objects.interfere = lambda method: None


def test_a_broken_lease_is_not_renewed_and_its_holder_told(one: Machine, two: Machine, objects: MemoryObjects) -> None:
    one.lock.acquire(FIRST, "deploy")
    elsewhere(objects)
    two.lock.break_(standing(two))
    assert two.lock.holder() is None
    one.lock.renew()
    with pytest.raises(Locked, match="somebody else's by now"):
        one.lock.check()
    succeeded = two.lock.acquire(SECOND, "rollback")
    assert succeeded is not None
    assert (succeeded.run, epoch(objects)) == (FIRST, 2)
    one.lock.renew()
    one.lock.release()
    assert standing(two).run == SECOND


def test_a_sign_of_life_saves_a_lease_from_being_broken(one: Machine, two: Machine, objects: MemoryObjects) -> None:
    one.lock.acquire(FIRST, "deploy")
    seen = standing(two)
    one.lock.renew()
    elsewhere(objects)
    with pytest.raises(Locked, match=FIRST):
        two.lock.break_(seen)
    one.lock.check()


def test_an_epoch_grows_with_each_holder(one: Machine, two: Machine, objects: MemoryObjects) -> None:
    for number, machine in enumerate((one, two, one), 1):
        machine.lock.acquire(FIRST, "deploy")
        assert epoch(objects) == number
        machine.lock.release()


def test_a_release_that_fails_ends_no_run_badly(one: Machine, two: Machine, objects: MemoryObjects) -> None:
    one.lock.acquire(FIRST, "deploy")

    def refuse(method: str) -> None:
        raise BluegreenError("no network")

    objects.interfere = refuse
    one.lock.release()
    objects.interfere = lambda method: None
    assert standing(two).run == FIRST


@pytest.mark.parametrize("content", [b"", b"[]", b'{"epoch": 1}', b"\xff"])
def test_a_lease_that_does_not_say_who_holds_it_is_held_by_nobody_known(
    one: Machine, objects: MemoryObjects, content: bytes
) -> None:
    objects.write(NAME, content)
    with pytest.raises(Locked, match="whom the lock does not name"):
        one.lock.acquire(FIRST, "deploy")
    one.lock.break_(standing(one))
    one.lock.acquire(FIRST, "deploy")
    assert standing(one).run == FIRST


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="elsewhere the monotonic clock goes on")
def test_a_lease_ends_while_its_machine_is_asleep(objects: MemoryObjects, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, asleep, real = BucketLock(objects, WHERE, {}, heartbeat=NEVER), 0.0, time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda clock: real(clock) + asleep * (clock == time.CLOCK_BOOTTIME))
    lock.acquire(FIRST, "deploy")
    lock.check()
    asleep = TTL  # in which time.monotonic stands still
    with pytest.raises(Locked, match="could not be renewed for 60 s"):
        lock.check()
    lock.release()
