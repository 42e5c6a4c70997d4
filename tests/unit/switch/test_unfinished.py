"""Runs that were killed, or ended in trouble: what status says of them, and what the next verb makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bluegreen.errors import Locked, TargetRefused, TerraformError
from bluegreen.model import Color
from bluegreen.switch.phases import DEPLOY, MOVED, PREPARE, ROLLBACK, Phase

if TYPE_CHECKING:
    from conftest import Town

P = Phase
Start = Callable[..., Any]
LAYOUTS = pytest.mark.parametrize("layout", ["single", "layers"])


def killed_mid_switch(town: Town, verb: str = "deploy", **asked: Any) -> None:
    """Kill a run when its switch has reached the live record, and the output has not been stored."""
    root = town.root()

    def kill_next_apply() -> None:
        root.after = True
        root.fail_apply = _killed(town)

    with town.on("apply-started", kill_next_apply, phase=P.SWITCH), town.cut_off():
        town.run(verb, **asked)
    root.after = False


def _killed(town: Town) -> Any:
    return type(town)._killed()  # type: ignore[attr-defined]


def stuck_mid_switch(town: Town) -> None:
    """A switch whose apply failed after it had moved the record, and whose way back failed too."""
    root = town.root()

    def fail_late() -> None:
        root.after = True
        root.fail_apply = TerraformError("terraform apply failed", applying=True)

    def fail_plan() -> None:
        root.after = False
        root.fail_plan = TerraformError("terraform plan failed")

    with town.on("apply-started", fail_late, phase=P.SWITCH), town.on("phase-started", fail_plan, phase=P.RETURN):
        result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code, town.live, town.output["server_active"]) == ("stuck", 7, "green", "blue")


@LAYOUTS
@pytest.mark.parametrize("phase", [phase for phase in DEPLOY if phase != P.RETURN])
def test_a_killed_deploy_is_ended_by_a_rollback(shop: Start, layout: str, phase: str) -> None:
    town: Town = shop(layout)
    town.kill("deploy", "phase-started", fields={"phase": phase}, release="2")
    status = town.status()
    if phase != P.PREFLIGHT:
        assert f"cut off in {phase}" in status.unfinished
    assert status.lock is None
    result = town.run("rollback")
    assert (result.exit_code, result.active, town.live, town.output["server_active"]) == (0, "blue", "blue", "blue")
    assert result.verdict == ("rolled-back" if phase in MOVED else "nothing-to-do")
    assert town.run("rollback").verdict == "nothing-to-do"
    assert town.live == "blue"
    assert town.run("deploy", release="3").active == "green"


@LAYOUTS
def test_a_deploy_killed_while_it_went_back_is_ended_by_a_rollback(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    with town.on("phase-started", lambda: town.moods.update(green="sick"), phase=P.BAKE):
        town.kill("deploy", "phase-started", fields={"phase": P.RETURN}, release="2")
    assert (town.live, town.run("rollback").verdict, town.live) == ("green", "rolled-back", "blue")


@LAYOUTS
def test_a_deploy_killed_between_record_and_output_is_ended_by_a_rollback(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    killed_mid_switch(town, release="2")
    assert (town.live, town.output["server_active"]) == ("green", "blue")
    status = town.status()
    assert status.drift
    assert "cut off in SWITCH" in status.unfinished
    assert status.rollback.ready
    assert town.run("rollback").verdict == "rolled-back"
    assert (town.live, town.output["server_active"], town.output["server_previous"]) == ("blue", "blue", "")


@LAYOUTS
@pytest.mark.parametrize("phase", [phase for phase in DEPLOY if phase not in MOVED])
def test_the_next_deploy_starts_clean_after_one_killed_before_its_switch(shop: Start, layout: str, phase: str) -> None:
    town: Town = shop(layout)
    town.kill("deploy", "phase-started", fields={"phase": phase}, release="2")
    assert town.run("deploy", release="2").verdict == "switched"
    assert town.history.unfinished is None
    killed = town.store.journal("run-002")
    assert killed[-1].data["verdict"] == "abandoned"


@pytest.mark.parametrize(
    "layout",
    [
        "single",
        "layers",
    ],
)
def test_a_deploy_after_one_killed_mid_switch_stops_on_drift(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    killed_mid_switch(town, release="2")
    result = town.run("deploy", release="3")
    assert (result.verdict, result.exit_code, town.live) == ("refused", 3, "green")
    assert "bluegreen resume" in result.error.hint


@LAYOUTS
@pytest.mark.parametrize("phase", [phase for phase in PREPARE if phase != P.PREFLIGHT])
def test_a_killed_prepare_prepares_nothing(shop: Start, layout: str, phase: str) -> None:
    town: Town = shop(layout)
    town.kill("prepare", "phase-started", fields={"phase": phase}, release="2")
    assert isinstance(town.run("switch").error, TargetRefused)
    assert town.live == "blue"


@pytest.mark.parametrize(
    "phase",
    [phase for phase in ROLLBACK if phase != P.PREFLIGHT],
)
def test_a_killed_rollback_is_finished_by_the_next(shop: Start, phase: str) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    if phase == P.PREPARE:
        town.run("retire", force=True, reason="test")
    town.kill("rollback", "phase-started", fields={"phase": phase})
    result = town.run("rollback")
    assert (result.verdict, town.live, town.output["server_active"]) == ("rolled-back", "blue", "blue")


def test_a_rollback_killed_between_record_and_output_is_finished(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    killed_mid_switch(town, "rollback")
    assert town.run("rollback").verdict == "rolled-back"
    assert (town.live, town.output["server_active"]) == ("blue", "blue")


def test_that_a_cut_off_run_was_closed_is_said_once_and_first(shop: Start) -> None:
    town: Town = shop()
    town.kill("deploy", "phase-started", fields={"phase": P.CHECK}, release="2")
    town.run("rollback")
    closed = "run run-002 (killed by ada@here) was cut off and is closed as abandoned"
    said = [one for one in town.told("said") if "abandoned" in one["text"]]
    assert [(one["text"], one["level"]) for one in said] == [(closed, "warning")]
    names = [event["event"] for event in town.events if event["run"] == said[0]["run"]]
    assert names[:4] == ["run-started", "said", "lock-taken-over", "phase-started"]
    assert town.told("lock-taken-over")[0]["holder"].startswith("killed run-002 of ada")
    town.run("deploy", release="3")
    assert "abandoned" not in town.said


def test_of_a_run_that_had_ended_when_it_was_killed_nothing_is_said(shop: Start) -> None:
    town: Town = shop()
    town.world("run-001").lock.acquire("run-001", "deploy")
    town.place.gone = True
    town.run("deploy", release="2")
    assert "abandoned" not in town.said


def test_a_killed_retire_is_closed_as_abandoned(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.kill("retire", "phase-started", fields={"phase": P.RETIRE}, force=True, reason="test")
    assert town.run("rollback").verdict == "rolled-back"
    assert town.store.journal("run-003")[-1].data["verdict"] == "abandoned"


def test_a_run_that_was_killed_when_it_was_taken_up_again_is_closed(shop: Start) -> None:
    """It had ended once, stuck; and what it wrote since then is to be the last of it."""
    town: Town = shop(bake={"on_failure": "hold"})
    with town.on("phase-started", lambda: town.moods.update({"green": "sick"}), phase=P.BAKE):
        assert town.run("deploy", release="2").verdict == "stuck"
    journal = town.store.journal("run-002")
    town.store.append("run-002", {**journal[0].data, "event": "run-resumed"}, durable=True)
    town.world("run-002").lock.acquire("run-002", "deploy")
    town.place.gone = True
    town.run("rollback")
    assert town.store.journal("run-002")[-1].data["verdict"] == "abandoned"


def test_a_run_refused_in_between_does_not_hide_the_unfinished_one(shop: Start) -> None:
    town: Town = shop()
    killed_mid_switch(town, release="2")
    assert town.run("deploy", release="3").exit_code == 3
    assert town.run("rollback").verdict == "rolled-back"
    assert town.live == "blue"


def test_a_refused_rollback_can_be_forced_as_its_hint_says(shop: Start) -> None:
    town: Town = shop()
    killed_mid_switch(town, release="2")
    town.moods["blue"] = "slow"
    assert town.run("rollback").exit_code == 3
    assert town.run("rollback", force=True, reason="better than nothing").verdict == "rolled-back"
    assert town.live == "blue"


def test_a_stuck_deploy_is_ended_by_the_rollback_that_it_names(shop: Start) -> None:
    town: Town = shop()
    stuck_mid_switch(town)
    assert town.run("rollback").verdict == "rolled-back"
    assert town.live == "blue"


def test_a_stuck_deploy_says_where_the_public_is(shop: Start) -> None:
    town: Town = shop()
    stuck_mid_switch(town)
    assert town.told("result")[0]["active"] == "green"


def test_a_rollback_finds_nothing_to_do_only_when_the_record_agrees(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.run("rollback")
    town.records.point("shop.test", "127.0.0.12")
    assert town.run("rollback").verdict != "nothing-to-do"


@pytest.mark.parametrize("how", ["held", "killed"])
def test_the_way_back_of_a_run_without_an_end_is_not_retired(shop: Start, how: str) -> None:
    town: Town = shop(bake={"on_failure": "hold"})
    with town.on("phase-started", lambda: town.moods.update(green="sick"), phase=P.BAKE):
        if how == "held":
            town.run("deploy", release="2")
        else:
            town.kill("deploy", "probed", fields={"color": "green", "verdict": "wrong answer"}, release="2")
    assert town.live == "green"
    town.run("retire", due=True)
    assert town.server("blue").get("running") is not False


def test_a_held_deploy_is_rolled_back(shop: Start) -> None:
    town: Town = shop(bake={"on_failure": "hold"})
    with town.on("phase-started", lambda: town.moods.update(green="sick"), phase=P.BAKE):
        assert town.run("deploy", release="2").error.hint == "bluegreen rollback"
    assert town.run("rollback").active == "blue"


def test_a_held_deploy_is_rolled_back_without_a_declared_previous(found: Start) -> None:
    town: Town = found(previous=False, bake={"on_failure": "hold"})
    town.run("deploy")
    with town.on("phase-started", lambda: town.moods.update(green="sick"), phase=P.BAKE):
        town.run("deploy", release="2")
    assert town.run("rollback").verdict == "rolled-back"


def test_after_a_return_there_is_nothing_to_go_back_to(found: Start) -> None:
    town: Town = found(previous=False)
    town.run("deploy")
    with town.on("phase-started", lambda: town.moods.update(green="sick"), phase=P.BAKE):
        town.run("deploy", release="2")
    assert town.run("rollback").verdict == "nothing-to-do"


def test_ending_a_killed_deploy_takes_its_release_out_of_service_and_no_other(shop: Start) -> None:
    town: Town = shop()
    killed_mid_switch(town, release="2")
    town.run("rollback")
    assert town.history.returned_from("1") is None
    assert town.history.returned_from("2") is not None


def test_a_color_that_was_switched_to_by_its_own_run_is_not_used_up(shop: Start) -> None:
    town: Town = shop()
    town.run("prepare", release="2")
    town.run("switch")
    town.run("rollback")
    assert town.history.used_up_by(Color.GREEN) is None


def test_a_killed_switch_goes_back_to_a_color_that_was_prepared_and_switched_to(shop: Start) -> None:
    town: Town = shop()
    town.run("prepare", release="2")
    town.run("switch")  # green is active now, by a run that applied nothing on it
    town.kill("deploy", "phase-started", fields={"phase": P.SWITCH}, release="3")
    result = town.run("rollback")
    assert (result.exit_code, town.live) == (0, "green")


def test_a_release_prepared_with_retry_can_be_switched_to(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.run("rollback")
    assert town.run("prepare", release="2", retry=True, reason="fixed").verdict == "prepared"
    assert town.run("switch").verdict == "switched"


def test_a_run_that_had_ended_keeps_its_verdict(shop: Start) -> None:
    town: Town = shop()
    town.kill("deploy", "result", release="2")
    assert town.last().verdict == "switched"
    assert town.run("retire", due=True).verdict == "nothing-to-do"
    assert town.history.last.verdict == "switched"
    assert town.history.warm_until(Color.BLUE)


def test_a_run_under_way_is_not_called_unfinished(shop: Start) -> None:
    town: Town = shop()
    seen: list[str] = []

    def peek() -> None:
        prober = town.prober
        seen.append(town.status().unfinished)
        town.prober = prober

    with town.on("phase-started", peek, phase=P.CHECK):
        town.run("deploy", release="2")
    assert seen == [""]


def test_a_cron_job_that_finds_nothing_due_does_not_hide_the_last_deploy(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    for number in range(250):
        run = f"run-{number + 100}"
        town.store.append(run, {"event": "run-started", "verb": "retire", "time": 0.0}, durable=True)
        town.store.append(run, {"event": "result", "verdict": "nothing-to-do"}, durable=True)
    assert town.history.last_move is not None
    assert town.history.warm_until(Color.BLUE)


def test_a_fresh_checkout_is_told_what_a_deploy_uses_up(shop: Start) -> None:
    town: Town = shop(warm={"on_deploy": "refuse"})
    town.run("deploy", release="2")
    town.store._journals.clear()
    assert town.run("deploy", release="3").verdict == "refused"


# First deploys


@LAYOUTS
@pytest.mark.parametrize("phase", [phase for phase in DEPLOY if phase != P.RETURN])
def test_a_killed_first_deploy_goes_on_with_the_next(found: Start, layout: str, phase: str) -> None:
    town: Town = found(layout)
    town.kill("deploy", "phase-started", fields={"phase": phase})
    result = town.run("deploy")
    assert (result.exit_code, result.active, town.live) == (0, "blue", "blue")


@pytest.mark.parametrize("name", ["network", "blue", "edge"])
def test_a_first_deploy_killed_in_any_layers_apply_goes_on(found: Start, name: str) -> None:
    town: Town = found("layers")
    town.root(name).after = True
    town.root(name).fail_apply = _killed(town)
    with town.cut_off():
        town.run("deploy")
    town.root(name).after = False
    assert town.run("deploy").verdict == "switched"


def test_a_rollback_ends_a_first_deploy_that_was_killed_while_it_prepared(found: Start) -> None:
    town: Town = found("layers")
    town.kill("deploy", "phase-started", fields={"phase": P.PREPARE})
    assert town.run("rollback").exit_code == 0


def test_a_lost_edge_state_is_no_first_deploy(shop: Start) -> None:
    town: Town = shop("layers")
    edge = town.root("edge")
    edge._resources, edge._output = {}, None
    result = town.run("deploy", release="2")
    assert result.exit_code == 3


# What the result says of a run that ended before it knew


@pytest.mark.parametrize(
    ("verb", "asked"),
    [("deploy", {"to": Color.BLUE, "release": "2"}), ("switch", {})],
)
def test_a_run_refused_early_still_knows_what_is_active(shop: Start, verb: str, asked: dict[str, Any]) -> None:
    assert shop().run(verb, **asked).active == "blue"


def test_a_retire_of_nothing_names_no_active_color(found: Start) -> None:
    assert found().run("retire").active == ""


def test_a_guard_refusal_after_an_apply_in_the_same_phase_is_a_failure(shop: Start) -> None:
    town: Town = shop("layers")
    town.root("edge")._resources["other.thing"] = {"x": 1}
    result = town.run("deploy", release="2")
    assert [one["layer"] for one in town.told("apply-started")] == ["green"]
    assert result.exit_code == 1


def test_a_foreign_lock_is_called_locked(shop: Start) -> None:
    town: Town = shop()
    town.root().fail_plan = Locked("somebody else")
    assert town.run("deploy", release="2").verdict == "locked"


def test_a_deploy_over_an_unproven_color_says_that_it_gives_up_the_proven_one(shop: Start) -> None:
    town: Town = shop(warm={"on_deploy": "refuse"})
    town.kill("deploy", "phase-started", fields={"phase": P.PROVE}, release="2")
    assert town.run("deploy", release="3").exit_code == 3
