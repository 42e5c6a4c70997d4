"""A run seen through the command line, over an environment that plays a recorded one."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from bluegreen.cli import session
from bluegreen.cli.github.step import Step
from bluegreen.cli.main import run
from bluegreen.cli.options import Options
from bluegreen.cli.reporter import GOING_BACK, INTERRUPTED, Reporter, wants_live
from bluegreen.errors import BluegreenError, Locked, Refused, Returned

Events = list[dict[str, Any]]


class Played:
    """An environment whose verbs tell the events given, then return or raise."""

    def __init__(
        self, events: Events, error: BluegreenError | None = None, during: Callable[[Played], None] = id
    ) -> None:
        self.events, self.error, self.during = events, error, during
        self.on_event: Any = None
        self.confirm: Any = None
        self.interruptions: Any = None
        self.wait_lock = 0.0
        self.asked: dict[str, Any] = {}

    def _run(self, **asked: Any) -> Any:
        self.asked = asked
        self.during(self)
        for event in self.events:
            self.on_event(event)
        if self.error is not None:
            raise self.error
        return SimpleNamespace(exit_code=0)

    deploy = prepare = rollback = rollback_directly = retire = switch = _run

    def end_cancelled(self) -> Any:
        return self._run(cancelled=True)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Played]:
    def install(*arguments: Any, **more: Any) -> Played:
        played = Played(*arguments, **more)
        monkeypatch.setattr(session, "open_environment", lambda options: played)
        return played

    return install


def test_json_is_lines_on_stdout_and_words_on_stderr(
    play: Callable[..., Played], recorded: Callable[[str], Events], capsys: pytest.CaptureFixture[str]
) -> None:
    events = recorded("deploy")
    play(events)
    assert run(["deploy", "--json"]) == 0
    told = capsys.readouterr()
    assert [json.loads(line) for line in told.out.splitlines()] == events
    assert told.err.splitlines()[-3].startswith("switched: green (1.7.0)")


def test_without_json_stdout_stays_empty_and_quiet_leaves_the_summary(
    play: Callable[..., Played], recorded: Callable[[str], Events], capsys: pytest.CaptureFixture[str]
) -> None:
    play(recorded("deploy"))
    assert run(["deploy", "--quiet"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    words = [line for line in told.err.splitlines() if not line.startswith("warning:")]
    assert len(words) == 3


def test_the_result_and_not_the_error_decides_the_exit_code(
    play: Callable[..., Played], recorded: Callable[[str], Events], capsys: pytest.CaptureFixture[str]
) -> None:
    play(recorded("returned"), Returned("green failed", where="http://127.0.0.1/", hint="bluegreen show X"))
    assert run(["deploy"]) == 130
    told = capsys.readouterr().err.splitlines()
    assert told[-5:-3] == ["error: green failed", "  http://127.0.0.1/"]
    assert told[-3].startswith("returned: ")
    assert told[-1] == "hint: bluegreen show X"


def test_a_full_disk_under_stdout_takes_neither_the_exit_code_nor_the_words(
    play: Callable[..., Played],
    recorded: Callable[[str], Events],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    play(recorded("returned"), Returned("green failed"))
    assert run(["deploy", "--json"]) == 130
    told = capsys.readouterr().err
    assert told.count("no more JSON can be written: No space left on device") == 1
    assert "\nreturned: " in told
    play([], Locked("held"))
    assert run(["deploy", "--json"]) == 4
    assert "held" in capsys.readouterr().err


@pytest.mark.parametrize(("error", "verdict", "code"), [(Locked("held"), "locked", 4), (Refused("no"), "refused", 3)])
def test_an_error_before_the_run_began_is_a_result_too(
    error: BluegreenError, verdict: str, code: int, play: Callable[..., Played], capsys: pytest.CaptureFixture[str]
) -> None:
    play([], error)
    assert run(["rollback", "--json"]) == code
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["event"], told["verdict"], told["exit_code"]) == ("result", verdict, code)


def test_what_is_wanted_arrives(play: Callable[..., Played]) -> None:
    played = play([])
    argv = [
        "deploy",
        "--to",
        "green",
        "--release",
        "2",
        "--set",
        "size.cpu=2",
        "--set",
        "size.ram=4Gi",
        "--set",
        "on=true",
    ]
    assert run([*argv, "--retry", "--reason", "why", "--allow", "a.b", "--allow", "c.d", "--no-way-back", "data"]) == 0
    assert played.asked == {
        "to": "green",
        "release": "2",
        "sets": {"size": {"cpu": 2, "ram": "4Gi"}, "on": True},
        "retry": True,
        "reason": "why",
        "allow": ("a.b", "c.d"),
        "no_way_back": "data",
    }
    assert run(["retire", "--destroy", "--due", "--dry-run"]) == 0
    assert played.asked == {"standby": "destroy", "due": True, "dry_run": True, "force": False, "reason": ""}
    assert run(["rollback", "--to", "blue", "--force", "--reason", "r"]) == 0
    assert played.asked == {"to": "blue", "force": True, "reason": "r"}
    assert run(["rollback", "--direct", "--to", "blue", "--reason", "r", "--address", "127.0.0.1"]) == 0
    assert played.asked == {"to": "blue", "reason": "r", "address": "127.0.0.1", "force": False}
    assert run(["rollback", "--cancelled"]) == 0
    assert played.asked == {"cancelled": True}


@pytest.mark.parametrize(
    "argv", [["deploy", "--retry"], ["prepare", "--retry"], ["rollback", "--force"], ["retire", "--force"]]
)
def test_force_needs_a_reason(argv: list[str], play: Callable[..., Played], capsys: pytest.CaptureFixture[str]) -> None:
    play([])
    assert run(argv) == 2
    assert "needs --reason" in capsys.readouterr().err


def test_yes_answers_the_question_of_a_run(play: Callable[..., Played], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    play([], during=lambda played: played.confirm("Make everything?"))
    assert run(["deploy"]) == 2
    assert run(["deploy", "--yes"]) == 0


def test_a_signal_is_answered_once_and_ends_nothing_by_itself(
    play: Callable[..., Played], capsys: pytest.CaptureFixture[str]
) -> None:
    def press(played: Played) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            assert played.interruptions.requested

    before = signal.getsignal(signal.SIGINT)
    play([], during=press)
    assert run(["deploy"]) == 0
    assert capsys.readouterr().err.splitlines() == [INTERRUPTED]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_on_the_way_back_is_answered_differently(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter(Options(quiet=True))
    reporter.take({"event": "phase-started", "phase": "RETURN", "time": 1.0})
    reporter.interrupted("SIGINT", False)
    assert capsys.readouterr().err == f"{GOING_BACK}\n"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("options", "term", "live"),
    [
        (Options(), "xterm", True),
        (Options(), "dumb", False),
        (Options(quiet=True), "xterm", False),
        (Options(verbose=True), "xterm", False),
        (Options(json=True), "xterm", False),
        (Options(step=Step({}, str, masks=False)), "xterm", False),
    ],
)
def test_the_picture_is_for_a_terminal_that_is_free(
    options: Options, term: str, live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert wants_live(options) is live
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not wants_live(options)


def test_the_live_picture_is_drawn_and_left_behind(
    recorded: Callable[[str], Events], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    with Reporter(Options(color=False)) as reporter:
        for event in recorded("deploy"):
            reporter.take(event)
            if event["event"] == "route-chosen":
                reporter.ask("Go on?")
                reporter.say("said beside the picture")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", screen.getvalue()), "no color was asked for"
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "Go on? [y/N]" in drawn
    assert "said beside the picture" in drawn
    left = drawn[drawn.rindex("deploy shop demo  blue (1.4.2) -> green (1.7.0)") :]
    assert " ✓ BAKE          3.0 s" in left
    assert "waiting" not in left


@pytest.mark.parametrize("verb", ["deploy", "prepare", "switch", "retire"])
def test_what_a_run_may_wait_for_another_one_is_a_duration(
    play: Callable[..., Played], capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    played = play([])
    assert run([verb, "--wait-lock", "10m"]) == 0
    assert played.wait_lock == 600
    assert run([verb, "--wait-lock", "10"]) == 2
    assert "not a duration: write 500ms, 90s, 10m" in capsys.readouterr().err
