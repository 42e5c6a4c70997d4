"""Status, plan, history and one run, as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bluegreen.cli.commands import history, plan, show, status
from bluegreen.cli.main import run
from bluegreen.cli.past import history_lines, row_of, run_lines
from bluegreen.cli.views import plan_lines, status_lines, table
from bluegreen.ports import Holder, JournalEntry
from bluegreen.switch.preview import LayerPreview, Preview
from bluegreen.switch.status import ColorStatus, StatusReport, WayBack

Events = list[dict[str, Any]]
NOW = 1_800_000_000.0


def report(**fields: Any) -> StatusReport:
    known: dict[str, Any] = {
        "environment": "pro",
        "active": "green",
        "public_url": "http://127.1.1.2:8080/",
        "public": "green",
        "colors": {
            "blue": ColorStatus(True, "1.4.2", "127.1.1.11", "http://127.1.1.11:8080/", True, "good", "running"),
            "green": ColorStatus(True, "1.5.0", "127.1.1.12", "http://127.1.1.12:8080/", True, "good", "running"),
        },
        "warm_until": NOW + 600,
        "rollback": WayBack(True, "blue (1.4.2) is warm and healthy", "blue", 4.2),
        "lock": None,
        "drift": (),
    }
    return StatusReport(**{**known, **fields})


def test_columns_line_up() -> None:
    assert table([("a", "bb"), ("ccc", "d")]) == ["a    bb", "ccc  d"]


def test_status_in_words() -> None:
    told = status_lines(report(), NOW)
    assert "active       green" in told
    assert "rollback     ready: blue (1.4.2) is warm and healthy, about 4.2 s" in told
    assert "drift        none" in told
    assert [line for line in told if line.startswith("warm") and line.endswith(", 10 min more")]
    assert told[-1] == "*  green  1.5.0  healthy  127.1.1.12  http://127.1.1.12:8080/"


def test_status_of_trouble() -> None:
    blue = ColorStatus(False, "", "", "", None, "", "gone")
    green = ColorStatus(True, "1.5.0", "127.1.1.12", "http://x/", False, "no answer yet", "running")
    told = status_lines(
        report(
            colors={"blue": blue, "green": green},
            warm_until=0.0,
            rollback=WayBack(False, "blue is gone"),
            lock=Holder("R", "deploy", "ana@desk", "desk", "b", 1, 0.0, NOW),
            drift=("the record points at blue",),
            unfinished="deploy R, cut off in SWITCH",
        ),
        NOW,
    )
    text = "\n".join(told)
    assert "rollback     not possible: blue is gone" in text
    assert "lock         deploy R, ana@desk since " in text
    assert "unfinished   deploy R, cut off in SWITCH; bluegreen rollback ends it" in text
    assert "blue   -      gone" in text
    assert "sick: no answer yet" in text
    assert told[-1] == "drift: the record points at blue"


class Looked:
    """An environment that can only be looked at."""

    def __init__(self, status: Any = None, plan: Any = None, runs: dict[str, Events] | None = None) -> None:
        self.status, self.plan = (lambda: status), (lambda **_: plan)
        self._runs = runs or {}
        self.store = self

    def runs(self) -> list[str]:
        return sorted(self._runs, reverse=True)

    def journal(self, run: str) -> list[JournalEntry]:
        return [JournalEntry(event) for event in self._runs[run]]


def test_status_check_lists_the_alarms(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(status, "open_environment", lambda options: Looked(report(drift=("it moved",))))
    assert run(["status"]) == 0
    assert run(["status", "--check"]) == 3
    assert capsys.readouterr().err == "alarm: drift: it moved\n"
    monkeypatch.setattr(status, "open_environment", lambda options: Looked(report()))
    assert run(["status", "--check"]) == 0


def test_status_as_one_document(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(status, "open_environment", lambda options: Looked(report()))
    assert run(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() >= {
        "environment",
        "active",
        "public_url",
        "colors",
        "warm_until",
        "rollback",
        "lock",
        "drift",
    }
    assert told["colors"]["blue"].keys() >= {"enabled", "release", "address", "backend_url", "healthy"}
    assert told["rollback"].keys() >= {"ready", "reason"}


LAYERS = (
    LayerPreview("PREPARE", "network", {}),
    LayerPreview("PREPARE", "green", {"module.server.x": "update", "terraform_data.bluegreen": "create"}),
    LayerPreview("PREPARE", "edge", {}, known_after="green"),
    LayerPreview("SWITCH", "edge", {}, refusal="touches:\n  module.a"),
)


def test_plan_in_words() -> None:
    assert plan_lines(Preview("blue", "green", "2", LAYERS)) == [
        "2 would go to green; nothing was changed",
        "",
        "PREPARE",
        "  network: no changes",
        "  green: 2 to change",
        "    update  module.server.x",
        "    create  terraform_data.bluegreen",
        "  edge: known after green",
        "",
        "SWITCH",
        "  edge: refused",
        "    touches:",
        "    module.a",
        "",
        "the guard would refuse this",
    ]
    assert plan_lines(Preview("blue", "", "2", ())) == ["nothing to do: blue runs 2 already"]


def test_plan_exits_with_3_when_the_guard_would_refuse(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plan, "open_environment", lambda options: Looked(plan=Preview("blue", "green", "2", LAYERS)))
    assert run(["plan", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["refused"] is True
    monkeypatch.setattr(
        plan, "open_environment", lambda options: Looked(plan=Preview("blue", "green", "2", LAYERS[:3]))
    )
    assert run(["plan"]) == 0


def journal(events: Events) -> list[JournalEntry]:
    return [JournalEntry(event) for event in events]


def test_history_reads_the_journals_newest_first(
    recorded: Callable[[str], Events], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_off = recorded("deploy")[:7]
    cut_off[0] = {**cut_off[0], "commit": "0123456789abcdef", "ci_url": "http://127.0.0.1/run/7", "reason": "hot fix"}
    runs = {"1": recorded("returned"), "2": recorded("deploy"), "3": cut_off, "4": []}
    monkeypatch.setattr(history, "open_environment", lambda options: Looked(runs=runs))
    assert run(["history"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["RUN", "WHEN", "WHO", "VERB", "FROM", "TO", "RELEASE", "VERDICT", "REQUESTS", "COMMIT"]
    assert [line.split()[0] for line in told[1:]] == ["3", "ci:", "reason:", "2", "1"]
    assert "unfinished" in told[1]
    assert "0123456789ab" in told[1]
    assert told[2:4] == ["  ci: http://127.0.0.1/run/7", "  reason: hot fix"]
    assert "26, 0 failed" in told[4]
    assert run(["history", "--json", "-n", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["run"], row["from"], row["to"]) for row in rows] == [("3", "blue", "green")]


def test_no_history_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(history, "open_environment", lambda options: Looked())
    assert run(["history"]) == 0
    assert capsys.readouterr().out == "no runs yet\n"
    assert history_lines([row_of("X", [])])[1].startswith("X")


def test_one_run_with_phases_plans_probes_and_errors(recorded: Callable[[str], Events]) -> None:
    told = run_lines("R", journal(recorded("returned")))
    text = "\n".join(told)
    assert "route    blue 1.4.2 -> green 1.6.0" in told
    assert "verdict  returned" in told
    assert "BAKE       1.9 s   0.0 s    interrupted" in told
    assert "  error: interrupted while waiting" in told
    assert "    update module.cdn.terraform_data.root" in told
    assert "  green: good 5/5" in told
    assert text.index("\nSWITCH\n") < text.index("module.cdn.terraform_data.root")


def test_waiting_is_told_apart_from_acting() -> None:
    finished = {"event": "phase-finished", "phase": "BAKE", "outcome": "done", "seconds": 300.0, "waiting": 290.0}
    assert "BAKE   10 s    4 min 50 s  done" in run_lines("R", journal([finished]))


def test_a_run_that_was_cut_off_says_where(recorded: Callable[[str], Events]) -> None:
    told = run_lines("R", journal(recorded("deploy")[:10]))
    assert [line.split() for line in told if line.startswith("PREPARE  ")] == [["PREPARE", "-", "-", "cut", "off"]]


def test_show_as_json_is_the_journal(
    recorded: Callable[[str], Events], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show, "open_environment", lambda options: Looked(runs={"R": recorded("deploy")}))
    assert run(["show", "R", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == recorded("deploy")
