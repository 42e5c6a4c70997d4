"""`lock` and `unlock`, over an environment whose lock somebody holds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from bluegreen.cli.commands import lock, unlock
from bluegreen.cli.main import run
from bluegreen.ports import Holder

HOLDER = Holder("R1", "deploy", "ana@desk", "desk", "boot", 7, 0.0, 0.0)


class Held:
    """An environment with a lock. unlocked: the reasons for which it was."""

    name = "pro"

    def __init__(self, holder: Holder | None) -> None:
        self.holder = holder
        self.frozen = False
        self.confirm: Callable[[str], None] = pytest.fail
        self.unlocked: list[str] = []

    def lock(self, *, reason: str, until: float) -> None:
        self.locked = (reason, until)

    def unlock(self, *, reason: str) -> tuple[Holder | None, bool]:
        if self.holder is not None:
            self.confirm(f"{self.holder.title} holds the lock. Break it?")
        self.unlocked.append(reason)
        return self.holder, self.frozen


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    environment = Held(HOLDER)
    for command in (lock, unlock):
        monkeypatch.setattr(command, "open_environment", lambda options: environment)
    return environment


def test_it_says_whose_lock_it_broke(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["unlock", "--reason", "desk burnt down", "--yes"]) == 0
    assert held.unlocked == ["desk burnt down"]
    assert "deploy R1 of ana@desk" in capsys.readouterr().err


def test_as_json(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["unlock", "--reason", "test", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"environment": "pro", "broken": "R1", "ended": False}


def test_without_a_yes_nothing_is_broken(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["unlock", "--reason=test"]) == 2
    assert held.unlocked == []
    assert "--yes" in capsys.readouterr().err


def test_a_lock_that_nobody_holds_needs_no_yes(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    held.holder = None
    assert run(["unlock", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"environment": "pro", "broken": None, "ended": False}


def test_a_freeze_is_ended_without_a_question(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    held.holder, held.frozen = None, True
    assert run(["unlock"]) == 0
    assert "pro may be deployed to again" in capsys.readouterr().err


def test_a_lock_says_why_and_until_when(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lock", "--reason", "audit", "--until", "2099-01-01T00:00:00+00:00", "--json"]) == 0
    assert held.locked == ("audit", 4070908800.0)
    assert json.loads(capsys.readouterr().out) == {"environment": "pro", "reason": "audit", "until": 4070908800.0}


def test_until_may_be_a_duration(held: Held) -> None:
    before = time.time()
    assert run(["lock", "--reason", "audit", "--until", "90m"]) == 0
    assert before + 5400 <= held.locked[1] <= time.time() + 5400


@pytest.mark.parametrize("until", ["2020-01-01", "soon", "", "0s"])
def test_an_end_that_cannot_be_meant_is_refused(held: Held, until: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lock", "--reason", "audit", "--until", until]) == 2
    assert not hasattr(held, "locked")
    assert "--until" in capsys.readouterr().err


def test_a_lock_needs_a_reason(held: Held) -> None:
    assert run(["lock"]) == 2
