"""Ways in which a run could lie about the public, or refuse to help it, that were found by looking for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bluegreen.adapters.fakes.clock import FakeClock, FakeInterruptions
from bluegreen.adapters.fakes.http import FakeProbe, FakeProber
from bluegreen.config.schema import Statuses
from bluegreen.errors import ApplyNotBegun, BluegreenError, Locked, TerraformError, UsageError
from bluegreen.health import Public
from bluegreen.model import Color, ColorFacts
from bluegreen.ports import Answer, Question
from bluegreen.switch.audience import Audience
from bluegreen.switch.request import ReconcileRequest

Start = Callable[..., Any]

NOT_BEGUN = [Locked("somebody else holds the lock"), ApplyNotBegun("the plugin does not start", applying=True)]


@pytest.mark.parametrize("error", NOT_BEGUN)
@pytest.mark.parametrize("previous", [True, False])
def test_an_apply_that_was_not_begun_has_moved_nothing(shop: Start, error: BluegreenError, previous: bool) -> None:
    town = shop(previous=previous)
    town.run("deploy", release="2")
    warm = town.status().warm_until
    town.root().fail_apply = error
    assert town.run("rollback").verdict in ("failed", "locked")
    assert (town.live, town.status().warm_until) == ("green", warm)
    assert town.status().rollback.ready
    assert town.run("rollback").verdict == "rolled-back"
    assert town.live == "blue"


def test_a_deploy_whose_switch_was_not_begun_leaves_nothing_to_settle(shop: Start) -> None:
    town = shop(keep_warm="1h", probe={"settle": "20m"})

    def lock() -> None:
        town.root().fail_apply = Locked("somebody else holds the lock")

    with town.on("apply-started", lock, phase="SWITCH"):
        assert town.run("deploy", release="2").verdict == "locked"
    assert town.last().touched == {Color.GREEN}
    assert town.last().applied
    assert town.history.last_move is None


def test_a_rollback_that_knew_too_little_does_not_bind_the_next_one(shop: Start) -> None:
    """Another machine has deployed since: blue, where this one would have gone, is what is to be left."""
    town = shop("layers")
    town.prepares = True
    town.run("deploy", release="2")
    kept, journals = town.root().kept(), dict(town.store._journals)
    town.run("deploy", release="3")
    assert town.live == "blue"
    town.store._journals, town.root()._kept = journals, kept
    town.kill("rollback", "phase-started", fields={"phase": "CHECK"})
    result = town.run("rollback")
    assert (result.verdict, town.live) == ("rolled-back", "green")


@pytest.mark.parametrize("broken", [{"via": "edge"}, {"via": "command", "command": ["./gone"]}])
def test_a_check_that_cannot_be_made_stops_no_rollback(shop: Start, broken: Any) -> None:
    town = shop(probe={"settle": "1s"})
    town.run("deploy", release="2")
    check = town.settings.check.model_copy(update=broken)
    town.settings = town.settings.model_copy(update={"check": check})
    town.commands = _NoSuchProgram()
    report = town.status()
    assert (report.rollback.ready, report.rollback.asks) == (False, True)
    assert report.rollback.reason.startswith("blue is not reached from here: ")
    assert report.alarms[0].startswith("green is active and not reached from here: ")
    assert town.run("rollback").verdict == "rolled-back"
    assert town.questions[1:] == ["blue cannot be reached from here. Go back to it all the same?"]


class _NoSuchProgram:
    def run(self, *asked: Any) -> tuple[int, str]:
        raise UsageError("./gone cannot be run: No such file or directory")


def test_too_many_requests_never_make_the_prober_ask_faster() -> None:
    prober, clock = FakeProber(), FakeClock(FakeInterruptions())
    audience = Audience(prober, clock, lambda event: None, latency=1.0)
    public = Public(Statuses.model_validate([200]), None, "blue", "1")
    audience.start(Question("http://127.0.0.2/"), 5.0, public, goal=Color.GREEN, was_good=True)
    prober.come([Answer(429, asked=clock.monotonic())])
    audience.read()
    audience.pace(0.1)
    audience.stop()
    audience.start(Question("http://127.0.0.2/"), 0.5, public, goal=Color.GREEN, was_good=True)
    assert prober.paces == [5.0, 5.0, 1.0, 1.0]


def test_an_unfinished_deploy_is_remembered_by_a_rollback_that_was_not_begun(shop: Start) -> None:
    """Its apply failed after the record and before the output, so that the output names no way back."""
    town = shop("layers")

    def break_off() -> None:
        town.root().fail_apply, town.root().after = TerraformError("broke off", applying=True), True

    with town.on("apply-started", break_off, phase="SWITCH"):
        town.kill("deploy", "phase-started", fields={"phase": "RETURN"}, release="2")
    assert (town.live, town.output["server_active"]) == ("green", "blue")
    town.root().fail_apply, town.root().after = Locked("somebody else holds the lock"), False
    assert town.run("rollback").verdict == "locked"
    assert town.run("rollback").verdict == "rolled-back"
    assert (town.live, town.output["server_active"]) == ("blue", "blue")


@pytest.mark.parametrize(
    "answer", [Answer(200, {"cf-cache-status": "HIT"}), Answer(403, {"cf-mitigated": "challenge"}), Answer(429)]
)
def test_what_no_origin_answered_says_nothing_of_a_color_asked_through_the_edge(found: Start, answer: Answer) -> None:
    town = found(check={"via": "edge"})
    color = ColorFacts(Color.GREEN, True, {"release": "2"}, echo={"check_url": "http://check.test/"})
    headers = {**answer.headers, "x-color": "green", "x-release": "2"}
    town.probe = FakeProbe(lambda question: replace(answer, headers=headers))
    judged = town.world().witness.ask(color, "2")
    assert not judged.good
    assert not judged.answer.reached


@pytest.mark.parametrize("to", ["Live", "", "blue"])
def test_a_typing_error_reconciles_to_nothing(to: str) -> None:
    with pytest.raises(UsageError, match="reconcile to"):
        ReconcileRequest(to)


def test_a_rollback_waits_for_no_cloud_that_hangs(shop: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    town = shop(variables={"machine": "projects/p/zones/z/instances/blue"})
    town.run("deploy", release="2")
    town.moods["blue"] = "walled"
    ended = threading.Event()
    monkeypatch.setattr(town.instances, "status", lambda instance: ended.wait(30.0))
    monkeypatch.setattr("bluegreen.switch.rollback.MACHINE_WAIT", 0.01)
    assert town.run("rollback").verdict == "rolled-back"
    ended.set()
    assert "its cloud does not answer" in town.said


@pytest.mark.parametrize("proxied", [True, False])
@pytest.mark.parametrize("prepared", [True, False])
def test_a_rollback_waits_for_no_records_api_that_hangs(
    shop: Start, monkeypatch: pytest.MonkeyPatch, proxied: bool, prepared: bool
) -> None:
    town = shop()
    town.prepares = prepared
    town.run("deploy", release="2")
    town.settings = town.settings.model_copy(
        update={"edge": town.settings.edge.model_copy(update={"proxied": proxied})}
    )
    ended = threading.Event()
    monkeypatch.setattr(town, "_live", lambda facts: ended.wait(30.0))
    monkeypatch.setattr("bluegreen.switch.rollback.RECORDS_WAIT", 0.01)
    try:
        assert town.run("rollback").verdict == "rolled-back"
        assert not ended.is_set()
    finally:
        ended.set()
    assert "the live records cannot be read: their API has not answered, and is waited for 0.01 s" in town.said


def test_a_rollback_that_is_stuck_waits_for_no_records_api_that_hangs(
    shop: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = shop()
    town.run("deploy", release="2")
    ended = threading.Event()
    monkeypatch.setattr(town, "_live", lambda facts: ended.wait(30.0))
    monkeypatch.setattr("bluegreen.switch.rollback.RECORDS_WAIT", 0.01)
    town.root().fail_apply = TerraformError("broke off", applying=True)
    try:
        assert town.run("rollback").verdict == "stuck"
    finally:
        ended.set()
    assert "where the public is cannot be read: their API has not answered" in town.said


def test_a_rollback_asks_the_public_in_the_background_alone(shop: Start) -> None:
    """It may hang: that may be why it is to be moved."""
    town = shop()
    town.run("deploy", release="2")
    town.probe.questions.clear()
    assert town.run("rollback").verdict == "rolled-back"
    assert [question for question in town.probe.questions if question.url.startswith("http://127.0.0.2/")] == []
    assert [answer["color"] for answer in town.told("public-answered")] == ["green", "blue"]


def test_a_prepared_plan_that_would_move_nobody_is_not_kept(shop: Start) -> None:
    """The records' API still told the old content when the way back was planned."""
    town = shop()
    town.prepares = town.refreshes = True

    def lag() -> None:
        town.records.point("shop.test", "127.0.0.11")

    with (
        town.on("apply-finished", lag, phase="SWITCH"),
        town.on("planned", lambda: town.records.point("shop.test", "127.0.0.12"), phase="RETURN"),
    ):
        assert town.run("deploy", release="2").verdict == "switched"
    assert town.root().kept() is None
    assert "the way back is not prepared" in town.said


def test_a_rollback_that_another_one_ended_keeps_nothing_warm(shop: Start) -> None:
    """The second one finds the public where it is to be, and applies nothing."""
    town = shop()
    town.run("deploy", release="2")
    town.kill("rollback", "apply-finished", fields={"phase": "SWITCH"})
    assert town.run("rollback").verdict == "rolled-back"
    assert not town.told("apply-started")
    assert town.history.warm_until(Color.GREEN) == 0.0
    assert not town.status().warm_until


def test_a_color_that_does_not_run_is_not_taken_for_the_active_one(shop: Start) -> None:
    town = shop()
    town.refreshes = True
    town.records.point("shop.test", "127.0.0.12")
    result = town.run("reconcile", to="live")
    assert (result.verdict, town.output["server_active"]) == ("refused", "blue")
    assert "green, which is gone" in result.error.message
    assert town.run("reconcile", to="state").verdict == "reconciled"


def test_a_target_that_one_rollback_could_not_reach_is_not_sick_for_the_next_one(shop: Start) -> None:
    town = shop()
    town.run("deploy", release="2")
    town.moods["blue"] = "walled"
    town.refuses_to_ask = True
    assert town.run("rollback").verdict == "refused"
    town.refuses_to_ask = False
    assert town.run("rollback").verdict == "rolled-back"


def test_status_promises_no_rollback_that_would_find_drift(shop: Start) -> None:
    town = shop()
    town.run("deploy", release="2")
    town.records.point("shop.test", "127.0.0.11")
    way = town.status().rollback
    assert (way.ready, way.target) == (False, "blue")
    assert "the live records point at blue" in way.reason
    assert town.run("rollback").verdict == "refused"
