"""Reconcile: state and live edge disagree, and one of them is made to say what the other says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bluegreen.errors import CheckFailed, Refused, Stuck, TerraformError
from bluegreen.model import Color
from bluegreen.ports import Record

Start = Callable[..., Any]


def by_hand(town: Any, color: str) -> None:
    """Somebody edits the record in the dashboard; the real provider's next plan sees it."""
    town.records.point("shop.test", {"blue": "127.0.0.11", "green": "127.0.0.12", "": "127.0.0.99"}[color])


@pytest.fixture(params=["single", "layers"])
def town(shop: Start, request: Any) -> Any:
    """Green is active with release 2; blue is warm with 1."""
    town = shop(request.param)
    town.refreshes = True
    assert town.run("deploy", release="2").verdict == "switched"
    return town


def test_where_they_agree_there_is_nothing_to_do(town: Any) -> None:
    for to in ("live", "state"):
        result = town.run("reconcile", to=to)
        assert (result.verdict, result.exit_code, result.active) == ("nothing-to-do", 0, "green")
    assert not town.told("apply-started")


def test_the_state_is_made_to_say_what_the_live_edge_says(town: Any) -> None:
    by_hand(town, "blue")
    result = town.run("reconcile", to="live")
    assert (result.verdict, result.active, result.previous, town.live) == ("reconciled", "blue", "green", "blue")
    assert (town.output["server_active"], town.output["server_previous"]) == ("blue", "green")
    assert town.phases == ["PREFLIGHT", "RECORD"]
    assert town.status().drift == ()


def test_what_was_accepted_can_be_gone_back_from(town: Any) -> None:
    by_hand(town, "blue")
    town.run("reconcile", to="live")
    assert town.status().rollback.ready
    assert town.status().warm_until > town.clock.time()
    assert town.run("rollback").verdict == "rolled-back"
    assert (town.live, town.output["server_active"]) == ("green", "green")


def test_without_a_previous_in_the_output_the_journal_knows_the_way_back_too(shop: Start) -> None:
    town = shop(previous=False)
    town.run("deploy", release="2")
    by_hand(town, "blue")
    town.run("reconcile", to="live")
    assert town.run("rollback").verdict == "rolled-back"
    assert town.live == "green"


def test_the_public_is_pointed_back_to_what_the_state_says(town: Any) -> None:
    by_hand(town, "blue")
    before = dict(town.output)
    result = town.run("reconcile", to="state")
    assert (result.verdict, result.active, result.previous, town.live) == ("reconciled", "green", "", "green")
    assert town.output == before
    assert town.phases == ["PREFLIGHT", "CHECK", "SWITCH", "PROVE"]
    assert town.status().rollback.ready


def test_a_record_that_was_deleted_is_made_again(town: Any) -> None:
    town.records.records.clear()
    assert town.run("reconcile", to="state").verdict == "reconciled"
    assert town.live == "green"


def test_a_record_that_points_nowhere_is_no_color_to_accept(town: Any) -> None:
    by_hand(town, "")
    result = town.run("reconcile", to="live")
    assert (type(result.error), result.exit_code) == (Refused, 3)
    assert "--to state" in result.error.hint
    assert not town.told("apply-started")


def test_a_difference_that_is_not_about_the_color_is_no_news(town: Any) -> None:
    town.records.records["r1"] = Record("r1", "shop.test", "A", "127.0.0.12", proxied=False)
    result = town.run("reconcile", to="live")
    assert isinstance(result.error, Refused)
    assert "is not proxied" in result.error.message


def test_a_sick_color_is_not_sent_the_public(town: Any) -> None:
    by_hand(town, "blue")
    town.moods["green"] = "sick"
    result = town.run("reconcile", to="state")
    assert (type(result.error), result.exit_code, town.live) == (CheckFailed, 1, "blue")


def test_what_terraform_does_not_see_is_left_to_a_human(town: Any) -> None:
    town.refreshes = False
    town.records.records["r2"] = Record("r2", "shop.test", "AAAA", "::1", proxied=True)
    result = town.run("reconcile", to="state")
    assert "has 2 live records" in result.error.message
    assert "by hand" in result.error.hint
    assert not town.told("apply-started")


def test_a_run_that_was_cut_off_is_ended_first(town: Any) -> None:
    town.kill("deploy", "apply-started", fields={"phase": "SWITCH"}, release="3")
    by_hand(town, "green")
    result = town.run("reconcile", to="live")
    assert isinstance(result.error, Refused)
    assert "bluegreen rollback" in result.error.hint


def test_one_that_was_cut_off_itself_is_simply_done_again(town: Any) -> None:
    by_hand(town, "blue")
    town.kill("reconcile", "apply-started", to="live")
    assert town.run("reconcile", to="live").verdict in ("reconciled", "nothing-to-do")
    assert (town.output["server_active"], town.live) == ("blue", "blue")
    assert town.run("rollback", to=Color.GREEN).verdict == "rolled-back"


def test_an_apply_that_fails_needs_a_human(town: Any) -> None:
    by_hand(town, "blue")
    town.root().fail_apply = TerraformError("no permission", applying=True)
    result = town.run("reconcile", to="live")
    assert (type(result.error), result.exit_code, town.live) == (Stuck, 7, "blue")
