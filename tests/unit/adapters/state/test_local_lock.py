from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bluegreen.adapters.state import host
from bluegreen.adapters.state.lock import LocalLock
from bluegreen.errors import BluegreenError, Locked

FIRST, SECOND = "20261122-183501-4f2a", "20261122-183502-4f2a"
CONTENDERS = 8
ROUNDS = 12
GONE_PID = 2**22 + 1
"""Above the highest number that Linux gives to a process."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    LocalLock(tmp_path, {}).acquire(FIRST, "deploy")
    return tmp_path / "lock"


def edit(path: Path, **fields: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def taken(path: Path) -> bool:
    """Whether a second run gets the lock."""
    try:
        return LocalLock(path.parent).acquire(SECOND, "deploy") is not None
    except Locked:
        return False


def test_the_file_says_who_holds_it_and_nobody_else_may_read_it(path: Path) -> None:
    said = json.loads(path.read_text())
    assert (said["run"], said["verb"], said["pid"], said["host"]) == (
        FIRST,
        "deploy",
        os.getpid(),
        socket.gethostname(),
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["lock"]


def test_in_a_workflow_its_actor_holds_it(tmp_path: Path) -> None:
    lock = LocalLock(tmp_path, {"GITHUB_ACTOR": "ada"})
    lock.acquire(FIRST, "deploy")
    holder = lock.holder()
    assert holder is not None
    assert holder.who == "ada"


def test_the_holders_start_is_the_systems_word_for_it(path: Path) -> None:
    holder = LocalLock(path.parent).holder()
    assert holder is not None
    assert 0 <= holder.since - holder.started < 24 * 3600


def test_a_living_holder_is_not_succeeded(path: Path) -> None:
    assert not taken(path)


@pytest.mark.parametrize(
    "proof", [{"pid": GONE_PID}, {"birth": 1}, {"boot": "another"}, {"boot": "another", "pids": "pid:[1]"}]
)
def test_a_holder_that_is_provably_gone_is_succeeded(path: Path, proof: dict[str, Any]) -> None:
    edit(path, **proof)
    assert LocalLock(path.parent).holder() is None
    assert taken(path)


@pytest.mark.parametrize(
    "unknown",
    [
        {"host": "elsewhere", "pid": GONE_PID},
        {"host": "elsewhere", "boot": "another"},
        {"pids": "pid:[1]", "pid": GONE_PID},
        {"birth": 0},
        {"boot": ""},
        {"started": 1.0},  # the clock was set, which says nothing of the process
    ],
)
def test_a_holder_of_which_nothing_is_proven_is_not_succeeded(path: Path, unknown: dict[str, Any]) -> None:
    edit(path, **unknown)
    assert LocalLock(path.parent).holder() is not None
    assert not taken(path)


def test_the_way_out_for_a_machine_that_is_gone_is_said(path: Path) -> None:
    edit(path, host="elsewhere")
    with pytest.raises(Locked) as caught:
        LocalLock(path.parent).acquire(SECOND, "deploy")
    assert "elsewhere" in caught.value.hint
    assert caught.value.where == str(path)


def test_a_killed_holder_is_gone_even_before_its_parent_has_asked_for_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from bluegreen.adapters.state.lock import LocalLock\n"
        f"LocalLock(Path(sys.argv[1])).acquire('{FIRST}', 'deploy'); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert not taken(tmp_path / "lock")
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead now, and still in the table of processes
        assert taken(tmp_path / "lock")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"run": 1}', "\0" * 64])
def test_a_file_that_says_nothing_is_held_by_somebody(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(Locked, match="does not say who") as caught:
        LocalLock(path.parent).acquire(SECOND, "deploy")
    assert "bluegreen unlock" in caught.value.hint
    holder = LocalLock(path.parent).holder()
    assert holder is not None
    assert (holder.run, holder.who, holder.since) == ("", "", path.stat().st_mtime)
    assert path.read_text() == content


def test_a_lock_that_is_no_file_is_held_by_somebody(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    assert LocalLock(tmp_path).holder() is not None
    with pytest.raises(BluegreenError, match="what should be a file is a folder") as caught:
        LocalLock(tmp_path).acquire(SECOND, "deploy")
    assert caught.value.hint


def test_a_lock_that_was_taken_by_hand_and_given_to_another_is_not_released(tmp_path: Path) -> None:
    first, second = LocalLock(tmp_path), LocalLock(tmp_path)
    first.acquire(FIRST, "deploy")
    (tmp_path / "lock").unlink()
    second.acquire(SECOND, "deploy")
    first.release()
    holder = second.holder()
    assert holder is not None
    assert holder.run == SECOND


def test_a_place_where_nothing_can_be_written_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(BluegreenError, match="cannot take the lock: the file system is read-only") as caught:
        LocalLock(tmp_path).acquire(FIRST, "deploy")
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_process_is_found_by_its_number_and_nothing_by_a_dead_one() -> None:
    me = host.find_process(os.getpid())
    assert me is not None
    assert me.birth > 0
    assert host.find_process(GONE_PID) is None
    init = host.find_process(1)
    assert init is not None
    assert init.birth != me.birth


CONTEND = """
import sys
from pathlib import Path
from bluegreen.adapters.state.lock import LocalLock
from bluegreen.errors import Locked

root, number = Path(sys.argv[1]), int(sys.argv[2])
for turn in sys.stdin:  # a line is the starting gun of a round
    try:
        succeeded = LocalLock(root / turn.strip(), {}).acquire(f"20261122-183501-{number:04x}", "deploy")
        print("won", succeeded.run if succeeded else "", flush=True)
    except Locked:
        print("lost", flush=True)
"""
"""Tries for the lock in each round's folder, together with all others, and keeps it."""


@pytest.fixture
def contenders(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-c", CONTEND, str(tmp_path)]
    begun = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(CONTENDERS)
    ]
    yield begun
    for contender in begun:
        contender.communicate(timeout=60)


@pytest.mark.parametrize("stale", [False, True], ids=["free", "stale"])
def test_of_many_that_try_at_once_exactly_one_wins(
    tmp_path: Path, contenders: list[subprocess.Popen[str]], stale: bool
) -> None:
    for turn in range(ROUNDS):
        if stale:
            LocalLock(tmp_path / str(turn), {}).acquire(FIRST, "deploy")
            edit(tmp_path / str(turn) / "lock", pid=GONE_PID)
        for contender in contenders:
            assert contender.stdin is not None
            contender.stdin.write(f"{turn}\n")
            contender.stdin.flush()
        said = [contender.stdout.readline().split() for contender in contenders]  # type: ignore[union-attr]
        winners = [number for number, words in enumerate(said) if words[0] == "won"]
        assert len(winners) == 1
        assert said[winners[0]][1:] == ([FIRST] if stale else [])
        assert json.loads((tmp_path / str(turn) / "lock").read_text())["run"] == f"20261122-183501-{winners[0]:04x}"


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"pids": "pid:[1]"}, None], ids=["host", "pids", "damaged"])
def test_what_cannot_be_seen_from_here_can_be_broken(path: Path, change: dict[str, Any] | None) -> None:
    edit(path, **change) if change else path.write_text("?")
    lock = LocalLock(path.parent)
    holder = lock.holder()
    assert holder is not None
    lock.break_(holder)
    assert lock.holder() is None
    assert lock.acquire(SECOND, "deploy") is None


def test_a_damaged_lock_that_was_written_anew_meanwhile_is_not_broken(path: Path) -> None:
    path.write_text("?")
    lock = LocalLock(path.parent)
    holder = lock.holder()
    assert holder is not None
    path.write_text("!")
    os.utime(path, (1.0, 1.0))
    with pytest.raises(Locked, match="no longer"):
        lock.break_(holder)
    assert path.exists()
