"""What the edge, the names and the machines say of the colors, when they say little."""

from __future__ import annotations

import importlib

import pytest
from cloud_shop import INSTANCES, CloudShop
from providers import needs_providers

from bluegreen.adapters.http import HttpProbe
from bluegreen.errors import TargetRefused, UsageError
from bluegreen.ports import Answer, Question
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]


def ask_public(shop: CloudShop) -> None:
    HttpProbe().ask(Question(f"{shop.network.public_url}healthz"))


@pytest.mark.parametrize("layout", ["layers"])
@pytest.mark.parametrize(("kind", "rule"), [("cached", "probe_path"), ("challenged", "probe_header")])
def test_a_path_that_tells_nothing_is_refused(shop: CloudShop, traffic: Traffic, kind: str, rule: str) -> None:
    shop.sandbox.answer_at_edge("/healthz", kind)
    ask_public(shop)
    error = shop.fail("deploy", release="1.5.0")
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert rule in error.hint
    assert shop.changes("/c*") == []


@pytest.mark.parametrize("layout", ["layers"])
def test_a_cache_that_is_still_cold_is_found_out(prepared: CloudShop, traffic: Traffic) -> None:
    prepared.configure(probe={"deadline": "1s"})
    prepared.sandbox.answer_at_edge("/healthz", "cached")
    error = prepared.fail("switch")
    assert (error.exit_code, prepared.live_color()) == (2, "blue")


@pytest.mark.parametrize("layout", ["single"])
def test_the_zones_own_rule_keeps_the_path_out_of_the_cache(shop: CloudShop, traffic: Traffic) -> None:
    shop.sandbox.answer_at_edge("/", "cached")
    assert shop.run("deploy").verdict == "nothing-to-do"


def test_old_answers_during_a_slow_change_are_waited_for(prepared: CloudShop, traffic: Traffic) -> None:
    for hostname in ("shop.test", "www.shop.test"):
        prepared.sandbox.delay(hostname, 3.0, share=0.5, at=["edge"])
    result = prepared.run("switch")
    assert (result.verdict, result.active) == ("switched", "green")
    assert result.overlap_seconds > 0
    assert result.requests["failed"] == 0
    prepared.sandbox.well_again()
    assert traffic.wait_for("green")
    prepared.assert_nothing_to_plan()


def out_of_reach(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Keep this machine, and nobody else, from reaching an address: a firewall that does not let it in."""
    see = HttpProbe.ask

    def ask(self: HttpProbe, question: Question) -> Answer:
        if question.address == address:
            return Answer(0, error="timed out", reached=False)
        return see(self, question)

    monkeypatch.setattr(HttpProbe, "ask", ask)


@pytest.mark.parametrize("layout", ["layers"])
def test_a_machine_that_runs_out_of_reach_is_asked_about(
    switched: CloudShop, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Beforehand: a rollback does not wait for long, and this takes seconds.
    importlib.import_module("google.cloud.compute_v1")
    switched.configure(rollback_check={"deadline": "1s"})
    out_of_reach(monkeypatch, switched.address["blue"])
    asked: list[str] = []
    environment = switched.environment()
    environment.confirm = asked.append
    assert environment.rollback().active == "blue"
    assert len(asked) == 1
    assert "cannot be reached from here" in asked[0]
    assert f"GET {INSTANCES}/shop-pro-blue" in [f"{one.method} {one.path}" for one in switched.asked("/compute/*")]
    assert traffic.wait_for("blue")
    switched.assert_nothing_to_plan()


@pytest.mark.parametrize("layout", ["single"])
def test_a_machine_that_somebody_stopped_is_no_way_back(switched: CloudShop, traffic: Traffic) -> None:
    switched.configure(rollback_check={"deadline": "1s"})
    switched.stop("blue")
    error = switched.fail("rollback")
    assert isinstance(error, TargetRefused)
    assert "blue is sick" in error.message
    assert (switched.live_color(), switched.changes("/client/*")) == ("green", [])
