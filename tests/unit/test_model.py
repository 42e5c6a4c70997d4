from __future__ import annotations

from typing import Any

import pytest

from bluegreen.errors import ConfigError
from bluegreen.model import Color, ColorFacts, EdgeFacts, StackFacts, parse_color, parse_facts

BLUE, GREEN = Color.BLUE, Color.GREEN
OUTPUT: dict[str, Any] = {
    "colors": {
        "blue": {
            "enabled": True,
            "inputs": {"release": "1", "size": "big"},
            "address": "127.0.0.1",
            "backend_hostname": "blue.test",
            "backend_url": "http://blue.test/",
            "instance": {"id": 7},
        },
        "green": {"enabled": False, "inputs": None, "address": "127.0.0.2"},
    },
    "server_active": "blue",
    "server_previous": "",
    "public_hostnames": ["shop.test", "www.shop.test"],
    "public_url": "http://shop.test/",
    "edge": {"kind": "cloudflare", "zone_id": "z", "records": {"shop.test": "r1"}},
}


def test_a_whole_output_is_read() -> None:
    facts = parse_facts(OUTPUT, "edge")
    assert (facts.active, facts.previous, facts.declares_previous) == (BLUE, None, True)
    assert facts.public_hostnames == ("shop.test", "www.shop.test")
    assert facts.edge == EdgeFacts("cloudflare", "z", {"shop.test": "r1"})
    blue = facts.of(BLUE)
    assert (blue.release, blue.address, blue.backend_hostname, blue.presence) == (
        "1",
        "127.0.0.1",
        "blue.test",
        "running",
    )
    assert blue.echo == OUTPUT["colors"]["blue"]
    assert facts.of(GREEN).inputs is None


def test_a_layer_that_knows_little_says_little() -> None:
    assert parse_facts({"colors": {"blue": {"address": "a"}}}, "network") == StackFacts(
        colors={BLUE: ColorFacts(BLUE, address="a", echo={"address": "a"})}
    )
    assert parse_facts({}, "network").of(GREEN) == ColorFacts(GREEN)


def test_previous_is_declared_even_when_it_names_nobody() -> None:
    assert parse_facts({"server_previous": ""}, "edge").declares_previous
    assert not parse_facts({}, "edge").declares_previous
    assert parse_facts({"server_previous": "green"}, "edge").previous is GREEN


@pytest.mark.parametrize(
    ("color", "presence"),
    [
        (ColorFacts(BLUE, enabled=True, inputs={"release": "1"}), "running"),
        (ColorFacts(BLUE, enabled=True, inputs={"release": "1", "running": False}), "stopped"),
        (ColorFacts(BLUE, enabled=True), "running"),
        (ColorFacts(BLUE, enabled=False, inputs={"release": "1"}), "gone"),
    ],
)
def test_a_color_is_running_stopped_or_gone(color: ColorFacts, presence: str) -> None:
    assert (color.presence, color.running) == (presence, presence == "running")


@pytest.mark.parametrize(
    ("output", "what"),
    [
        (None, "it is no object"),
        ([], "it is no object"),
        ({"colors": ["blue"]}, "colors is no object"),
        ({"colors": {"blue": "x"}}, "colors.blue is no object"),
        ({"colors": {"blue": {"inputs": "1.0"}}}, "colors.blue.inputs is no object"),
        ({"colors": {"red": {}}}, "not a color"),
        ({"server_active": "red"}, "not a color"),
        ({"server_previous": "red"}, "not a color"),
    ],
)
def test_an_output_that_does_not_keep_the_contract_is_one_clear_error(output: Any, what: str) -> None:
    with pytest.raises(ConfigError, match=what) as raised:
        parse_facts(output, "edge")
    assert raised.value.hint


@pytest.mark.parametrize(
    "output",
    [
        {"public_hostnames": "shop.test"},
        {"edge": "cloudflare"},
        {"edge": {"records": ["r1"]}},
    ],
)
def test_the_edge_is_checked_like_the_colors(output: Any) -> None:
    with pytest.raises(ConfigError):
        parse_facts(output, "edge")


def test_a_wrong_active_color_says_in_which_layer() -> None:
    with pytest.raises(ConfigError, match="edge"):
        parse_facts({"server_active": "red"}, "edge")


def test_colors_are_opposites() -> None:
    assert (BLUE.other, GREEN.other) == (GREEN, BLUE)
    assert parse_color("green", "x") is GREEN


@pytest.mark.parametrize(
    ("said", "instance"),
    [
        ("projects/p/zones/z/instances/i", "projects/p/zones/z/instances/i"),
        ({"id": "projects/p/zones/z/instances/i", "name": "i"}, "projects/p/zones/z/instances/i"),
        ({"id": "0f0a-of-the-sandbox", "running": True}, ""),
        ({"id": 7}, ""),
        (None, ""),
    ],
)
def test_a_machine_is_known_by_the_path_that_its_cloud_knows_it_by(said: Any, instance: str) -> None:
    facts = parse_facts({"colors": {"blue": {"enabled": True, "instance": said}}}, "edge").of(BLUE)
    assert facts.instance == instance
