"""Terraform's logs, kept beside a run: on this machine those of the newest runs, and never at the run's cost."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.fakes.state import MemoryStore
from bluegreen.adapters.state.bucket_store import BucketStore
from bluegreen.adapters.state.journal import KEPT, LocalStore
from bluegreen.adapters.state.logs import RunLogs
from bluegreen.errors import BluegreenError
from bluegreen.ports import Log

RUN = "20261122-183501-4f2a"
SAID = Log("edge", "plan", "Plan: 0 to add\n")


def ids(number: int) -> list[str]:
    return [f"20261122-183501-{one:04x}" for one in range(number)]


def test_the_logs_of_the_newest_runs_are_kept(tmp_path: Path) -> None:
    store, runs = LocalStore(tmp_path), ids(KEPT + 2)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "notes").touch()
    for run in runs:
        store.keep_log(run, SAID)
        store.keep_log(run, SAID)
    assert [len(store.logs(run)) for run in runs] == [0, 0, *[2] * KEPT]
    assert (tmp_path / "logs" / "notes").exists()


def test_other_files_among_the_logs_are_let_be(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.keep_log(RUN, SAID)
    (tmp_path / "logs" / RUN / "notes.log").touch()
    store.keep_log(RUN, SAID)
    assert store.logs(RUN) == [SAID, SAID]


def test_a_log_is_its_users_alone(tmp_path: Path) -> None:
    LocalStore(tmp_path).keep_log(RUN, SAID)
    (path,) = (tmp_path / "logs" / RUN).iterdir()
    assert path.read_text() == SAID.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}


def test_two_machines_at_one_run_overwrite_no_log_of_each_other() -> None:
    objects = MemoryObjects()
    first, second = (BucketStore(objects, "gs://bucket") for _ in range(2))
    for number, store in enumerate((first, second, first, second)):
        store.keep_log(RUN, Log("edge", "plan", f"{number}\n"))
    assert sorted(log.text for log in first.logs(RUN)) == ["0\n", "1\n", "2\n", "3\n"]


class Unreachable(MemoryStore):
    """A store that keeps no logs. asked: how often it was to."""

    asked = 0

    def keep_log(self, run: str, log: Log) -> None:
        self.asked += 1
        raise BluegreenError("cannot write the store's logs")


def test_a_log_that_cannot_be_kept_ends_no_run_and_is_said_once() -> None:
    store, told = Unreachable(), list[str]()
    logs = RunLogs(store, RUN, told.append)
    for _ in range(3):
        logs.keep(SAID)
    logs.close()
    assert (told, store.asked) == (["cannot write the store's logs; what Terraform says in this run is not kept"], 1)


def test_nothing_waits_for_a_log_but_the_end_of_the_run() -> None:
    class Slow(MemoryStore):
        def keep_log(self, run: str, log: Log) -> None:
            assert go_on.wait(10)
            super().keep_log(run, log)

    store, go_on = Slow(), threading.Event()
    logs = RunLogs(store, RUN, pytest.fail)
    logs.keep(Log("edge", "state-pull", ""))  # there is nothing to keep
    logs.keep(SAID)
    go_on.set()
    logs.close()
    assert store.logs(RUN) == (SAID,)
