from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bluegreen.adapters.terraform.logs import KEPT, find_logs, keep_log


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    for number in range(1, KEPT + 12):
        path = keep_log(folder, "plan", [f"line {number}", "end"])
        assert path.name == f"plan-{number}.log"
    logs = find_logs(folder)
    assert [path.name for path in logs] == [f"plan-{number}.log" for number in range(12, KEPT + 12)]
    assert logs[-1].read_text() == f"line {KEPT + 11}\nend\n"
    assert mode(logs[-1]) == 0o600


def test_other_files_among_the_logs_are_let_be(tmp_path: Path) -> None:
    (tmp_path / "notes.log").touch()
    assert keep_log(tmp_path, "state-pull", []).name == "state-pull-1.log"
    assert find_logs(tmp_path / "none") == []


def test_a_log_can_be_printed_as_it_is(tmp_path: Path) -> None:
    path = keep_log(tmp_path / "logs", "plan", ["red \x1b[31mred\x1b[0m", "\u202eevil\x07"])
    assert path.read_text() == "red red\nevil\n"
