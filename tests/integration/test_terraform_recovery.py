"""What a Terraform that was killed, or that could not store its state, leaves behind; with real Terraform."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from bucket import Bucket, serve
from root import BLUE, World

from bluegreen.adapters.terraform.process import Patience
from bluegreen.adapters.terraform.workspace import TerraformWorkspace
from bluegreen.errors import BluegreenError, Locked, TerraformError
from bluegreen.events import Event, ResourceChanging, Said, TerraformStarted
from bluegreen.ports import DeadTerraform

SLEEP = {**BLUE, "script": "exec sleep 60"}


@pytest.fixture
def bucket(world: World) -> Iterator[Bucket]:
    """The world's state lies in Cloud Storage."""
    with serve() as (bucket, backend):
        world.write(backend, "backend.tf")
        yield bucket


def said(world: World) -> str:
    return " ".join(event.text for event in world.events if isinstance(event, Said))


def last_started(world: World) -> TerraformStarted:
    return next(event for event in reversed(world.events) if isinstance(event, TerraformStarted))


def signal_apply(world: World, event: Event, number: signal.Signals) -> None:
    """Send a signal to Terraform and its children when it has begun to change a resource."""
    if isinstance(event, ResourceChanging) and event.stage == "start":
        os.killpg(last_started(world).pid, number)


def killed(world: World, workspace: TerraformWorkspace) -> DeadTerraform:
    """Kill Terraform in the middle of an apply; return what the journal then tells of it."""
    plan = workspace.plan(SLEEP)
    world.on_event = lambda event: signal_apply(world, event, signal.SIGKILL)
    with pytest.raises(TerraformError):
        workspace.apply(plan)
    world.on_event = lambda event: None
    started = last_started(world)
    return DeadTerraform(started.layer, started.command, started.pid, started.started)


def test_a_torn_local_state_is_restored_and_said_aloud(world: World) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    dead = killed(world, workspace)
    (copy,) = (world.data / "state").glob("*.tfstate")
    good = copy.read_bytes()
    world.state.write_bytes(b"")  # as Terraform leaves it when it is killed while it writes
    fresh = world.ready()
    with pytest.raises(TerraformError, match="create everything again"):
        fresh.plan(BLUE)
    fresh.recover(None)
    assert world.state.read_bytes() == b""  # nobody of ours is known to have been killed
    fresh.recover(dead)
    assert world.state.read_bytes() == good
    assert "the state was torn, and was restored from" in said(world)
    changes = {change.address for change in fresh.plan(BLUE).changes}
    assert changes <= {"terraform_data.work"}  # which it was killed at, where Terraform had written that down


def test_the_lock_file_of_a_killed_apply_goes(world: World) -> None:
    workspace = world.ready()
    dead = killed(world, workspace)
    lock = world.folder / ".terraform.tfstate.lock.info"
    assert not lock.exists()
    assert "removed the state's lock of a Terraform that is gone (apply of " in said(world)
    created = datetime.fromtimestamp(dead.started, UTC).isoformat().replace("+00:00", "Z")
    ours = {"ID": "x", "Operation": "OperationTypeApply", "Who": f"root@{os.uname().nodename}", "Created": created}
    lock.write_text(json.dumps({**ours, "Who": "ana@desk"}))
    workspace.recover(dead)
    assert lock.exists()
    lock.write_text(json.dumps(ours))
    workspace.recover(dead)
    assert not lock.exists()


def test_a_lock_that_was_left_in_cloud_storage_is_removed(world: World, bucket: Bucket) -> None:
    workspace = world.ready()
    dead = killed(world, workspace)
    assert bucket.content(".tflock")["Operation"] == "OperationTypeApply"
    fresh = world.ready()
    with pytest.raises(Locked) as locked:
        fresh.plan(BLUE)
    assert f"-- force-unlock {bucket.generation}" in locked.value.hint
    assert "apply of " in locked.value.message
    fresh.recover(dead)
    assert not fresh.plan(BLUE).empty
    assert bucket.content(".tflock") is None
    assert "removed the state's lock of a Terraform that is gone (apply of " in said(world)


@pytest.mark.parametrize(
    "change", [{"Who": "ana@desk"}, {"Operation": "OperationTypePlan"}, {"Created": "2020-01-01T00:00:00Z"}]
)
def test_a_lock_that_is_not_provably_ours_stays(world: World, bucket: Bucket, change: dict[str, str]) -> None:
    workspace = world.ready()
    dead = killed(world, workspace)
    name = next(name for name in bucket.objects if name.endswith(".tflock"))
    bucket.put(name, json.dumps({**bucket.content(".tflock"), **change}).encode(), only_new=False)
    fresh = world.ready()
    fresh.recover(dead)
    with pytest.raises(Locked):
        fresh.plan(BLUE)
    assert bucket.content(".tflock") is not None


def test_a_terraform_killed_under_a_living_run_does_not_lock_that_out(world: World, bucket: Bucket) -> None:
    workspace = world.ready()
    killed(world, workspace)
    assert bucket.content(".tflock") is not None
    assert not workspace.plan(BLUE).empty
    assert bucket.content(".tflock") is None


def test_a_state_that_was_refused_once_is_stored_in_the_same_apply(world: World, bucket: Bucket) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan({"server_active": "green"})
    bucket.refuse = 1
    with pytest.raises(TerraformError):
        workspace.apply(plan)
    assert not (world.folder / "errored.tfstate").exists()
    assert "is stored now" in said(world)
    assert workspace.plan({"server_active": "green"}).empty


def test_a_state_that_nobody_takes_stays_and_is_stored_later(world: World, bucket: Bucket) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan({"server_active": "green"})
    bucket.refuse = 2
    with pytest.raises(TerraformError) as failed:
        workspace.apply(plan)
    assert "state push errored.tfstate" in failed.value.hint
    assert "lies in " in said(world)
    assert (world.folder / "errored.tfstate").exists()
    fresh = world.ready()
    fresh.recover(None)
    assert not (world.folder / "errored.tfstate").exists()
    assert fresh.plan({"server_active": "green"}).empty


def test_a_state_that_does_not_follow_is_set_aside(world: World) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    stored = world.state.read_bytes()
    (world.folder / "errored.tfstate").write_bytes(stored)
    workspace.recover(None)
    assert not (world.folder / "errored.tfstate").exists()
    (aside,) = (world.data / "state").glob("errored-*.tfstate")
    assert (aside.read_bytes(), aside.stat().st_mode & 0o777) == (stored, 0o600)
    assert world.state.read_bytes() == stored


class Acting:
    """A server of states for which storing one is the deed itself."""

    def lock(self, address: str) -> None:
        return None

    def break_lock(self, address: str) -> None:
        raise AssertionError("there is none")

    def acts_on(self, state: bytes) -> bool:
        return b"terraform_data" in state


def test_a_state_whose_storing_is_the_deed_is_not_stored_later(world: World, bucket: Bucket) -> None:
    workspace = world.ready(service=Acting())
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan({"server_active": "green"})
    bucket.refuse = 1
    with pytest.raises(TerraformError):
        workspace.apply(plan)
    assert not (world.folder / "errored.tfstate").exists()
    assert bucket.content(".tfstate")["outputs"]["bluegreen"]["value"] == {"server_active": "blue"}


def test_what_hangs_is_interrupted_then_killed_and_said_so(world: World) -> None:
    workspace = world.ready(patience=Patience(deadline=1.0, grace=0.5))
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan(SLEEP)
    world.on_event = lambda event: signal_apply(world, event, signal.SIGSTOP)  # a stopped process hears no SIGINT
    with pytest.raises(BluegreenError) as caught:
        workspace.apply(plan)
    assert "was interrupted at its deadline of 1 s, and was killed 0.5 s later" in caught.value.message
    assert isinstance(caught.value, TerraformError)
    changes = {change.address for change in workspace.plan(BLUE).changes}  # the lock is gone with its holder
    assert changes <= {"terraform_data.work"}  # which it was killed at, where Terraform had written that down


def test_what_a_killed_process_left_lying_about_is_swept_away(world: World) -> None:
    workspace = world.ready()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    host = os.uname().nodename
    dead = [world.data / f"run-{host}-{pid}-x", world.data / "plans" / f"plan-{host}-{pid}-x.tfplan"]
    alive = world.data / f"run-{host}-{os.getpid()}-x"
    elsewhere, old = world.data / "run-desk-1-x", world.data / "run-desk-1-y"
    for path in (dead[0], alive, elsewhere, old):
        path.mkdir()
    dead[1].parent.mkdir(exist_ok=True)
    dead[1].write_text("secret")
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    workspace.init()
    assert [path.exists() for path in (*dead, alive, elsewhere, old)] == [False, False, True, True, False]
