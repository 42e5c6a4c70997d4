"""Two machines with nothing in common but the bucket: each sees the other's runs, and a rollback never loses."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from machines import Machines
from program import Program
from shop import Shop, bare_plan
from storage import Storage, storage_server

pytestmark = pytest.mark.timeout(300)


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
    shop.configure(bake={"for": "300ms"})
    for program in (desk, far):
        (program.folder / "bluegreen.yaml").write_bytes((shop.folder / "bluegreen.yaml").read_bytes())
    deployed = desk("deploy", "--release", "1.5.0", "--json")
    assert (deployed.code, shop.live_color()) == (0, "green"), deployed
    told = json.loads(far("status", "--json").out)
    assert (told["active"], told["rollback"]["ready"], told["rollback"]["prepared"]) == ("green", True, False), told
    assert f"{deployed.result['run']}" in far("history").out
    assert "@desk" in far("show", deployed.result["run"]).out
    back = far("rollback", "--json")
    assert (back.code, back.result["active"]) == (0, "blue"), back
    again = desk("deploy", "--release", "1.5.0")
    assert (again.code, "--retry" in again.err) == (3, True), again  # what was taken back there is known here
    assert_on_blue(shop, far)
    assert not list((desk.folder / ".bluegreen" / "demo").glob("runs/*"))


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
            assert patient.wait().code in (0, 3)  # by now it is its turn
    assert_on_blue(shop, desk)


@pytest.mark.parametrize("verb", ["rollback", "resume"])
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
        shop.configure(bake={"for": "300ms"})
        (far.folder / "bluegreen.yaml").write_bytes((shop.folder / "bluegreen.yaml").read_bytes())
        ended = far(verb, "--json")
    assert ended.code == 0, ended
    assert ended.result["active"] == shop.live_color() == ("blue" if verb == "rollback" else "green"), ended
    assert traffic.report.failed == 0
    assert machines.events(run)[-1]["event"] == "result"
    if verb == "rollback":
        assert_on_blue(shop, far)


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
