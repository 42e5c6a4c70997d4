"""TerraformWorkspace with real Terraform: what the fake cannot show."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from root import BLUE, ROOT, World, held_lock, wait_until

from bluegreen.adapters.state import files
from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.adapters.terraform.workspace import LEAST_FREE, TerraformWorkspace
from bluegreen.errors import BluegreenError, ConfigError, EngineError, Interrupted, Locked, TerraformError
from bluegreen.events import Event, ResourceChanging, Said, TerraformFinished, TerraformStarted
from bluegreen.ports import Log


def bare_plan(world: World) -> int:
    """Run what a person would in the folder; return its exit code."""
    argv = [*find_engine(cache=world.cache).argv, "plan", "-input=false", "-detailed-exitcode", "-no-color"]
    environment = {**os.environ, "TF_DATA_DIR": str(world.data / "terraform")}
    return subprocess.run(argv, cwd=world.folder, env=environment, capture_output=True, check=False).returncode


def test_a_deploy_of_a_layer_is_one_plan_and_one_apply(world: World) -> None:
    workspace = world.ready()
    assert workspace.apply(workspace.plan(BLUE)) == {"server_active": "blue"}
    assert world.commands == ["init", "plan", "apply"]
    finished = [event for event in world.events if isinstance(event, TerraformFinished)]
    assert [event.exit_code for event in finished] == [0, 2, 0]


def test_a_look_initialises_and_leaves_the_real_one_to_whoever_acts(world: World) -> None:
    workspace = world.workspace()
    workspace.init(look=True)
    assert (workspace.read().lineage, workspace.read().engine) == ("", "")
    workspace.init()
    assert world.commands == ["init", "state-pull", "state-pull", "init"]
    workspace.init(look=True)
    workspace.apply(workspace.plan(BLUE))
    assert workspace.read().engine == find_engine(cache=world.cache).version
    assert world.commands[4:] == ["plan", "apply", "state-pull"]


def test_says_which_resource_an_apply_is_on(world: World) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    stages = [(event.address, event.stage) for event in world.events if isinstance(event, ResourceChanging)]
    assert stages == [
        ("terraform_data.work", "start"),
        ("terraform_data.work", "complete"),
        ("terraform_data.bluegreen", "start"),
        ("terraform_data.bluegreen", "complete"),
    ]


def test_what_terraform_warns_of_is_passed_on_once(world: World) -> None:
    claim = 'condition = var.server_active == "none"\n    error_message = "this is old"'
    world.write(f'{ROOT}check "age" {{\n  assert {{\n    {claim}\n  }}\n}}\n')
    workspace = world.workspace()
    workspace.init()
    workspace.apply(workspace.plan(BLUE))
    workspace.discard(workspace.plan({"server_active": "green"}))
    warned = [event.text for event in world.events if isinstance(event, Said) and event.level == "warning"]
    assert warned == ["edge: Check block assertion failed: this is old"]


def test_init_runs_only_when_something_changed(world: World) -> None:
    world.ready()
    world.ready()
    assert world.commands == ["init"]
    world.write("# a comment", "more.tf")
    world.ready()
    assert world.commands == ["init", "init"]
    (world.folder / "part").mkdir()
    (world.folder / "part" / "part.tf").write_text("")
    world.write('module "part" { source = "./part" }', "more.tf")
    world.ready()
    (world.folder / "part" / "part.tf").write_text("# of a module")
    world.ready()
    world.ready()
    assert world.commands == ["init"] * 4


def test_another_backend_setting_is_taken_without_moving_the_state(world: World) -> None:
    world.write('terraform {\n  backend "local" {}\n}\n', "backend.tf")
    first = world.ready(backend_config=["path=one.tfstate"])
    first.apply(first.plan(BLUE))
    second = world.ready(backend_config=["path=two.tfstate"])
    assert second.read().resources == ()
    assert not (world.folder / "two.tfstate").exists()
    assert world.ready(backend_config=["path=one.tfstate"]).read().output == {"server_active": "blue"}


def test_a_terraform_workspace_has_its_own_state(world: World) -> None:
    stg = world.ready(workspace="stg")
    stg.apply(stg.plan(BLUE))
    assert (world.folder / "terraform.tfstate.d" / "stg" / "terraform.tfstate").exists()
    assert world.ready().read().output is None


def test_the_shell_of_a_person_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CLI_ARGS_plan", "-destroy")
    monkeypatch.setenv("TF_WORKSPACE", "elsewhere")
    monkeypatch.setenv("TF_VAR_secret", "handed on")
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    assert "handed on" in world.state.read_text()


def test_nothing_that_may_hold_secrets_is_readable_or_left(world: World) -> None:
    before = os.umask(0o022)
    try:
        workspace = world.ready()
        plan = workspace.plan({**BLUE, "secret": "hunter2"}, contents=True)
        assert mode(Path(plan.path)) == 0o600
        workspace.apply(plan)
    finally:
        os.umask(before)
    assert mode(world.state) == 0o600
    assert mode(world.data) == 0o700
    left = [path for path in world.data.rglob("*") if path.is_file()]
    assert {mode(path) for path in left if "terraform" not in path.parts} == {0o600}
    assert {mode(path) for path in world.data.rglob("*") if path.is_dir()} == {0o700}
    holders = {path.parent.name for path in left if b"hunter2" in path.read_bytes()}
    assert holders == {"state"}  # the checked copy, which a restore needs
    assert not list(world.data.glob("run-*"))
    assert not list(world.data.glob("plans/*"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_failed_apply_is_a_typed_error_and_the_output_does_not_lie(world: World) -> None:
    workspace = world.ready(keep_values=True)
    workspace.apply(workspace.plan(BLUE))
    left = (world.folder / "zz-bluegreen.auto.tfvars").read_text()
    plan = workspace.plan({"server_active": "green", "script": "exit 3"})
    with pytest.raises(TerraformError, match="local-exec provisioner error") as raised:
        workspace.apply(plan)
    assert raised.value.applying
    assert raised.value.where == "edge: main.tf:15"
    assert raised.value.diagnostics[0].address == "terraform_data.work"
    assert not Path(plan.path).exists()
    assert workspace.read().output == {"server_active": "blue"}
    assert (world.folder / "zz-bluegreen.auto.tfvars").read_text() == left


def test_a_failed_plan_leaves_no_plan_behind(world: World) -> None:
    world.write('resource "terraform_data" "x" {\n  input = nothing.here\n}\n', "broken.tf")
    workspace = world.workspace()
    world.write("", "broken.tf")
    workspace.init()
    world.write('resource "terraform_data" "x" {\n  input = nothing.here\n}\n', "broken.tf")
    with pytest.raises(TerraformError) as raised:
        workspace.plan(BLUE)
    assert not raised.value.applying
    assert raised.value.where == "edge: broken.tf:2"
    assert not list(world.data.glob("plans/*"))


def test_a_look_at_contents_leaves_no_plan_behind(world: World) -> None:
    workspace = world.ready()
    assert workspace.plan(BLUE, look=True, contents=True).path == ""
    assert not list(world.data.glob("plans/*"))


def test_a_foreign_lock_is_locked(world: World) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan({"server_active": "green"})
    with held_lock(world.state):
        with pytest.raises(Locked):
            workspace.plan(BLUE)
        with pytest.raises(Locked):
            workspace.apply(plan)
        assert workspace.plan(BLUE, look=True).empty


def test_an_interrupted_apply_stops_gracefully(world: World) -> None:
    workspace = world.ready()
    plan = workspace.plan({**BLUE, "script": "exec sleep 60"})

    def interrupt(event: Event) -> None:
        if isinstance(event, ResourceChanging):
            world.interruptions.interrupt()

    world.on_event = interrupt
    with pytest.raises(Interrupted):
        workspace.apply(plan)
    with pytest.raises(Interrupted, match="before"):
        workspace.plan(BLUE)
    world.interruptions.clear()
    assert "terraform_data.work" in workspace.read().resources  # saved, as tainted
    assert not workspace.plan(BLUE).empty  # and the lock was released


DRIVER = """
import sys
from pathlib import Path
from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.adapters.terraform.workspace import LEAST_FREE, TerraformWorkspace
from bluegreen.render.tfvars import render_tfvars
folder, data, script = sys.argv[1:]
workspace = TerraformWorkspace(
    layer="edge", folder=Path(folder), data_dir=Path(data), engine=find_engine(cache=Path(data)),
    render=render_tfvars, emit=lambda event: None, interruptions=FakeInterruptions(),
)
workspace.init()
workspace.apply(workspace.plan({"server_active": "blue", "script": script}))
"""


def test_terraform_outlives_us_and_finishes(world: World) -> None:
    script = "touch begun; until [ -e go ]; do sleep 0.02; done"
    argv = [sys.executable, "-c", DRIVER, str(world.folder), str(world.data), script]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True) as driver:
        try:
            wait_until((world.folder / "begun").exists)
        finally:
            os.killpg(driver.pid, signal.SIGKILL)
    (world.folder / "go").touch()
    wait_until(lambda: stored_output(world.state) == {"server_active": "blue"})
    wait_until(lambda: not (world.folder / ".terraform.tfstate.lock.info").exists())
    assert world.ready().plan({**BLUE, "script": script}).empty


def stored_output(state: Path) -> Any:
    try:
        return json.loads(state.read_bytes())["outputs"]["bluegreen"]["value"]
    except (OSError, ValueError, KeyError):
        return None


@pytest.mark.parametrize("torn", [b"", b'{"version": 4, "lin', None], ids=["empty", "torn", "gone"])
def test_a_state_whose_lineage_vanished_is_refused(world: World, torn: bytes | None) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    good = world.state.read_bytes()
    if torn is None:
        world.state.unlink()
    else:
        world.state.write_bytes(torn)
    for attempt in (lambda: workspace.plan(BLUE), workspace.read):
        with pytest.raises(TerraformError, match="create everything again") as raised:
            attempt()
    copy = next((world.data / "state").glob("*.tfstate"))
    assert str(copy) in raised.value.hint
    assert copy.read_bytes() == good
    world.state.write_bytes(copy.read_bytes())
    assert workspace.plan(BLUE).empty


def test_a_first_apply_that_was_killed_is_not_taken_for_a_fresh_start(world: World) -> None:
    workspace = world.ready()
    plan = workspace.plan({**BLUE, "script": "exec sleep 60"})

    def kill(event: Event) -> None:
        if isinstance(event, ResourceChanging) and event.stage == "start":
            assert (
                world.data / "state" / "checked.json"
            ).exists()  # written before the apply, for those who come after us
            started = next(said for said in reversed(world.events) if isinstance(said, TerraformStarted))
            os.killpg(started.pid, signal.SIGKILL)
            wait_until(lambda: not Path(f"/proc/{started.pid}/exe").exists())
            world.state.write_bytes(b"")

    world.on_event = kill
    with pytest.raises(TerraformError):
        workspace.apply(plan)
    world.on_event = lambda event: None
    with pytest.raises(TerraformError, match="create everything again"):
        workspace.plan(BLUE)


def test_the_values_left_behind_make_a_bare_plan_empty(world: World) -> None:
    workspace = world.ready(keep_values=True)
    workspace.apply(workspace.plan({**BLUE, "not_declared": "x"}))
    assert "not_declared" not in (world.folder / "zz-bluegreen.auto.tfvars").read_text()
    assert bare_plan(world) == 0
    workspace.check_folder()


@pytest.mark.parametrize("lost", ["zz-bluegreen.auto.tfvars", ".tfstate"], ids=["values", "copy"])
def test_a_disk_that_fills_up_during_an_apply_takes_nothing_back(
    world: World, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    workspace = world.ready(keep_values=True)
    plan = workspace.plan(BLUE)
    real = files.create_file

    def create_file(path: Path, content: bytes = b"", *, durable: bool = False) -> Path:
        if lost in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, content, durable=durable)

    def fill(event: Event) -> None:
        if isinstance(event, TerraformFinished):
            monkeypatch.setattr(files, "create_file", create_file)

    world.on_event = fill
    assert workspace.apply(plan) == {"server_active": "blue"}
    said = [event.text for event in world.events if isinstance(event, Said)]
    told = "was not written, and a bare plan asks: cannot write this file: the disk is full"
    assert said == ([f"edge: {lost} {told}"] if lost != ".tfstate" else [])


def test_without_values_left_behind_a_bare_plan_asks(world: World) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    assert bare_plan(world) == 1


def test_values_that_load_by_themselves_are_refused(world: World) -> None:
    world.write('# mine\nserver_active = "green"\nother = 1\n', "defaults.auto.tfvars")
    with pytest.raises(ConfigError) as raised:
        world.workspace().check_folder()
    assert [(Path(problem.where).name, problem.path) for problem in raised.value.problems] == [
        ("defaults.auto.tfvars:2", "server_active")
    ]


@pytest.mark.parametrize(
    "code", ['cloud {\n    organization = "x"\n  }', 'backend "remote" {}'], ids=["cloud", "backend-remote"]
)
def test_remote_execution_is_refused(world: World, code: str) -> None:
    world.write(f"terraform {{\n  {code}\n}}\n", "backend.tf")
    with pytest.raises(EngineError, match="remotely") as raised:
        world.workspace().init()
    assert raised.value.where.endswith("backend.tf:2")
    assert world.commands == []


def test_our_values_win_over_the_var_files_of_the_configuration(world: World) -> None:
    path = world.folder / "more.tfvars"
    path.write_text('server_active = "green"\nsecret = "s"\n')
    workspace = world.ready(var_files=[path])
    assert workspace.apply(workspace.plan(BLUE)) == {"server_active": "blue"}
    assert '"s"' in world.state.read_text()


def test_logs_hold_messages_and_no_values(world: World) -> None:
    logs: list[Log] = []
    workspace = world.ready(keep_log=logs.append)
    workspace.apply(workspace.plan({**BLUE, "script": "echo from-the-script"}))
    assert [(log.layer, log.command) for log in logs] == [("edge", "init"), ("edge", "plan"), ("edge", "apply")]
    assert "terraform_data.work: Creation complete" in logs[-1].text
    assert "from-the-script" not in logs[-1].text


def test_a_second_engine_does_not_take_over_unasked(world: World) -> None:
    real = find_engine(cache=world.cache)
    world.ready()
    older = replace(real, version="1.0.0")
    other = replace(real, product="OpenTofu" if real.product == "Terraform" else "Terraform")
    for engine in (older, other):
        with pytest.raises(EngineError, match=f"belongs to {real.product}"):
            world.ready(engine=engine)
    world.ready(engine=replace(other, asked=True))


def environment_of(workspace: TerraformWorkspace) -> Mapping[str, str]:
    return workspace.environment


def test_commands_that_are_not_ours_get_the_same_environment(world: World) -> None:
    workspace = world.workspace(workspace="stg", env={"TF_VAR_secret": "s"})
    environment = environment_of(workspace)
    assert environment["TF_DATA_DIR"] == str(world.data / "terraform")
    assert environment["TF_WORKSPACE"] == "stg"
    assert environment["TF_VAR_secret"] == "s"
    workspace.init()
    with workspace.values_file({**BLUE, "not_declared": "x"}) as path:
        assert path.read_text().endswith('\nserver_active = "blue"\n')
    assert not path.exists()


@pytest.mark.parametrize("wanted", ["terraform", "tofu", "embedded"])
def test_every_engine_speaks_the_same(world: World, wanted: str) -> None:
    try:
        engine = find_engine(wanted, cache=world.cache)
    except EngineError as error:
        pytest.skip(str(error))
    workspace = world.ready(engine=engine)
    assert workspace.apply(workspace.plan(BLUE)) == {"server_active": "blue"}
    plan = workspace.plan({"server_active": "green"}, contents=True)
    assert sorted(change.address for change in plan.changes) == ["terraform_data.bluegreen", "terraform_data.work"]
    with held_lock(world.state), pytest.raises(Locked):
        workspace.apply(plan)
    plan = workspace.plan({"server_active": "green", "script": "exec sleep 60"})
    world.on_event = lambda event: world.interruptions.interrupt() if isinstance(event, ResourceChanging) else None
    with pytest.raises(Interrupted):
        workspace.apply(plan)
    world.interruptions.clear()
    assert workspace.read().output == {"server_active": "blue"}


def test_a_disk_without_room_is_noticed_before_anything_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(world.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=LEAST_FREE - 1))
    with pytest.raises(BluegreenError, match="less than 64 MiB are free") as raised:
        world.workspace().check_room()
    assert raised.value.where == str(world.folder)
