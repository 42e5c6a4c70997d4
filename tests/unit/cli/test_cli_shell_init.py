"""`bg` in real shells: job control stays theirs, everything else is ours, and both names complete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bluegreen.cli.main import run

SHELLS = ("bash", "zsh", "fish")
OURS = (["deploy", "--to", "green"], ["--help"], ["-e", "pro", "status"], ["4x"])
THEIRS = (["%1"], ["%%"], ["%+"], ["123456"], [])


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `bluegreen` is this one, and `bg` a program that must never be started."""
    programs = tmp_path / "bin"
    programs.mkdir()
    ours = f"#!{sys.executable}\nfrom bluegreen.cli.entry import main\nmain()\n"
    trap = "#!/bin/sh\necho the wrong bg\n"
    for name, text in (("bluegreen", ours), ("bg", trap)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The file that each shell's script is written to, as SHELL."""
    for shell in SHELLS:
        assert run(["shell-init", shell]) == 0
        (tmp_path / shell).write_text(capsys.readouterr().out)
    return tmp_path


def run_in(shell: str, code: str, path: str, home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    argv = [shell, *({"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]), *options, "-c", code]
    package = str(Path(__file__).parents[3])
    environment = {**os.environ, "PATH": path, "HOME": str(home), "PYTHONPATH": package}
    return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False, timeout=50)


@pytest.mark.parametrize("shell", SHELLS)
def test_everything_else_is_ours(shell: str, path: str, script: Path) -> None:
    told = "function bluegreen; echo wrong; end" if shell == "fish" else "bluegreen() { echo wrong; }"
    (script / "bin" / "bluegreen").write_text('#!/bin/sh\necho "ours $*"\n')
    calls = "\n".join(f"bg {' '.join(arguments)}" for arguments in OURS)
    done = run_in(shell, f"source {script / shell}\n{told}\n{calls}", path, script)
    assert done.stdout.splitlines() == [f"ours {' '.join(arguments)}" for arguments in OURS], done.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_job_control_is_the_shells(shell: str, path: str, script: Path) -> None:
    (script / "bin" / "bluegreen").write_text('#!/bin/sh\necho "ours $*"\n')
    for arguments in THEIRS:
        done = run_in(shell, f"source {script / shell}\nbg {' '.join(arguments)}", path, script)
        assert "ours" not in done.stdout
        assert "wrong" not in done.stdout
        assert "bg" in done.stderr, "there is no such job"


ON_TERMINAL = "import os, sys; os.login_tty(0); os.execvp(sys.argv[1], sys.argv[1:])"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_stopped_job_goes_on(shell: str, path: str, script: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    went_on = script / "went-on"
    code = (
        f"source {script / shell}; sh -c 'kill -STOP $$; echo yes >{went_on}' & "
        'until [ "$(ps -o state= -p $!)" = T ]; do sleep 0.02; done; jobs >/dev/null; bg %1; wait'
    )
    quiet = "--norc" if shell == "bash" else "-f"
    master, slave = os.openpty()  # without a terminal of its own, zsh has no job control at all
    try:
        argv = [sys.executable, "-c", ON_TERMINAL, shell, quiet, "-i", "-c", code]
        environment = {**os.environ, "PATH": path, "HOME": str(script)}
        done = subprocess.run(argv, stdin=slave, env=environment, check=False, timeout=50)
        assert done.returncode == 0
        assert went_on.read_text() == "yes\n"
    finally:
        os.close(master)
        os.close(slave)


COMPLETED = {
    "bash": (
        "COMP_WORDS=({name} ro); COMP_CWORD=1; _bluegreen_completion {name}; "
        'echo "${{COMPREPLY[@]}}"; complete -p {name}'
    ),
    "zsh": (
        "compadd() {{ print -- ${{completions[@]}} }}; _describe() {{ print -- $completions_with_descriptions }}; "
        "words=({name} ro); CURRENT=2; _bluegreen_completion"
    ),
    "fish": 'complete -C "{name} ro"',
}


@pytest.mark.parametrize("name", ["bluegreen", "bg"])
@pytest.mark.parametrize("shell", SHELLS)
def test_both_names_complete(shell: str, name: str, path: str, script: Path) -> None:
    done = run_in(shell, f"source {script / shell}\n{COMPLETED[shell].format(name=name)}", path, script)
    assert "rollback" in done.stdout, done.stderr
    if shell == "bash":
        assert f"-F _bluegreen_completion {name}" in done.stdout
    if shell == "zsh":
        registered = run_in(
            "zsh", f"autoload -Uz compinit; compinit -D\nsource {script / 'zsh'}\necho $_comps[{name}]", path, script
        )
        assert registered.stdout == "_bluegreen_completion\n", registered.stderr
