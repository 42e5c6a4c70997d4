"""Which events somebody is told of who does not watch, in which words, and how bad they are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

from bluegreen.adapters.notices import LONGEST, SEVERITY, VERDICTS, Notice, Notices
from bluegreen.config.schema import Notified

RECORDED = Path(__file__).parents[1] / "cli" / "recorded"
AROUND = {"service": "shop", "environment": "pro", "run": "20261122-183501-4f2a"}
STARTED = {"event": "run-started", "verb": "deploy", "who": "ana@desk", "reason": "faster", "ci_url": "https://ci/7"}
ROUTE = {"event": "route-chosen", "origin": "blue", "origin_release": "1", "target": "green", "release": "2"}
ERROR = {"event": "error", "message": "green went bad"}


def told(*events: dict[str, Any]) -> list[Notice]:
    notices = Notices()
    return [notice for event in events if (notice := notices.take({**AROUND, **event})) is not None]


def result(verdict: str, active: str = "green", **requests: int) -> dict[str, Any]:
    return {"event": "result", "verdict": verdict, "active": active, "requests": requests}


def test_the_words_are_those_of_the_configuration() -> None:
    assert set(SEVERITY) == set(get_args(Notified))
    assert set(VERDICTS.values()) <= set(SEVERITY)


def test_only_what_needs_a_human_is_a_failure() -> None:
    assert [event for event, severity in SEVERITY.items() if severity == "failure"] == ["stuck"]
    assert set(SEVERITY.values()) == {"info", "success", "warning", "failure"}


def test_a_deploy() -> None:
    started, switched = told(STARTED, ROUTE, result("switched", sent=1028, failed=2))
    assert started == Notice("started", "info", "shop pro: deploy begins", "By ana@desk, because faster.\nhttps://ci/7")
    assert switched == Notice(
        "switched",
        "success",
        "shop pro: green (2) serves the public",
        "1,028 public requests, 2 failed.\nbluegreen show 20261122-183501-4f2a",
    )


@pytest.mark.parametrize(
    ("verdict", "active", "event", "title"),
    [
        ("prepared", "blue", "prepared", "green (2) is prepared"),
        ("returned", "blue", "returned", "went back: blue (1) serves the public again, and not green (2)"),
        ("rolled-back", "green", "rolled-back", "rolled back: green (2) serves the public again"),
        ("rolled-back-directly", "green", "rolled-back", "rolled back: green (2) serves the public again"),
        ("failed", "blue", "failed", "deploy failed"),
        ("refused", "blue", "failed", "deploy refused"),
        ("interrupted", "blue", "failed", "deploy interrupted"),
        ("stuck", "", "stuck", "deploy is stuck, a human is needed"),
    ],
)
def test_how_a_run_ends(verdict: str, active: str, event: str, title: str) -> None:
    _, ended = told(STARTED, ROUTE, ERROR, result(verdict, active))
    assert (ended.event, ended.severity, ended.title) == (event, SEVERITY[event], f"shop pro: {title}")
    assert ("green went bad." in ended.body) is (event in ("returned", "failed", "stuck"))


def test_who_is_woken_is_told_what_to_do() -> None:
    _, stuck = told(STARTED, result("stuck", ""))
    assert stuck.body.endswith("bluegreen status says what to do.")


@pytest.mark.parametrize("verdict", ["nothing-to-do", "retired", "reconciled", "abandoned"])
def test_nobody_is_told_of_what_changes_nothing_for_anybody(verdict: str) -> None:
    assert [notice.event for notice in told(STARTED, result(verdict))] == ["started"]


@pytest.mark.parametrize("verb", ["lock", "unlock"])
def test_what_is_no_run_does_not_begin(verb: str) -> None:
    assert told({**STARTED, "verb": verb}, result("frozen")) == []


def test_a_run_knows_nothing_of_the_one_before_it() -> None:
    *_, ended = told(STARTED, ROUTE, ERROR, result("failed", "blue"), STARTED, result("failed", "blue"))
    assert "green went bad" not in ended.body


def test_the_other_two() -> None:
    warm, lock = told(
        {"event": "warm-ending", "color": "blue", "release": "1", "until": 1_800_000_000.0},
        {"event": "lock-taken-over", "holder": "deploy R of ana"},
    )
    assert warm.title == "shop pro: blue (1) is warm until 08:00 UTC"
    assert (lock.title, lock.body) == ("shop pro: a lock was taken over", "It was held by deploy R of ana.")


def test_what_servers_say_stays_in_its_line_and_ends() -> None:
    _, failed = told(STARTED, {**ERROR, "message": "\x1b[2J\u202eno\nall is well " + "x" * 9_999}, result("failed"))
    assert failed.body.startswith("no all is well")
    assert len(failed.body) == LONGEST


@pytest.mark.parametrize("name", ["deploy", "returned"])
def test_a_real_run_is_told_in_two(name: str) -> None:
    events: Iterable[str] = (RECORDED / f"{name}.jsonl").read_text().splitlines()
    started, ended = told(*map(json.loads, events))
    assert (started.event, ended.event) == ("started", {"deploy": "switched"}.get(name, name))
