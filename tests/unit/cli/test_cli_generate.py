"""Workflows as files: written, compared, and nobody else's overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bluegreen.cli.main import run
from bluegreen.render.github import WORKFLOWS

YAML = """\
service: shop
stack: terraform
github: {action: example/bluegreen@0123456789012345678901234567890123456789, runner: [self-hosted]}
defaults: {identity: none, store: local}
environments: {stg: {}, pro: {}}
"""
FILES = [f".github/workflows/{name}-{environment}.yml" for environment in ("stg", "pro") for name in WORKFLOWS]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository, which is `project.parent`."""
    folder = tmp_path / "shop"
    (folder / "terraform").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (folder / "bluegreen.yaml").write_text(YAML)
    return folder


def generate(project: Path, *more: str) -> int:
    return run(["generate", "github", "-C", str(project), *more])


def test_they_are_written_into_the_repository_and_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository = project.parent
    assert generate(project, "--check") == 3
    assert not (repository / ".github").exists()
    assert "deploy-pro.yml is missing" in capsys.readouterr().out
    assert generate(project) == 0
    assert capsys.readouterr().out.splitlines() == [f"{path} was written" for path in FILES]
    assert 'working-directory: "shop"' in (repository / FILES[0]).read_text()
    assert generate(project, "--check", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [{"path": path, "state": "current"} for path in FILES]


def test_an_edit_by_hand_a_change_of_the_file_and_what_is_left_over_are_seen(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate(project)
    edited = project.parent / FILES[0]
    edited.write_text(edited.read_text() + "# mine\n")
    capsys.readouterr()
    assert generate(project, "--check") == 3
    assert f"{FILES[0]} differs from what bluegreen.yaml says" in capsys.readouterr().out
    assert generate(project, "--check", "-e", "pro") == 0
    assert generate(project) == 0
    (project / "bluegreen.yaml").write_text(YAML.replace("stg: {}, ", ""))
    capsys.readouterr()
    assert generate(project) == 3
    told = capsys.readouterr().out
    assert ".github/workflows/deploy-stg.yml is for nothing that bluegreen.yaml says; remove it" in told
    assert ".github/workflows/deploy.yml was written" in told


def test_what_somebody_else_has_written_is_left_alone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = project.parent / FILES[-1]
    theirs.parent.mkdir(parents=True)
    theirs.write_text("name: mine\n")
    (theirs.parent / "tests.yml").write_bytes(b"name: t\xe9sts\n")
    assert generate(project) == 3
    assert "somebody else has written this file" in capsys.readouterr().err
    assert theirs.read_text() == "name: mine\n"
    assert [path.name for path in theirs.parent.iterdir() if path != theirs] == ["tests.yml"], "half of it was written"


def test_a_folder_that_cannot_be_written_is_an_error(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project.parent / ".github").write_text("")
    assert generate(project) == 1
    told = capsys.readouterr().err
    assert "cannot be written" in told
    assert "hint: " in told
