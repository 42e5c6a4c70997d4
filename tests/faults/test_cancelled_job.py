"""A job that is cancelled: SIGINT, after 7.5 s SIGTERM, after 2.5 s more SIGKILL, to the entry process alone."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from contextlib import suppress

import pytest
from bare import APPLY, edge_pointed_at
from night import Night, wait_until
from program import environment
from tally import Tally
from warm import Forked

pytestmark = pytest.mark.timeout(900)

SEQUENCE = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 30.0))
"""What is sent, and seconds to wait then for the process to end."""

EDGE = "/state/demo/edge"


def cancel(process: subprocess.Popen[bytes] | Forked) -> signal.Signals:
    """Cancel a process as a CI service does; return the signal after which it ended."""
    for number, seconds in SEQUENCE:
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return number
    raise AssertionError("it outlived a SIGKILL")


def cancel_and_converge(night: Night, process: subprocess.Popen[bytes] | Forked) -> None:
    """What is said is true, one command ends what is left, and the public is on one healthy color."""
    if cancel(process) is signal.SIGKILL:
        night.await_terraform()
    else:
        assert night.shop.sandbox.locks() == {}
    if night.status()["unfinished"]:
        resumed = night.program("resume")
        assert resumed.code == 0, resumed
    night.assert_survived(night.answered(), plan=False)


def seconds_of_a_deploy(night: Night) -> float:
    began = time.monotonic()
    assert night.program("deploy", "--release", night.release()).code == 0
    return time.monotonic() - began


@pytest.mark.fault(3)
def test_in_a_switch(night: Night) -> None:
    with night.traffic(), night.program.start("deploy", "--release", "2.0.0") as deploy:
        deploy.wait_for("phase-started", phase="SWITCH")
        cancel_and_converge(night, deploy.process)
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(3)
@pytest.mark.long
@pytest.mark.parametrize("share", range(3))
def test_at_random_moments(night: Night, share: int, tally: Tally) -> None:
    chance = random.Random(share)
    longest = seconds_of_a_deploy(night)
    for number in range(10):
        verb = "rollback" if number % 3 == 2 else "deploy"
        more = ["--release", night.release()] if verb == "deploy" else []
        with tally.fault(), night.traffic(), night.program.start(verb, *more) as running:
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(chance.uniform(0.0, longest))
            cancel_and_converge(night, running.process)
    assert night.program("deploy", "--release", night.release()).code == 0  # the last one may be half prepared
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(3)
@pytest.mark.long
@pytest.mark.parametrize("how", ["resume", "rollback"])
def test_an_apply_that_outlasts_the_patience_of_the_job(night: Night, how: str) -> None:
    """The process is killed in the end; its Terraform, which cannot be stopped sooner, finishes what it is at."""
    with night.traffic():
        night.shop.sandbox.delay_answers("POST", EDGE, 0.0, times=1)  # PREPARE's
        night.shop.sandbox.delay_answers("POST", EDGE, 15.0, times=1)
        with night.program.start("deploy", "--release", "2.0.0") as deploy:
            wait_until(lambda: not night.shop.sandbox.faults())
            assert cancel(deploy.process) is signal.SIGKILL
        assert "cut off in SWITCH" in night.program("status").out
        assert night.program(how).code == 0
    night.assert_survived("green" if how == "resume" else "blue")


@pytest.mark.control(3)
@pytest.mark.long
def test_a_script_is_gone_and_its_terraform_moves_the_public_later(night: Night, tally: Tally) -> None:
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    night.shop.sandbox.delay_answers("POST", EDGE, 15.0, times=1)
    lines = f"{APPLY} >/dev/null\ncurl --fail {night.shop.network.public_url} || touch revert"
    with subprocess.Popen(["bash", "-c", lines], cwd=root, env=environment({}), stdin=subprocess.DEVNULL) as script:
        wait_until(lambda: not night.shop.sandbox.faults())
        assert cancel(script) is signal.SIGTERM
    assert night.answered() == "blue"
    wait_until(lambda: night.answered() == "green")
    tally.control = "a script is ended, and its Terraform, which heard nothing, moves the public after the job's end"
