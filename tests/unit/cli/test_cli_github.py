"""A step of a GitHub workflow: what its runner obeys and what it does not, its summary, its outputs."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bluegreen.adapters.signals import CAUGHT
from bluegreen.cli import chronicle, session
from bluegreen.cli.commands import plan, status
from bluegreen.cli.console import data, document, json_line
from bluegreen.cli.github.step import Step
from bluegreen.cli.github.step_summary import MOST, fenced, run_summary
from bluegreen.cli.github.workflow_commands import command, harmless, harmless_json
from bluegreen.cli.main import run
from bluegreen.cli.reporter import Reporter
from bluegreen.cli.summary import summarize
from bluegreen.cli.timeline import Timeline
from bluegreen.errors import BluegreenError, ConfigError, Locked, Problem, Refused, Returned, Waiting
from bluegreen.events import COUNTED, Result
from bluegreen.ports import JournalEntry
from bluegreen.switch.preview import LayerPreview, Preview
from bluegreen.switch.status import ColorStatus, StatusReport, WayBack

Events = list[dict[str, Any]]
Recorded = Callable[[str], Events]

OBEYED = re.compile(r"\s*::|.*##\[")
"""What the runner looks for in a line, by its source (ActionCommand.cs)."""

HOSTILE = ["::error::x", "  ::add-mask::a", "\t::stop-commands::x", "fine ##[add-mask]a", "one\n::set-output name=a::b"]


def outputs(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / "github_output").read_text().splitlines())


def obeyed(text: str) -> list[str]:
    """Return the commands that a runner obeys in what came on stderr."""
    stopped_by, found = "", []
    for line in text.splitlines():
        if stopped_by:
            stopped_by = "" if line == f"::{stopped_by}::" else stopped_by
        elif line.startswith("::stop-commands::"):
            stopped_by = line.removeprefix("::stop-commands::")
        elif OBEYED.match(line):
            found.append(line)
    assert not stopped_by, "what comes after us would not be obeyed"
    return found


def played(monkeypatch: pytest.MonkeyPatch, events: Events, error: BluegreenError | None = None) -> None:
    """Have every verb tell these events, then return or raise."""
    environment = SimpleNamespace(on_event=None)

    def act(**asked: Any) -> Any:
        for event in events:
            environment.on_event(event)
        if error is not None:
            raise error
        return SimpleNamespace(exit_code=0)

    def open_environment(options: Any) -> Any:
        return environment

    environment.deploy = environment.prepare = act
    environment.journal = lambda run: list(map(JournalEntry, events))
    monkeypatch.setattr(session, "open_environment", open_environment)


# Commands


def test_a_command_is_one_line_whatever_it_says() -> None:
    assert command("endgroup") == "::endgroup::"
    assert command("error", "50%\r\nbad: yes", file="a,b:c.yaml", line=3, col="") == (
        "::error file=a%2Cb%3Ac.yaml,line=3::50%25%0D%0Abad: yes"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_say_on_stdout_is_no_command(text: str, actions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert any(OBEYED.match(line) for line in text.splitlines())
    data(text)
    document({"detail": text})
    json_line({"detail": text})
    told = capsys.readouterr().out
    assert not [line for line in told.splitlines() if OBEYED.match(line)]
    assert json.loads(told.splitlines()[-1]) == {"detail": text}
    assert harmless("a :: b # [x]") == "a :: b # [x]"


def test_json_is_the_same_everywhere() -> None:
    assert json.loads(harmless_json(json.dumps("a##[b"))) == "a##[b"


def test_on_stderr_nothing_is_obeyed_but_what_comes_from_here(
    actions: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events = recorded("deploy")
    for event in events:
        if event["event"] == "probed":
            event["detail"] = "HTTP 500\n::add-mask::a"
        if event["event"] == "said":
            event["text"] = "::error::##[error]of a server"
    events.insert(3, {"event": "said", "level": "warning", "text": "::stop-commands::mine"})
    played(monkeypatch, events)
    assert run(["deploy", "--verbose"]) == 0
    told = obeyed(capsys.readouterr().err)
    assert told == [
        line
        for phase in ("PREFLIGHT", "PREPARE", "CHECK", "SWITCH", "PROVE", "BAKE")
        for line in (f"::group::{phase}", "::endgroup::")
    ]


def test_what_is_left_open_is_closed_with_the_run(actions: Path, recorded: Recorded) -> None:
    written: list[str] = []
    with Step({}, written.append, masks=False) as step:
        for event in ({"event": "phase-started", "phase": "BAKE"}, {"event": "result"}, {"event": "result"}):
            step.take(event)
    assert obeyed("".join(written)) == ["::group::BAKE", "::endgroup::"]


def test_the_word_that_ends_the_silence_is_another_one_each_time() -> None:
    first, second = list[str](), list[str]()
    for written in (first, second):
        with Step({}, written.append, masks=False):
            pass
    assert first != second
    assert re.fullmatch(r"::stop-commands::[0-9a-f]{32}\n", first[0])


def test_secrets_are_named_to_the_runner_alone() -> None:
    told = list[str]()
    with Step({}, told.append, masks=True) as step:
        step.mask({"100%-secret", "first line\nsecond line\n", "short"})
    assert obeyed("".join(told)) == [
        "::add-mask::100%25-secret",
        "::add-mask::first line",
        "::add-mask::second line",
    ]
    told.clear()
    with Step({}, told.append, masks=False) as step:
        step.mask({"100%-secret"})
    assert "secret" not in "".join(told)


def test_an_environment_that_is_opened_has_its_secrets_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[Any] = []
    environment = SimpleNamespace(secrets={"hunter22"}, past_terraform=None)
    project = SimpleNamespace(environment=lambda name, terraform: environment)
    monkeypatch.setattr(session, "open_project", lambda options: project)
    options = session.Options()
    options.step = SimpleNamespace(mask=masked.append)  # type: ignore[assignment]
    assert session.open_environment(options) is environment
    assert masked == [{"hunter22"}]


# Errors


def test_what_is_wrong_with_a_file_stands_at_its_line(actions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = actions / "shops" / "one"
    shop.mkdir(parents=True)
    (shop / "bluegreen.yaml").write_text("service: shop\nstack: 7\nservise: x\n")
    assert run(["-C", str(shop), "deploy"]) == 2
    at_lines = [line for line in obeyed(capsys.readouterr().err) if line.startswith("::error ")]
    assert [re.sub(r"::.*::", "", line.split("::", 2)[1]) for line in at_lines][:2] == [
        "error file=shops/one/bluegreen.yaml,line=1,col=1",
        "error file=shops/one/bluegreen.yaml,line=2,col=8",
    ]
    assert any("servise: is no key that is known here%0Adid you mean" in line for line in at_lines)
    assert outputs(actions)["verdict"] == "usage"
    assert "### deploy: usage" in (actions / "github_step_summary").read_text()


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("main.tf:12", " file=main.tf,line=12"),
        ("main.tf", " file=main.tf"),
        ("https://example.com:443/", ""),
        ("gone.tf:1", ""),
        ("../outside.tf:1", ""),
        ("\0", ""),
        ("x" * 5000, ""),
        ("", ""),
    ],
)
def test_an_error_stands_at_a_file_only_where_it_is_one_of_the_workspace(
    where: str, place: str, tmp_path: Path
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "main.tf").touch()
    (tmp_path / "outside.tf").touch()
    written: list[str] = []
    with Step({"GITHUB_WORKSPACE": str(folder)}, written.append, masks=False) as step:
        step.annotate(Refused("no\n::x::", where=where, hint="mend it"), folder)
        step.annotate(ConfigError([Problem(where, "a.b", "is bad")]), folder)
    assert obeyed("".join(written)) == [f"::error{place}::no ::x::%0Amend it", f"::error{place}::a.b: is bad"]


def test_to_wait_is_no_error(
    actions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(monkeypatch, [], Waiting("until 18:00, because of the window", hint="bluegreen resume"))
    assert run(["deploy"]) == 5
    assert obeyed(capsys.readouterr().err) == ["::notice::until 18:00, because of the window%0Abluegreen resume"]
    assert outputs(actions)["verdict"] == "waiting"


# What is left behind


def test_a_run_leaves_its_summary_its_outputs_and_a_report(
    actions: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = recorded("deploy")
    events[-1] |= {"public_url": "http://127.0.0.1/", "idle_url": ""}
    played(monkeypatch, events)
    assert run(["deploy"]) == 0
    told = outputs(actions)
    assert told == {
        "verdict": "switched",
        "active": "green",
        "previous": "blue",
        "release": "1.7.0",
        "run": events[-1]["run"],
        "public-url": "http://127.0.0.1/",
        "requests-failed": "0",
        "summary": str(actions / f"bluegreen-{events[-1]['run']}.md"),
        "report": str(actions / f"bluegreen-{events[-1]['run']}.html"),
    }
    summary = (actions / "github_step_summary").read_text()
    assert Path(told["summary"]).read_text() == summary[:-1]
    assert f"journal of run {told['run']}" in Path(told["report"]).read_text()
    assert "### deploy of shop in demo: switched" in summary
    assert "[public](http://127.0.0.1/)" in summary
    assert re.search(r"^\| SWITCH \| [\d.]+ s \| [\d.]+ s \| done \|$", summary, re.MULTILINE)
    assert re.search(r"^\| green \\\(1.7.0\\\) \| \d+ \|$", summary, re.MULTILINE)


def test_a_second_command_of_a_step_takes_nothing_away(
    actions: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    (actions / "github_output").write_text("mine=1\n")
    played(monkeypatch, recorded("deploy"))
    run(["deploy"])
    assert outputs(actions)["mine"] == "1"


def test_a_run_that_returned_says_why(
    actions: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played(monkeypatch, recorded("returned"), Returned("green failed", hint="bluegreen show X"))
    assert run(["deploy"]) == 130
    assert "::error::green failed%0Abluegreen show X" in obeyed(capsys.readouterr().err)
    assert outputs(actions)["verdict"] == "returned"
    summary = (actions / "github_step_summary").read_text()
    assert "hint: bluegreen show X" in summary
    assert re.search(r"^BAKE :crit, p5, \d+, \d+$", summary, re.MULTILINE)


def test_a_prepared_color_is_linked_before_anybody_approves_it(recorded: Recorded) -> None:
    timeline = Timeline()
    for event in recorded("deploy"):
        timeline.take(event)
    timeline.take({**timeline.result, "verdict": "prepared", "idle_url": "http://127.0.0.12:80/"})
    assert "[prepared color](http://127.0.0.12:80/)" in run_summary(timeline, summarize(timeline))
    timeline.take({**timeline.result, "idle_url": "javascript:alert(1)"})
    assert "javascript" not in run_summary(timeline, summarize(timeline))


def test_the_gantt_chart_is_one(recorded: Recorded) -> None:
    timeline = Timeline()
    for event in recorded("deploy"):
        timeline.take(event)
    chart = run_summary(timeline, summarize(timeline)).split("```mermaid\n")[1].split("\n```")[0].splitlines()
    assert chart[:3] == ["gantt", "dateFormat x", "axisFormat %H:%M:%S"]
    bars = [re.fullmatch(r"(\w+) :done, p\d+, (\d+), (\d+)", line) for line in chart[3:]]
    assert [bar[1] for bar in bars if bar] == ["PREFLIGHT", "PREPARE", "CHECK", "SWITCH", "PROVE", "BAKE"]
    times = [(int(bar[2]), int(bar[3])) for bar in bars if bar]
    assert all(begin < end for begin, end in times)
    assert times == sorted(times)


def test_nothing_from_outside_becomes_markdown(recorded: Recorded) -> None:
    timeline = Timeline()
    evil = "1.7.0](http://evil) <img src=x> @ana |x| `a`"
    for event in recorded("returned"):
        if event["event"] == "route-chosen":
            event["release"] = evil
        timeline.take(event)
    timeline.take({"event": "error", "message": "```\n# owned", "where": "", "details": ["````", "end"]})
    summary = run_summary(timeline, summarize(timeline))
    outside = re.sub(r"(?s)`````text\n.*?\n`````", "", summary)
    assert "# owned" in summary
    assert "owned" not in outside
    assert not re.search(r"(?<!\\)[<\[]img|\]\(http://evil|@ana|(?<!\\)\|x", outside)


def test_a_flood_is_cut_so_that_it_fits_into_a_comment() -> None:
    block = fenced(f"create module.m.resource[{number}]" for number in range(10_000))
    assert len(block) < MOST + 100
    assert block.endswith("\n... and more, in the log\n```")


def test_files_of_the_runner_that_cannot_be_written_end_nothing(
    actions: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "RUNNER_TEMP"):
        monkeypatch.setenv(name, str(actions / "no" / "such"))
    played(monkeypatch, recorded("deploy"))
    assert run(["deploy"]) == 0
    warned = [line for line in obeyed(capsys.readouterr().err) if line.startswith("::warning")]
    assert len(warned) == 4


@pytest.mark.parametrize("trouble", [BluegreenError("the store is silent"), KeyError("hunter2")])
def test_a_report_that_cannot_be_made_ends_nothing(
    trouble: Exception,
    actions: Path,
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(run: str, entries: object) -> str:
        raise trouble

    monkeypatch.setattr(chronicle, "report_of", fail)
    played(monkeypatch, recorded("deploy"))
    assert run(["deploy"]) == 0
    told = outputs(actions)
    assert (told["verdict"], "report" in told) == ("switched", False)
    warned = [line for line in obeyed(capsys.readouterr().err) if line.startswith("::warning")]
    assert warned in (["::warning::no report: the store is silent"], ["::warning::no report: internal error: KeyError"])


def test_ctrl_c_while_the_report_is_made_changes_nothing(
    actions: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(run: str, entries: object) -> str:
        signal.raise_signal(signal.SIGINT)
        return "page"

    monkeypatch.setattr(chronicle, "report_of", interrupted)
    played(monkeypatch, recorded("deploy"))
    before = {number: signal.getsignal(number) for number in CAUGHT}
    try:
        assert run(["deploy"], alone=True) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert Path(outputs(actions)["report"]).read_text() == "page"


def test_where_a_report_cannot_be_kept_none_is_made(
    actions: Path, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked(run: str, entries: object) -> str:
        pytest.fail("the store was read, for nothing")

    monkeypatch.setattr(chronicle, "report_of", looked)
    monkeypatch.delenv("RUNNER_TEMP")
    played(monkeypatch, recorded("deploy"))
    assert run(["deploy"]) == 0
    assert outputs(actions)["report"] == ""


def test_what_began_no_run_has_no_report(actions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(monkeypatch, [Result("nothing-to-do", 0, requests=dict.fromkeys(COUNTED, 0)).as_dict()])
    assert run(["deploy"]) == 0
    assert outputs(actions)["report"] == ""
    played(monkeypatch, [], Locked("another run holds the lock"))
    assert run(["deploy"]) == 4
    assert [path for path in actions.iterdir() if path.suffix == ".html"] == []


def test_a_look_leaves_what_it_printed(actions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [LayerPreview("PREPARE", "green", {}, refusal="it touches blue")]
    environment = SimpleNamespace(name="pro", plan=lambda **asked: Preview("blue", "green", "2", layers))
    monkeypatch.setattr(plan, "open_environment", lambda options: environment)
    assert run(["plan"]) == 3
    assert outputs(actions) == {
        "verdict": "refused",
        "active": "blue",
        "release": "2",
        "summary": str(actions / "bluegreen-plan.md"),
    }
    assert "the guard would refuse this" in (actions / "bluegreen-plan.md").read_text()


def test_a_status_says_whether_all_is_well(actions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colors = {name: ColorStatus(True, "1", "127.0.0.1", "", name == "blue", "no") for name in ("blue", "green")}
    way = WayBack(True, "warm", "green")
    looked = StatusReport("pro", "blue", "http://x/", "1", colors, 0.0, way, None, [])
    monkeypatch.setattr(status, "several", lambda options, every: None)
    monkeypatch.setattr(status, "open_environment", lambda options: SimpleNamespace(status=lambda: looked))
    assert run(["status", "--check"]) == 0
    told = outputs(actions)
    assert (told["verdict"], told["active"], told["previous"]) == ("well", "blue", "green")
    assert told["public-url"] == "http://x/"


def test_outside_of_actions_nothing_of_this_is_there(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    played(monkeypatch, recorded("deploy"))
    assert run(["deploy"]) == 0
    assert "::" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    data("::error::x")
    assert capsys.readouterr().out == "::error::x\n"


def test_who_is_late_does_not_open_again_what_the_step_has_closed() -> None:
    said: list[str] = []
    with Step({}, said.append, masks=True) as step:
        step.mask(["hunter2hunter2"])
    assert obeyed("".join(said)) == ["::add-mask::hunter2hunter2"]
    told = list(said)
    step.mask(["another secret"])
    assert said == told


def test_the_groups_stand_around_what_a_phase_says(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    options = session.Options()
    with Step({}, sys.stderr.write, masks=False) as options.step:
        reporter = Reporter(options)
        for event in recorded("deploy"):
            reporter.take(event)
    told = [line for line in capsys.readouterr().err.splitlines() if not re.match(r"::(stop|[0-9a-f]{32})", line)]
    assert told.index("::group::SWITCH") == told.index("SWITCH begins") - 1
    end = told.index("::endgroup::", told.index("::group::SWITCH"))
    assert told[end + 1].startswith("SWITCH done")
