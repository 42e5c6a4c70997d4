"""What ports.Store and ports.Lock promise, kept by memory, by this machine's disk and by a bucket alike."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from storage import BUCKET, Storage, storage_server

from bluegreen.adapters.cloud_storage import CloudStorage
from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.fakes.state import MemoryLock, MemoryPlace, MemoryStore
from bluegreen.adapters.state.bucket_store import BucketStore
from bluegreen.adapters.state.journal import LocalStore
from bluegreen.adapters.state.lease import BucketLock
from bluegreen.adapters.state.lock import LocalLock
from bluegreen.adapters.state.logs import LEFT_OUT, LONGEST
from bluegreen.adapters.state.objects import Objects
from bluegreen.errors import BluegreenError, Locked
from bluegreen.ports import Freeze, Lock, Log, Store

FIRST, SECOND, THIRD = "20261122-183501-4f2a", "20261122-183501-8000", "20261123-000000-0000"

DIES_WITH_THE_LOCK = """
import sys
from pathlib import Path
from bluegreen.adapters.cloud_storage import CloudStorage
from bluegreen.adapters.state.lease import BucketLock
from bluegreen.adapters.state.lock import LocalLock
where, run = sys.argv[1:]
lock = LocalLock(Path(where)) if "/" in where else BucketLock(CloudStorage("kept", where + "|"), where)
lock.acquire(run, "deploy")
"""

FOLDERS = itertools.count()


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    with storage_server() as storage:
        yield storage


@pytest.fixture
def folder(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of its own in a bucket, whose server the environment names."""
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    return str(next(FOLDERS))


def bucket_of(folder: str) -> Objects:
    return CloudStorage(BUCKET, f"{folder}|")


@pytest.fixture(params=["memory", "local", "bucket-in-memory", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "memory":
            return MemoryStore()
        case "local":
            return LocalStore(tmp_path / "store")
        case "bucket-in-memory":
            return BucketStore(MemoryObjects(), "gs://bucket")
    return BucketStore(bucket_of(request.getfixturevalue("folder")), "gs://bucket")


def test_a_journal_holds_what_was_appended_in_order(store: Store) -> None:
    entries = [
        {"time": 1.5, "event": "run-started", "who": "Zoë\n\ud800"},
        {"time": 2.5, "event": "planned", "changes": {"a.b": "update"}},
    ]
    store.append(FIRST, entries[0], durable=False)
    store.append(FIRST, entries[1], durable=True)
    journal = store.journal(FIRST)
    assert [dict(entry.data) for entry in journal] == entries
    assert [(entry.event, entry.time) for entry in journal] == [("run-started", 1.5), ("planned", 2.5)]


def test_runs_are_listed_newest_first(store: Store) -> None:
    assert list(store.runs()) == []
    for run in (SECOND, THIRD, FIRST):
        store.append(run, {"event": "run-started"}, durable=True)
    assert list(store.runs()) == [THIRD, SECOND, FIRST]


def test_journals_are_kept_apart(store: Store) -> None:
    store.append(FIRST, {"event": "one"}, durable=True)
    store.append(SECOND, {"event": "two"}, durable=True)
    assert [entry.event for entry in store.journal(FIRST)] == ["one"]


def test_a_freeze_is_kept_until_it_is_ended(store: Store) -> None:
    assert store.freeze() is None
    for freeze in (Freeze("audit", "ana@desk", 1.5, 2.5), Freeze("Zoë's\nday", "ada@here", 3.0)):
        store.set_freeze(freeze)
        assert store.freeze() == freeze
    store.set_freeze(None)
    store.set_freeze(None)
    assert store.freeze() is None


def test_a_run_is_asked_to_go_back_until_it_is_no_longer(store: Store) -> None:
    store.append(FIRST, {"event": "one"}, durable=True)
    assert store.called_back(FIRST) == ""
    store.call_back(FIRST, "")
    store.call_back(FIRST, "Zoë@desk")
    assert (store.called_back(FIRST), store.called_back(SECOND)) == ("Zoë@desk", "")
    assert list(store.runs()) == [FIRST]
    store.call_back(FIRST, "")
    assert store.called_back(FIRST) == ""


def test_a_run_that_never_was_has_no_journal(store: Store) -> None:
    with pytest.raises(BluegreenError, match=FIRST) as caught:
        store.journal(FIRST)
    assert "bluegreen history" in caught.value.hint


def test_logs_are_kept_below_their_run_in_order(store: Store) -> None:
    said = [
        Log("edge", "plan", "Plan: 0 to add\n"),
        Log("blue-2", "state-pull", "Zoë\n"),
        Log("edge", "plan", "more\n"),
    ]
    assert list(store.logs(FIRST)) == []
    for log in said:
        store.keep_log(FIRST, log)
    store.keep_log(SECOND, Log("edge", "apply", "of another run\n"))
    assert list(store.logs(FIRST)) == said
    assert list(store.runs()) == []


def test_of_a_log_that_never_ends_the_end_is_kept(store: Store) -> None:
    store.keep_log(FIRST, Log("edge", "apply", "still creating\n" * LONGEST + "Error: bad\n"))
    (log,) = store.logs(FIRST)
    assert len(log.text) <= LONGEST + len(LEFT_OUT)
    assert log.text.startswith(f"{LEFT_OUT}still creating\n")
    assert log.text.endswith("\nstill creating\nError: bad\n")


class Contenders:
    """Locks of one environment, each as if of its own process."""

    def __init__(self, new: Callable[[], Lock], leave_behind: Callable[[str], None]) -> None:
        self.new = new
        self.leave_behind = leave_behind


@pytest.fixture(params=["memory", "local", "bucket"])
def contenders(request: pytest.FixtureRequest, tmp_path: Path) -> Contenders:
    if request.param != "memory":
        local = request.param == "local"
        where = str(tmp_path / "store") if local else request.getfixturevalue("folder")

        def die(run: str) -> None:
            subprocess.run([sys.executable, "-c", DIES_WITH_THE_LOCK, where, run], check=True, env=os.environ)

        return Contenders(lambda: LocalLock(Path(where)) if local else BucketLock(bucket_of(where), where), die)
    place = MemoryPlace()

    def leave_behind(run: str) -> None:
        MemoryLock(place).acquire(run, "deploy")
        place.gone = True

    return Contenders(lambda: MemoryLock(place), leave_behind)


def test_a_free_lock_is_taken_from_nobody(contenders: Contenders) -> None:
    lock = contenders.new()
    assert lock.holder() is None
    assert lock.acquire(FIRST, "deploy") is None
    holder = contenders.new().holder()
    assert holder is not None
    assert (holder.run, holder.verb) == (FIRST, "deploy")


def test_a_held_lock_is_refused_and_its_holder_named(contenders: Contenders) -> None:
    contenders.new().acquire(FIRST, "rollback")
    with pytest.raises(Locked) as caught:
        contenders.new().acquire(SECOND, "deploy")
    assert FIRST in caught.value.message
    assert "rollback" in caught.value.message
    assert caught.value.hint


def test_a_released_lock_is_free(contenders: Contenders) -> None:
    lock = contenders.new()
    lock.acquire(FIRST, "deploy")
    lock.release()
    assert lock.holder() is None
    assert contenders.new().acquire(SECOND, "deploy") is None


def test_a_lock_of_another_is_not_released(contenders: Contenders) -> None:
    contenders.new().acquire(FIRST, "deploy")
    contenders.new().release()
    holder = contenders.new().holder()
    assert holder is not None
    assert holder.run == FIRST


def test_a_lock_that_was_released_twice_stays_its_next_holders(contenders: Contenders) -> None:
    first = contenders.new()
    first.acquire(FIRST, "deploy")
    first.release()
    contenders.new().acquire(SECOND, "deploy")
    first.release()
    holder = first.holder()
    assert holder is not None
    assert holder.run == SECOND


def test_a_holder_that_is_gone_is_succeeded_and_named(contenders: Contenders) -> None:
    contenders.leave_behind(FIRST)
    lock = contenders.new()
    assert lock.holder() is None
    succeeded = lock.acquire(SECOND, "rollback")
    assert succeeded is not None
    assert (succeeded.run, succeeded.verb) == (FIRST, "deploy")
    holder = lock.holder()
    assert holder is not None
    assert holder.run == SECOND
    lock.release()
    assert lock.holder() is None


def test_a_lock_whose_holder_is_seen_to_live_is_not_broken(contenders: Contenders) -> None:
    lock = contenders.new()
    lock.acquire(FIRST, "deploy")
    holder = lock.holder()
    assert holder is not None
    with pytest.raises(Locked, match=FIRST):
        contenders.new().break_(holder)
    assert lock.holder() == holder


def test_only_the_lock_that_was_named_is_broken(contenders: Contenders) -> None:
    first, second = contenders.new(), contenders.new()
    first.acquire(FIRST, "deploy")
    holder = first.holder()
    first.release()
    second.acquire(SECOND, "deploy")
    assert holder is not None
    with pytest.raises(Locked, match="no longer"):
        contenders.new().break_(holder)
    assert second.holder() is not None
