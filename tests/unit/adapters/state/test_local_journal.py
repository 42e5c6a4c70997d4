from __future__ import annotations

import json
from pathlib import Path

import pytest

from bluegreen.adapters.state.journal import LocalStore, new_run_id
from bluegreen.errors import BluegreenError, Locked, UsageError

RUN = "20261122-183501-4f2a"
ENTRIES = [{"event": "run-started", "time": 1.0}, {"event": "said", "text": "ä" * 40}, {"event": "result", "n": {}}]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path)


@pytest.fixture
def path(store: LocalStore, tmp_path: Path) -> Path:
    for entry in ENTRIES:
        store.append(RUN, entry, durable=True)
    return tmp_path / "runs" / f"{RUN}.jsonl"


def events(store: LocalStore) -> list[dict[str, object]]:
    return [dict(entry.data) for entry in store.journal(RUN)]


def test_an_id_says_when_in_utc() -> None:
    assert new_run_id(1795372501.31, random=lambda _: "2a") == "20261122-183501-4f2a"


def test_ids_sort_by_time_within_a_second_too() -> None:
    times = [1795372501 + step / 64 for step in range(200)]
    # The chance runs against the time, so that only the time can bring the order about.
    ids = [new_run_id(now, random=lambda _, n=number: f"{199 - n:02x}") for number, now in enumerate(times)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 200


def test_ids_of_the_same_moment_differ() -> None:
    assert len({new_run_id(1795372501.5) for _ in range(64)}) > 32


@pytest.mark.parametrize("set_back", [3600.0, 0.001, 0.0])
def test_an_id_comes_after_those_that_are_there_whatever_the_clock_says(set_back: float) -> None:
    runs = ["20261122-183501-ffff", "20261122-183501-4f2a"]
    for _ in range(300):
        runs.insert(0, new_run_id(1795372501.9999 - set_back, runs))
    assert runs == sorted(set(runs), reverse=True)


def test_a_clock_that_is_ahead_is_believed_when_nothing_is_newer() -> None:
    assert new_run_id(1795372501.31, ["20261122-183459-0000"], random=lambda _: "2a") == "20261122-183501-4f2a"


def test_a_journal_is_private_and_its_first_line_names_its_version(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert ["journal" in line for line in lines] == [True, False, False]
    assert lines[0]["journal"] == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_cut_at_any_byte_a_journal_keeps_its_whole_lines_and_can_be_gone_on_with(store: LocalStore, path: Path) -> None:
    content = path.read_bytes()
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        whole = content[:size].count(b"\n")
        assert events(store) == ENTRIES[:whole]
        store.append(RUN, {"event": "after"}, durable=False)
        assert events(store) == [*ENTRIES[:whole], {"event": "after"}]
        assert json.loads(path.read_bytes().splitlines()[0])["journal"] == 1


@pytest.mark.parametrize("hole", [b"\0" * 20, b"{", b"[1]", b"", b"\xff\xfe", b"[" * 100_000])
def test_a_hole_in_the_middle_is_an_error_that_names_the_line(store: LocalStore, path: Path, hole: bytes) -> None:
    lines = path.read_bytes().split(b"\n")
    lines[1] = hole
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(UsageError, match="damaged") as caught:
        store.journal(RUN)
    assert caught.value.where == f"{path}:2"
    assert caught.value.hint


@pytest.mark.parametrize("size", [1, 50, 4096])
def test_zeros_that_a_crash_left_at_the_end_do_no_harm(store: LocalStore, path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes() + b"\0" * size)
    assert events(store) == ENTRIES
    store.append(RUN, {"event": "after"}, durable=True)
    assert events(store) == [*ENTRIES, {"event": "after"}]


def test_a_journal_of_a_newer_version_is_not_guessed_at(store: LocalStore, path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"journal":1', b'"journal":2', 1))
    with pytest.raises(UsageError, match="version 2") as caught:
        store.journal(RUN)
    assert "upgrade" in caught.value.hint


@pytest.mark.parametrize("version", [b'"x":1', b'"journal":0', b'"journal":"1"', b'"journal":true'])
def test_a_file_that_names_no_version_is_no_journal(store: LocalStore, path: Path, version: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(b'"journal":1', version, 1))
    with pytest.raises(UsageError, match="no journal"):
        store.journal(RUN)


@pytest.mark.parametrize("run", ["../../etc/passwd", "", ".", f"{RUN}\n", f"../runs/{RUN}", "20261122-183501-4F2A"])
def test_an_id_that_is_none_reaches_no_file(store: LocalStore, path: Path, run: str) -> None:
    with pytest.raises(UsageError, match="no run's id") as caught:
        store.journal(run)
    assert "bluegreen history" in caught.value.hint
    with pytest.raises(UsageError):
        store.append(run, {}, durable=False)


def test_a_mistyped_id_is_answered_with_the_one_that_was_meant(store: LocalStore, path: Path) -> None:
    for run in (RUN[:-1], f"{RUN[:-1]}b"):
        with pytest.raises(UsageError) as caught:
            store.journal(run)
        assert f"did you mean {RUN}?" in caught.value.hint


def test_what_else_lies_in_the_folder_is_no_run(store: LocalStore, path: Path) -> None:
    for name in (".x.jsonl", "notes.txt", "a.jsonl", f"{RUN}.jsonl.bak"):
        (path.parent / name).write_text("")
    assert list(store.runs()) == [RUN]


def test_a_journal_that_cannot_be_read_is_an_error_in_words(store: LocalStore, path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(BluegreenError, match="symbolic link"):
        store.journal(RUN)


def test_a_place_where_nothing_can_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BluegreenError, match="should be a folder is a file"):
        LocalStore(tmp_path / "file").append(RUN, {}, durable=True)


@pytest.mark.parametrize("blocked", [".bluegreen", ".bluegreen/demo", ".bluegreen/demo/runs"])
def test_a_file_in_the_place_of_a_folder_is_named_and_not_taken_for_no_runs(blocked: str, tmp_path: Path) -> None:
    (tmp_path / blocked).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / blocked).touch()
    with pytest.raises(BluegreenError, match="cannot list the runs: what should be a folder is a file") as caught:
        LocalStore(tmp_path / ".bluegreen" / "demo").runs()
    assert (caught.value.where, bool(caught.value.hint)) == (str(tmp_path / blocked), True)


def test_where_nothing_was_ever_run_there_are_no_runs(tmp_path: Path) -> None:
    assert list(LocalStore(tmp_path / ".bluegreen" / "demo").runs()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"reason": "x"}'])
def test_a_damaged_freeze_still_locks(tmp_path: Path, content: bytes) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "freeze.json").write_bytes(content)
    with pytest.raises(Locked) as caught:
        store.freeze()
    assert caught.value.where == str(tmp_path / "freeze.json")
    assert "bluegreen unlock" in caught.value.hint
    store.set_freeze(None)
    assert store.freeze() is None
