"""`unlock`, over an environment whose lock somebody holds."""

from __future__ import annotations

import json

import pytest

from bluegreen.cli.commands import unlock
from bluegreen.cli.main import run
from bluegreen.ports import Holder

HOLDER = Holder("R1", "deploy", "ana@desk", "desk", "boot", 7, 0.0, 0.0)


class Held:
    """An environment with a lock."""

    name = "pro"

    def __init__(self, holder: Holder | None) -> None:
        self.locked_by = holder
        self.broken: list[tuple[Holder, str]] = []

    def unlock(self, holder: Holder, *, reason: str) -> None:
        self.broken.append((holder, reason))


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    environment = Held(HOLDER)
    monkeypatch.setattr(unlock, "open_environment", lambda options: environment)
    return environment


def test_it_says_whose_lock_it_broke(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["unlock", "--reason", "desk burnt down", "--yes"]) == 0
    assert held.broken == [(HOLDER, "desk burnt down")]
    assert "deploy R1 of ana@desk" in capsys.readouterr().err


def test_as_json(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["unlock", "--reason", "test", "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"environment": "pro", "broken": "R1"}


@pytest.mark.parametrize(("option", "missing"), [("--yes", "--reason"), ("--reason=test", "--yes")])
def test_without_a_reason_or_a_yes_nothing_is_broken(
    held: Held, option: str, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["unlock", option]) == 2
    assert held.broken == []
    assert missing in capsys.readouterr().err


def test_a_lock_that_nobody_holds_needs_no_reason(held: Held, capsys: pytest.CaptureFixture[str]) -> None:
    held.locked_by = None
    assert run(["unlock", "--json"]) == 0
    assert held.broken == []
    assert json.loads(capsys.readouterr().out) == {"environment": "pro", "broken": None}
