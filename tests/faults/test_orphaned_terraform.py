"""The program is killed while its Terraform lives on: that one finishes, and the next command waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from bare import APPLY, edge_pointed_at, script
from gate import PREPARE, ROLLBACK, SWITCH, Gate
from night import Night, children_of, wait_until
from program import Event, environment, read_journal
from tally import Tally

from bluegreen.adapters.state.host import find_process

pytestmark = pytest.mark.timeout(300)

DEPLOY = ("deploy", "--release", "2.0.0")

APPLIES = 3
"""How many a deploy makes that nobody disturbs."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A Terraform that stands at the gate, and whose run was killed. plans: what that run had saved."""

    gate: Gate
    run: str
    plans: Mapping[Path, bytes]

    def go_on(self) -> None:
        for path, content in self.plans.items():
            path.write_bytes(content)  # which Terraform has open from its start, whatever is deleted meanwhile
        (self.gate.here / "gate").unlink()


@contextmanager
def orphan(gate: Gate, moment: tuple[str, int], *arguments: str) -> Iterator[Orphan]:
    """Kill a call whose Terraform stands at the gate; yield that, and let it go on in the end."""
    (gate.here / "gate").write_text("{} {}\n".format(*moment))
    with gate.night.program.start(*arguments) as running:
        wait_until((gate.here / "at-the-gate").exists)
        wait_until(lambda: is_journalled(running.journal))  # its Terraform is quicker to the gate than it, on a bad day
        running.send(signal.SIGKILL)
        running.wait()
        plans = {path: path.read_bytes() for path in gate.night.data.glob("layers/*/plans/*.tfplan")}
        left = Orphan(gate, running.run, plans)
    try:
        yield left
    finally:
        (gate.here / "gate").unlink(missing_ok=True)


def journal(gate: Gate, run: str) -> Sequence[Event]:
    return read_journal(gate.night.data / "runs" / f"{run}.jsonl")


def applies(events: Sequence[Event]) -> int:
    return sum(event["event"] == "apply-started" for event in events)


def is_journalled(events: Sequence[Event]) -> bool:
    """Whether the Terraform of each apply that was begun is known by its process."""
    started = [event for event in events if event["event"] == "terraform-started" and event["command"] == "apply"]
    return len(started) == applies(events)


def waits(gate: Gate) -> int:
    """How often a run has said that it waits for the Terraform of the one before."""
    told = [event for path in (gate.night.data / "runs").glob("*.jsonl") for event in journal(gate, path.stem)]
    return sum("waiting for its end" in event.get("text", "") for event in told)


def take_over(gate: Gate, moment: tuple[str, int], verb: Sequence[str], how: Sequence[str]) -> str:
    """Leave an orphan behind, and call a command that waits for its end; return the run of which it was."""
    with gate.night.traffic(), orphan(gate, moment, *verb) as left:
        assert f"{verb[0]} {left.run}" in gate.night.status()["unfinished"]
        with gate.night.program.start(*how) as after:
            wait_until(lambda: waits(gate) == 1)
            left.go_on()
            ended = after.wait()
    assert ended.code == 0, ended
    return left.run


@pytest.mark.fault(4)
@pytest.mark.parametrize("moment", [SWITCH, pytest.param(PREPARE, marks=pytest.mark.long)])
def test_resume_waits_for_it(night: Night, patient: Gate, moment: tuple[str, int]) -> None:
    run = take_over(patient, moment, DEPLOY, ["resume"])
    assert applies(journal(patient, run)) <= APPLIES + 1
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(4)
@pytest.mark.long
@pytest.mark.parametrize("how", [["rollback"], ["deploy", "--release", "2.0.1"]])
def test_the_way_back_and_the_next_deploy_wait_too(night: Night, patient: Gate, how: Sequence[str]) -> None:
    take_over(patient, SWITCH, DEPLOY, how)
    night.assert_survived("blue")  # from green, to which the orphan had switched


@pytest.mark.fault(4)
@pytest.mark.long
def test_a_rollback_waits_for_one_that_prepares(night: Night, patient: Gate) -> None:
    take_over(patient, PREPARE, DEPLOY, ["rollback"])
    said = night.status()  # half prepared, green is there to be looked at
    assert (said["active"], said["unfinished"]) == ("blue", "")
    assert night.program("deploy", "--release", "2.0.1").code == 0
    night.assert_survived("green")


@pytest.mark.fault(4)
@pytest.mark.long
def test_a_rollback_waits_for_that_of_another(night: Night, patient: Gate) -> None:
    assert night.program(*DEPLOY).code == 0
    take_over(patient, ROLLBACK, ["rollback"], ["rollback"])
    night.assert_survived("blue")


@pytest.mark.fault(4)
@pytest.mark.long
def test_who_waits_for_it_is_ended_as_well(night: Night, patient: Gate) -> None:
    ends = ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL))
    with night.traffic():
        with orphan(patient, SWITCH, *DEPLOY) as left:
            for times, (number, code) in enumerate(ends, 1):
                with night.program.start("resume") as waiting:
                    wait_until(lambda times=times: waits(patient) == times)
                    waiting.send(number)
                    assert waiting.wait().code == code
                assert left.run in night.status()["unfinished"]
            left.go_on()
        resumed = night.program("resume")
        assert resumed.code == 0, resumed
    night.assert_survived("green")
    night.assert_way_back()


WRAPPER = "import subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)"


@pytest.mark.control(4)
def test_the_terraform_of_a_wrapper_dies_of_its_pipe(night: Night, tally: Tally) -> None:
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    night.shop.sandbox.delay_answers("GET", "/state/demo/edge", 2.0, times=1)
    argv = [sys.executable, "-c", WRAPPER, *APPLY.split()]
    with subprocess.Popen(argv, cwd=root, env=environment({}), stdin=subprocess.DEVNULL) as wrapper:
        wait_until(lambda: not night.shop.sandbox.faults())
        (terraform,) = children_of(wrapper.pid)
        wrapper.kill()
    wait_until(lambda: find_process(terraform) is None)
    assert (night.answered(), "demo/edge" in night.shop.sandbox.locks()) == ("blue", True)
    assert script(root, APPLY) == 1
    tally.control = "the Terraform of a script that read its output dies of the broken pipe, and leaves its lock"
