"""ports.Workspace: what the fake promises, real Terraform keeps, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from root import held_lock

from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.fakes.terraform import Desired, FakeWorkspace
from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.adapters.terraform.workspace import TerraformWorkspace
from bluegreen.errors import ApplyNotBegun, Locked, TerraformError
from bluegreen.model import Action, Value
from bluegreen.ports import KeptPlan, Workspace
from bluegreen.render.tfvars import render_tfvars

ROOT = """
variable "server_active" { type = string }
variable "colors" { type = map(string) }

resource "terraform_data" "server" {
  for_each = var.colors
  input    = each.value
}
resource "terraform_data" "root" {
  input = { sandbox = "record", content = var.colors[var.server_active] }
}
resource "terraform_data" "bluegreen" {
  input      = { server_active = var.server_active }
  depends_on = [terraform_data.root, terraform_data.server]
}
output "bluegreen" { value = terraform_data.bluegreen.output }
"""
BLUE: Mapping[str, Value] = {
    "server_active": "blue",
    "colors": {"blue": "192.0.2.1", "green": "192.0.2.2"},
    "not_declared": "and so not handed on",
}
GREEN = {**BLUE, "server_active": "green"}


def world(values: Mapping[str, Value]) -> Desired:
    """Describe what ROOT does."""
    active, colors = values["server_active"], values["colors"]
    assert isinstance(active, str)
    assert isinstance(colors, Mapping)
    servers = {f'terraform_data.server["{color}"]': {"input": address} for color, address in colors.items()}
    return Desired(
        {
            **servers,
            "terraform_data.root": {"content": colors[active]},
            "terraform_data.bluegreen": {"input": active},
        },
        {"server_active": active},
    )


@pytest.fixture(params=["fake", "terraform"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    if request.param == "fake":
        made: Workspace = FakeWorkspace("edge", frozenset({"server_active", "colors"}), world)
    else:
        folder = tmp_path / "root"
        folder.mkdir()
        (folder / "main.tf").write_text(ROOT)
        made = TerraformWorkspace(
            layer="edge",
            folder=folder,
            data_dir=tmp_path / "data",
            engine=find_engine(cache=tmp_path),
            render=render_tfvars,
            emit=lambda event: None,
            interruptions=FakeInterruptions(),
            lock_timeout=0,
        )
    made.check_folder()
    made.check_room()
    made.init()
    return made


def test_knows_its_layer_and_variables(workspace: Workspace) -> None:
    assert workspace.layer == "edge"
    assert workspace.variables == {"server_active", "colors"}


def test_reads_nothing_before_the_first_apply(workspace: Workspace) -> None:
    state = workspace.read()
    assert (state.lineage, state.serial, state.resources, state.output) == ("", 0, (), None)


def test_applies_what_was_planned_and_then_finds_nothing_to_do(workspace: Workspace) -> None:
    plan = workspace.plan(BLUE)
    assert {change.action for change in plan.changes} == {Action.CREATE}
    assert not plan.empty
    assert plan.layer == "edge"
    assert set(plan.values) == {"server_active", "colors"}

    assert workspace.apply(plan) == {"server_active": "blue"}

    state = workspace.read()
    assert state.output == {"server_active": "blue"}
    assert state.resources == (
        "terraform_data.bluegreen",
        "terraform_data.root",
        'terraform_data.server["blue"]',
        'terraform_data.server["green"]',
    )
    assert state.lineage
    again = workspace.plan(BLUE)
    assert again.empty
    assert again.changes == ()
    workspace.discard(again)


def test_a_switch_updates_the_record_and_the_marker_in_place(workspace: Workspace) -> None:
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan(GREEN, contents=True)
    assert {change.address: change.action for change in plan.changes} == {
        "terraform_data.root": Action.UPDATE,
        "terraform_data.bluegreen": Action.UPDATE,
    }
    assert plan.contents == {"terraform_data.root": "192.0.2.2"}
    assert workspace.apply(plan) == {"server_active": "green"}


def test_contents_are_read_of_unchanged_records_too(workspace: Workspace) -> None:
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan(BLUE, contents=True)
    assert plan.empty
    assert plan.contents == {"terraform_data.root": "192.0.2.1"}
    workspace.discard(plan)


@pytest.mark.parametrize("contents", [False, True])
def test_a_look_sees_the_same_and_keeps_nothing(workspace: Workspace, contents: bool) -> None:
    workspace.apply(workspace.plan(BLUE))
    before = workspace.read()
    plan = workspace.plan(GREEN, look=True, contents=contents)
    assert len(plan.changes) == 2
    assert plan.path == ""
    assert plan.contents == ({"terraform_data.root": "192.0.2.2"} if contents else None)
    assert workspace.read() == before
    with pytest.raises(ValueError, match="only looked at"):
        workspace.apply(plan)


def test_a_plan_that_something_overtook_is_refused(workspace: Workspace) -> None:
    workspace.apply(workspace.plan(BLUE))
    late = workspace.plan(GREEN)
    workspace.apply(workspace.plan({**BLUE, "colors": {"blue": "192.0.2.9"}}))
    with pytest.raises(TerraformError, match="stale") as raised:
        workspace.apply(late)
    assert raised.value.applying
    assert workspace.read().output == {"server_active": "blue"}


def test_what_is_gone_is_deleted(workspace: Workspace) -> None:
    workspace.apply(workspace.plan(BLUE))
    plan = workspace.plan({**BLUE, "colors": {"blue": "192.0.2.1"}})
    assert {change.address: change.action for change in plan.changes} == {
        'terraform_data.server["green"]': Action.DELETE
    }
    workspace.apply(plan)
    assert 'terraform_data.server["green"]' not in workspace.read().resources


def test_a_plan_without_a_value_fails(workspace: Workspace) -> None:
    with pytest.raises(TerraformError) as raised:
        workspace.plan({"colors": {}})
    assert not raised.value.applying


def test_discarding_twice_is_harmless(workspace: Workspace) -> None:
    plan = workspace.plan(BLUE)
    workspace.discard(plan)
    workspace.discard(plan)
    with pytest.raises(TerraformError):
        workspace.apply(plan)


def test_a_plan_is_kept_until_it_is_applied(workspace: Workspace) -> None:
    output = workspace.apply(workspace.plan(BLUE)) or {}
    assert workspace.kept() is None
    workspace.keep(KeptPlan(workspace.plan(GREEN, contents=True), output))
    kept = workspace.kept()
    assert kept is not None
    assert kept.output == {"server_active": "blue"}
    assert {change.address: change.action for change in kept.plan.changes} == {
        "terraform_data.root": Action.UPDATE,
        "terraform_data.bluegreen": Action.UPDATE,
    }
    assert kept.plan.contents == {"terraform_data.root": "192.0.2.2"}
    assert workspace.apply(kept.plan) == {"server_active": "green"}
    assert workspace.kept() is None


def test_only_the_last_plan_is_kept(workspace: Workspace) -> None:
    workspace.keep(KeptPlan(workspace.plan(BLUE), {}))
    workspace.keep(KeptPlan(workspace.plan(GREEN), {}))
    kept = workspace.kept()
    assert kept is not None
    assert workspace.apply(kept.plan) == {"server_active": "green"}


def test_a_locked_state_leaves_the_kept_plan_for_another_try(workspace: Workspace) -> None:
    output = workspace.apply(workspace.plan(BLUE)) or {}
    workspace.keep(KeptPlan(workspace.plan(GREEN, contents=True), output))
    kept, other = workspace.kept(), workspace.plan(GREEN)
    assert kept is not None
    for plan in (kept.plan, other):
        with locked_state(workspace), pytest.raises(Locked):
            workspace.apply(plan)
    assert workspace.kept() == kept
    with pytest.raises(TerraformError):
        workspace.apply(other)
    workspace.keep(KeptPlan(workspace.plan(GREEN), output))
    again = workspace.kept()
    assert again is not None
    assert workspace.apply(again.plan) == {"server_active": "green"}


@contextmanager
def locked_state(workspace: Workspace) -> Iterator[None]:
    """Let the next apply find that somebody else holds the state's lock."""
    if isinstance(workspace, FakeWorkspace):
        workspace.fail_apply = Locked("somebody else holds the lock")
        yield
    else:
        assert isinstance(workspace, TerraformWorkspace)
        with held_lock(workspace.folder / "terraform.tfstate"):
            yield


def test_whatever_is_applied_ends_the_keeping(workspace: Workspace) -> None:
    workspace.keep(KeptPlan(workspace.plan(GREEN), {}))
    workspace.apply(workspace.plan(BLUE))
    assert workspace.kept() is None


def test_a_stale_plan_touches_nothing_and_says_so(workspace: Workspace) -> None:
    workspace.apply(workspace.plan(BLUE))
    late = workspace.plan(GREEN)
    workspace.apply(workspace.plan({**BLUE, "colors": {"blue": "192.0.2.9", "green": "192.0.2.2"}}))
    with pytest.raises(ApplyNotBegun):
        workspace.apply(late)
    assert workspace.read().output == {"server_active": "blue"}
