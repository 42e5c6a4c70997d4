from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from bluegreen.cli.commands import sandbox as commands
from bluegreen.cli.main import run
from bluegreen.sandbox import faults
from bluegreen.sandbox.client import Sandbox
from bluegreen.sandbox.faults import Fault, Faults, read_fault
from bluegreen.sandbox.ledger import BEHAVIORS
from bluegreen.sandbox.project import create_project

Captured = pytest.CaptureFixture[str]
INSTANCES = "/compute/v1/*/instances"


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """The faults of a sandbox, that takes only what the real one takes, without its daemon."""
    kept = Faults()
    monkeypatch.setattr(Sandbox, "inject", lambda self, one: kept.add(read_fault(json.loads(json.dumps(asdict(one))))))
    monkeypatch.setattr(Sandbox, "faults", lambda self: tuple(Fault(**one) for one in kept.as_json()))
    monkeypatch.setattr(Sandbox, "clear_faults", lambda self: kept.clear())
    return kept


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    create_project(tmp_path / "shop", "shop")
    return tmp_path / "shop"


def fault(shop: Path, *argv: str) -> int:
    return run(["-C", str(shop), "sandbox", "fault", *argv])


def only(waiting: Faults) -> Fault:
    (one,) = waiting.as_json()
    return Fault(**one)


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (["refuse", INSTANCES, "--status", "503"], Fault("*", INSTANCES, "refuse", status=503)),
        (
            ["refuse", "*", "--method", "put", "--status", "429", "--retry-after", "0", "--times", "3"],
            Fault("PUT", "*", "refuse", 3, status=429, retry_after=0),
        ),
        (["delay", "/state/*", "--seconds", "1.5", "--always"], Fault("*", "/state/*", "delay", None, seconds=1.5)),
        (["hang", "/client/*", "--seconds", "2"], Fault("*", "/client/*", "hang", seconds=2.0)),
        (["lose-answer", INSTANCES, "--method", "POST"], Fault("POST", INSTANCES, "lose_answer")),
        (
            ["fail-operation", INSTANCES, "--code", "QUOTA_EXCEEDED"],
            Fault("*", INSTANCES, "fail_operation", code="QUOTA_EXCEEDED"),
        ),
    ],
)
def test_a_fault_is_added_as_it_was_said(shop: Path, waiting: Faults, argv: Sequence[str], wanted: Fault) -> None:
    assert fault(shop, "add", *argv) == 0
    assert only(waiting) == wanted


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["refuse", "/x"], "refuse needs --status"),
        (["fail-operation", "/x"], "fail-operation needs --code"),
        (["hang", "/x"], "hang needs --seconds"),
        (["lose-answer", "/x", "--seconds", "1"], "lose-answer has no --seconds"),
        (["delay", "/x", "--seconds", "1", "--retry-after", "1"], "delay has no --retry-after"),
        (["hang", "/x", "--seconds", "1", "--times", "2", "--always"], "exclude each other"),
        (["lose-answer", "compute/v1/*"], "no path begins as 'compute/v1/*' does"),
        (["lose-answer", "/sandbox/faults"], "the sandbox's own calls meet no fault"),
        (["refuse", "/x", "--status", "200"], "400<=x<=599"),
        (["lose-answer", "/x", "--times", "0"], "x>=1"),
        (["explode", "/x"], "explode"),
    ],
)
def test_a_fault_that_would_do_nothing_is_refused(
    shop: Path, waiting: Faults, argv: Sequence[str], said: str, capsys: Captured
) -> None:
    assert fault(shop, "add", *argv) == 2
    assert said in capsys.readouterr().err
    assert waiting.as_json() == []


def test_what_waits_is_listed_and_taken_back(shop: Path, waiting: Faults, capsys: Captured) -> None:
    waiting.add(Fault("PUT", "/a/*", "refuse", 2, status=429, retry_after=5))
    waiting.add(Fault("*", "*", "delay", None, seconds=0.5))
    waiting.add(Fault("*", "/b", "lose_answer"))
    assert fault(shop, "list") == 0
    assert [re.split(" {2,}", line) for line in capsys.readouterr().out.splitlines()] == [
        ["refuse", "PUT /a/*", "with 429, retry after 5 s", "2 times"],
        ["lose-answer", "* /b", "once"],
        ["delay", "* *", "0.5 s", "until cleared"],
    ]
    assert fault(shop, "clear") == 0
    assert capsys.readouterr().err == "taken back: 3\n"
    assert fault(shop, "list") == 0
    assert capsys.readouterr().out == "no fault waits\n"


def test_json_says_the_same(shop: Path, waiting: Faults, capsys: Captured) -> None:
    assert fault(shop, "add", "delay", "*", "--seconds", "1", "--json") == 0
    added = json.loads(capsys.readouterr().out)
    assert fault(shop, "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"faults": [added]}
    assert Fault(**added) == only(waiting)
    assert fault(shop, "clear", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"cleared": 1}


def test_a_server_is_told_how_to_behave(shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(Sandbox, "behave", lambda self, color, behavior: told.append((color, behavior)))
    behave = ["-C", str(shop), "sandbox", "behave"]
    assert run([*behave, "green", "sick"]) == 0
    assert capsys.readouterr().err == "green is told to be sick\n"
    assert run([*behave, "blue", "ok", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"color": "blue", "behavior": "ok"}
    assert told == [("green", "sick"), ("blue", "ok")]
    assert run([*behave, "green", "drunk"]) == 2


@pytest.mark.parametrize("argv", [["add", "lose-answer", "*"], ["list"], ["clear"]])
def test_a_sandbox_that_is_down_says_how_it_comes_up(shop: Path, argv: Sequence[str], capsys: Captured) -> None:
    assert fault(shop, *argv) == 2
    told = capsys.readouterr().err
    assert "the sandbox does not answer" in told
    assert "hint: start it with `bluegreen sandbox" in told


def test_what_help_says_is_what_the_sandbox_knows() -> None:
    assert tuple(effect.replace("-", "_") for effect in commands.EFFECTS) == faults.EFFECTS
    assert tuple(faults.FAILURES) == commands.CODES
    assert commands.LONGEST == faults.LONGEST
    assert commands.BEHAVIORS == BEHAVIORS
