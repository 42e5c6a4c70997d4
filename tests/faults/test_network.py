"""The network to the API is cut, between a plan and its apply, and in the middle of an apply."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bare import APPLY, edge_pointed_at, script
from gate import PREPARE, ROLLBACK, SWITCH, Gate
from night import SWITCHED, Night
from program import Ended
from tally import Tally

from bluegreen.sandbox.faults import Fault

pytestmark = pytest.mark.timeout(300)

SILENT, RESET = 60.0, 0.0
"""Seconds until a connection is cut: nothing comes for longer than anybody waits, or it is reset at once."""

EDGE = "/state/demo/edge"


def cut(night: Night, seconds: float) -> None:
    for path in ("/state/*", "/client/*"):
        night.shop.sandbox.inject(Fault("*", path, "hang", None, seconds=seconds))


def cut_in_the_middle(night: Night, seconds: float) -> None:
    """What the next apply of the edge changes is changed, and then nothing more is heard."""
    night.shop.sandbox.lose_answers("POST", EDGE)
    for method in ("POST", "UNLOCK"):
        night.shop.sandbox.inject(Fault(method, "/state/*", "hang", None, seconds=seconds))


def assert_plain(ended: Ended, *codes: int) -> None:
    assert (ended.code in codes, "Traceback" in ended.err) == (True, False), ended


def assert_helpless_but_honest(night: Night) -> None:
    """While nothing can be read, no command says that all is well, and none changes anything."""
    before = night.answered()
    for verb in ("status", "rollback"):
        assert_plain(night.program(verb), 1, 7)
    assert night.answered() == before


def converge(night: Night, how: str) -> None:
    """The network is there again: one command ends it, and the next deploy goes as ever."""
    night.shop.sandbox.clear_faults()
    night.status()
    arguments = ["--release", "9.0.0"] if how == "deploy" else []
    ended = night.program(how, *arguments)
    assert ended.code in ((0, 6) if how == "resume" else (0,)), ended  # which may have gone back as it was about to
    night.assert_survived(night.answered())


@pytest.mark.fault(5)
@pytest.mark.parametrize(
    ("moment", "seconds", "how"),
    [
        (SWITCH, RESET, "rollback"),
        (PREPARE, RESET, "resume"),
        (PREPARE, SILENT, "deploy"),
        (SWITCH, RESET, "resume"),
        (SWITCH, RESET, "deploy"),
        (SWITCH, SILENT, "resume"),
    ],
)
@pytest.mark.long
def test_between_plan_and_apply(night: Night, gate: Gate, moment: tuple[str, int], seconds: float, how: str) -> None:
    with night.traffic() as traffic:
        ended = gate.call(moment, lambda: cut(night, seconds), "deploy", "--release", "2.0.0")
        assert_plain(ended, 1, 4, 7)
        assert_helpless_but_honest(night)
        assert traffic.report.by_color.keys() == {"blue"}
        converge(night, how)


@pytest.mark.fault(5)
def test_a_lock_that_cannot_be_asked_for_is_nobodys(night: Night, gate: Gate) -> None:
    ended = gate.call(SWITCH, lambda: cut(night, RESET), "deploy", "--release", "2.0.0")
    assert (ended.code, "somebody else's Terraform" in ended.err) == (1, False), ended


@pytest.mark.fault(5)
@pytest.mark.long
@pytest.mark.parametrize(
    ("seconds", "how"),
    [
        (RESET, "resume"),
        (RESET, "rollback"),
        (RESET, "deploy"),
        (SILENT, "resume"),
        (SILENT, "rollback"),
        (SILENT, "deploy"),
    ],
)
def test_in_the_middle_of_the_switch(night: Night, gate: Gate, seconds: float, how: str) -> None:
    with night.traffic():
        ended = gate.call(SWITCH, lambda: cut_in_the_middle(night, seconds), "deploy", "--release", "2.0.0")
        assert_plain(ended, 7)
        assert night.answered() == "green"
        converge(night, how)


@pytest.mark.fault(5)
@pytest.mark.long
@SWITCHED
def test_in_the_middle_of_a_rollback(night: Night, gate: Gate) -> None:
    with night.traffic():
        assert_plain(gate.call(ROLLBACK, lambda: cut_in_the_middle(night, RESET), "rollback"), 7)
        night.shop.sandbox.clear_faults()
        night.status()
        assert night.program("resume").code == 0
    night.assert_survived("blue")


@pytest.mark.fault(5)
@pytest.mark.parametrize("seconds", [RESET, pytest.param(SILENT, marks=pytest.mark.long)])
def test_once_the_public_has_moved_nobody_needs_the_api(night: Night, seconds: float) -> None:
    with night.traffic():
        with night.program.start("deploy", "--release", "2.0.0") as deploy:
            deploy.wait_for("phase-started", phase="BAKE")
            cut(night, seconds)
            ended = deploy.wait()
        assert_plain(ended, 0)
        night.shop.sandbox.clear_faults()
        night.assert_way_back()
    night.assert_survived("green")


@pytest.mark.fault(5)
@pytest.mark.long
@SWITCHED
def test_a_rollback_waits_for_neither_a_silent_public_nor_a_silent_api(night: Night) -> None:
    """Not even where its plan is stale, and all is looked at twice. Both are silent for longer than this test waits."""
    night.shop.configure(probe={"timeout": "1m"})
    night.write_state("edge")
    night.shop.sandbox.behave("green", "slow", seconds=SILENT)
    night.shop.sandbox.hang_requests("GET", "/client/*", SILENT, times=None)
    ended = night.program("rollback")
    assert ended.code == 0, ended
    assert "the live records cannot be read: their API has not answered" in ended.err
    assert "the prepared plan is of no use any more" in ended.err
    night.shop.sandbox.clear_faults()
    night.shop.sandbox.behave("green", "ok")
    night.assert_survived("blue")


@contextmanager
def everything_silent(night: Night) -> Iterator[None]:
    """Neither the API nor the edge says anything, as where this machine's own network is gone."""
    pid = night.shop.sandbox.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.fault(5)
@pytest.mark.long
@pytest.mark.parametrize(("phase", "codes"), [("CHECK", (1,)), ("BAKE", (6, 7))])
def test_everything_is_cut_off(night: Night, phase: str, codes: tuple[int, ...]) -> None:
    night.shop.configure(
        terraform={"deadline": "3s", "grace": "500ms"},
        check={"healthy": 40, "timeout": "500ms"},
        probe={"timeout": "500ms", "deadline": "3s"},
        bake={"for": "2s"},
    )
    with night.program.start("deploy", "--release", "2.0.0") as deploy:
        deploy.wait_for("phase-started", phase=phase)
        with everything_silent(night):
            deploy.process.wait(90)
        ended = deploy.wait()
    assert_plain(ended, *codes)
    night.shop.configure(check={"healthy": 5})
    converge(night, "resume")


@pytest.mark.control(5)
def test_bare_terraform_moves_the_public_and_leaves_its_lock(night: Night, tally: Tally) -> None:
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    cut_in_the_middle(night, RESET)
    assert script(root, APPLY) == 1
    night.shop.sandbox.clear_faults()
    assert (night.answered(), EDGE.removeprefix("/state/") in night.shop.sandbox.locks()) == ("green", True)
    assert script(root, APPLY) == 1
    tally.control = "bare Terraform fails, has moved the public all the same, and leaves a lock that stops each apply"
