"""The main job, with public traffic running: nobody may notice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from shop import Shop, terraform

from bluegreen.errors import TargetRefused, UsageError
from bluegreen.sandbox.traffic import Traffic


@pytest.fixture
def traffic(shop: Shop) -> Iterator[Traffic]:
    """Public traffic; no request of it may fail, whatever the test does."""
    with shop.traffic() as traffic:
        yield traffic
    assert traffic.report.sent > 0
    assert traffic.report.failed == 0, traffic.report


def test_a_first_deploy_makes_everything(empty_shop: Shop) -> None:
    result = empty_shop.run("deploy")
    assert (result.verdict, result.active, result.previous, result.release) == ("switched", "blue", "", "1.4.2")
    assert empty_shop.live_color() == "blue"
    assert not empty_shop.facts().of(empty_shop.facts().active.other).enabled  # type: ignore[union-attr]
    empty_shop.assert_nothing_to_plan()


def test_a_deploy_goes_to_the_idle_color_and_keeps_the_old_one_warm(shop: Shop, traffic: Traffic) -> None:
    result = shop.run("deploy", release="1.5.0")
    assert (result.verdict, result.active, result.previous, result.release) == ("switched", "green", "blue", "1.5.0")
    assert result.requests["sent"] > 0
    assert result.requests["failed"] == result.requests["wrong_release"] == 0
    assert traffic.wait_for("green")
    assert traffic.stale("green") == 0
    status = shop.environment().status()
    assert status.rollback.ready, status.rollback
    assert status.warm_until > 0
    assert (status.active, status.public, list(status.drift), status.alarms) == ("green", "green", [], [])
    shop.assert_nothing_to_plan()


def test_a_rollback_goes_back_once(shop: Shop, traffic: Traffic) -> None:
    shop.run("deploy", release="1.5.0")
    result = shop.run("rollback")
    assert (result.verdict, result.active, result.release) == ("rolled-back", "blue", "1.4.2")
    assert shop.live_color() == "blue"
    second = shop.run("rollback")
    assert (second.verdict, second.exit_code, second.active) == ("nothing-to-do", 0, "blue")
    assert shop.live_color() == "blue"
    shop.assert_nothing_to_plan()


def test_a_rollback_reads_and_plans_the_last_layer_only(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0")
    kept = shop.folder / ".bluegreen" / "demo" / "layers" / shop.edge_state / "kept.tfplan"
    kept.unlink()
    shop.run("rollback")
    assert {event["layer"] for event in shop.told("terraform-started")} == {shop.edge_state}
    assert [event["layer"] for event in shop.told("planned")] == [shop.edge_state]


def test_a_prepared_rollback_is_one_call_of_terraform(shop: Shop, traffic: Traffic) -> None:
    shop.run("deploy", release="1.5.0")
    shop.run("rollback")
    calls = [(event["layer"], event["command"]) for event in shop.told("terraform-started")]
    assert calls == [(shop.edge_state, "apply")]
    assert shop.live_color() == "blue"
    shop.assert_nothing_to_plan()


def test_a_switch_asks_cloudflare_five_times_at_most(shop: Shop) -> None:
    shop.run("prepare", release="1.5.0")
    for verb in ("switch", "rollback"):
        shop.sandbox.forget_requests()
        shop.run(verb)
        asked = [one.path for one in shop.sandbox.requests() if one.path.startswith("/client/v4/")]
        assert 1 <= len(asked) <= 5, asked  # no provider here: these are all ours


@pytest.mark.fault(11)
def test_a_prepared_rollback_sees_what_somebody_applied_meanwhile(shop: Shop, traffic: Traffic) -> None:
    shop.run("deploy", release="1.5.0")
    root = shop.roots()[-1]
    assert terraform(root, "init", "-input=false") == 0
    assert terraform(root, "apply", "-auto-approve", "-input=false", "-replace=terraform_data.bluegreen") == 0
    assert shop.run("rollback").active == "blue"
    assert [one["phase"] for one in shop.told("phase-finished") if one["outcome"] == "stale"] == ["SWITCH"]
    shop.assert_nothing_to_plan()


def test_a_prepared_rollback_leaves_out_what_was_edited_since(shop: Shop, traffic: Traffic) -> None:
    """In a single root too, where a plan of its own would drag a colleague's edit along."""
    shop.run("deploy", release="1.5.0")
    main = shop.roots()[-1] / "main.tf"
    before = main.read_text()
    main.write_text(before + '\nresource "terraform_data" "extra" {}\n')
    assert shop.run("rollback").active == "blue"
    with shop.environment()._world("status") as world:
        assert "terraform_data.extra" not in world.stack.last.workspace.read().resources
    main.write_text(before)
    shop.assert_nothing_to_plan()


def test_a_rollback_works_from_a_fresh_checkout(shop: Shop, traffic: Traffic) -> None:
    shop.run("deploy", release="1.5.0")
    for left in ("demo", "engines.json"):
        path = shop.folder / ".bluegreen" / left
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for values in shop.folder.rglob("zz-bluegreen.auto.tfvars"):
        values.unlink()
    assert shop.run("rollback").active == "blue"
    assert shop.run("rollback").verdict == "nothing-to-do"


def test_prepare_then_switch_is_a_deploy(shop: Shop, traffic: Traffic) -> None:
    prepared = shop.run("prepare", release="1.5.0")
    assert (prepared.verdict, prepared.active) == ("prepared", "blue")
    assert shop.live_color() == "blue"
    assert traffic.report.by_color.keys() <= {"blue"}
    assert shop.run("prepare", release="1.5.0").verdict == "prepared"
    switched = shop.run("switch")
    assert (switched.verdict, switched.active, switched.previous) == ("switched", "green", "blue")
    assert isinstance(shop.fail("switch"), TargetRefused)
    shop.assert_nothing_to_plan()


def test_after_a_rollback_nothing_is_prepared(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0")
    shop.run("rollback")
    error = shop.fail("switch")
    assert (error.exit_code, shop.live_color()) == (3, "blue")


def test_a_deploy_of_what_is_active_finds_nothing_to_do(shop: Shop, traffic: Traffic) -> None:
    result = shop.run("deploy")
    assert (result.verdict, result.exit_code) == ("nothing-to-do", 0)
    assert shop.run("deploy", to="blue").verdict == "nothing-to-do"
    error = shop.fail("deploy", to="blue", release="1.5.0")
    assert isinstance(error, UsageError)
    assert "--to green" in error.hint
    assert shop.run("deploy", to="green").active == "green"


def test_a_retired_color_is_started_or_refused_by_the_next_rollback(shop: Shop, traffic: Traffic) -> None:
    shop.run("deploy", release="1.5.0")
    assert shop.fail("retire").exit_code == 3
    assert shop.run("retire", due=True).verdict == "nothing-to-do"
    assert shop.run("retire", force=True, reason="test").verdict == "retired"
    assert shop.facts().of(shop.facts().active.other).presence == "stopped"  # type: ignore[union-attr]
    shop.assert_nothing_to_plan()
    assert shop.run("retire", force=True, reason="test").verdict == "nothing-to-do"
    assert shop.run("rollback").active == "blue"
    shop.assert_nothing_to_plan()


def test_a_destroyed_color_is_no_way_back_until_it_is_deployed_again(shop: Shop, traffic: Traffic) -> None:
    shop.run("deploy", release="1.5.0")
    shop.run("retire", standby="destroy", force=True, reason="test")
    shop.assert_nothing_to_plan()
    error = shop.fail("rollback")
    assert isinstance(error, TargetRefused)
    assert "deploy --to blue" in error.hint
    result = shop.run("deploy", release="1.6.0")
    assert (result.active, result.release) == ("blue", "1.6.0")
    shop.assert_nothing_to_plan()


def test_a_release_that_was_taken_back_is_not_deployed_again_by_accident(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0")
    shop.run("rollback")
    error = shop.fail("deploy", release="1.5.0")
    assert (error.exit_code, "--retry" in error.hint) == (3, True)
    assert shop.run("deploy", release="1.5.0", retry=True, reason="the database was it").active == "green"


def test_fields_of_the_object_reach_the_server(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0", sets={"size": "big"})
    inputs = shop.facts().of(shop.facts().active).inputs  # type: ignore[arg-type]
    assert inputs is not None
    assert (inputs["release"], inputs["size"]) == ("1.5.0", "big")


def test_the_project_survives_being_moved_to_another_name_of_the_same_folder(shop: Shop, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(shop.folder)
    shop.folder = link
    assert shop.run("deploy").verdict == "nothing-to-do"


def test_hooks_are_run_around_what_they_belong_to(shop: Shop) -> None:
    notes = shop.folder / "notes"
    told = '"$BLUEGREEN_HOOK $BLUEGREEN_FROM $BLUEGREEN_COLOR $BLUEGREEN_RELEASE"'
    note = ["sh", "-c", f"echo {told} >> {notes}; cat > {notes}.in"]
    names = ["before_prepare", "before_switch", "after_switch", "before_return", "after_return", "after_done"]
    shop.configure(hooks={name: [{"command": note}] for name in names})
    shop.run("deploy", release="1.5.0")
    shop.run("rollback")
    assert notes.read_text().splitlines() == [
        "before_prepare blue green 1.5.0",
        "before_switch blue green 1.5.0",
        "after_switch blue green 1.5.0",
        "after_done blue green 1.5.0",
        "before_return green blue 1.4.2",
        "after_return green blue 1.4.2",
    ]
    assert json.loads((shop.folder / "notes.in").read_text())["to"] == {"color": "blue", "release": "1.4.2"}
