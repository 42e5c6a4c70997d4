"""What adapters.state.objects.Objects promises, kept by memory and, through its SDK, by a stand-in of Cloud Storage."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest
from storage import BUCKET, Storage, storage_server

from bluegreen.adapters.cloud_storage import CloudStorage
from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.state.objects import NONE, Conflict, Objects
from bluegreen.errors import BluegreenError

FOLDERS = itertools.count()


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    with storage_server() as storage:
        yield storage


@pytest.fixture(params=["memory", "cloud-storage"])
def objects(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Objects:
    if request.param == "memory":
        return MemoryObjects()
    storage: Storage = request.getfixturevalue("storage")
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    return CloudStorage(BUCKET, f"{next(FOLDERS)}/")


def test_what_was_written_is_read(objects: Objects) -> None:
    assert (objects.read("a"), objects.look("a"), objects.read("a", quick=True)) == (None, None, None)
    first = objects.write("a", b"one")
    assert objects.read("a") == b"one"
    second = objects.write("a", "Zoë\n".encode())
    stored = objects.look("a")
    assert stored is not None
    assert (stored.content, stored.generation) == ("Zoë\n".encode(), second)
    assert first != second


def test_a_write_on_condition_overwrites_nothing_newer(objects: Objects) -> None:
    first = objects.write("a", b"one", generation=NONE)
    with pytest.raises(Conflict):
        objects.write("a", b"two", generation=NONE)
    second = objects.write("a", b"two", generation=first)
    with pytest.raises(Conflict):
        objects.write("a", b"three", generation=first)
    assert objects.read("a") == b"two"
    assert objects.write("a", b"three", generation=second) != second


def test_the_same_written_twice_on_condition_was_written(objects: Objects) -> None:
    """As when the answer was lost and it is asked for again."""
    first = objects.write("a", b"one", generation=NONE)
    assert objects.write("a", b"one", generation=NONE) == first


def test_of_many_that_write_on_one_condition_one_does(objects: Objects) -> None:
    generation = objects.write("a", b"")
    won: list[int] = []

    def contend(number: int) -> None:
        try:
            objects.write("a", b"%d" % number, generation=generation)
        except Conflict:
            return
        won.append(number)

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert objects.read("a") == b"%d" % won[0]


def test_what_was_deleted_is_gone(objects: Objects) -> None:
    objects.write("a", b"one")
    objects.delete("a")
    objects.delete("a")
    assert objects.read("a") is None
    objects.write("a", b"two", generation=NONE)


def test_names_and_folders_are_listed_in_order(objects: Objects) -> None:
    for name in ("runs/b/2", "runs/a/1", "runs/b/1", "runs/c.return", "lock"):
        objects.write(name, b"")
    assert list(objects.names("runs/b/")) == ["runs/b/1", "runs/b/2"]
    assert list(objects.folders("runs/")) == ["a", "b"]
    assert (list(objects.names("none/")), list(objects.folders("none/"))) == ([], [])


def test_a_bucket_that_is_not_there_says_so(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
    for ask in (lambda bucket: bucket.write("a", b""), lambda bucket: bucket.names("")):
        with pytest.raises(BluegreenError, match="cannot") as caught:
            ask(CloudStorage("elsewhere", "x/"))
        assert "gs://elsewhere/x/" in caught.value.where
        assert caught.value.hint
