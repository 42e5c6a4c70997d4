"""What a user types, what comes out, and with which exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from bluegreen.cli import main, options
from bluegreen.cli.commands import status
from bluegreen.cli.main import run
from bluegreen.cli.options import Options
from bluegreen.cli.table import COMMANDS
from bluegreen.errors import (
    BluegreenError,
    ConfigError,
    Interrupted,
    Locked,
    Problem,
    Refused,
    Returned,
    Stuck,
    UsageError,
    Waiting,
)
from bluegreen.events import COUNTED
from bluegreen.model import Color

HEAVY = (
    "rich",
    "pydantic",
    "yaml",
    "jinja2",
    "cloudflare",
    "python_terraform",
    "bluegreen.app",
    "bluegreen.config.schema",
)


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(options: object) -> None:
        raise error

    monkeypatch.setattr(status, "several", lambda options, every: None)
    monkeypatch.setattr(status, "open_environment", fail)


def test_help_imports_nothing_heavy_and_import_bluegreen_nothing_at_all() -> None:
    code = (
        "import sys, bluegreen; assert not [m for m in sys.modules if m.startswith('bluegreen.')], 'eager';"
        "from bluegreen.cli.main import run; run(['--help']);"
        f"heavy = [m for m in {HEAVY!r} if m in sys.modules]; assert not heavy, heavy;"
        "assert not [m for m in sys.modules if m.startswith('bluegreen.cli.commands.')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


def test_load_is_there_when_asked_for() -> None:
    import bluegreen
    from bluegreen.app import load

    assert bluegreen.load is load
    with pytest.raises(AttributeError, match="nonsense"):
        _ = bluegreen.nonsense  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert f"Usage: bluegreen {name}" in told.out
    assert "--environment NAME" in told.out


def test_the_colors_of_the_options_are_the_colors() -> None:
    assert tuple(str(color) for color in Color) == options.COLORS


def test_unknown_words_are_answered_with_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["deplyo"]) == 2
    assert capsys.readouterr().err == 'error: there is no command "deplyo"\nhint: did you mean "deploy"?\n'
    assert run(["rollback", "--forse"]) == 2
    assert "hint: did you mean --force" in capsys.readouterr().err
    assert run(["deploy", "--to", "red"]) == 2
    told = capsys.readouterr().err
    assert "'red'" in told
    assert "hint: bluegreen deploy --help" in told
    assert run(["deploy", "--nope"]) == 2  # which is not at all like --to
    assert "hint: bluegreen deploy --help\n" in capsys.readouterr().err
    assert run(["deploy", "--relaese", "1"]) == 2
    assert "hint: did you mean --release?" in capsys.readouterr().err
    assert run(["sandbox"]) == 2
    assert "hint: bluegreen sandbox --help" in capsys.readouterr().err


@pytest.mark.parametrize("kind", [BluegreenError, UsageError, Refused, Locked, Waiting, Returned, Stuck, Interrupted])
def test_each_error_class_ends_with_its_own_exit_code(
    kind: type[BluegreenError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, kind("it went wrong", where="edge.tf:3", hint="mend it"))
    assert run(["status"]) == kind.exit_code
    assert capsys.readouterr() == ("", "error: it went wrong\n  edge.tf:3\nhint: mend it\n")


def test_every_problem_of_a_file_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem("a.yaml:1:1", "x", "is wrong", "do it right"), Problem("a.yaml:2:1", "y", "is bad")]
    fail_with(monkeypatch, ConfigError(problems))
    assert run(["status"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "error: 2 problems",
        "  a.yaml:1:1: x: is wrong",
        "    hint: do it right",
        "  a.yaml:2:1: y: is bad",
    ]


def test_a_keyboard_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    assert run(["status"]) == 130


def test_an_internal_error_shows_its_traceback_only_with_debug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, RuntimeError("boom"))
    assert run(["status"]) == 1
    told = capsys.readouterr().err
    assert "error: internal error: RuntimeError: boom" in told
    assert "hint: --debug" in told
    assert "Traceback" not in told
    assert run(["status", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_internal_error_repeats_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOP_API_TOKEN", "hunter22-and-more")
    fail_with(monkeypatch, RuntimeError("hunter22-and-more is bad"))
    for argv in (["status"], ["status", "--debug"]):
        assert run(argv) == 1
        told = capsys.readouterr().err
        assert ("hunter22" in told, "RuntimeError: [redacted] is bad" in told) == (False, True)


@pytest.mark.parametrize(
    ("argv", "verdict", "code"),
    [
        (["deploy", "--bogus", "--json"], "usage", 2),
        (["--json", "retire", "--stop", "--destroy"], "usage", 2),
        (["rollback", "--json", "--force"], "usage", 2),
        (["-C", "/nowhere", "switch", "--json"], "usage", 2),
        (["nonsense", "--json"], "usage", 2),
    ],
)
def test_a_run_that_never_began_still_ends_with_a_result(
    argv: list[str], verdict: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(argv) == code
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in told] == ["error", "result"]
    assert (told[-1]["verdict"], told[-1]["exit_code"]) == (verdict, code)
    assert told[-1]["requests"].keys() == set(COUNTED)
    assert not any(told[-1]["requests"].values())


def test_what_is_no_run_ends_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", "/nowhere", "status", "--json"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "argv",
    [
        ["-C", "here", "-e", "pro", "--json", "--quiet", "--verbose", "--debug", "--no-color", "--yes", "status"],
        ["status", "-C", "here", "-e", "pro", "--json", "--quiet", "--verbose", "--debug", "--no-color", "--yes"],
        ["-C", "here", "--json", "--verbose", "--no-color", "status", "-e", "pro", "--quiet", "--debug", "--yes"],
    ],
)
def test_global_options_stand_before_and_after_the_verb(argv: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def note(options: object) -> None:
        seen.append(options)
        raise Refused("enough")

    monkeypatch.setattr(status, "several", lambda options, every: None)
    monkeypatch.setattr(status, "open_environment", note)
    assert run(argv) == 3
    flags = dict.fromkeys(("json", "quiet", "verbose", "debug", "yes"), True)
    assert [vars(one) for one in seen] == [
        {"project": "here", "environment": "pro", **flags, "color": False, "verb": "status", "alone": False}
    ]


def test_no_color_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert options.guess([]).color
    assert not options.guess(["--no-color"]).color
    monkeypatch.setenv("NO_COLOR", "1")
    assert not options.guess([]).color


@pytest.mark.parametrize("option", ["--release", "--set", "--reason", "--allow"])
@pytest.mark.parametrize("verb", ["deploy", "prepare"])
def test_an_argument_that_is_no_text_is_refused_by_name(
    verb: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    undecodable = b"a=\xff".decode("utf-8", "surrogateescape")
    assert run(["-C", "/nowhere", verb, option, undecodable]) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: invalid value for '{option}': it is not UTF-8 text"


@pytest.mark.parametrize("verb", ["rollback", "retire"])
def test_a_reason_that_is_no_text_is_refused_everywhere(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-C", "/nowhere", verb, "--reason", "\udcff"]) == 2
    assert "'--reason': it is not UTF-8 text" in capsys.readouterr().err


def test_what_stands_behind_two_dashes_is_not_ours() -> None:
    assert not main.guess(["tf", "edge", "--", "show", "--json"]).json


def test_a_reader_that_leaves_is_no_error() -> None:
    code = "import sys; from bluegreen.cli.main import main; sys.argv = ['bluegreen', 'config', 'schema']; main()"
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stderr is not None
    with writer, writer.stderr:
        writer.stdout.close()
        assert writer.stderr.read() == b""
    assert writer.returncode == 0


INTERRUPTED_THERE = """
import signal, sys
from importlib.abc import MetaPathFinder

class CtrlC(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {name!r}:
            signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["bluegreen", "status"]
from bluegreen.cli.entry import main
early = [name for name in sys.modules if name.startswith("bluegreen.cli.") and name != "bluegreen.cli.entry"]
assert not early, "imported before the door stands open"
sys.meta_path.insert(0, CtrlC())
main()
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bluegreen.cli.main", ""),
        ("click", ""),
        ("bluegreen.cli.table", ""),
        ("bluegreen.cli.commands.status", "\nerror: interrupted\n"),
        ("bluegreen.app", "\nerror: interrupted\n"),
    ],
)
def test_ctrl_c_while_it_begins_is_quiet(name: str, said: str, tmp_path: Path) -> None:
    code = INTERRUPTED_THERE.format(name=name)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (Interrupted.exit_code, "", said)


def test_both_programs_come_in_by_that_door() -> None:
    ours = {one.name: one.value for one in entry_points(group="console_scripts") if one.name in ("bg", "bluegreen")}
    assert ours == dict.fromkeys(("bg", "bluegreen"), "bluegreen.cli.entry:main")


def test_a_hint_names_the_project_and_the_environment_that_were_named() -> None:
    options = Options(project="my shop", environment="pro")
    assert options.placed("bluegreen deploy --to green") == "bluegreen deploy -C 'my shop' -e pro --to green"
    assert options.placed("look: bluegreen tf edge -- plan") == "look: bluegreen tf edge -- plan"
    assert Options().placed("bluegreen rollback") == "bluegreen rollback"
