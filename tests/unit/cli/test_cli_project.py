"""The project folder that `init` makes, and the values of Terraform by hand."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from bluegreen.cli.by_hand import agrees, current_values
from bluegreen.cli.main import run
from bluegreen.config.load import load_config
from bluegreen.errors import Refused, UsageError
from bluegreen.model import Color
from bluegreen.render.tfvars import render_tfvars
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.project import create_project

KINDS = [("sandbox", False), ("gcp-cloudflare", True)]


@pytest.mark.parametrize(("stack", "local"), KINDS)
@pytest.mark.parametrize("layout", ["layers", "single"])
def test_a_project_is_whole_and_its_own(layout: str, stack: str, local: bool, tmp_path: Path) -> None:
    folder = tmp_path / "books"
    files = create_project(folder, "books", layout, stack, local=local)
    assert {Path("bluegreen.yaml"), Path("README.md"), Path(".gitignore")} <= set(files)
    text = "".join((folder / file).read_text() for file in files if file.parts[0] != "modules")
    assert "127.77.12" not in text
    assert not re.search(r"\bshop\b", text)
    assert "../terraform/modules" not in text
    config = load_config(folder)
    assert config.service == "books"
    assert config.sandbox is not None
    assert config.sandbox.network == f"{Network.for_path(folder).prefix}.0/24"


@pytest.mark.parametrize("stack", ["sandbox", "gcp-cloudflare"])
@pytest.mark.parametrize("layout", ["layers", "single"])
def test_its_modules_are_where_its_code_says(layout: str, stack: str, tmp_path: Path) -> None:
    folder = tmp_path / "books"
    create_project(folder, "books", layout, stack)
    sources = [
        file.parent / source
        for file in folder.rglob("*.tf")
        for source in re.findall(r'source\s*=\s*"(\.[^"]*)"', file.read_text())
    ]
    assert sources
    assert all((source / "main.tf").is_file() for source in sources)
    assert all(source.resolve().is_relative_to(folder) for source in sources)


@pytest.mark.parametrize("stack", ["sandbox", "gcp-cloudflare"])
@pytest.mark.parametrize("layout", ["layers", "single"])
def test_its_modules_may_be_in_a_repository_at_this_versions_tag(layout: str, stack: str, tmp_path: Path) -> None:
    folder, repository = tmp_path / "books", "git::https://example.com/shop/bluegreen.git"
    create_project(folder, "books", layout, stack, modules=repository)
    code = "".join(file.read_text() for file in folder.rglob("*.tf"))
    sources = re.findall(r'^  source +=\s*"([^"]*)"', code, re.MULTILINE)
    assert sources
    assert all(
        re.fullmatch(re.escape(repository) + r"//terraform/modules/\w+\?ref=v\d+\.\d+\.\d+", one) for one in sources
    )
    assert not (folder / "modules").exists()


@pytest.mark.parametrize(
    "modules", ["https://example.com/a.git", "git::", 'git::https://a"', "git::https://a?ref=b", "git::$a"]
)
def test_what_is_no_repository_is_refused(modules: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no git repository"):
        create_project(tmp_path / "books", "books", modules=modules)
    assert not (tmp_path / "books").exists()


@pytest.mark.parametrize("layout", ["layers", "single"])
def test_the_terraform_of_a_clouds_project_is_the_same_locally_but_for_its_backends(
    layout: str, tmp_path: Path
) -> None:
    cloud, local = (tmp_path / name / "shop" for name in ("cloud", "local"))
    ours = set(create_project(cloud, "shop", layout, "gcp-cloudflare"))
    theirs = set(create_project(local, "shop", layout, "gcp-cloudflare", local=True))
    backends = {file for file in theirs if file.name == "backend_override.tf"}
    assert theirs - ours == backends
    assert {file.parent for file in backends} == {file.parent for file in ours if file.name == "backend.tf"}
    assert ours <= theirs
    differ = {file for file in ours if (cloud / file).read_bytes() != (local / file).read_bytes()}
    assert differ == {Path("bluegreen.yaml"), Path("README.md")}
    configs = [load_config(folder) for folder in (cloud, local)]
    stacks = [[(layer.name, layer.color) for layer in config.stack] for config in configs]
    assert stacks[0] == stacks[1]
    assert configs[0].sandbox is None


def test_the_sandbox_is_local_already(tmp_path: Path) -> None:
    assert run(["-C", str(tmp_path), "init", "books", "--stack", "sandbox", "--local"]) == 2
    assert not (tmp_path / "books").exists()


class Person(io.StringIO):
    """Somebody at a terminal who types these lines."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "options", "said"),
    [
        (["", ""], [], "--stack sandbox --layout layers"),
        (["sandbox", "2"], [], "--stack sandbox --layout single"),
        (["2", "1", "layers"], [], "--stack gcp-cloudflare --layout layers"),
        (["3", "nothing", "2", "local", "single"], [], "--stack gcp-cloudflare --layout single --local"),
        (["2", "2"], ["--layout", "single"], "--stack gcp-cloudflare --layout single --local"),
        (["1"], ["--local"], "--stack gcp-cloudflare --layout layers --local"),
    ],
)
def test_without_a_stack_somebody_is_asked_and_told_how_to_say_it(
    typed: list[str],
    options: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", Person("".join(f"{line}\n" for line in typed)))
    asked, told = tmp_path / "asked", tmp_path / "told"
    assert run(["-C", str(asked), "init", "books", *options]) == 0
    assert f"the same without questions: {said}\n" in capsys.readouterr().err
    assert sys.stdin.read() == "", "no question was left out"
    assert run(["-C", str(told), "init", "books", *said.split()]) == 0
    made = [{path.relative_to(top) for path in top.rglob("*")} for top in (asked, told)]
    assert made[0] == made[1]


def test_each_choice_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Person("2\n"))
    assert run(["-C", str(tmp_path), "init", "books"]) == 3, "the second question is not answered"
    told = capsys.readouterr().err
    assert "1  sandbox         all of it on this machine" in told
    assert "2  local  in the sandbox, with the real providers" in told
    assert not list(tmp_path.iterdir())


def test_nobody_is_asked_where_there_is_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n1\n"))
    assert run(["-C", str(tmp_path), "init", "books"]) == 2
    assert "hint: --stack sandbox or --stack gcp-cloudflare\n" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stack", ["sandbox", "gcp-cloudflare"])
def test_a_dry_run_names_the_files_and_writes_none(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = ["-C", str(tmp_path), "init", "books", "--stack", stack]
    assert run([*here, "--dry-run"]) == 0
    told = capsys.readouterr()
    assert not list(tmp_path.iterdir())
    assert "service: books" in told.out
    assert "nothing was written" in told.err
    assert run([*here, "--dry-run", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert run([*here, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (shown.pop("written"), made.pop("written")) == (False, True)
    assert shown == made
    assert all((tmp_path / "books" / file).is_file() for file in made["files"])
    assert run([*here, "--dry-run"]) == 3, "it says so too where something is there already"


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "books").mkdir()
    assert run(["-C", str(tmp_path), "init", "books", "--stack", "sandbox", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == str(tmp_path / "books")
    assert "bluegreen.yaml" in told["files"]
    (tmp_path / "books" / "bluegreen.yaml").write_text("mine")
    assert run(["-C", str(tmp_path), "init", "books", "--stack", "sandbox"]) == 3
    assert (tmp_path / "books" / "bluegreen.yaml").read_text() == "mine"
    (tmp_path / "file").touch()
    with pytest.raises(Refused):
        create_project(tmp_path / "file", "file")


@pytest.mark.parametrize("name", ["Shop", "1shop", "a/b", "../x", "", "a_b", "-a", "a-", "x" * 64])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no name"):
        create_project(tmp_path / "p", name)
    assert not (tmp_path / "p").exists()


def test_the_sandbox_comes_up_and_goes_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create_project(tmp_path / "books", "books")
    here = ["-C", str(tmp_path / "books")]
    try:
        assert run([*here, "sandbox", "up"]) == 0
        assert run([*here, "sandbox", "up", "--json"]) == 0
        told = capsys.readouterr().out
        assert f"public   {Network.for_path(tmp_path / 'books').public_url}" in told
        found = json.loads(told[told.index("{") :])
        assert (found["up"], found["service"]) == (True, "books")
    finally:
        assert run([*here, "sandbox", "down"]) == 0
    assert run([*here, "sandbox", "status"]) == 0
    told = capsys.readouterr()
    assert told.out == "the sandbox is down; bluegreen sandbox up starts it\n"
    assert told.err == "the sandbox is down\n"


@pytest.mark.parametrize(
    ("options", "deploy"), [(["--local"], "bluegreen deploy --yes"), ([], "bluegreen deploy -e pro")]
)
@pytest.mark.parametrize("layout", [[], ["--layout", "single"]])
def test_what_init_says_is_next_names_an_environment_where_there_are_several(
    layout: list[str], options: list[str], deploy: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["-C", str(tmp_path), "init", "shop", "--stack", "gcp-cloudflare", *layout, *options]) == 0
    assert capsys.readouterr().err.splitlines()[-1].strip() == deploy
    names = load_config(tmp_path / "shop").names
    assert "pro" in names
    assert len(names) == 1 or deploy.endswith("-e pro")


def test_a_project_without_a_sandbox_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    create_project(tmp_path / "books", "books")
    file = tmp_path / "books" / "bluegreen.yaml"
    file.write_text(re.sub(r"sandbox:\n  network: .*\n", "", file.read_text()))
    assert run(["-C", str(file.parent), "sandbox", "up"]) == 2
    assert "error: this project has no sandbox" in capsys.readouterr().err


OUTPUT: dict[str, Any] = {
    "colors": {
        "blue": {"enabled": True, "inputs": {"release": "1"}, "address": "127.1.1.11", "backend_url": "http://b/"},
        "green": {"enabled": False, "inputs": None, "address": "127.1.1.12"},
    },
    "server_active": "blue",
    "server_previous": "green",
}


def test_the_values_of_each_layer_are_rebuilt_from_the_output() -> None:
    edge = current_values(OUTPUT, "edge", None, frozenset({"colors", "server_active", "server_previous"}))
    assert edge == {"colors": OUTPUT["colors"], "server_active": "blue", "server_previous": "green"}
    green = current_values(OUTPUT, "edge", Color.GREEN, frozenset({"color", "enabled", "server"}))
    assert green == {"color": "green", "enabled": False, "server": None}
    single = current_values(OUTPUT, "terraform", None, frozenset({"blue", "green", "blue_enabled", "green_enabled"}))
    assert single == {"blue": {"release": "1"}, "green": None, "blue_enabled": True, "green_enabled": False}


def test_an_output_without_an_active_color_gives_no_values() -> None:
    with pytest.raises(Refused, match="no active color"):
        current_values({"colors": {}}, "edge", None, frozenset())


def test_a_values_file_is_current_or_not(tmp_path: Path) -> None:
    values = {"colors": OUTPUT["colors"], "server_active": "blue", "note": "${x} %{y} \b \f é"}
    file = tmp_path / "zz.tfvars"
    assert not agrees(file, values)
    file.write_text(render_tfvars(values))
    assert agrees(file, values)
    assert not agrees(file, {**values, "server_active": "green"})
    assert not agrees(file, {"colors": values["colors"]})
    file.write_text(render_tfvars({"blue": {"release": "1"}}))
    assert not agrees(file, {"blue": {"release": "1", "size": 2}})
    file.write_text("server_active = something else\n")
    assert not agrees(file, values)


def test_what_the_last_layer_adds_to_the_colors_makes_no_difference(tmp_path: Path) -> None:
    file = tmp_path / "zz.tfvars"
    less = {color: {key: echo[key] for key in echo if key != "backend_url"} for color, echo in OUTPUT["colors"].items()}
    file.write_text(render_tfvars({"colors": less}))
    assert agrees(file, {"colors": OUTPUT["colors"]})
    file.write_text(render_tfvars({"colors": {**less, "blue": {**less["blue"], "inputs": {"release": "0"}}}}))
    assert not agrees(file, {"colors": OUTPUT["colors"]})
