"""Many operators at once, on one host: one of them wins, and the others are told who that is."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack

import pytest
from bare import APPLY, edge_pointed_at
from gate import PREPARE, Gate
from night import Night, wait_until
from program import Ended, Running, environment
from tally import Tally

pytestmark = pytest.mark.timeout(900)

DELAY = 0.4
"""Seconds that may lie between two beginnings."""

SWITCH_OF_RESUMED = ("edge", 0)
"""The gate's moment where PREPARE was done by another process."""


def compete(
    gate: Gate, chance: random.Random, calls: Sequence[Sequence[str]], moment: tuple[str, int] = PREPARE
) -> Ended:
    """Begin all calls with random delays. The one that wins ends well, and each other one is told its run's id."""
    shut, reached = gate.here / "gate", gate.here / "at-the-gate"
    shut.write_text("{} {}\n".format(*moment))
    with ExitStack() as stack:
        running: list[Running] = []
        for arguments in calls:
            time.sleep(chance.uniform(0.0, DELAY))
            running.append(stack.enter_context(gate.night.program.start(*arguments)))
        wait_until(reached.exists)
        wait_until(lambda: sum(one.process.poll() is None for one in running) <= 1)
        reached.unlink()
        shut.unlink()
        (winner,) = (one for one in running if one.process.poll() is None)
        ended = winner.wait()
        lost = [one.wait() for one in running if one is not winner]
    run = max(path.stem for path in (gate.night.data / "runs").glob("*.jsonl"))
    assert ended.code == 0, ended
    for one in lost:
        assert (one.code, run in one.err, "holds the lock" in one.err) == (4, True, True), one
    return ended


def deploys(night: Night, number: int) -> Sequence[Sequence[str]]:
    return [("deploy", "--release", night.release()) for _ in range(number)]


@pytest.mark.fault(7)
def test_two(night: Night, patient: Gate) -> None:
    with night.traffic():
        compete(patient, random.Random(0), deploys(night, 2))
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(7)
@pytest.mark.long
@pytest.mark.parametrize("numbers", [(3, 8), (4, 7), (5, 6)])
def test_more(night: Night, patient: Gate, numbers: Sequence[int], tally: Tally) -> None:
    chance = random.Random(sum(numbers))
    for number in numbers:
        with tally.fault(), night.traffic():
            compete(patient, chance, deploys(night, number))
            night.assert_survived(night.answered(), plan=False)
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(7)
@pytest.mark.long
def test_after_one_that_was_killed(night: Night, patient: Gate, tally: Tally) -> None:
    """The lock of somebody who is gone is taken over by one of those who try, and by one only."""
    chance = random.Random(1)
    for verb in ("resume", "deploy"):
        with night.program.start("deploy", "--release", night.release()) as deploy:
            deploy.wait_for("phase-started", phase="CHECK")
            deploy.send(signal.SIGKILL)
            deploy.wait()
        with tally.fault(), night.traffic():
            if verb == "resume":
                compete(patient, chance, [("resume",)] * 4, SWITCH_OF_RESUMED)
            else:
                compete(patient, chance, deploys(night, 4))
            night.assert_survived(night.answered(), plan=False)
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(7)
@pytest.mark.long
def test_whatever_else_is_wanted_meanwhile(night: Night, patient: Gate, tally: Tally) -> None:
    """But a rollback, which is heard: see the tests of that."""
    others = (
        ("prepare", "--release", "9.0.0"),
        ("switch",),
        ("retire", "--force", "--reason", "test"),
        ("reconcile", "--to", "state"),
        ("resume",),
        ("unlock", "--reason", "test", "--yes"),
    )
    with night.traffic():
        (patient.here / "gate").write_text("{} {}\n".format(*PREPARE))
        with night.program.start("deploy", "--release", "2.0.0") as deploy:
            wait_until((patient.here / "at-the-gate").exists)
            for arguments in others:
                with tally.fault():
                    ended = night.program(*arguments)
                    assert (ended.code, deploy.run in ended.err) == (4, True), ended
            (patient.here / "gate").unlink()
            assert deploy.wait().code == 0
    night.assert_survived("green")


@pytest.mark.control(7)
def test_two_scripts_undo_each_other_and_end_well(night: Night, tally: Tally) -> None:
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "blue")
    flip = 'sed -i "/server_active/{s/blue/other/;s/green/blue/;s/other/green/}" zz-bluegreen.auto.tfvars'
    apply = f"{APPLY} -lock-timeout=30s"
    first = f"{flip}; touch first; until [ -e second ]; do sleep 0.02; done; {apply}"
    second = f"until [ -e first ]; do sleep 0.02; done; {flip}; touch second; {apply}"
    scripts = [
        subprocess.Popen(["bash", "-c", lines], cwd=root, env=environment({}), stdin=subprocess.DEVNULL)
        for lines in (first, second)
    ]
    assert [script.wait(60) for script in scripts] == [0, 0]
    assert night.answered() == "blue"
    tally.control = "two scripts flip the same file one after the other: both end well, and the public never moves"
