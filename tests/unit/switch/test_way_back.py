"""What a rollback makes of a target that does not answer as it was left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bluegreen.errors import BluegreenError, Locked, TargetRefused
from bluegreen.switch.guard import Guard
from bluegreen.switch.phases import Phase

Start = Callable[..., Any]


@pytest.fixture
def town(shop: Start) -> Any:
    town = shop()
    town.run("deploy", release="2")
    town.questions.clear()
    return town


def test_a_target_out_of_reach_whose_last_probe_was_good_is_asked_about(town: Any) -> None:
    town.moods["blue"] = "lost"
    with town.on("apply-started", town.moods.clear):
        assert town.run("rollback").verdict == "rolled-back"
    assert town.questions == ["blue cannot be reached from here. Go back to it all the same?"]


def test_a_target_out_of_reach_whose_last_probe_was_bad_is_sick(town: Any) -> None:
    town.moods["blue"] = "sick"
    assert isinstance(town.run("rollback").error, TargetRefused)
    town.moods["blue"] = "lost"
    result = town.run("rollback")
    assert (result.verdict, town.live, town.questions) == ("refused", "green", [])
    with town.on("apply-started", town.moods.clear):
        assert town.run("rollback", force=True, reason="there is nothing better").verdict == "rolled-back"


def test_another_release_is_refused_though_the_last_answer_was_something_else(town: Any) -> None:
    town.moods["blue"] = "0.9"
    with town.on("probed", lambda: town.moods.update(blue="sick"), color="blue", verdict="wrong release"):
        result = town.run("rollback", force=True, reason="never mind")
    assert isinstance(result.error, TargetRefused)
    assert "0.9 instead of 1" in result.error.message
    assert town.live == "green"


def test_a_lock_found_by_the_apply_means_that_nothing_was_begun(town: Any) -> None:
    town.root().fail_apply = Locked("somebody else")
    result = town.run("rollback")
    assert (result.verdict, result.exit_code, town.live) == ("locked", 4, "green")
    assert town.phases[-1] == Phase.SWITCH


def test_a_started_target_says_how_long_it_took(town: Any) -> None:
    town.run("retire", force=True, reason="test")
    town.run("rollback")
    assert "blue is up again, " in town.said


def test_a_deploy_says_how_long_the_color_took_to_come_up(town: Any) -> None:
    town.run("deploy", release="3")
    assert "blue is up in 1 s of 10" in town.said


def test_what_comes_after_a_refused_layer_is_known_only_after_it(shop: Start) -> None:
    town = shop("layers")
    town.root("green")._resources["module.blue_server.server"] = {"x": 1}
    town.root("network")._resources["module.network.more"] = {"x": 1}
    shown = town.preview(release="2")
    assert shown.refused
    assert [layer.known_after for layer in shown.layers[1:]] == ["network"] * (len(shown.layers) - 1)
    assert Guard().owner("module.network.more") == "shared"


def test_a_full_disk_stops_a_deploy_and_no_rollback(town: Any) -> None:
    town.root().fail_room = BluegreenError("no room")
    assert (town.run("deploy", release="3").exit_code, town.live) == (1, "green")
    assert town.run("rollback").verdict == "rolled-back"


@pytest.mark.parametrize(("verb", "asked"), [("rollback", {}), ("deploy", {"release": "3"})])
def test_before_its_switch_a_run_calls_the_color_that_serves_the_old_one(
    town: Any, verb: str, asked: dict[str, str]
) -> None:
    town.run(verb, **asked)
    told = [(answer["origin"], answer["color"]) for answer in town.told("public-answered")]
    assert told[0] == ("old", "green")
    assert told[-1] == ("new", "blue")
    assert set(told) == {("old", "green"), ("new", "blue")}


def test_a_first_deploy_knows_no_old_color(found: Start) -> None:
    town = found()
    town.run("deploy")
    assert {answer["origin"] for answer in town.told("public-answered")} == {"new"}


PROVING = {"deploy": "RETURN", "rollback": "PROVE"}
"""A verb, and the phase in which it proves its way back."""


def go_back(town: Any, verb: str) -> Any:
    """Deploy to blue, which goes bad once it serves; or roll back to it from green, which is bad."""
    if verb == "rollback":
        town.moods["green"] = "sick"
        return town.run("rollback")
    town.moods.clear()
    with town.on("phase-started", lambda: town.moods.update(blue="sick"), phase="BAKE"):
        return town.run("deploy", release="3")


def seconds_of(town: Any, phase: str) -> float:
    return float(next(e["seconds"] for e in reversed(town.told("phase-finished")) if e["phase"] == phase))


@pytest.mark.parametrize("verb", PROVING)
def test_a_way_back_waits_for_an_edge_that_is_late(shop: Start, verb: str) -> None:
    town = shop(probe={"deadline": "1h"})
    town.run("deploy", release="2")

    def stick() -> None:
        town.stuck["shop.test"] = "blue" if verb == "deploy" else "green"
        town.clock.at(town.clock.monotonic() + 600.0, town.stuck.clear)

    late = {"deploy": ("phase-started", {"phase": "RETURN"}), "rollback": ("first-answer", {})}  # or once it answered
    with town.on(late[verb][0], stick, **late[verb][1]):
        assert go_back(town, verb).verdict in ("returned", "rolled-back")
    assert seconds_of(town, PROVING[verb]) > 600.0


@pytest.mark.parametrize("verb", PROVING)
def test_a_way_back_to_a_color_that_is_bad_too_calls_a_human_at_once(shop: Start, verb: str) -> None:
    town = shop(probe={"deadline": "1h"})
    town.run("deploy", release="2")
    with town.on("phase-started", lambda: town.moods.update(blue="sick", green="sick"), phase=PROVING[verb]):
        result = go_back(town, verb)
    assert (result.verdict, "went bad: 3 times in a row" in result.error.message) == ("stuck", True), result.error
    assert seconds_of(town, PROVING[verb]) < 10.0
