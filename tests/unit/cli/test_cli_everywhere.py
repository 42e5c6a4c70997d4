"""`bluegreen status` of several environments: one table, asked at once, and none holds up the others."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bluegreen.app import Environment
from bluegreen.cli import everywhere
from bluegreen.cli.everywhere import Looked, gather, overview_lines
from bluegreen.cli.main import run
from bluegreen.cli.views import last_run
from bluegreen.errors import BluegreenError, ConfigError, Interrupted, Problem, Refused
from bluegreen.switch.status import ColorStatus, LastRun, StatusReport, WayBack

NOW = 1_800_000_000.0
BLUE = ColorStatus(True, "1.4.2", "127.1.1.11", "http://127.1.1.11/", True, "good", "running")
GREEN = replace(BLUE, release="1.5.0", address="127.1.1.12")
WELL = StatusReport(
    environment="stg",
    active="green",
    public_url="http://127.1.1.2/",
    public="green",
    colors={"blue": BLUE, "green": GREEN},
    warm_until=-1.0,
    rollback=WayBack(True, "blue is warm and healthy"),
    lock=None,
    drift=(),
    last_run=LastRun("R", "deploy", "switched", NOW),
)
SICK = replace(
    WELL,
    environment="pro",
    colors={"blue": BLUE, "green": replace(GREEN, healthy=False, detail="wrong answer HTTP 500")},
    drift=("the record points at blue",),
    unfinished="deploy R, stuck in PROVE",
    warm_until=0.0,
    last_run=LastRun("R", "deploy", "stuck", NOW),
)
FILE = """
service: shop
stack: terraform
defaults: {identity: none, terraform: {workspace: "%s"}}
environments: {stg: {}, pre: {}, pro: {}}
"""


def placed(environment: str, text: str) -> str:
    return text.replace("bluegreen resume", f"bluegreen resume -e {environment}")


def test_one_row_an_environment_and_below_it_what_is_the_matter() -> None:
    told = overview_lines([Looked("stg", WELL), Looked("pro", SICK)], NOW, placed)
    assert told[0].split("  ")[0] == "ENVIRONMENT"
    assert [" ".join(line.split()[:6]) for line in told[1:3]] == [
        "stg green 1.5.0 healthy for ever",
        "pro green 1.5.0 sick - deploy",
    ]
    assert told[1].endswith("none")
    assert told[2].endswith("1 found")
    assert told[4:] == [
        "pro: drift: the record points at blue",
        "pro: green is active and sick: wrong answer HTTP 500",
        "pro: unfinished: deploy R, stuck in PROVE; bluegreen resume -e pro finishes it",
    ]


def test_where_all_is_well_there_is_the_table_alone() -> None:
    assert len(overview_lines([Looked("stg", WELL)], NOW, placed)) == 2


def test_one_that_cannot_be_looked_at_says_why() -> None:
    problems = [Problem("f:1", "a.b", "is wrong", ""), Problem("f:2", "c", "is too", "")]
    looked = [
        Looked("stg", error=BluegreenError("the state is locked", hint="bluegreen resume")),
        Looked("pro", error=ConfigError(problems)),
    ]
    told = overview_lines(looked, NOW, placed)
    assert told[1].split() == ["stg", *"??????"]
    assert told[4:] == [
        "stg: error: the state is locked",
        "stg: hint: bluegreen resume -e stg",
        "pro: error: f:1: a.b: is wrong",
        "pro: error: f:2: c: is too",
    ]


def test_a_silent_environment_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(everywhere, "FOR_THE_LAST", 0.0)
    released, begun = threading.Event(), threading.Barrier(3)

    def ask(wait: bool) -> StatusReport:
        begun.wait(10)  # all of them are asked before any has answered
        if wait:
            released.wait(30)
        return WELL

    try:
        looked = gather({"silent": lambda: ask(True), "stg": lambda: ask(False), "pro": lambda: ask(False)}, 2.0)
    finally:
        released.set()
    silent, *others = looked
    assert (str(silent.error), silent.exit_code(check=False)) == ("no answer in 2 s", 1)
    assert [one.report for one in others] == [WELL, WELL]


def test_one_that_was_ended_in_good_order_was_silent_too() -> None:
    def ended() -> StatusReport:
        raise Interrupted("interrupted")

    (looked,) = gather({"stg": ended}, 1.0)
    assert str(looked.error) == "no answer in 1 s"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """A project with three environments. Called with what each of them answers, it runs `bluegreen status`."""
    (tmp_path / "terraform").mkdir()
    (tmp_path / "bluegreen.yaml").write_text(FILE % "one")

    def call(*arguments: str, **answers: Any) -> int:
        def status(environment: Environment) -> StatusReport:
            answer = answers.get(environment.name, WELL)
            if isinstance(answer, BluegreenError):
                raise answer
            return replace(answer, environment=environment.name)

        monkeypatch.setattr(Environment, "status", status)
        return run(["-C", str(tmp_path), "status", *arguments])

    return call


def test_none_of_several_is_named(project: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert project() == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["ENVIRONMENT", "stg", "pre", "pro"]
    assert project("-e", "pre") == 0
    assert capsys.readouterr().out.startswith("environment  pre\n")
    assert project("--all", "-e", "pre") == 2
    assert "--all means every environment" in capsys.readouterr().err


def test_the_worst_decides(project: Callable[..., int]) -> None:
    refused = Refused("nothing is deployed here yet", hint="bluegreen deploy")
    assert project(pre=SICK) == 0
    assert project("--check", pre=SICK) == 3
    assert project(pre=BluegreenError("no"), pro=refused) == 3
    assert project("--check", stg=SICK, pre=BluegreenError("no")) == 3
    assert project(pre=BluegreenError("no")) == 1


def test_as_a_list_of_documents(project: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert project("--json", pro=BluegreenError("no", where="edge", hint="look")) == 1
    first, _, last = json.loads(capsys.readouterr().out)
    assert (first["environment"], first["active"], first["last_run"]["verdict"]) == ("stg", "green", "switched")
    assert last == {
        "schema": 1,
        "environment": "pro",
        "error": {"message": "no", "where": "edge", "hint": "look", "exit_code": 1},
    }


def test_a_time_that_is_none(project: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert project("--within", "soon") == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_step_of_a_workflow_leaves_the_table_and_whether_all_are_well(
    project: Callable[..., int], actions: Path
) -> None:
    assert project("--check", pre=SICK, pro=BluegreenError("no | and `no`")) == 3
    summary = (actions / "github_step_summary").read_text()
    switched, stuck = (last_run(one.last_run, time.time()) for one in (WELL, SICK) if one.last_run)
    assert summary.splitlines()[:7] == [
        "### status of all environments",
        "",
        "| ENVIRONMENT | ACTIVE | RELEASE | HEALTH | WARM | LAST RUN | DRIFT |",
        "|---|---|---|---|---|---|---|",
        f"| stg | green | 1.5.0 | healthy | for ever | {switched} | none |",
        f"| pre | green | 1.5.0 | sick | - | {stuck} | 1 found |",
        "| pro | ? | ? | ? | ? | ? | ? |",
    ]
    assert "\npre: drift: the record points at blue\n" in summary
    assert "\npro: error: no | and `no`\n" in summary
    told = dict(line.split("=", 1) for line in (actions / "github_output").read_text().splitlines())
    assert told == {"verdict": "alarm", "summary": str(actions / "bluegreen-status.md")}
    assert Path(told["summary"]).read_text() == summary[:-1]


@pytest.mark.parametrize(("answer", "verdict"), [(WELL, "well"), (BluegreenError("no"), "alarm"), (SICK, "alarm")])
def test_they_are_well_when_each_is(project: Callable[..., int], actions: Path, answer: Any, verdict: str) -> None:
    project(pre=answer)
    assert f"verdict={verdict}\n" in (actions / "github_output").read_text()


def test_secrets_of_each_of_them_are_masked(
    project: Callable[..., int], actions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bluegreen.cli.github.step._read_by_nobody_else", lambda: True)
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2-but-longer")
    file = actions / "bluegreen.yaml"
    file.write_text(file.read_text().replace('{workspace: "one"}', '{env: {TF_VAR_p: "${SHOP_PASSWORD}"}}'))
    assert project() == 0
    assert "\n::add-mask::hunter2-but-longer\n" in capsys.readouterr().err
