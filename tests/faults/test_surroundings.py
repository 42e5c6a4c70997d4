"""Odd surroundings: streams, terminals and locales; odd answers to probes; commands that do not come to an end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from bare import APPLY, edge_pointed_at, script
from impostor import ANSWERS, LARGE, Impostor
from night import Night, wait_until
from program import DEADLINE, Ended, command, environment
from tally import Tally

from bluegreen.sandbox.faults import Fault

pytestmark = pytest.mark.timeout(400)

STREAMS: Mapping[str, str] = {
    "deploy --release 2.0.0 --json | head -1": "green",
    "rollback --json 2>&1 | true": "blue",
    "deploy --release 3.0.0 2>&1 | head -1": "green",
    "rollback <&- >&- 2>&-": "blue",
    "deploy --release 4.0.0 --json >/dev/full": "green",
    "rollback --json >/dev/full 2>&1": "blue",
}
"""What stands behind the program's name in a shell line, and which color then serves the public."""

ASCII = {"LANG": "C", "LC_ALL": "C"}
AWAY = {**ASCII, "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
"""A locale of ASCII, from which Python is not saved by guessing better."""

EDGE = "/state/demo/edge"
REASON = "größer → 大"


@contextmanager
def shell(night: Night, line: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Begin a line of bash in which the program can be called; it ends with the last code of the line that is not 0."""
    path = f"{Path(command()[0]).parent}:{os.environ['PATH']}"
    process = subprocess.Popen(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=night.shop.folder,
        env=environment({**night.program.env, "PATH": path, **env}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def end(night: Night, process: subprocess.Popen[bytes]) -> Ended:
    out, err = process.communicate(timeout=DEADLINE)
    night.program.said.extend((out, err))
    return Ended(process.returncode, out.decode(), err.decode())


def assert_calm(ended: Ended, *codes: int) -> None:
    assert (ended.code in codes, "Traceback" in ended.out + ended.err) == (True, False), ended


@pytest.mark.fault(14)
@pytest.mark.parametrize("lines", [list(STREAMS)[:1], pytest.param(list(STREAMS), marks=pytest.mark.long)])
def test_streams_that_are_closed_or_full_or_read_no_further(night: Night, tally: Tally, lines: Sequence[str]) -> None:
    with night.traffic():
        for line in lines:
            with tally.fault():
                with shell(night, f"bluegreen {line}") as process:
                    assert_calm(end(night, process), 0)
                night.assert_survived(STREAMS[line], plan=False)
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(14)
@pytest.mark.long
def test_with_such_streams_the_exit_code_still_says_that_it_went_back(night: Night, tally: Tally) -> None:
    night.shop.configure(bake={"for": "10s", "blind_deadline": "10s"})
    for streams in ("<&- >&- 2>&-", "--json >/dev/full 2>&1"):
        baked = bakes(night)
        with tally.fault():
            with shell(night, f"bluegreen deploy --release {night.release()} {streams}") as process:
                wait_until(lambda baked=baked, process=process: bakes(night) > baked or process.poll() is not None)
                night.shop.sandbox.behave("green", "sick")
                assert_calm(end(night, process), 6)
            night.assert_survived("blue", plan=False)
            night.shop.sandbox.behave("green", "ok")
    night.shop.assert_nothing_to_plan()


def bakes(night: Night) -> int:
    """How many runs have come to their BAKE."""
    return sum('"phase":"BAKE"' in path.read_text() for path in (night.data / "runs").glob("*.jsonl"))


def at_a_terminal(night: Night, columns: int, *arguments: str, **env: str) -> tuple[int, str]:
    """Call the program at a terminal of that width; return its exit code, and all that came on the screen."""
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, columns))
    process = subprocess.Popen(
        [*command(), *arguments],
        cwd=night.shop.folder,
        env=environment({**night.program.env, "TERM": "xterm", **env}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen = bytearray()
    try:
        with suppress(OSError):  # of a terminal that nobody has open any more
            while data := os.read(ours, 65536):
                screen += data
        night.program.said.append(bytes(screen))
        return process.wait(DEADLINE), screen.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.fault(14)
@pytest.mark.long
def test_terminals_and_locales(night: Night, tally: Tally) -> None:
    with night.traffic():
        with tally.fault():
            code, screen = at_a_terminal(night, 40, "deploy", "--release", "2.0.0", "--reason", REASON, **ASCII)
            drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
            assert (code, "Traceback" in drawn, drawn.isascii()) == (0, False, True), drawn
            frames = drawn[: drawn.rindex("switched:")].splitlines()
            assert [line for line in frames if len(line) > 40] == []
            night.assert_survived("green", plan=False)
        with tally.fault():
            code, screen = at_a_terminal(night, 1, "rollback", "--reason", REASON)
            assert (code, "Traceback" in screen) == (0, False), screen
            night.assert_survived("blue", plan=False)
        with tally.fault():  # no terminal, no HOME, no locale: a job of cron
            bare = "env -u HOME -u USER -u TERM -u LANG -u LC_ALL -u TMPDIR setsid -w"
            with shell(night, f"exec {bare} bluegreen deploy --release 3.0.0") as process:
                assert_calm(end(night, process), 0)
            night.assert_survived("green", plan=False)
        with tally.fault():
            with shell(night, "bluegreen rollback; bluegreen history -n 2", **AWAY) as process:
                ended = end(night, process)
            assert_calm(ended, 0)
            assert ended.out.isascii()
            night.assert_survived("blue")


@pytest.mark.fault(14)
@pytest.mark.long
def test_the_new_color_is_asked_and_answers_oddly(night: Night, tally: Tally) -> None:
    night.shop.configure(check={"timeout": "300ms", "deadline": "1s"})
    for how in ANSWERS:
        with night.traffic() as traffic, tally.fault():
            with Impostor(night, "green", how) as impostor:
                ended = night.program("deploy", "--release", night.release())
            assert_calm(ended, 1)
            assert "CHECK" in ended.err
            assert (impostor.followed, impostor.sent < LARGE / 4) == (0, True)
            assert traffic.report.by_color.keys() == {"blue"}
            night.assert_survived("blue", plan=False)
    night.shop.configure(check={"timeout": "2s", "deadline": "10s"})
    assert night.program("deploy", "--release", "99").code == 0
    night.assert_survived("green")


@pytest.mark.fault(14)
@pytest.mark.long
def test_the_public_is_answered_oddly_after_a_switch(night: Night, tally: Tally) -> None:
    night.shop.configure(
        check={"timeout": "300ms"}, probe={"timeout": "500ms"}, bake={"for": "10s", "blind_deadline": "10s"}
    )
    for how in ("hangs", "redirects", "floods"):
        with tally.fault():
            with night.program.start("deploy", "--release", night.release()) as deploy:
                deploy.wait_for("phase-started", phase="BAKE")
                with Impostor(night, "green", how) as impostor:
                    assert_calm(deploy.wait(), 6)
            assert impostor.followed == 0
            night.assert_survived("blue", plan=False)
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(14)
@pytest.mark.long
def test_answers_of_100_mb_are_answers(night: Night) -> None:
    path = f"/bytes/{LARGE}"
    night.shop.configure(check={"path": path}, probe={"path": path, "every": "200ms"})
    with night.traffic():
        ended = night.program("deploy", "--release", "2.0.0")
        assert_calm(ended, 0)
    night.assert_survived("green")
    night.assert_way_back()


ODD = """#!/bin/bash
case "$1" in
    hangs) trap '' INT TERM HUP; while :; do sleep 1; done ;;
    floods) yes ;;
    floods-and-ends) yes | head -c 50000000 ;;
    forks) for child in 1 2 3; do sleep 1000 & echo $! >> "{here}/children"; done ;;
esac
"""


def smoke(argv: Sequence[str]) -> Mapping[str, Any]:
    return {"check": {"smoke": {"command": argv, "timeout": "1s"}}}


def check(argv: Sequence[str]) -> Mapping[str, Any]:
    return {"check": {"via": "command", "command": argv, "timeout": "1s", "deadline": "3s"}}


def hook(name: str) -> Callable[[Sequence[str]], Mapping[str, Any]]:
    return lambda argv: {"hooks": {name: [{"command": argv, "timeout": "2s"}]}}


FAILS, RETURNS = 1, 6
COMMANDS = (
    (smoke, "hangs", FAILS),
    (smoke, "forks", 0),
    (smoke, "floods", FAILS),
    (check, "hangs", FAILS),
    (check, "forks", 0),
    (hook("before_switch"), "hangs", FAILS),
    (hook("before_switch"), "floods-and-ends", 0),
    (hook("after_switch"), "hangs", RETURNS),
    (hook("after_switch"), "forks", 0),
)
"""Which command it is, what it does, and how a deploy ends in which it does that."""


@pytest.mark.fault(14)
@pytest.mark.parametrize("commands", [COMMANDS[:2], pytest.param(COMMANDS[2:], marks=pytest.mark.long)])
def test_commands_that_hang_flood_and_fork(night: Night, tally: Tally, commands: Sequence[Any]) -> None:
    odd, settings = night.shop.folder / "odd.sh", night.shop.folder / "bluegreen.yaml"
    odd.write_text(ODD.format(here=night.shop.folder))
    odd.chmod(0o755)
    plain = settings.read_text()
    with night.traffic():
        for setting, how, code in commands:
            before = night.answered()
            settings.write_text(plain)
            night.shop.configure(**setting([str(odd), how]))
            with tally.fault():
                ended = night.program("deploy", "--release", night.release())
                assert_calm(ended, code)
                assert (code == 0) == (night.answered() != before)
                night.assert_survived(night.answered(), plan=False)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children(night)))
    night.shop.assert_nothing_to_plan()


def children(night: Night) -> Sequence[str]:
    listed = night.shop.folder / "children"
    return listed.read_text().split() if listed.exists() else []


@pytest.mark.control(14)
def test_bare_terraform_dies_of_a_reader_that_leaves(night: Night, tally: Tally) -> None:
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    late = Fault("POST", EDGE, "delay", seconds=1.0)
    night.shop.sandbox.inject(late)
    assert script(root, f"{APPLY} | head -1; exit ${{PIPESTATUS[0]}}") == 128 + signal.SIGPIPE
    assert EDGE.removeprefix("/state/") in night.shop.sandbox.locks()
    assert script(root, APPLY) == 1
    tally.control = "`terraform apply | head -1` dies of SIGPIPE, and leaves a lock that stops each apply after it"
