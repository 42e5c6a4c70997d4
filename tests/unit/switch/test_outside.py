"""What a run makes of the world beyond its own stack: caches, firewalls, machines, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bluegreen.adapters.fakes.instances import FakeInstances
from bluegreen.errors import BluegreenError, CheckFailed, ConfigError, Refused, TargetRefused, TerraformError
from bluegreen.ports import InstanceState, InstanceStatus, Record, Resolution

Start = Callable[..., Any]

MACHINE = "projects/p/zones/z/instances/i"
RUNNING, STOPPED = InstanceStatus(InstanceState.RUNNING), InstanceStatus(InstanceState.STOPPED)


# Evidence


@pytest.mark.parametrize(("edge", "rule"), [("cached", "probe_path"), ("challenged", "probe.headers")])
@pytest.mark.parametrize("settings", [{}, {"identity": "none"}], ids=["identity", "no-identity"])
def test_a_deploy_that_could_not_be_proven_is_refused_before_it_begins(
    shop: Start, edge: str, rule: str, settings: Any
) -> None:
    town = shop(**settings)
    setattr(town, edge, True)
    result = town.run("deploy", release="2")
    assert (type(result.error), result.exit_code, result.verdict) == (ConfigError, 2, "usage")
    assert rule in result.error.hint
    assert not town.told("apply-started")


def test_a_public_name_that_leads_astray_is_refused_before_anything_is_made(shop: Start) -> None:
    town = shop()
    town.rebound = True
    result = town.run("deploy", release="2")
    assert (type(result.error), result.exit_code, result.verdict) == (ConfigError, 2, "usage")
    assert "10.0.0.7 is a private address" in result.error.message
    assert not town.told("apply-started")
    town.rebound = False
    assert town.run("deploy", release="2").verdict == "switched"


def test_a_cache_that_was_cold_is_found_out_by_a_second_look(shop: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    town = shop()
    asked: list[str] = []
    judge = town.probe._answer

    def warming(question: Any) -> Any:
        if question.url.startswith("http://127.0.0.2/"):
            asked.append(question.url)
            town.cached = len(asked) > 1
        return judge(question)

    monkeypatch.setattr(town.probe, "_answer", warming)
    result = town.run("deploy", release="2")
    assert (type(result.error), result.exit_code) == (ConfigError, 2)
    assert not town.told("apply-started")


@pytest.mark.parametrize("edge", ["cached", "challenged"])
def test_a_rollback_goes_on_where_nothing_can_be_proven(shop: Start, edge: str) -> None:
    town = shop()
    town.run("deploy", release="2")
    setattr(town, edge, True)
    with town.on("apply-finished", lambda: setattr(town, edge, False)):
        assert town.run("rollback").verdict == "rolled-back"


# Reach


def test_a_machine_that_the_firewall_keeps_out_hears_so_before_anything_is_made(shop: Start) -> None:
    town = shop()
    town.moods["blue"] = "walled"
    result = town.run("deploy", release="2")
    assert (type(result.error), result.exit_code) == (Refused, 3)
    assert "health_check_source_ranges" in result.error.hint
    assert not town.told("apply-started")


def test_a_color_that_is_not_asked_directly_need_not_be_reached(shop: Start) -> None:
    town = shop(check={"via": "command", "command": ["./check"]})
    town.moods["blue"] = "walled"
    assert town.run("deploy", release="2").verdict == "switched"


@pytest.mark.parametrize(
    ("scheme", "verify", "said"), [("https", False, True), ("https", True, False), ("http", False, False)]
)
def test_a_check_that_verifies_nobody_says_so(shop: Start, scheme: str, verify: bool, said: bool) -> None:
    town = shop(check={"verify": verify}, variables={"scheme": scheme})
    assert town.run("deploy", release="2").verdict == "switched"
    assert ("is not verified" in town.said) is said


# Records


@pytest.mark.parametrize(("verb", "asked"), [("deploy", {"release": "3"}), ("rollback", {})])
def test_a_plan_that_fails_where_the_records_cannot_be_read_says_why(
    shop: Start, verb: str, asked: dict[str, str]
) -> None:
    town = shop()
    town.run("deploy", release="2")
    town.records.error = BluegreenError("Cloudflare says: no", hint="check the token")
    town.root().fail_plan = TerraformError("terraform plan failed: http request", where="edge", hint="mend it")
    result = town.run(verb, **asked)
    assert (result.exit_code, result.error.message) == (1, "terraform plan failed: http request")
    assert result.error.details == ("the live records cannot be read either: Cloudflare says: no",)
    assert result.error.hint == "check the token"
    assert town.told("error")[-1]["details"] == list(result.error.details)


# Machines


def test_the_console_is_shown_when_a_color_does_not_come_up(shop: Start) -> None:
    town = shop(variables={"machine": MACHINE})
    town.instances = FakeInstances({MACHINE: RUNNING}, {MACHINE: "kernel panic"})
    town.moods["green"] = "dead"
    assert isinstance(town.run("deploy", release="2").error, CheckFailed)
    assert [(one["color"], one["text"]) for one in town.told("console")] == [("green", "kernel panic")]


def test_a_console_that_cannot_be_read_hides_nothing(shop: Start) -> None:
    town = shop(variables={"machine": MACHINE})
    town.instances.error = BluegreenError("no permission")
    town.moods["green"] = "dead"
    result = town.run("deploy", release="2")
    assert isinstance(result.error, CheckFailed)
    assert "no permission" in town.said


@pytest.mark.parametrize(("status", "verdict"), [(RUNNING, "rolled-back"), (STOPPED, "refused")])
def test_a_machine_that_runs_makes_a_silent_target_one_that_is_out_of_reach(
    shop: Start, status: InstanceStatus, verdict: str
) -> None:
    town = shop(variables={"machine": MACHINE})
    town.instances = FakeInstances({MACHINE: status})
    town.run("deploy", release="2")
    town.moods["blue"] = "sick"
    assert isinstance(town.run("rollback").error, TargetRefused)
    town.moods["blue"] = "lost"
    with town.on("apply-started", town.moods.clear):
        assert town.run("rollback").verdict == verdict


# Names


def test_what_the_backend_hostname_resolves_to_is_shown_beside_the_check(shop: Start) -> None:
    town = shop()
    town.resolver.known["green.test"] = Resolution(("127.0.0.99",), ("127.0.0.12",))
    town.run("deploy", release="2")
    assert "green.test resolves to 127.0.0.99 here, 127.0.0.12 at its name servers" in town.said
    assert town.live == "green"


# Caches


@pytest.mark.parametrize(("purge", "left"), [("none", {"shop.test", "other.test"}), ("hosts", {"other.test"})])
def test_the_cdn_forgets_what_it_was_told_to(shop: Start, purge: str, left: set[str]) -> None:
    town = shop(edge={"purge": purge})
    town.cache.cached = {"shop.test", "other.test"}
    town.run("deploy", release="2")
    assert town.cache.cached == left
    town.cache.cached = {"shop.test", "other.test"}
    town.run("rollback")
    assert town.cache.cached == left


def test_a_purge_that_fails_undoes_nothing(shop: Start) -> None:
    town = shop(edge={"purge": "everything"})
    town.cache.purge_everything = _refuse
    assert town.run("deploy", release="2").verdict == "switched"
    assert "the cache was not purged: no permission" in town.said


def _refuse(zone_id: str) -> None:
    raise BluegreenError("no permission")


# The edge's API


@pytest.mark.parametrize(
    ("verb", "sick", "verdict", "seconds"),
    [
        ("deploy", False, "switched", 300 + 900),
        ("deploy", True, "returned", 300 + 800),
        ("rollback", False, "rolled-back", 300),
    ],
)
def test_however_long_a_run_waits_it_asks_the_edges_api_five_times_at_most(
    shop: Start, monkeypatch: pytest.MonkeyPatch, verb: str, sick: bool, verdict: str, seconds: float
) -> None:
    """Cloudflare allows a user 1,200 requests in five minutes, and ours is not the only tool."""
    town = shop(
        edge={"purge": "hosts"},
        probe={"every": "1s", "settle": "5m", "deadline": "10m"},
        bake={"for": "15m", "every": "5s"},
    )
    town.run("deploy", release="2")
    asked: list[str] = []
    for api, call in ((town.records, "named"), (town.cache, "purge_hosts")):
        monkeypatch.setattr(api, call, _noted(asked, getattr(api, call)))
    began = town.clock.monotonic()
    if sick:
        town.clock.at(began + 1100.0, lambda: town.moods.update(blue="sick"))
    result = town.at_once(verb, **({"release": "3"} if verb == "deploy" else {}))
    assert (result.verdict, town.clock.monotonic() - began > seconds) == (verdict, True)
    assert asked.count("purge_hosts") == (2 if sick else 1)  # after the proof, and once more after that of the return
    a_dozen = 3  # requests by which so many hostnames are looked up, four in each
    assert asked.count("named") >= 1
    assert asked.count("named") * a_dozen + asked.count("purge_hosts") <= 5, asked


def _noted(asked: list[str], call: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*arguments: Any) -> Any:
        asked.append(call.__name__)
        return call(*arguments)

    return noted


# Settling


def dns_only(town: Any, ttl: int) -> None:
    town.records.records["r1"] = Record("r1", "shop.test", "A", "127.0.0.11", proxied=False, ttl=ttl)


@pytest.mark.parametrize(("ttl", "settle"), [(60, 300), (1, 600), (400, 800)])
def test_records_that_resolvers_keep_settle_for_twice_their_ttl(shop: Start, ttl: int, settle: int) -> None:
    town = shop(edge={"proxied": False}, probe={"settle": "auto"})
    dns_only(town, ttl)
    town.run("deploy", release="2")
    waits = [one for one in town.told("waiting-for") if "the public" in one["what"]]
    assert waits[0]["seconds"] == settle


def test_a_warm_time_shorter_than_twice_the_settle_time_is_refused(shop: Start) -> None:
    town = shop(edge={"proxied": False}, probe={"settle": "auto"}, keep_warm="30m")
    dns_only(town, 3600)
    result = town.run("deploy", release="2")
    assert (type(result.error), result.exit_code) == (ConfigError, 2)
    assert "keep_warm" in result.error.message
    assert not town.told("apply-started")


# Money


def test_status_says_since_when_a_color_is_warm_and_what_that_has_cost(shop: Start) -> None:
    town = shop(cost_per_hour=0.5)
    assert town.status().warm_cost is None
    town.run("deploy", release="2")
    town.pass_time(1800.0)
    report = town.status()
    waited = town.clock.time() - report.warm_since
    assert 1800.0 < waited < 1900.0
    assert report.warm_cost == pytest.approx(0.5 * waited / 3600)


def test_what_nobody_priced_has_no_cost(shop: Start) -> None:
    town = shop()
    town.run("deploy", release="2")
    assert town.status().warm_cost is None


# What is said of an answer


@pytest.mark.parametrize(("mood", "said"), [("lost", "timed out"), ("sick", "HTTP 500")])
def test_a_public_that_fails_already_is_told_as_it_failed(shop: Start, mood: str, said: str) -> None:
    town = shop()
    town.moods["blue"] = mood
    town.run("deploy", release="2")
    assert f"fails already, before this run: {said}" in town.said
