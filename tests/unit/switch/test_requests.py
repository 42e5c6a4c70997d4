from __future__ import annotations

from typing import Any

import pytest

from bluegreen.adapters.fakes.state import MemoryStore
from bluegreen.errors import Refused, TargetRefused, UsageError
from bluegreen.model import Color, StackFacts, parse_facts
from bluegreen.switch.history import History
from bluegreen.switch.request import (
    DeployRequest,
    RollbackRequest,
    Way,
    check_target,
    deploy_target,
    rollback_way,
    wanted_object,
)

BLUE, GREEN = Color.BLUE, Color.GREEN
NO_RUNS = History(MemoryStore())


def facts(**changed: Any) -> StackFacts:
    blue = {"enabled": True, "inputs": {"release": "1", "size": "big"}, "address": "127.0.0.1"}
    green = {"enabled": True, "inputs": {"release": "0"}, "address": "127.0.0.2"}
    output = {"colors": {"blue": blue, "green": {**green, **changed.pop("green", {})}}, "server_active": "blue"}
    return parse_facts({**output, **changed}, "edge")


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (DeployRequest(), {"release": "1", "size": "big"}),
        (DeployRequest(release="2"), {"release": "2", "size": "big"}),
        (
            DeployRequest(release="2", sets={"size": "small", "zone": "b"}),
            {"release": "2", "size": "small", "zone": "b"},
        ),
    ],
)
def test_the_wanted_object_is_the_environments_then_the_release_then_the_sets(
    request_: DeployRequest, wanted: dict[str, Any]
) -> None:
    assert wanted_object("1", {"size": "big"}, request_) == wanted


def test_a_set_into_a_mapping_keeps_its_other_fields() -> None:
    wanted = wanted_object("1", {"size": {"cpu": 1, "ram": 4}}, DeployRequest(sets={"size": {"cpu": 2}}))
    assert wanted["size"] == {"cpu": 2, "ram": 4}


def test_no_release_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no release"):
        wanted_object("", {}, DeployRequest())


EQUAL, ANOTHER = {"release": "1", "size": "big"}, {"release": "1"}


@pytest.mark.parametrize(
    ("to", "wanted", "target"),
    [(None, EQUAL, None), (None, ANOTHER, GREEN), (GREEN, EQUAL, GREEN), (GREEN, ANOTHER, GREEN), (BLUE, EQUAL, None)],
)
def test_where_a_deploy_goes(to: Color | None, wanted: dict[str, Any], target: Color | None) -> None:
    assert deploy_target(facts(), BLUE, DeployRequest(to), wanted) is target


def test_the_active_color_is_not_deployed_to() -> None:
    with pytest.raises(UsageError) as raised:
        deploy_target(facts(), BLUE, DeployRequest(BLUE), ANOTHER)
    assert raised.value.hint == "bluegreen deploy --to green --release 1"


@pytest.mark.parametrize(
    ("previous", "to", "way"),
    [
        ("green", None, Way(GREEN)),
        ("", None, None),
        ("blue", None, None),
        ("", GREEN, Way(GREEN)),
        ("green", BLUE, None),
    ],
)
def test_a_rollback_goes_where_the_output_or_the_user_says(previous: str, to: Color | None, way: Way | None) -> None:
    assert rollback_way(facts(server_previous=previous), RollbackRequest(to), NO_RUNS) == way


def test_without_previous_and_without_runs_a_rollback_says_what_to_type() -> None:
    with pytest.raises(Refused) as raised:
        rollback_way(facts(), RollbackRequest(), NO_RUNS)
    assert raised.value.hint == "bluegreen rollback --to green"


def test_a_target_is_running_or_stopped() -> None:
    assert check_target(facts(), GREEN, NO_RUNS) == "running"
    assert check_target(facts(green={"inputs": {"release": "0", "running": False}}), GREEN, NO_RUNS) == "stopped"


@pytest.mark.parametrize("green", [{"enabled": False}, {"address": ""}])
def test_a_color_that_is_gone_is_refused_with_the_deploy_that_brings_it_back(green: dict[str, Any]) -> None:
    with pytest.raises(TargetRefused) as raised:
        check_target(facts(green=green), GREEN, NO_RUNS)
    assert raised.value.hint == "bluegreen deploy --to green --release 0"


def test_an_empty_release_on_the_command_line_is_not_the_environments() -> None:
    with pytest.raises(UsageError, match="--release is empty"):
        wanted_object("1", {}, DeployRequest(release=""))
