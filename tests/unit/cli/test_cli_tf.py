"""Terraform by hand: what is handed on, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from bluegreen.cli.commands.tf import command
from bluegreen.cli.foreground import run_in_foreground
from bluegreen.cli.main import program, run
from bluegreen.cli.options import Options
from bluegreen.render.tfvars import render_tfvars


def parsed(*argv: str) -> tuple[Options, str | None, list[str]]:
    options = Options()
    with click.Context(program, obj=options) as parent:
        context = command.make_context("tf", list(argv), parent=parent)
    return options, context.params["layer"], context.meta["terraform"]


def test_what_follows_the_dashes_is_terraforms() -> None:
    options, layer, arguments = parsed("edge", "--debug", "--", "show", "--json", "-no-color", "--", "x")
    assert (layer, arguments) == ("edge", ["show", "--json", "-no-color", "--", "x"])
    assert (options.debug, options.json) == (True, False)
    assert parsed("--", "plan")[1:] == (None, ["plan"])


def test_without_arguments_it_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tf", "edge"]) == 2
    assert "behind --" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("edge plan", "bluegreen tf edge -- plan"),
        ("edge plan -out=x -no-color", "bluegreen tf edge -- plan -out=x -no-color"),
        ("edge --debug state list", "bluegreen tf edge -- state list"),
        ("-e pro edge state list", "bluegreen tf edge -- state list"),
        ("edge --debgu", "did you mean --debug?"),
        ("edge more -- plan", "bluegreen tf --help"),
    ],
)
def test_without_dashes_it_says_what_was_meant(typed: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tf", *typed.split()]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"hint: {hint}"


def test_the_exit_code_is_the_programs(tmp_path: Path) -> None:
    assert run_in_foreground(["sh", "-c", 'exit "$CODE"'], tmp_path, {**os.environ, "CODE": "5"}) == 5
    assert run_in_foreground(["sh", "-c", "kill -9 $$"], tmp_path, os.environ) == 137
    assert (
        run_in_foreground(["sh", "-c", '[ "$PWD" = "$WANTED" ]'], tmp_path, {**os.environ, "WANTED": str(tmp_path)})
        == 0
    )


class Environment:
    """An environment of one layer, with a script in Terraform's place."""

    def __init__(self, folder: Path, output: dict[str, Any] | None) -> None:
        script = folder / "terraform"
        script.write_text(
            '#!/bin/sh\necho "plan=$TF_CLI_ARGS_plan apply=$TF_CLI_ARGS_apply input=$TF_INPUT" >"$SEEN"\n'
            'for word in $TF_CLI_ARGS_plan; do cat "${word#-var-file=}" >>"$SEEN"; done\nexit 9\n'
        )
        script.chmod(0o755)
        (folder / "own.tfvars").write_text("own = 1\n")
        self.folder = folder
        self.config = SimpleNamespace(stack=[SimpleNamespace(name="edge", color=None)])
        self.configured = SimpleNamespace(terraform=SimpleNamespace(var_files=["own.tfvars"]))
        self.engine = SimpleNamespace(argv=[str(script)])
        self._output = output

    def workspace(self, layer: Any) -> Any:
        seen = {"SEEN": str(self.folder / "seen"), "TF_INPUT": "0", "PATH": os.environ["PATH"]}

        @contextmanager
        def values_file(values: dict[str, Any]) -> Iterator[Path]:
            path = self.folder / "private.tfvars"
            path.write_text(render_tfvars(values))
            yield path
            path.unlink()

        return SimpleNamespace(
            folder=self.folder,
            environment=seen,
            init=lambda: None,
            read=lambda: SimpleNamespace(output=self._output),
            variables=frozenset({"server_active"}),
            values_file=values_file,
        )


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run `bluegreen tf` and return what Terraform saw."""

    def call(*arguments: str, output: dict[str, Any] | None) -> str:
        environment = Environment(tmp_path, output)
        monkeypatch.setattr("bluegreen.cli.commands.tf.open_environment", lambda options: environment)
        assert run(["tf", "--", *arguments]) == 9
        assert not (tmp_path / "private.tfvars").exists()
        return (tmp_path / "seen").read_text()

    return call


def test_a_plan_is_handed_the_values_that_hold_now(terraform: Callable[..., str], tmp_path: Path) -> None:
    seen = terraform("plan", output={"server_active": "green", "colors": {}}).splitlines()
    assert seen[0] == f"plan=-var-file={tmp_path}/own.tfvars -var-file={tmp_path}/private.tfvars apply= input=0"
    assert seen[1] == "own = 1"
    assert seen[-1] == 'server_active = "green"'


def test_an_apply_is_not(terraform: Callable[..., str]) -> None:
    assert terraform("apply", output={"server_active": "green"}) == "plan= apply= input=0\n"


def test_before_the_first_deploy_there_are_no_values(terraform: Callable[..., str], tmp_path: Path) -> None:
    seen = terraform("plan", output=None)
    assert seen == f"plan=-var-file={tmp_path}/own.tfvars apply= input=0\nown = 1\n"


TRAPPING = 'trap "exit 7" INT TERM; echo ready; while :; do sleep 0.02; done'


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_program_ends_in_its_own_way(sent: signal.Signals, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from bluegreen.cli.foreground import run_in_foreground;"
        f"sys.exit(run_in_foreground(['sh', '-c', {TRAPPING!r}], Path('.'), os.environ))"
    )
    begun = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert begun.stdout is not None
    with begun:
        assert begun.stdout.readline() == "ready\n"
        if sent is signal.SIGINT:
            os.killpg(begun.pid, sent)  # as a terminal does
        else:
            begun.send_signal(sent)
        assert begun.wait(20) == 7
