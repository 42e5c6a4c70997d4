"""Status, plan, history and one run, as text."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from bluegreen.cli import console
from bluegreen.cli.commands import doctor, history, plan, show, status
from bluegreen.cli.main import run
from bluegreen.cli.past import Row, history_lines, row_of, run_lines
from bluegreen.cli.views import doctor_lines, plan_lines, status_lines, table
from bluegreen.doctor.findings import Diagnosis, Finding, Level
from bluegreen.ports import Holder, JournalEntry, Log
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


def test_status_says_what_is_prepared_and_what_the_warm_color_costs() -> None:
    way = WayBack(True, "blue (1.4.2) is warm and healthy", "blue", 4.2, prepared=True)
    told = status_lines(report(rollback=way, warm_since=NOW - 3600, warm_cost=1.9), NOW)
    assert "rollback     ready: blue (1.4.2) is warm and healthy, its plan is prepared, about 4.2 s" in told
    assert [line for line in told if line.startswith("warm") and line.endswith(", about 1.90")]


@pytest.mark.parametrize(
    ("unfinished", "warm"), [("deploy R, cut off in SWITCH", "until the unfinished run has ended"), ("", "for ever")]
)
def test_status_says_how_long_an_unfinished_run_keeps_a_color_warm(unfinished: str, warm: str) -> None:
    assert f"warm         {warm}" in status_lines(report(warm_until=-1.0, unfinished=unfinished), NOW)


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
            history="R.jsonl:3: damaged",
        ),
        NOW,
    )
    text = "\n".join(told)
    assert "rollback     not possible: blue is gone" in text
    assert "lock         deploy R, ana@desk since " in text
    assert "history      R.jsonl:3: damaged" in text
    assert (
        "unfinished   deploy R, cut off in SWITCH; bluegreen resume finishes it, bluegreen rollback goes back" in text
    )
    assert "blue   -      gone" in text
    assert "sick: no answer yet" in text
    assert told[-1] == "drift: the record points at blue"  # and no hint: ending the unfinished run is the way out


def test_status_of_a_color_that_cannot_be_asked_from_here() -> None:
    blue = ColorStatus(True, "1.4.2", "192.0.2.1", "http://x/", False, "no answer timed out", "running", reached=False)
    way = WayBack(False, f"blue is {blue.trouble}", "blue", asks=True)
    told = status_lines(report(colors={"blue": blue}, rollback=way), NOW)
    assert "rollback     asks before it goes there: blue is not reached from here: no answer timed out" in told
    assert not any("sick" in line for line in told)


def test_a_lock_that_does_not_say_by_whom() -> None:
    told = status_lines(report(lock=Holder("", "", "", "", "", 0, 0.0, NOW)), NOW)
    assert "lock         held, but its file does not say by whom" in told


FOUND = (
    Finding("engine", Level.OK, "Terraform 1.11.4"),
    Finding("lock files", Level.WARNING, "tf has none\x1b[31m", "pin it"),
    Finding("google", Level.SKIPPED, "no machine here is Google's"),
)
BAD = Finding("zone", Level.FAILURE, "shop.test is pending", "name ns1")


def test_doctor_in_words() -> None:
    assert doctor_lines(Diagnosis("pro", (*FOUND, BAD))) == [
        "ok       engine      Terraform 1.11.4",
        "warning  lock files  tf has none\x1b[31m",
        "                     fix: pin it",
        "skipped  google      no machine here is Google's",
        "failure  zone        shop.test is pending",
        "                     fix: name ns1",
        "",
        "1 failure, 1 warning, 1 skipped, 1 ok",
    ]


def test_doctor_exits_with_3_on_a_failure_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        doctor, "open_environment", lambda options: SimpleNamespace(doctor=lambda: Diagnosis("pro", FOUND))
    )
    assert run(["doctor"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    found = Diagnosis("pro", (*FOUND, BAD))
    monkeypatch.setattr(doctor, "open_environment", lambda options: SimpleNamespace(doctor=lambda: found))
    assert run(["doctor", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["environment"], told["failed"]) == (1, "pro", True)
    assert told["findings"][-1] == {"check": "zone", "level": "failure", "seen": BAD.seen, "fix": "name ns1"}


class Looked:
    """An environment that can only be looked at."""

    def __init__(
        self, status: Any = None, plan: Any = None, runs: dict[str, Events] | None = None, logs: Sequence[Log] = ()
    ) -> None:
        self.status, self.plan = (lambda: status), (lambda **_: plan)
        self._runs, self._logs = runs or {}, logs
        self.store = self

    def runs(self) -> list[str]:
        return sorted(self._runs, reverse=True)

    def journal(self, run: str) -> list[JournalEntry]:
        return [JournalEntry(event) for event in self._runs[run]]

    def logs(self, run: str) -> Sequence[Log]:
        return self._logs


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project has one environment."""
    monkeypatch.setattr(status, "several", lambda options, every: None)


@pytest.mark.usefixtures("alone")
def test_status_check_lists_the_alarms(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(status, "open_environment", lambda options: Looked(report(drift=("it moved",))))
    assert run(["status"]) == 0
    assert run(["status", "--check"]) == 3
    assert capsys.readouterr().err == "alarm: drift: it moved\n"
    monkeypatch.setattr(status, "open_environment", lambda options: Looked(report()))
    assert run(["status", "--check"]) == 0


@pytest.mark.usefixtures("alone")
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


def test_drift_says_the_way_out_of_it() -> None:
    hint = "hint: bluegreen reconcile --to state, or --to live"
    assert status_lines(report(drift=("it moved",)), NOW)[-2:] == ["drift: it moved", hint]
    assert plan_lines(Preview("blue", "green", "2", (), ("it moved",)))[-3:] == [
        "the guard would let this pass, but a deploy is refused while there is drift",
        "drift: it moved",
        hint,
    ]


def test_plan_of_one_root_knows_its_switch_after_its_prepare() -> None:
    layers = (
        LayerPreview("PREPARE", "main", {"module.green_server[0].x": "create"}),
        LayerPreview("SWITCH", "main", {}, known_after="main"),
    )
    assert "  main: known after PREPARE's apply" in plan_lines(Preview("blue", "green", "2", layers))


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


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


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
    assert told[0].split() == ["RUN", "WHEN", "WHO", "VERB", "FROM", "TO", "RELEASE", "VERDICT", "FAILED", "COMMIT"]
    assert [line.split()[0] for line in told[1:]] == ["3", "ci:", "reason:", "2", "1"]
    assert "unfinished" in told[1]
    assert "0123456789ab" in told[1]
    assert told[2:4] == ["  ci: http://127.0.0.1/run/7", "  reason: hot fix"]
    assert " 0/26 " in told[4]
    assert run(["history", "--json", "-n", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["run"], row["from"], row["to"]) for row in rows] == [("3", "blue", "green")]


def told_at(width: int | None, *rows: Row) -> list[str]:
    known = {"from": "blue", "to": "green", "who": "ana@desk", "commit": "0123456789abcdef", "time": NOW}
    run = row_of("20261122-192845-a754", []) | known | {"requests": {"sent": 12_600, "failed": 3}}
    return history_lines([{**run, **row} for row in rows], width=width, now=NOW)


def test_history_fits_its_screen_and_loses_nothing() -> None:
    usual = {"verb": "rollback", "release": "1.5.0-rc.1", "verdict": "nothing-to-do", "time": NOW - 86_400}
    wide = told_at(120, usual, {})
    assert len(wide) == 3
    assert told_at(None, usual, {}) == wide
    narrow = told_at(80, usual, {})
    assert max(map(len, narrow)) <= 80
    assert narrow[0].split() == ["RUN", "WHEN", "VERB", "TO", "RELEASE", "VERDICT"]
    assert "20261122-192845-a754  01-14 " in narrow[1]
    assert narrow[2] == "  who: ana@desk, from: blue, failed: 3/12600, commit: 0123456789ab"
    lengthy = told_at(80, {"release": "0123456789" * 4})
    assert max(map(len, lengthy)) <= 80
    assert "0123456789" * 4 in " ".join(lengthy)


def test_history_says_the_day_of_a_run_that_is_not_of_today() -> None:
    assert time.strftime(" %H:%M ", time.localtime(NOW)) in told_at(80, {})[1]
    assert "01-15" not in told_at(80, {})[1]
    assert time.strftime(" %m-%d %H:%M ", time.localtime(NOW - 86_400)) in told_at(80, {"time": NOW - 86_400})[1]


def test_columns_that_no_run_fills_are_left_out() -> None:
    assert "COMMIT" not in told_at(120, {"commit": ""})[0]


def test_no_history_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(history, "open_environment", lambda options: Looked())
    assert run(["history"]) == 0
    assert capsys.readouterr().out == "no runs yet\n"
    assert history_lines([row_of("X", [])])[1].startswith("X")


def test_the_screen_is_measured_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "77")
    assert console.width() is None
    monkeypatch.setattr("sys.stdout", Screen())
    assert console.width() == 77


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


FINISHED = {"event": "terraform-finished", "layer": "edge", "command": "plan", "seconds": 1.0}
ERRORED = {
    "event": "error",
    "message": "terraform plan failed: Invalid value",
    "where": "edge: main.tf:3",
    "hint": "mend it",
    "exit_code": 1,
}


@pytest.mark.parametrize("details", [["Very", "bad."], []])
def test_an_error_is_shown_as_it_was_when_it_happened(details: list[str]) -> None:
    told = run_lines("R", journal([{**ERRORED, "details": details}]))
    assert told[-3 - len(details) :] == [
        "  error: terraform plan failed: Invalid value",
        "    edge: main.tf:3",
        *(f"    {line}" for line in details),
        "    hint: mend it",
    ]


def test_an_error_of_an_older_journal_has_no_details() -> None:
    assert run_lines("R", journal([ERRORED]))[-2:] == ["    edge: main.tf:3", "    hint: mend it"]


def test_what_is_said_before_the_first_phase_stands_apart() -> None:
    told = run_lines("R", journal([{"event": "said", "level": "warning", "text": "run Q was cut off"}]))
    assert told[-2:] == ["", "  warning: run Q was cut off"]


FAILED = "Terraform 1.11.4\nWarning: old\n  of no matter\nError: Bad, on main.tf:3\n  Very\n  bad.\nPlan: no\n"
RAN = [
    {"event": "phase-started", "phase": "PREPARE", "time": 80.0},
    {**FINISHED, "exit_code": 1, "time": 100.0},
    {**ERRORED, "time": 101.0},
]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Show a run, of which these logs are kept, and return what is printed."""

    def call(*arguments: str, events: Events = RAN, logs: Sequence[Log] = ()) -> str:
        kept = Looked(runs={"R": events}, logs=logs)
        monkeypatch.setattr(show, "open_environment", lambda options: kept)
        assert run(["show", "R", *arguments]) == 0
        return capsys.readouterr().out

    return call


def test_show_repeats_what_terraform_said_in_detail_though_its_log_is_gone(shown: Callable[..., str]) -> None:
    told = shown(events=[*RAN[:-1], {**RAN[-1], "details": ["Very", "bad."]}])
    assert "    edge: main.tf:3\n    Very\n    bad.\n    hint: mend it\n" in told


def test_the_logs_of_a_run_are_shown_or_why_there_are_none(shown: Callable[..., str]) -> None:
    logs = [Log("edge", "plan", FAILED), Log("edge", "apply", "bad\n")]
    assert shown("--logs", logs=logs).endswith(f"\n== edge: plan\n{FAILED}\n== edge: apply\nbad\n")
    assert "no logs are kept of this run: it is too old, or" in shown("--logs")
    never = shown("--logs", events=[{**ERRORED, "time": 1.0}])
    assert never.endswith("no logs: this run ended before it called Terraform\n")


def test_a_run_that_goes_nowhere_has_no_arrow() -> None:
    route = {"event": "route-chosen", "origin": "green", "origin_release": "2", "target": "green", "release": "2"}
    assert "route    stays on green 2" in run_lines("R", journal([route]))
    retired = [
        {"event": "run-started", "verb": "retire", "service": "shop"},
        {**route, "target": "blue", "release": "1"},
    ]
    assert "route    stays on green 2; blue 1 is retired" in run_lines("R", journal(retired))
    assert told_at(120, {"verb": "retire"})[0].count("FROM") == 0


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
