"""The store in a bucket: two that write one journal never overwrite each other, and the one who came later goes on."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.state.bucket_store import BucketStore
from bluegreen.adapters.state.journal import LocalStore
from bluegreen.adapters.state.keeping import Keeping
from bluegreen.errors import BluegreenError, Locked, UsageError

RUN = "20261122-183501-4f2a"
WHERE = "gs://bucket/shop/pro"


def events(objects: MemoryObjects) -> list[str]:
    return [entry.event for entry in BucketStore(objects, WHERE).journal(RUN)]


def append(store: BucketStore, event: str, *, durable: bool = True) -> None:
    store.append(RUN, {"event": event}, durable=durable)


def test_who_comes_to_a_journal_later_shuts_the_other_one_out() -> None:
    objects = MemoryObjects()
    first, second = BucketStore(objects, WHERE), BucketStore(objects, WHERE)
    append(first, "one")
    append(second, "two")
    with pytest.raises(Locked, match="somebody else goes on with run"):
        append(first, "stale")
    append(second, "three")
    with pytest.raises(Locked):
        append(first, "stale again")
    assert events(objects) == ["one", "two", "three"]


def test_a_writer_that_was_a_little_faster_is_not_lost() -> None:
    objects = MemoryObjects()
    first, second = BucketStore(objects, WHERE), BucketStore(objects, WHERE)
    append(first, "one")
    append(second, "two", durable=False)  # it knows its piece from now on, and has not written it
    append(first, "meanwhile")
    append(second, "three")
    with pytest.raises(Locked):
        append(first, "stale")
    assert events(objects) == ["one", "meanwhile", "two", "three"]


def test_who_has_lost_the_lease_writes_nothing() -> None:
    objects = MemoryObjects()
    lost = False

    def fence() -> None:
        if lost:
            raise Locked("lost")

    store = BucketStore(objects, WHERE, fence=fence)
    append(store, "one")
    append(store, "two", durable=False)
    lost = True
    for durable in (True, False):
        with pytest.raises(Locked, match="lost"):
            append(store, "stale", durable=durable)
    assert events(objects) == ["one"]


def test_a_line_that_is_not_durable_is_written_soon() -> None:
    written = threading.Event()
    objects = MemoryObjects()
    objects.interfere = lambda method: written.set() if method == "write" else None
    append(BucketStore(objects, WHERE, every=0.01), "one", durable=False)
    assert written.wait(30)


def test_lines_that_could_not_be_written_are_written_with_the_next() -> None:
    objects = MemoryObjects()
    store = BucketStore(objects, WHERE)
    append(store, "one")

    def refuse(method: str) -> None:
        raise BluegreenError("no network")

    objects.interfere = refuse
    append(store, "two", durable=False)
    with pytest.raises(BluegreenError, match="no network"):
        append(store, "three")
    objects.interfere = lambda method: None
    append(store, "four")
    assert events(objects) == ["one", "two", "three", "four"]


def test_a_journal_with_a_piece_missing_is_refused() -> None:
    objects = MemoryObjects()
    store = BucketStore(objects, WHERE)
    for event in ("one", "two", "three"):
        append(store, event)
    objects.delete(objects.names(f"runs/{RUN}/")[1])
    with pytest.raises(UsageError, match="a piece of it is missing") as caught:
        BucketStore(objects, WHERE).journal(RUN)
    assert caught.value.where == f"{WHERE}/runs/{RUN}"


def test_what_is_no_run_is_not_looked_for_in_the_bucket() -> None:
    store = BucketStore(MemoryObjects(), WHERE)
    for run in ("../lock", "lock.json", ""):
        with pytest.raises(UsageError, match="is no run's id"):
            store.journal(run)


def test_what_was_kept_on_this_machine_comes_home_once_its_run_is_over(tmp_path: Path) -> None:
    objects, local = MemoryObjects(), LocalStore(tmp_path)
    home = Keeping(tmp_path, objects, WHERE)
    local.append(RUN, {"event": "run-started"}, durable=True)
    home.bring_home()
    assert objects.stored == {}  # it is under way
    local.append(RUN, {"event": "result"}, durable=True)
    home.bring_home()
    assert (events(objects), list(local.runs())) == (["run-started", "result"], [])
    home.bring_home()
    store = BucketStore(objects, WHERE)
    append(store, "more")
    local.append(RUN, {"event": "result"}, durable=True)
    home.bring_home()
    assert events(objects) == ["run-started", "result", "more"]


def test_a_run_that_fell_silent_comes_home_too(tmp_path: Path) -> None:
    objects, local = MemoryObjects(), LocalStore(tmp_path)
    local.append(RUN, {"event": "run-started"}, durable=True)
    (path,) = tmp_path.glob("runs/*")
    os.utime(path, (0, 0))
    Keeping(tmp_path, objects, WHERE).bring_home()
    assert events(objects) == ["run-started"]


def test_what_cannot_come_home_stays(tmp_path: Path) -> None:
    objects, local = MemoryObjects(), LocalStore(tmp_path)
    local.append(RUN, {"event": "result"}, durable=True)

    def refuse(method: str) -> None:
        raise BluegreenError("no network")

    objects.interfere = refuse
    with pytest.raises(BluegreenError, match="no network"):
        Keeping(tmp_path, objects, WHERE).bring_home()
    assert list(local.runs()) == [RUN]


def test_a_piece_that_was_written_though_its_writer_was_not_told_shuts_nobody_out() -> None:
    objects = MemoryObjects()
    store = BucketStore(objects, WHERE)
    write = objects.write

    def lose_the_answer(name: str, content: bytes, *, generation: int | None = None) -> int:
        write(name, content, generation=generation)
        raise BluegreenError("no answer")

    for number in range(2):  # the journal's first piece, and one after it
        objects.write = lose_the_answer  # type: ignore[method-assign]
        with pytest.raises(BluegreenError, match="no answer"):
            append(store, f"lost {number}")
        objects.write = write  # type: ignore[method-assign]
        append(store, f"next {number}")
    assert events(objects) == ["lost 0", "next 0", "lost 1", "next 1"]
    assert [b"journal" in stored.content for stored in objects.stored.values()] == [True, False, False, False]
