from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bluegreen.adapters.terraform.folder import VALUES_FILE, find_intruders, is_tracked, scan_root
from bluegreen.errors import EngineError


def test_variables_are_found_in_both_syntaxes_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('\nvariable "a" {}\nresource "x" "y" {}\n')
    (tmp_path / "more.tf.json").write_text('{\n  "variable": {\n    "b": {"type": "string"}\n  }\n}')
    (tmp_path / "notes.txt").write_text('variable "c" {}')
    root = scan_root(tmp_path)
    assert root.variables == {"a": f"{tmp_path}/main.tf:2", "b": f"{tmp_path}/more.tf.json:3"}
    root.refuse_remote()


def test_a_list_of_variable_blocks_in_json(tmp_path: Path) -> None:
    (tmp_path / "main.tf.json").write_text('{"variable": [{"a": {}}, {"b": {}}]}')
    assert set(scan_root(tmp_path).variables) == {"a", "b"}


@pytest.mark.parametrize("text", ["{", "[]", "1", '{"variable": 3}'])
def test_json_that_is_no_configuration_declares_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "main.tf.json").write_text(text)
    assert scan_root(tmp_path).variables == {}


def test_what_terraform_does_not_read_is_no_code(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "a" {}\n')
    (tmp_path / ".hidden.tf").write_text('variable "b" {}\n')
    (tmp_path / ".#main.tf").symlink_to("ana@desk.4711:1795851749")
    (tmp_path / "old.tf").mkdir()
    assert list(scan_root(tmp_path).variables) == ["a"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").symlink_to("gone.tf")
    with pytest.raises(EngineError, match=r"main\.tf cannot be read") as refused:
        scan_root(tmp_path)
    assert refused.value.where == str(tmp_path / "main.tf")


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_configuration_is_no_root(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EngineError, match="no Terraform configuration"):
        scan_root(tmp_path / folder)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.tf", 'terraform {\n  cloud {\n    organization = "x"\n  }\n}'),
        ("a.tf", 'terraform {\n  backend "remote" {}\n}'),
        ("a.tf.json", '{"terraform": {\n"cloud": {}}}'),
        ("a.tf.json", '{"terraform": [{\n"backend": {"remote": {}}}]}'),
    ],
)
def test_remote_execution_is_refused_with_its_place(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(EngineError) as raised:
        scan_root(tmp_path).refuse_remote()
    assert raised.value.where == f"{tmp_path / name}:2"


@pytest.mark.parametrize(
    "text", ['terraform {\n  backend "gcs" {}\n}', 'resource "x" "y" {\n  cloud {}\n}', "cloud {}"]
)
def test_other_backends_and_blocks_are_not_remote(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.tf").write_text(text)
    scan_root(tmp_path).refuse_remote()


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("terraform.tfvars", 'x = 1\nserver_active = "green"\n', 2),
        ("a.auto.tfvars", "# server_active\n\nserver_active = null", 3),
        ("terraform.tfvars.json", '{"x": 1,\n"server_active": "green"}', 2),
        ("a.auto.tfvars.json", '{"server_active": "green"}', 1),
    ],
)
def test_files_that_load_by_themselves_are_named_by_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    (tmp_path / name).write_text(text)
    (problem,) = find_intruders(tmp_path, {"server_active", "x"})
    assert (problem.where, problem.path) == (f"{tmp_path / name}:{line}", "server_active")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other.tfvars", 'server_active = "green"'),  # loads only when asked for
        ("a.auto.tfvars", "x = 1"),
        ("a.auto.tfvars", "green = {}"),  # not declared here
        ("a.auto.tfvars", 'x = {\n  server_active = "green"\n}'),
        (VALUES_FILE, 'server_active = "green"'),  # our own
    ],
)
def test_other_files_and_values_are_let_be(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert find_intruders(tmp_path, {"server_active", "x"}) == []


def test_our_own_file_is_refused_when_git_tracks_it(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    path = tmp_path / VALUES_FILE
    path.write_text('server_active = "green"')
    assert not is_tracked(path)
    git("init")
    assert not is_tracked(path)
    git("add", "--force", VALUES_FILE)
    assert is_tracked(path)
    (problem,) = find_intruders(tmp_path, {"server_active"})
    assert "git rm --cached" in problem.hint
