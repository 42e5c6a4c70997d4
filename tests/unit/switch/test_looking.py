"""`status` and `plan`: they look, and change nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from bluegreen.errors import BluegreenError, ConfigError, Refused, UsageError
from bluegreen.events import ApplyStarted, Event, Planned
from bluegreen.model import Color
from bluegreen.ports import Answer, Holder, JournalEntry, Question
from bluegreen.switch.guard import Guard, Step
from bluegreen.switch.stack import Purpose, Stack
from bluegreen.switch.values import as_it_is, prepared

if TYPE_CHECKING:
    from conftest import Town

Start = Callable[..., Any]
LAYOUTS = pytest.mark.parametrize("layout", ["single", "layers"])


@LAYOUTS
def test_status_of_a_quiet_day(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    report = town.status()
    assert (report.active, report.public, report.warm_until, list(report.drift)) == ("blue", "blue", 0.0, [])
    assert (report.rollback.ready, report.rollback.reason) == (False, "there is nothing to go back to")
    assert (report.colors["green"].presence, report.colors["green"].healthy) == ("gone", None)
    assert (report.alarms, report.unfinished, report.lock) == ([], "", None)


def test_status_after_a_deploy_knows_the_way_back(shop: Start) -> None:
    town: Town = shop(keep_warm="1h")
    town.run("deploy", release="2")
    report = town.status()
    assert report.warm_until == town.last().result["warm_until"]
    assert report.rollback.ready
    assert report.rollback.seconds is None
    town.run("rollback")
    town.run("deploy", release="3")
    seconds = town.status().rollback.seconds
    assert seconds is not None
    assert 0 < seconds < 10


def test_status_tells_of_the_last_run_that_found_something_to_do(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    deployed = town.last()
    town.run("deploy", release="2")
    last = town.status().last_run
    assert last is not None
    assert (last.run, last.verb, last.verdict) == (deployed.id, "deploy", "switched")
    assert last.began == deployed.began > 0


def test_status_is_a_plain_document(shop: Start) -> None:
    import json

    town: Town = shop()
    town.world().lock.acquire("run-x", "deploy")
    document = json.loads(json.dumps(town.status().as_dict()))
    assert {"environment", "active", "public_url", "colors", "warm_until", "rollback", "lock", "drift"} <= set(document)
    assert {"enabled", "release", "address", "backend_url", "healthy"} <= set(document["colors"]["blue"])
    assert document["lock"]["run"] == "run-x"


def test_status_tells_of_a_lock_that_does_not_say_by_whom(shop: Start) -> None:
    town: Town = shop()
    town.kill("deploy", "phase-started", fields={"phase": "CHECK"}, release="2")
    town.place.holder, town.place.gone = Holder("", "", "", "", "", 0, 0.0, 1.0), False
    report = town.status()
    assert report.lock is not None
    assert "run-002" in report.unfinished
    assert report.alarms == []


@pytest.mark.parametrize(
    ("trouble", "alarm"),
    [
        (lambda town: town.moods.update(green="sick"), "green is active and sick"),
        (lambda town: town.moods.update(blue="sick"), "no way back inside the warm time: blue is sick"),
        (lambda town: town.records.point("shop.test", "127.0.0.11"), "drift: shop.test points at 127.0.0.11 (blue)"),
        (lambda town: setattr(town.records, "error", BluegreenError("no")), "the live records cannot be read: no"),
    ],
)
def test_what_check_fails_for(shop: Start, trouble: Callable[[Town], None], alarm: str) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    assert town.status().alarms == []
    trouble(town)
    assert any(alarm in one for one in town.status().alarms)


def test_after_the_warm_time_a_sick_old_color_is_no_alarm(shop: Start) -> None:
    town: Town = shop(keep_warm="1h")
    town.run("deploy", release="2")
    town.moods["blue"] = "sick"
    town.pass_time(3601.0)
    report = town.status()
    assert (report.warm_until, report.alarms, report.rollback.ready) == (0.0, [], False)


def test_a_stopped_color_is_a_way_back_and_a_destroyed_one_is_not(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.run("retire", force=True, reason="x")
    assert town.status().rollback.ready
    assert "started first" in town.status().rollback.reason
    town.run("retire", standby="destroy", force=True, reason="x")
    assert town.status().rollback.reason == "blue is gone"


def test_status_asks_everybody_at_once_and_waits_for_no_records_api_that_hangs(
    shop: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the night on which nothing answers, one timeout after another would take a minute."""
    town: Town = shop()
    town.run("deploy", release="2")
    together, ended, answer = threading.Barrier(3), threading.Event(), town.probe._answer

    def ask(question: Question) -> Answer:
        together.wait(20.0)  # both colors and the public
        return answer(question)

    monkeypatch.setattr(town.probe, "_answer", ask)
    monkeypatch.setattr(town, "_live", lambda facts: ended.wait(30.0))
    monkeypatch.setattr("bluegreen.switch.status.RECORDS_WAIT", 0.01)
    try:
        report = town.status()
    finally:
        ended.set()
    assert (report.public, report.colors["blue"].healthy, report.colors["green"].healthy) == ("green", True, True)
    assert report.drift == ("the live records cannot be read: their API has not answered in 0.01 s",)


def test_status_says_how_the_public_fails(shop: Start) -> None:
    town: Town = shop()
    town.moods["blue"] = "sick"
    assert town.status().public == "fails: HTTP 500"


def test_status_tells_of_an_unfinished_first_deploy(found: Start) -> None:
    town: Town = found("layers")
    town.kill("deploy", "phase-started", fields={"phase": "PREPARE"})
    with pytest.raises(Refused, match="run-001"):
        town.status()


def test_status_where_nothing_is_deployed(found: Start) -> None:
    with pytest.raises(Refused, match="nothing is deployed"):
        found().status()


def test_a_state_that_is_lost_is_not_said_to_be_a_place_where_nothing_was_deployed(shop: Start) -> None:
    town: Town = shop()
    town.root()._resources, town.root()._output = {}, None
    with pytest.raises(Refused, match="has no output bluegreen, yet something was deployed here") as refused:
        town.status()
    for error in (refused.value, town.run("rollback").error, town.run("deploy", release="2").error):
        assert "docs/recovery.md" in error.hint


@LAYOUTS
def test_plan_shows_a_first_deploy_and_changes_nothing(found: Start, layout: str) -> None:
    town: Town = found(layout)
    shown = town.preview()
    assert (shown.active, shown.target, shown.release, shown.refused) == ("", "blue", "1", False)
    assert [layer.layer for layer in shown.layers] == [layer.name for layer in town.layers]
    assert [layer.known_after for layer in shown.layers[1:]] == ["network"] * (len(town.layers) - 1)
    assert {call for layer in town.layers for call in layer.workspace.calls} <= {"check_folder", "init", "read", "look"}  # type: ignore[attr-defined]
    assert not town.questions


@LAYOUTS
def test_plan_shows_a_deploy_phase_by_phase(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    shown = town.preview(release="2")
    assert (shown.active, shown.target) == ("blue", "green")
    first, *_, last = [layer for layer in shown.layers if layer.changes or layer.known_after]
    assert first.changes["module.green_server[0].server"] == "create"
    assert (last.phase, bool(last.known_after)) == ("SWITCH", True)
    assert town.live == "blue"


def test_plan_of_what_runs_already_is_empty(shop: Start) -> None:
    shown = shop().preview()
    assert (shown.active, shown.target, shown.layers) == ("blue", "", ())


def test_plan_shows_what_the_guard_would_refuse(shop: Start) -> None:
    town: Town = shop()
    town.root()._resources["module.network.other"] = {"x": 1}
    shown = town.preview(release="2")
    assert shown.refused
    assert "module.network.other: delete" in shown.layers[0].refusal


def test_plan_says_that_a_release_was_taken_out_of_service(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.run("rollback")
    with pytest.raises(Refused):
        town.preview(release="2")


def test_a_switch_to_a_color_without_an_address_is_refused(shop: Start) -> None:
    town: Town = shop()
    stack, _ = stack_of(town)
    facts = stack.complete()
    with pytest.raises(Refused):
        stack.plan(stack.last, as_it_is(facts, Color.BLUE), Purpose("SWITCH", Step.SWITCH, Color.GREEN, target=""))


# The stack


def stack_of(town: Town) -> tuple[Stack, list[Event]]:
    events: list[Event] = []
    stack = Stack(town.layers, Guard(), events.append, town.clock)
    stack.read(stack.last)
    return stack, events


def test_layers_are_chosen_by_color(shop: Start) -> None:
    stack, _ = stack_of(shop("layers"))
    assert [layer.name for layer in stack.for_color(Color.GREEN)] == ["green", "edge"]
    assert [layer.name for layer in stack.without(Color.GREEN)] == ["network", "blue", "edge"]
    single, _ = stack_of(shop())
    assert single.for_color(Color.BLUE) == single.without(Color.BLUE) == list(single.layers)


def test_a_layer_is_handed_what_the_last_one_echoed_and_over_it_what_earlier_ones_said(shop: Start) -> None:
    town: Town = shop("layers")
    stack, _ = stack_of(town)
    facts = stack.complete()
    purpose = Purpose("PREPARE", Step.PREPARE, Color.GREEN)
    intent = prepared(facts, Color.BLUE, {"release": "2"})
    green, edge = stack.for_color(Color.GREEN)
    stack.apply(green, stack.plan(green, intent, purpose), purpose)
    plan = stack.plan(edge, intent, purpose)
    colors: Any = plan.values["colors"]
    assert colors["green"] == {
        "enabled": True,
        "inputs": {"release": "2"},
        "address": "127.0.0.12",
        "backend_hostname": "green.test",
        "backend_url": "http://127.0.0.12/",
        "instance": None,
    }
    assert colors["blue"] == facts.of(Color.BLUE).echo


@LAYOUTS
def test_only_an_apply_that_may_touch_the_color_says_so(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    town.run("deploy", release="2")
    told = {(one["layer"], one["phase"]): one["color"] for one in town.told("apply-started")}
    prepared_layers = {layer: color for (layer, phase), color in told.items() if phase == "PREPARE"}
    assert prepared_layers == ({"main": "green"} if layout == "single" else {"green": "green", "edge": ""})
    assert [color for (_, phase), color in told.items() if phase == "SWITCH"] == [""]


def test_a_refused_plan_is_told_and_thrown_away(shop: Start) -> None:
    town: Town = shop()
    stack, events = stack_of(town)
    intent = prepared(stack.complete(), Color.BLUE, {"release": "2"})
    with pytest.raises(Refused):
        stack.plan(stack.last, intent, Purpose("SWITCH", Step.SWITCH, Color.GREEN))
    ((planned),) = (event for event in events if isinstance(event, Planned))
    assert not planned.allowed
    assert town.root()._saved == {}


def test_an_empty_plan_is_not_applied(shop: Start) -> None:
    town: Town = shop()
    stack, events = stack_of(town)
    facts = stack.complete()
    intent = prepared(facts, Color.GREEN, facts.of(Color.BLUE).inputs or {})
    intent = type(intent)(intent.enabled, intent.objects, Color.BLUE)
    purpose = Purpose("PREPARE", Step.PREPARE, Color.GREEN)
    plan = stack.plan(stack.last, intent, purpose)
    assert plan.empty
    stack.apply(stack.last, plan, purpose)
    assert not any(isinstance(event, ApplyStarted) for event in events)


def test_an_output_that_is_not_complete_is_a_configuration_error(found: Start) -> None:
    town: Town = found()
    with pytest.raises(ConfigError, match="server_active and public_url"):
        stack_of(town)[0].complete()


def test_plan_says_that_drift_would_stop_a_deploy(shop: Start) -> None:
    town: Town = shop()
    town.records.point("shop.test", "127.0.0.12")
    shown = town.preview(release="2")
    assert (shown.refused, len(shown.drift)) == (True, 1)


def test_status_and_rollback_say_by_whom_the_way_back_was_used_up(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.kill("deploy", "apply-finished", fields={"phase": "PREPARE"}, release="3")
    town.run("rollback")
    assert town.status().rollback.reason == "blue was used up by run run-003"
    town.run("rollback")
    assert "blue was used up by run run-003; green stays active" in town.said


def test_a_rollback_with_nothing_to_do_says_that_the_record_is_gone(shop: Start) -> None:
    town: Town = shop()
    town.records.records.clear()
    assert town.run("rollback").exit_code == 0
    assert "shop.test has no live record" in town.said


@LAYOUTS
def test_status_shows_the_rest_when_a_journal_cannot_be_read(
    shop: Start, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town: Town = shop(layout)
    town.run("deploy", release="2")

    def unreadable(run: str) -> Sequence[JournalEntry]:
        raise UsageError("the journal is damaged", where=run, hint="move it away")

    monkeypatch.setattr(town.store, "journal", unreadable)
    report = town.status()
    assert (report.active, report.public, report.warm_until) == ("green", "green", 0.0)
    assert not report.rollback.ready
    assert report.history == "run-002: the journal is damaged; move it away"
    assert report.history in report.alarms


def test_a_store_that_cannot_be_asked_hides_nothing_else(shop: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    asked = []

    def refuse(*arguments: object) -> None:
        asked.append(arguments)
        raise BluegreenError("no network", where="gs://bucket", hint="later")

    for method in ("runs", "freeze"):
        monkeypatch.setattr(town.store, method, refuse)
    report = town.status()
    assert (report.active, report.public, report.lock, report.freeze) == ("green", "green", None, None)
    assert (report.history, report.rollback.ready) == ("gs://bucket: no network; later", False)
    assert report.alarms
    assert len(asked) == 1  # each would wait for its own time-out
