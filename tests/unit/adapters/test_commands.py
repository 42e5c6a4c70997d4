from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from bluegreen.adapters import commands as adapter
from bluegreen.adapters.commands import KEPT, ON_DISK, SystemCommands
from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.errors import Interrupted, UsageError


def run(*argv: str, timeout: float = 20.0, **environment: str) -> tuple[int, str]:
    return SystemCommands().run(argv, environment, timeout)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_command_is_run_with_its_environment_and_without_a_shell() -> None:
    code, output = run("sh", "-c", 'echo "$COLOR $0"; echo oops >&2; exit 3', "$HOME; *", COLOR="green")
    assert (code, output) == (3, "green $HOME; *\noops\n")


def test_it_is_run_in_the_folder_that_was_given_and_looked_for_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("project", "elsewhere"):
        script = tmp_path / place / "migrate"
        script.parent.mkdir()
        script.write_text("#!/bin/sh\npwd\n")
        script.chmod(0o700)
    monkeypatch.chdir(tmp_path / "elsewhere")
    commands = SystemCommands(folder=tmp_path / "project")
    assert commands.run(["./migrate"], {}, 20.0) == (0, f"{tmp_path / 'project'}\n")


def test_it_reads_what_it_is_told() -> None:
    assert SystemCommands().run(["cat"], {}, 20.0, b'{"hook": "x"}') == (0, '{"hook": "x"}')


def test_it_has_nobody_to_ask() -> None:
    assert run("sh", "-c", "read answer || echo nobody")[1] == "nobody\n"


def test_one_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code, output = run("sh", "-c", f"sleep 60 & echo $! >{child}; echo begun; wait", timeout=0.5)
    assert (code, output) == (-1, "begun\n")
    deadline = time.monotonic() + 10
    while alive(int(child.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(int(child.read_text()))


@pytest.mark.parametrize("stubborn", [False, True])
def test_one_that_hangs_is_ended_when_somebody_asks_us_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stubborn: bool
) -> None:
    monkeypatch.setattr(adapter, "GRACE", 0.2)
    interruptions, pid, told = FakeInterruptions(), tmp_path / "pid", tmp_path / "told"
    script = f"trap '{'' if stubborn else f'echo >{told}; exit 1'}' TERM; echo $$ >{pid}; while :; do sleep 0.01; done"

    def interrupt() -> None:
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.01)
        interruptions.interrupt()

    Thread(target=interrupt).start()
    with pytest.raises(Interrupted):
        SystemCommands(interruptions=interruptions).run(["sh", "-c", script], {}, 60.0)
    assert not alive(int(pid.read_text()))
    assert told.exists() is not stubborn


def test_one_that_ends_leaves_nothing_running(tmp_path: Path) -> None:
    child = tmp_path / "child"
    assert run("sh", "-c", f"sleep 60 & echo $! >{child}")[0] == 0
    deadline = time.monotonic() + 10
    while alive(int(child.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(int(child.read_text()))


def test_of_a_flood_the_end_is_kept() -> None:
    _, output = run(sys.executable, "-c", f"print('x' * {10 * KEPT}); print('the end')")
    assert len(output) == KEPT
    assert output.endswith("the end\n")


def test_what_cannot_be_started_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be run: No such file"):
        run(str(tmp_path / "missing"))
    assert os.environ.get("COLOR") is None


def test_what_a_command_says_is_cleaned_of_secrets() -> None:
    commands = SystemCommands(lambda text: text.replace("s3cret", "***"))
    assert commands.run(["echo", "token=s3cret"], {}, 10.0) == (0, "token=***\n")


@pytest.mark.parametrize("flood", ["printf {}; yes | head -c {}", "yes {} | head -10000"])
def test_no_secret_is_cut_in_two_where_the_end_begins(flood: str) -> None:
    secret = "hunter22" * 9
    commands = SystemCommands(lambda text: text.replace(secret, "***"))
    code, output = commands.run(["sh", "-c", flood.format(secret, KEPT - len(secret) // 2)], {}, 20.0)
    assert (code, "nter22" in output, len(output) <= KEPT) == (0, False, True)


def test_a_command_that_floods_its_output_does_not_fill_the_disk() -> None:
    # What is written in the moment of the cut is lost, so the end is said after it: $$ is the shell whose output it is.
    wait = f"until [ $(stat -Lc %s /proc/$$/fd/1) -le {ON_DISK} ]; do sleep 0.01; done"
    code, output = run("sh", "-c", f"yes | head -c {4 * ON_DISK}; {wait}; echo the end")
    assert (code, output.endswith("y\nthe end\n"), len(output) <= KEPT) == (0, True, True)


def test_nobody_waits_for_a_child_that_holds_the_output_open(tmp_path: Path) -> None:
    child = tmp_path / "child"
    try:
        script = (
            f"setsid sh -c 'echo $$ >{child}; exec sleep 60' & until [ -s {child} ]; do sleep 0.01; done; echo done"
        )
        assert run("sh", "-c", script, timeout=20.0) == (0, "done\n")
        assert alive(int(child.read_text()))
    finally:
        os.kill(int(child.read_text()), signal.SIGKILL)  # in a session of its own: its maker's, and not ours to end


def test_what_was_said_is_read_while_somebody_goes_on_writing(tmp_path: Path) -> None:
    child = tmp_path / "child"
    flood = (
        f"setsid sh -c 'echo $$ >{child}; exec yes' & until [ $(stat -Lc %s /proc/$$/fd/1) -gt {2 * KEPT} ]; do :; done"
    )
    for _ in range(20):
        try:
            code, output = run("sh", "-c", flood)
        finally:
            os.kill(int(child.read_text()), signal.SIGKILL)
        assert (code, len(output)) == (0, KEPT)


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_what_another_user_runs_is_left_to_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As behind sudo: it can be killed by nobody here, and would be waited for until it ends."""
    child = tmp_path / "child"

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(adapter, "GRACE", 0.1)
    monkeypatch.setattr(adapter.os, "killpg", refuse)
    began = time.monotonic()
    try:
        assert run("sh", "-c", f"echo $$ >{child}; exec sleep 60", timeout=0.5)[0] == -1
        assert time.monotonic() - began < 30
    finally:
        os.kill(int(child.read_text()), signal.SIGKILL)
