"""A release that nobody may go back from: what goes bad is held, and only force goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bluegreen.errors import Stuck, TargetRefused, TerraformError
from bluegreen.model import Color
from bluegreen.ports import Record
from bluegreen.switch.phases import Phase

Start = Callable[..., Any]
P = Phase
WHY = "it rewrites the orders table"


@pytest.fixture(params=["single", "layers"])
def town(shop: Start, request: Any) -> Any:
    return shop(request.param)


def deploy(town: Any) -> Any:
    return town.run("deploy", release="2", no_way_back=WHY)


def sicken(town: Any) -> Callable[[], None]:
    return lambda: town.moods.update(green="sick")


def test_status_says_so_and_raises_no_alarm(town: Any) -> None:
    assert deploy(town).verdict == "switched"
    report = town.status()
    assert (report.rollback.ready, report.rollback.closed, report.alarms) == (False, True, [])
    assert f"left blue with no way back: {WHY}" in report.rollback.reason


@pytest.mark.parametrize("asked", [{}, {"to": Color.BLUE}, {"force": True}, {"reason": "I want to"}])
def test_a_rollback_is_refused(town: Any, asked: Any) -> None:
    deploy(town)
    result = town.run("rollback", **asked)
    assert (type(result.error), result.exit_code, town.live) == (TargetRefused, 3, "green")
    assert (WHY in result.error.message, "--force --reason TEXT" in result.error.hint) == (True, True)
    assert not town.told("planned")


@pytest.mark.parametrize("prepares", [False, True])
def test_force_goes_back_all_the_same(town: Any, prepares: bool) -> None:
    town.prepares = prepares
    deploy(town)
    assert town.run("rollback", force=True, reason="the table is restored").verdict == "rolled-back"
    assert (town.live, town.run("deploy", release="3").verdict) == ("blue", "switched")
    assert town.run("rollback").verdict == "rolled-back"  # from this one there is a way back


def test_one_past_terraform_is_refused_too(shop: Start) -> None:
    town = shop(edge={"zone": "shop.test", "hostnames": ["shop.test"]})
    deploy(town)
    town.records.records["own"] = Record("own", "backend-blue-access.shop.test", "A", "127.0.0.11")
    assert isinstance(town.run("direct", to=Color.BLUE).error, TargetRefused)
    assert town.run("direct", to=Color.BLUE, force=True).verdict == "rolled-back-directly"


@pytest.mark.parametrize("phase", [P.PROVE, P.BAKE])
def test_what_goes_bad_is_held_and_can_be_finished(town: Any, phase: str) -> None:
    with town.on("phase-started", sicken(town), phase=phase):
        result = deploy(town)
    assert (type(result.error), result.exit_code, town.live, result.active) == (Stuck, 7, "green", "green")
    assert result.error.hint.startswith("bluegreen resume, once it is mended")
    assert isinstance(town.run("rollback").error, TargetRefused)
    assert town.status().rollback.closed
    town.moods.clear()
    assert town.resume().verdict == "switched"


@pytest.mark.parametrize("phase", [P.PROVE, P.BAKE])
@pytest.mark.parametrize(("asked_by", "code"), [("", 130), ("ana", 7)])
def test_an_interruption_is_no_reason_to_go_back(town: Any, phase: str, asked_by: str, code: int) -> None:
    with town.on("phase-started", lambda: town.interruptions.interrupt(asked_by), phase=phase):
        result = deploy(town)
    assert (result.verdict, result.exit_code, town.live) == ("stuck", code, "green")
    assert town.resume().verdict == "switched"


@pytest.mark.parametrize("moved", [True, False])
def test_an_apply_of_the_switch_that_failed_is_for_a_human(town: Any, moved: bool) -> None:
    def fail() -> None:
        town.root().fail_apply, town.root().after = TerraformError("terraform apply failed", applying=True), moved

    with town.on("phase-started", fail, phase=P.SWITCH):
        result = deploy(town)
    live = "green" if moved else "blue"
    assert (type(result.error), result.exit_code, town.live, result.active) == (Stuck, 7, live, live)
    assert (town.phases[-1], "bluegreen rollback --force" in result.error.hint) == (P.SWITCH, True)
    assert isinstance(town.run("rollback").error, TargetRefused)
    assert town.resume().verdict == "switched"
    assert town.live == "green"


@pytest.mark.parametrize(("asked_by", "code"), [("", 130), ("ana", 7)])
def test_so_is_one_that_was_interrupted(town: Any, asked_by: str, code: int) -> None:
    with town.on("apply-started", lambda: town.interruptions.interrupt(asked_by), phase=P.SWITCH):
        result = deploy(town)
    assert (result.verdict, result.exit_code, town.live) == ("stuck", code, "green")
    assert town.resume().verdict == "switched"


def test_one_that_was_not_begun_has_cost_nothing(town: Any) -> None:
    def fail() -> None:
        town.root().fail_plan = TerraformError("terraform plan failed")

    with town.on("phase-started", fail, phase=P.SWITCH):
        result = deploy(town)
    assert (result.verdict, result.exit_code, town.live) == ("failed", 1, "blue")
    assert town.run("rollback").verdict == "nothing-to-do"


def test_a_hook_that_fails_after_the_switch_is_no_reason_either(shop: Start) -> None:
    town = shop(hooks={"after_switch": [{"command": ["tell"]}]})
    town.commands.result = (3, "no chat")
    assert (deploy(town).exit_code, town.live, town.phases[-1]) == (7, "green", P.SWITCH)


def test_one_that_was_killed_is_still_held_when_it_is_taken_up(town: Any) -> None:
    town.kill("deploy", "phase-started", fields={"phase": P.BAKE}, release="2", no_way_back=WHY)
    town.moods["green"] = "sick"
    assert (town.resume().exit_code, town.live) == (7, "green")


def test_what_was_prepared_can_be_switched_to_without_a_way_back(town: Any) -> None:
    town.run("prepare", release="2")
    with town.on("phase-started", sicken(town), phase=P.BAKE):
        assert town.run("switch", no_way_back=WHY).exit_code == 7
    assert town.live == "green"


def test_before_the_switch_nothing_was_lost(town: Any) -> None:
    with town.on("phase-started", sicken(town), phase=P.CHECK):
        assert deploy(town).exit_code == 1
    assert (town.live, town.run("rollback").verdict) == ("blue", "nothing-to-do")


def test_nor_is_one_that_comes_as_the_proof_ends(shop: Start) -> None:
    town = shop(edge={"purge": "hosts"})
    town.cache.purge_hosts = lambda zone, hosts: town.interruptions.interrupt()
    assert (deploy(town).verdict, town.live) == ("stuck", "green")
