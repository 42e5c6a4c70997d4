"""Two machines with nothing in common but the bucket: each sees the other's runs, and a rollback never loses."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from machines import Machines
from program import Program
from shop import Shop, bare_plan
from storage import Storage, storage_server

pytestmark = pytest.mark.timeout(300)

TAKEOVER = 75.0
"""Seconds from the look at a lock whose holder is gone to the run that succeeds it, by real leases of 60 s."""


@pytest.fixture
def layout() -> str:
    return "layers"


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    with storage_server() as storage:
        yield storage


@pytest.fixture
def machines(shop: Shop, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    shop.configure(bake={"for": "60s", "blind_deadline": "60s"})
    return Machines(shop, storage, tmp_path / "machines" / tmp_path.name)


@pytest.fixture
def desk(machines: Machines) -> Program:
    return machines.machine("desk")


@pytest.fixture
def far(machines: Machines) -> Program:
    return machines.machine("far")


def assert_on_blue(shop: Shop, program: Program) -> None:
    """All is well on blue. program: of the machine that has moved the public last, where its values are."""
    said = json.loads(program("status", "--json").out)
    assert (said["active"], said["public"], said["drift"]) == ("blue", "blue", []), said
    assert (said["unfinished"], said["lock"], shop.live_color()) == ("", None, "blue"), said
    assert bare_plan(program.folder / "tf" / "edge") == 0


def test_one_deploys_and_the_other_rolls_back(shop: Shop, machines: Machines, desk: Program, far: Program) -> None:
    machines.configure(desk, far, bake={"for": "300ms"})
    deployed = desk("deploy", "--release", "1.5.0", "--json")
    assert (deployed.code, shop.live_color()) == (0, "green"), deployed
    told = json.loads(far("status", "--json").out)
    assert (told["active"], told["rollback"]["ready"], told["rollback"]["prepared"]) == ("green", True, False), told
    assert f"{deployed.result['run']}" in far("history").out
    shown = far("show", deployed.result["run"], "--logs").out
    assert ("@desk" in shown, "\n== edge: apply\n" in shown) == (True, True), shown
    back = far("rollback", "--json")
    assert (back.code, back.result["active"]) == (0, "blue"), back
    again = desk("deploy", "--release", "1.5.0")
    assert (again.code, "--retry" in again.err) == (3, True), again  # what was taken back there is known here
    assert_on_blue(shop, far)
    assert not list((desk.folder / ".bluegreen" / "demo").glob("runs/*"))


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    ("phase", "code"),
    [
        ("SWITCH", 6),
        *(pytest.param(phase, code, marks=pytest.mark.long) for phase, code in (("PREFLIGHT", 1), ("PREPARE", 1))),
        *(
            pytest.param(phase, code, marks=pytest.mark.long)
            for phase, code in (("CHECK", 1), ("PROVE", 6), ("BAKE", 6))
        ),
    ],
)
def test_a_rollback_from_elsewhere_calls_a_deploy_back(
    shop: Shop, machines: Machines, desk: Program, far: Program, phase: str, code: int
) -> None:
    if phase == "CHECK":
        shop.sandbox.behave("green", "sick")  # so that it lasts until it is stopped
    with shop.traffic() as traffic, desk.start("deploy", "--release", "1.5.0") as deploy:
        machines.wait_for(deploy, "phase-started", phase=phase)
        back = far("rollback", "--json")
        ended = deploy.wait()
    assert (back.code, shop.live_color()) == (0, "blue"), (back, ended)
    assert ended.code == code or (phase in ("PREFLIGHT", "PREPARE") and ended.code == 6), ended
    assert "is asked to go back" in back.err
    assert "on request of" in ended.err
    assert traffic.report.failed == 0
    assert_on_blue(shop, desk)


@pytest.mark.fault(19)
@pytest.mark.long
def test_others_are_told_who_is_at_work_and_may_wait(
    shop: Shop, machines: Machines, desk: Program, far: Program
) -> None:
    with desk.start("deploy", "--release", "1.5.0") as deploy:
        run = machines.wait_for(deploy, "phase-started", phase="BAKE")
        refused = far("deploy", "--release", "1.6.0")
        assert (refused.code, run in refused.err, "on desk" in refused.err) == (4, True, True), refused
        waited = far("deploy", "--release", "1.6.0", "--wait-lock", "5s")
        assert (waited.code, "still holds the lock" in waited.err) == (4, True), waited
        with far.start("retire", "--wait-lock", "5m") as patient:
            deploy.send(signal.SIGINT)
            assert deploy.wait().code == 130
            assert patient.wait().code == 0  # by now it is its turn
    assert_on_blue(shop, far)


@pytest.mark.fault(16)
@pytest.mark.parametrize("verb", ["rollback", pytest.param("resume", marks=pytest.mark.long)])
def test_a_machine_that_is_gone_is_succeeded(
    shop: Shop, machines: Machines, desk: Program, far: Program, verb: str
) -> None:
    with shop.traffic() as traffic:
        with desk.start("deploy", "--release", "1.5.0") as deploy:
            run = machines.wait_for(deploy, "phase-started", phase="BAKE")
            deploy.send(signal.SIGKILL)
            deploy.wait()
        refused = far("deploy", "--release", "1.6.0", "--wait-lock", "1m")
        assert (refused.code, "no sign of life" in refused.err) == (4, True), refused
        machines.configure(far, bake={"for": "300ms"})
        ended = far(verb, "--json")
    assert ended.code == 0, ended
    assert ended.result["active"] == shop.live_color() == ("blue" if verb == "rollback" else "green"), ended
    assert traffic.report.failed == 0
    assert machines.events(run)[-1]["event"] == "result"
    if verb == "rollback":
        assert_on_blue(shop, far)


@pytest.mark.fault(16)
@pytest.mark.long
def test_a_machine_that_is_gone_is_succeeded_within_75_seconds(shop: Shop, machines: Machines) -> None:
    desk, far = (machines.machine(name, scaled=False) for name in ("desk", "far"))
    with desk.start("deploy", "--release", "1.5.0") as deploy:
        machines.wait_for(deploy, "phase-started", phase="BAKE")
        deploy.send(signal.SIGKILL)
        deploy.wait()
    with far.start("rollback", "--json") as back:
        wait_until(lambda: shop.live_color() == "blue", 2 * TAKEOVER)
        ended = back.wait()
    assert ended.code == 0, ended
    first = {event["event"]: event["time"] for event in reversed(ended.events)}
    assert first["run-started"] - first["waiting-for"] <= TAKEOVER, ended
    assert_on_blue(shop, far)


@pytest.mark.fault(17)
def test_a_machine_that_was_paused_past_its_lease_writes_no_more(
    shop: Shop, machines: Machines, desk: Program, far: Program
) -> None:
    with shop.traffic() as traffic, desk.start("deploy", "--release", "1.5.0") as deploy:
        run = machines.wait_for(deploy, "phase-started", phase="BAKE")
        os.kill(deploy.process.pid, signal.SIGSTOP)
        back = far("rollback", "--json")
        assert (back.code, back.result["active"]) == (0, "blue"), back
        kept = machines.events(run)
        deploy.send(signal.SIGCONT)
        ended = deploy.wait()
    assert (ended.code, "bluegreen status" in ended.err) == (4, True), ended
    assert machines.events(run) == kept
    assert traffic.report.failed == 0
    assert_on_blue(shop, far)


@pytest.mark.fault(19)
@pytest.mark.parametrize(
    "number", [3, pytest.param(2, marks=pytest.mark.long), pytest.param(8, marks=pytest.mark.long)]
)
def test_of_several_machines_that_begin_at_once_one_goes_through(shop: Shop, machines: Machines, number: int) -> None:
    chance = random.Random(number)
    programs = [machines.machine(f"desk{one}") for one in range(number)]
    with shop.traffic() as traffic, contextlib.ExitStack() as stack:
        runs = []
        for one, program in enumerate(programs):
            runs.append(stack.enter_context(program.start("deploy", "--release", f"1.5.{one}")))
            time.sleep(chance.uniform(0.0, 0.3))  # any moment is as good
        wait_until(lambda: sum(run.process.poll() is None for run in runs) == 1)
        (winner,) = [run for run in runs if run.process.poll() is None]
        run = machines.wait_for(winner, "phase-started", phase="BAKE")
        winner.send(signal.SIGINT)
        assert winner.wait().code == 130
        for loser in [one for one in runs if one is not winner]:
            ended = loser.wait()
            assert (ended.code, run in ended.err) == (4, True), ended
    assert traffic.report.failed == 0
    assert_on_blue(shop, programs[runs.index(winner)])
    assert list(machines.store().runs()) == [run]


@pytest.mark.fault(20)
@pytest.mark.long
@pytest.mark.parametrize("clock", ["-3600 1", "3600 1", "0 50"])
def test_another_machines_clock_is_not_believed(shop: Shop, machines: Machines, desk: Program, clock: str) -> None:
    """An hour off, or running away: neither a lease nor the order of runs stands on it."""
    far = machines.machine("far", SCALED_CLOCK=clock)
    with shop.traffic() as traffic:
        with desk.start("deploy", "--release", "1.5.0") as deploy:
            machines.wait_for(deploy, "phase-started", phase="BAKE")
            back = far("rollback")
            assert (back.code, deploy.wait().code, shop.live_color()) == (0, 6, "blue"), back
        with desk.start("deploy", "--release", "1.6.0") as deploy:
            machines.wait_for(deploy, "phase-started", phase="BAKE")
            deploy.send(signal.SIGKILL)
            deploy.wait()
        back = far("rollback", "--json")
        assert (back.code, back.result["verdict"]) == (0, "rolled-back"), back
    assert traffic.report.failed == 0
    assert machines.store().runs()[0] == back.result["run"]
    assert_on_blue(shop, far)
    told = json.loads(desk("status", "--json").out)
    assert told["unfinished"] == "", told


@pytest.mark.fault(21)
@pytest.mark.long
@pytest.mark.parametrize("verb", ["rollback", "resume"])
def test_a_store_that_cannot_be_reached_before_and_during_a_run(
    shop: Shop, machines: Machines, desk: Program, far: Program, verb: str
) -> None:
    server = machines.storage.process
    with shop.traffic() as traffic:
        with paused(server):
            before = desk("deploy", "--release", "1.5.0")
            assert (before.code, "when it can be reached again" in before.err, shop.live_color()) == (
                1,
                True,
                "blue",
            ), before
            told = json.loads(desk("status", "--json").out)
            assert (told["active"], "cannot read the store's" in told["history"]) == ("blue", True), told
        with desk.start("deploy", "--release", "1.5.0") as deploy:
            machines.wait_for(deploy, "phase-started", phase="BAKE")
            with paused(server):
                ended = deploy.wait()
                assert ended.code in (1, 4), ended
                assert (shop.live_color(), "bluegreen resume" in ended.err) == ("green", True), ended
        machines.configure(far, bake={"for": "300ms"})
        after = far(verb, "--json")
        assert after.code == 0, after
    assert traffic.report.failed == 0
    told = json.loads(far("status", "--json").out)
    assert (told["active"], told["drift"], told["unfinished"]) == (shop.live_color(), [], ""), told


@pytest.mark.fault(21)
@pytest.mark.long
def test_a_rollback_past_terraform_needs_no_store_and_its_journal_comes_home(
    shop: Shop, machines: Machines, desk: Program, far: Program
) -> None:
    machines.configure(desk, far, bake={"for": "300ms"})
    assert desk("deploy", "--release", "1.5.0").code == 0
    with shop.traffic() as traffic:
        with paused(machines.storage.process):
            back = desk("rollback", "--direct", "--to", "blue", "--reason", "no bucket", "--yes", "--json")
            assert (back.code, back.result["verdict"], shop.live_color()) == (0, "rolled-back-directly", "blue"), back
            kept = desk.folder / ".bluegreen" / "demo" / "runs" / f"{back.result['run']}.jsonl"
            assert kept.exists()
        assert desk("status").code == 0
        assert not kept.exists()
        refused = far("deploy", "--release", "1.6.0")
        assert (refused.code, "bluegreen resume" in refused.err) == (3, True), refused
        assert far("resume").code == 0
    assert traffic.report.failed == 0
    assert_on_blue(shop, far)


@contextlib.contextmanager
def paused(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Have a server answer nothing; what it holds stays."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def wait_until(holds: Callable[[], bool], deadline: float = 60.0) -> None:
    end = time.monotonic() + deadline
    while not holds():
        assert time.monotonic() < end, f"it did not come about in {deadline:g} s"
        time.sleep(0.05)
