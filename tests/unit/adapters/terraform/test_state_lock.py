from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bluegreen.adapters.state.host import STARTED_APART
from bluegreen.adapters.terraform.state_lock import LOCKED_WITHIN, StateLock, find_lock, read_lock
from bluegreen.ports import DeadTerraform

NOW = datetime(2026, 11, 23, 8, 30, 5, 250000, tzinfo=UTC).timestamp()
LOCK = StateLock("1700000000000001", "OperationTypeApply", "ana@desk", NOW)
TOLD = """writing "gs://states/shop/default.tflock" failed: googleapi: Error 412
Lock Info:
  ID:        1700000000000001
  Path:      gs://states/shop/default.tflock
  Operation: OperationTypeApply
  Who:       ana@desk
  Version:   1.11.4
  Created:   2026-11-23 08:30:05.25 +0000 UTC
  Info:      \n
"""


def test_a_lock_is_read_from_what_terraform_says() -> None:
    assert find_lock(TOLD) == LOCK
    assert find_lock("the bucket is not there") is None


def test_a_lock_is_read_from_its_record() -> None:
    record = {"ID": LOCK.id, "Operation": LOCK.operation, "Who": LOCK.who, "Created": "2026-11-23T08:30:05.25012345Z"}
    lock = read_lock(record)
    assert lock is not None
    assert lock.created == pytest.approx(NOW, abs=0.001)
    assert read_lock({**record, "Created": "yesterday"}) is None
    assert read_lock({}) is None


@pytest.mark.parametrize("id", ["", "-force", "1; rm -rf ~", "$(id)", "a b"])
def test_an_id_that_would_be_more_than_one_word_to_a_shell_is_none(id: str) -> None:
    record = {"ID": id, "Operation": LOCK.operation, "Who": LOCK.who, "Created": "2026-11-23T08:30:05Z"}
    assert read_lock(record) is None


def test_it_is_told_in_one_line() -> None:
    assert str(LOCK) == "apply of ana@desk since 2026-11-23 08:30:05 UTC, lock 1700000000000001"


@pytest.mark.parametrize(
    ("started", "command", "host", "is_ours"),
    [
        (NOW, "apply", "desk", True),
        (NOW + STARTED_APART, "apply", "desk", True),
        (NOW + STARTED_APART + 1, "apply", "desk", False),
        (NOW - LOCKED_WITHIN - 10, "apply", "desk", True),
        (NOW - LOCKED_WITHIN - 11, "apply", "desk", False),
        (NOW, "plan", "desk", False),
        (NOW, "apply", "otherdesk", False),
    ],
)
def test_it_is_ours_when_place_act_and_time_agree(started: float, command: str, host: str, is_ours: bool) -> None:
    dead = DeadTerraform("edge", command, 7, started)
    assert LOCK.is_of(dead, host, waited=10) is is_ours


@pytest.mark.parametrize(("ended", "is_ours"), [(NOW, True), (NOW - 0.1, False)])
def test_what_was_locked_after_our_terraform_had_ended_is_not_ours(ended: float, is_ours: bool) -> None:
    dead = DeadTerraform("edge", "apply", 7, NOW - 5, ended)
    assert LOCK.is_of(dead, "desk", waited=10) is is_ours
