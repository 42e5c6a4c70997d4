from __future__ import annotations

from typing import Any

from bluegreen.model import Color, StackFacts, merge_colors, parse_facts
from bluegreen.switch import values

BLUE, GREEN = Color.BLUE, Color.GREEN
OUTPUT: dict[str, Any] = {
    "colors": {
        "blue": {"enabled": True, "inputs": {"release": "1"}, "address": "127.0.0.1"},
        "green": {"enabled": True, "inputs": {"release": "0"}, "address": "127.0.0.2"},
    },
    "server_active": "blue",
    "server_previous": "green",
}
SINGLE = frozenset({"blue_enabled", "green_enabled", "blue", "green", "server_active", "server_previous"})


def facts(**changed: Any) -> StackFacts:
    return parse_facts({**OUTPUT, **changed}, "edge")


def single(intent: values.Intent) -> dict[str, Any]:
    return values.layer_values(intent, None, {}, SINGLE)


def test_preparing_changes_the_idle_color_and_gives_up_the_way_back() -> None:
    assert single(values.prepared(facts(), BLUE, {"release": "2"})) == {
        "blue_enabled": True,
        "green_enabled": True,
        "blue": {"release": "1"},
        "green": {"release": "2"},
        "server_active": "blue",
        "server_previous": "",
    }


def test_a_switch_flips_and_remembers_and_echoes_the_objects() -> None:
    was = single(values.as_it_is(facts(), BLUE))
    assert single(values.switched(facts(), GREEN)) == {**was, "server_active": "green", "server_previous": "blue"}


def test_going_back_leaves_nothing_to_go_back_to() -> None:
    was = single(values.as_it_is(facts(), BLUE))
    assert single(values.returned(facts(), GREEN)) == {**was, "server_active": "green", "server_previous": ""}


def test_retiring_touches_neither_active_nor_previous() -> None:
    was = single(values.as_it_is(facts(), BLUE))
    stopped = single(values.stopped(facts(), BLUE, GREEN))
    assert stopped == {**was, "green": {"release": "0", "running": False}}
    assert single(values.destroyed(facts(), BLUE, GREEN)) == {**was, "green_enabled": False}


def test_a_first_deploy_leaves_the_other_color_out() -> None:
    made = single(values.first_deploy(GREEN, {"release": "1"}))
    assert (made["green_enabled"], made["blue_enabled"], made["blue"]) == (True, False, None)
    assert (made["server_active"], made["server_previous"]) == ("green", "")


def test_a_color_layer_is_handed_its_own_color() -> None:
    declared = frozenset({"color", "enabled", "server", "colors", "something_else"})
    colors = {"green": {"address": "127.0.0.2"}}
    made = values.layer_values(values.as_it_is(facts(), BLUE), GREEN, colors, declared)
    assert made == {"color": "green", "enabled": True, "server": {"release": "0"}, "colors": colors}


def test_objects_are_the_same_when_only_nulls_and_running_true_differ() -> None:
    assert values.same_object({"release": "1", "running": True, "size": None}, {"release": "1"})
    assert not values.same_object({"release": "1", "running": False}, {"release": "1"})
    assert not values.same_object({"release": "1"}, {"release": "1", "size": "big"})
    assert not values.same_object(None, {"release": "1"})


def test_colors_merge_per_color_and_key_and_later_layers_win() -> None:
    merged = merge_colors([{"blue": {"address": "a", "enabled": False}}, {"blue": {"enabled": True}, "green": {}}])
    assert merged == {"blue": {"address": "a", "enabled": True}, "green": {}}
