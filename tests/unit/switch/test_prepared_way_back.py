"""The way back that a deploy prepares: applied at once by a return or a rollback, and never believed blindly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from bluegreen.adapters.fakes.http import FakeProber
from bluegreen.errors import GuardRefused, Locked, TargetRefused, TerraformError
from bluegreen.model import Color
from bluegreen.switch.background import in_background
from bluegreen.switch.guard import Guard
from bluegreen.switch.rollback import PUBLIC_WAIT

Start = Callable[..., Any]


@pytest.fixture(params=["single", "layers"])
def town(shop: Start, request: Any) -> Any:
    """Green is active with release 2, and the way back to blue is prepared."""
    town = shop(request.param)
    town.prepares = True
    assert town.run("deploy", release="2").verdict == "switched"
    for layer in town.layers:
        layer.workspace.calls.clear()
    return town


def test_a_rollback_is_one_call_of_terraform(town: Any) -> None:
    assert town.status().rollback.prepared
    town.root().calls.clear()
    assert town.run("rollback").verdict == "rolled-back"
    assert [call for call in town.root().calls if call in ("read", "plan", "apply")] == ["apply"]
    assert (town.live, town.output["server_active"], town.output["server_previous"]) == ("blue", "blue", "")
    assert not town.status().rollback.prepared


def test_where_the_live_records_are_not_as_the_prepared_plan_has_them_it_is_planned_anew(town: Any) -> None:
    town.records.records["r1"] = replace(town.records.records["r1"], proxied=False)
    assert town.run("rollback").verdict == "rolled-back"
    assert [call for call in town.root().calls if call in ("read", "plan", "apply")] == ["read", "plan", "apply"]


def test_a_return_is_one_call_of_terraform(shop: Start) -> None:
    town = shop()
    town.prepares = True
    with (
        town.on("phase-started", lambda: town.moods.update(green="sick"), phase="BAKE"),
        town.on("phase-started", town.root().calls.clear, phase="RETURN"),
    ):
        assert town.run("deploy", release="2").verdict == "returned"
    assert [call for call in town.root().calls if call in ("read", "plan", "apply")] == ["apply"]
    assert (town.live, town.output["server_active"]) == ("blue", "blue")


def test_a_state_that_somebody_else_has_locked_leaves_the_plan_for_another_try(town: Any) -> None:
    town.root().fail_apply = Locked("somebody else holds the lock")
    result = town.run("rollback")
    assert (result.verdict, result.exit_code, town.live) == ("locked", 4, "green")
    assert town.status().rollback.prepared
    town.root().calls.clear()
    assert town.run("rollback").verdict == "rolled-back"
    assert [call for call in town.root().calls if call in ("read", "plan", "apply")] == ["apply"]


def test_a_stale_plan_that_the_guard_then_refuses_anew_is_refused(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    town.root()._serial += 1
    with town.on("apply-started", lambda: monkeypatch.setattr(Guard, "check_target", _refuse)):
        result = town.run("rollback")
    assert (result.verdict, result.exit_code, town.live) == ("refused", 3, "green")
    assert isinstance(result.error, GuardRefused)


def test_a_stale_plan_ends_no_watch_of_the_public(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked of a public that hangs would be waited for, and then be asked again."""
    stopped: list[float] = []
    monkeypatch.setattr(FakeProber, "stop", lambda prober, within=inf: stopped.append(within))
    town.root()._serial += 1
    with town.on("apply-started", lambda: stopped.append(0.0)):
        assert town.run("rollback").verdict == "rolled-back"
    assert town.phases.count("SWITCH") == 2
    assert stopped == [0.0, PUBLIC_WAIT]


@pytest.mark.parametrize("verb", ["rollback", "return"])
def test_a_state_that_has_changed_is_planned_for_anew(shop: Start, verb: str) -> None:
    town = shop()
    town.prepares = True

    def change() -> None:
        town.root()._serial += 1

    if verb == "rollback":
        town.run("deploy", release="2")
        change()
        result = town.run("rollback")
        assert town.phases == ["PREFLIGHT", "CHECK", "SWITCH", "PREFLIGHT", "CHECK", "SWITCH", "PROVE"]
    else:
        with (
            town.on("phase-started", lambda: town.moods.update(green="sick"), phase="BAKE"),
            town.on("phase-started", change, phase="RETURN"),
        ):
            result = town.run("deploy", release="2")
    assert result.verdict in ("rolled-back", "returned")
    assert (town.live, town.output["server_active"]) == ("blue", "blue")
    assert "the prepared plan is of no use any more" in town.said


def test_what_another_machine_has_done_meanwhile_is_seen(town: Any) -> None:
    """It has rolled back already: without the state this rollback would not know."""
    kept, journals = town.root().kept(), dict(town.store._journals)
    town.run("rollback")
    town.store._journals = journals
    town.root()._kept = kept
    result = town.run("rollback")
    assert (result.verdict, town.live) == ("nothing-to-do", "blue")


def test_a_color_that_another_machine_has_used_up_is_refused(town: Any) -> None:
    kept, journals = town.root().kept(), dict(town.store._journals)
    town.run("prepare", release="3")
    town.store._journals = journals
    town.root()._kept = kept
    result = town.run("rollback")
    assert (result.verdict, result.exit_code, town.live) == ("nothing-to-do", 0, "green")


def test_a_sick_target_is_refused_by_what_the_state_says(town: Any) -> None:
    town.moods["blue"] = "sick"
    result = town.run("rollback")
    assert isinstance(result.error, TargetRefused)
    assert town.phases == ["PREFLIGHT", "CHECK", "PREFLIGHT", "CHECK"]


def test_the_guard_reads_a_kept_plan_again(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guard, "check_target", _refuse)
    result = town.run("rollback")
    assert (result.verdict, town.live) == ("refused", "green")


def _refuse(guard: Guard, plan: Any, address: str) -> None:
    raise GuardRefused("no")


def test_a_way_back_that_cannot_be_prepared_is_said_and_costs_nothing(shop: Start) -> None:
    town = shop()
    town.prepares = True

    def fail() -> None:
        town.root().fail_plan = TerraformError("no room")

    with town.on("apply-finished", fail, phase="SWITCH"):
        assert town.run("deploy", release="2").verdict == "switched"
    assert "the way back is not prepared" in town.said
    assert town.run("rollback", to=Color.BLUE).verdict == "rolled-back"


def test_a_mistake_of_ours_while_it_is_prepared_is_said(shop: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluegreen.switch.planned_return.in_background", in_background)
    town = shop()

    def fail() -> None:
        town.root().fail_plan = KeyError("x")

    with town.on("apply-finished", fail, phase="SWITCH"):
        assert town.run("deploy", release="2").verdict == "switched"
    assert "the way back is not prepared, a rollback plans it anew: KeyError: 'x'" in town.said


@pytest.mark.parametrize("bad", [False, True])
def test_a_way_back_whose_plan_hangs_holds_up_neither_a_deploy_nor_its_return(
    shop: Start, monkeypatch: pytest.MonkeyPatch, bad: bool
) -> None:
    monkeypatch.setattr("bluegreen.switch.planned_return.in_background", in_background)
    monkeypatch.setattr("bluegreen.switch.planned_return.WAIT", 0.01)
    town = shop()

    told = "the way back is not prepared, a rollback plans it anew: its plan took too long"

    def hang() -> None:
        town.root().hangs = True
        town.moods.update(green="sick" if bad else "")

    def answer() -> None:
        town.root().hangs = False

    with town.on("apply-finished", hang, phase="SWITCH"), town.on("said", answer, text=told):
        result = town.run("deploy", release="2")
    assert (result.verdict, town.live) == (("returned", "blue") if bad else ("switched", "green"))
    assert told in town.said


def test_a_stopped_target_is_started_by_the_state(town: Any) -> None:
    town.run("retire", force=True, reason="test")
    assert not town.status().rollback.prepared
    assert town.run("rollback").verdict == "rolled-back"
    assert "PREPARE" in town.phases


PHASES = ("PREFLIGHT", "CHECK", "SWITCH", "PROVE")
MOMENTS = [
    *[(f"phase-{word}", phase) for word in ("started", "finished") for phase in PHASES],
    *[(f"apply-{word}", "SWITCH") for word in ("started", "finished")],
]


@pytest.mark.parametrize(("event", "phase"), MOMENTS)
def test_a_rollback_that_is_killed_is_finished_by_another(town: Any, event: str, phase: str) -> None:
    town.kill("rollback", event, fields={"phase": phase})
    town.run("rollback")
    assert (town.live, town.output["server_active"]) == ("blue", "blue")
