"""Hooks: what they are told, when they are run, and what becomes of a run when they fail or are cut off."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from bluegreen.errors import Interrupted

if TYPE_CHECKING:
    from conftest import Town

Start = Callable[..., Any]
NAMES = [
    "before_prepare",
    "after_prepare",
    "before_switch",
    "after_switch",
    "before_return",
    "after_return",
    "after_done",
]
ALL = {"hooks": {name: [{"command": [name]}] for name in NAMES}}


def ran(town: Town) -> list[str]:
    """The hooks that were run since the last time, by their command."""
    names = [argv[0] for argv, _, _ in town.commands.asked]
    town.commands.asked.clear()
    return names


def fail_at(town: Town, name: str) -> None:
    """Let one hook end with 3, and all others well."""

    def on_run(argv: Sequence[str]) -> None:
        town.commands.result = (3, "no table") if argv[0] == name else (0, "")

    town.commands.on_run = on_run


@pytest.mark.parametrize("layout", ["single", "layers"])
def test_each_verb_runs_its_own(shop: Start, layout: str) -> None:
    town: Town = shop(layout, **ALL)
    ran(town)
    town.run("deploy", release="2")
    assert ran(town) == ["before_prepare", "after_prepare", "before_switch", "after_switch", "after_done"]
    town.run("rollback")
    assert ran(town) == ["before_return", "after_return"]
    town.run("prepare", release="3")
    assert ran(town) == ["before_prepare", "after_prepare"]
    town.run("switch")
    assert ran(town) == ["before_switch", "after_switch", "after_done"]
    town.run("retire", force=True, reason="test")
    assert ran(town) == []


def test_nothing_to_do_runs_none(shop: Start) -> None:
    town: Town = shop(**ALL)
    ran(town)
    assert town.run("deploy", release="1").verdict == "nothing-to-do"
    assert ran(town) == []


def test_a_hook_is_told_what_it_is_about(shop: Start) -> None:
    town: Town = shop(**ALL)
    town.commands.asked.clear()
    town.commands.told.clear()
    run = town.run("deploy", release="2").run
    argv, environment, timeout = next(one for one in town.commands.asked if one[0] == ("before_switch",))
    assert (argv, timeout) == (("before_switch",), 60.0)
    assert {name: environment[name] for name in environment if name != "BLUEGREEN_BACKEND_URL"} == {
        "BLUEGREEN_RUN": run,
        "BLUEGREEN_ENVIRONMENT": town.world().environment,
        "BLUEGREEN_HOOK": "before_switch",
        "BLUEGREEN_FROM": "blue",
        "BLUEGREEN_FROM_RELEASE": "1",
        "BLUEGREEN_COLOR": "green",
        "BLUEGREEN_RELEASE": "2",
        "BLUEGREEN_ADDRESS": town.output["colors"]["green"]["address"],
        "BLUEGREEN_PUBLIC_URL": town.output["public_url"],
    }
    told = json.loads(town.commands.told[0])
    assert told["hook"] == "before_prepare"
    assert told["from"] == {"color": "blue", "release": "1"}
    assert told["to"] == {"color": "green", "release": "2"}


@pytest.mark.parametrize(
    ("name", "verdict", "live", "public"),
    [
        ("before_prepare", "failed", "blue", ["before_prepare"]),
        ("after_prepare", "failed", "blue", ["before_prepare", "after_prepare"]),
        ("before_switch", "failed", "blue", ["before_prepare", "after_prepare", "before_switch"]),
        (
            "after_switch",
            "returned",
            "blue",
            ["before_prepare", "after_prepare", "before_switch", "after_switch", "before_return", "after_return"],
        ),
        (
            "after_done",
            "switched",
            "green",
            ["before_prepare", "after_prepare", "before_switch", "after_switch", "after_done"],
        ),
    ],
)
def test_one_that_fails_stops_what_it_can(
    shop: Start, name: str, verdict: str, live: str, public: Sequence[str]
) -> None:
    town: Town = shop(**ALL)
    ran(town)
    fail_at(town, name)
    result = town.run("deploy", release="2")
    assert (result.verdict, town.live, ran(town)) == (verdict, live, public)
    if result.error is not None:
        assert f"hook {name}, {name}, ended with 3: no table" in result.error.message
    else:
        assert f"hook {name}, {name}, ended with 3: no table; going on" in town.said


def test_one_that_may_fail_stops_nothing(shop: Start) -> None:
    town: Town = shop(hooks={"before_switch": [{"command": ["a"], "on_failure": "continue"}, {"command": ["b"]}]})
    ran(town)
    fail_at(town, "a")
    assert town.run("deploy", release="2").verdict == "switched"
    assert ran(town) == ["a", "b"]


def test_a_way_back_goes_on_without_its_hook(shop: Start) -> None:
    town: Town = shop(**ALL)
    town.run("deploy", release="2")
    fail_at(town, "before_return")
    result = town.run("rollback")
    assert (result.verdict, town.live) == ("rolled-back", "blue")
    assert "ended with 3" in town.said


def test_a_way_back_that_is_told_to_stop_does(shop: Start) -> None:
    town: Town = shop(hooks={"before_return": [{"command": ["x"], "on_failure": "stop"}]})
    town.run("deploy", release="2")
    fail_at(town, "x")
    result = town.run("rollback")
    assert (result.verdict, result.exit_code, town.live) == ("failed", 1, "green")


def test_one_that_does_not_end_in_its_time_has_failed(shop: Start) -> None:
    town: Town = shop(hooks={"before_prepare": [{"command": ["x"], "timeout": "5s"}]})
    town.commands.result = (-1, "")
    result = town.run("deploy", release="2")
    assert "hook before_prepare, x, did not end in 5 s" in result.error.message


def cut_in(town: Town, name: str) -> None:
    """Kill a deploy while a hook of that name runs."""

    def on_run(argv: Sequence[str]) -> None:
        if argv[0] == name:
            raise town._killed()

    town.commands.on_run = on_run
    with town.cut_off():
        town.run("deploy", release="2")
    town.commands.on_run = lambda argv: None
    ran(town)


@pytest.mark.parametrize("idempotent", [True, False])
def test_one_that_was_cut_off_is_run_again_only_where_that_does_no_harm(shop: Start, idempotent: bool) -> None:
    town: Town = shop(hooks={"before_prepare": [{"command": ["one"]}, {"command": ["two"], "idempotent": idempotent}]})
    cut_in(town, "two")
    result = town.resume()
    assert ran(town) == (["two"] if idempotent else [])
    assert result.verdict == ("switched" if idempotent else "failed")
    if result.error is not None:
        assert "hook before_prepare, two, was cut off, and nobody knows how far it came" in result.error.message
        assert "idempotent: true" in result.error.hint


def test_those_that_ended_before_a_run_was_cut_off_are_not_run_again(shop: Start) -> None:
    town: Town = shop(**ALL)
    town.kill("deploy", "phase-started", fields={"phase": "CHECK"}, release="2")
    ran(town)
    assert town.resume().verdict == "switched"
    assert ran(town) == ["before_switch", "after_switch", "after_done"]


@pytest.mark.parametrize("event", ["hook-finished", "phase-finished"])
@pytest.mark.parametrize(
    ("name", "verdict"), [("before_prepare", "failed"), ("before_switch", "failed"), ("after_switch", "returned")]
)
def test_one_that_failed_stops_a_run_that_was_cut_off_before_it_did(
    shop: Start, name: str, verdict: str, event: str
) -> None:
    town: Town = shop(**ALL)
    fail_at(town, name)
    outcome = "not-begun" if name == "before_switch" else "failed"
    fields = {"hook": name} if event == "hook-finished" else {"outcome": outcome}
    town.kill("deploy", event, fields=fields, release="2")
    ran(town)
    result = town.resume()
    assert (result.verdict, town.live) == (verdict, "blue")
    assert f"hook {name}, {name}, had failed before the run was cut off" in town.said + str(result.error)
    assert name not in ran(town)


def test_who_goes_on_with_a_run_that_got_stuck_by_one_has_seen_that_it_failed(shop: Start) -> None:
    stop = {"on_failure": "stop"}
    town: Town = shop(hooks={"after_switch": [{"command": ["x"]}], "before_return": [{"command": ["y"], **stop}]})
    town.commands.result = (3, "")
    assert town.run("deploy", release="2").verdict == "stuck"
    assert (town.resume().verdict, town.live) == ("returned", "blue")


def test_a_hook_is_in_the_journal_before_and_after(shop: Start) -> None:
    town: Town = shop(hooks={"before_switch": [{"command": ["migrate", "--expand"]}]})
    town.commands.result = (0, "done\n")
    result = town.run("deploy", release="2")
    hooks = [entry.data for entry in town.store.journal(result.run) if entry.event.startswith("hook-")]
    assert [(one["event"], one["hook"], one["number"]) for one in hooks] == [
        ("hook-started", "before_switch", 1),
        ("hook-finished", "before_switch", 1),
    ]
    assert (hooks[0]["command"], hooks[1]["exit_code"], hooks[1]["output"]) == (
        ["migrate", "--expand"],
        0,
        "done",
    )


@pytest.mark.parametrize(
    ("name", "verdict", "live"),
    [
        ("before_prepare", "interrupted", "blue"),
        ("after_prepare", "interrupted", "blue"),
        ("before_switch", "interrupted", "blue"),
        ("after_switch", "returned", "blue"),
        ("after_done", "switched", "green"),
    ],
)
def test_one_that_hangs_is_left_when_somebody_asks_to_stop(shop: Start, name: str, verdict: str, live: str) -> None:
    town: Town = shop(**ALL)
    ran(town)

    def on_run(argv: Sequence[str]) -> None:
        if argv[0] == name:
            town.interruptions.interrupt()
            if town.interruptions.requested:
                raise Interrupted("interrupted while a command of yours was running")

    town.commands.on_run = on_run
    assert (town.run("deploy", release="2").verdict, town.live) == (verdict, live)


def test_a_way_back_hears_nobody_in_its_hooks(shop: Start) -> None:
    town: Town = shop(**ALL)
    town.run("deploy", release="2")
    heard = []

    def on_run(argv: Sequence[str]) -> None:
        town.interruptions.interrupt()
        heard.append(town.interruptions.requested)

    town.commands.on_run = on_run
    town.run("rollback")
    assert heard
    assert not any(heard)
