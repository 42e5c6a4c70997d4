"""Clouds that refuse, fail, or do not answer: the public stays, no output lies, and the next command converges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cloud_shop import HOSTNAMES, CloudShop
from providers import needs_providers

from bluegreen.errors import ConfigError, Returned, Stuck, TerraformError
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]

RECORDS = "/client/v4/zones/*/dns_records"


def path_of(shop: CloudShop, hostname: str) -> str:
    return f"{RECORDS}/{shop.public_record(hostname)}"


def assert_on(shop: CloudShop, color: str) -> None:
    """Records, state and what a plan says agree on one color."""
    status = shop.environment().status()
    assert (shop.live_color(), status.active, list(status.drift)) == (color, color, [])
    shop.assert_nothing_to_plan()


@pytest.mark.fault(6)
@pytest.mark.parametrize(
    ("layout", "code", "said"),
    [
        pytest.param(
            "single", "QUOTA_EXCEEDED", "Quota 'CPUS' exceeded", id="single-quota", marks=pytest.mark.single_root
        ),
        pytest.param("layers", "ZONE_RESOURCE_POOL_EXHAUSTED", "not have enough resources", id="layers-no-room"),
    ],
)
def test_a_machine_that_cannot_be_made(shop: CloudShop, traffic: Traffic, code: str, said: str) -> None:
    blue = shop.process("blue")
    shop.sandbox.fail_operations("POST", "/compute/v1/*/instances", code)
    error = shop.fail("deploy", release="1.5.0")
    assert error.exit_code == 1
    assert said in str(error)
    assert (shop.live_color(), shop.facts().active, shop.process("blue")) == ("blue", "blue", blue)
    assert shop.changes("/client/*") == []
    assert shop.run("deploy", release="1.5.0").active == "green"
    assert_on(shop, "green")


def at_return(act: Callable[[], object]) -> Callable[[Mapping[str, Any]], None]:
    """Return a listener that acts when a run begins to go back."""

    def listen(event: Mapping[str, Any]) -> None:
        if (event["event"], event.get("phase")) == ("phase-started", "RETURN"):
            act()

    return listen


@pytest.mark.fault(6)
def test_a_record_that_fails_is_returned_from(prepared: CloudShop, traffic: Traffic) -> None:
    """One of two records has moved by then: RETURN brings it back."""
    prepared.sandbox.refuse_requests("PUT", path_of(prepared, HOSTNAMES[1]), 400)
    assert isinstance(prepared.fail("switch"), Returned)
    assert_on(prepared, "blue")


@pytest.mark.fault(6)
def test_a_return_that_fails_is_ended_by_a_rollback(prepared: CloudShop, traffic: Traffic) -> None:
    """The apex moves, www does not, and nothing can be moved back: the public is answered, and the output is old."""
    www = path_of(prepared, HOSTNAMES[1])
    prepared.sandbox.refuse_requests("PUT", www, 400)

    forbid = at_return(lambda: prepared.sandbox.refuse_requests("PUT", f"{RECORDS}/*", 400, times=None))
    with pytest.raises(Stuck):
        prepared.environment(forbid).switch()
    assert prepared.facts().active == "blue"
    assert prepared.environment().status().drift
    prepared.sandbox.clear_faults()
    assert prepared.run("rollback").active == "blue"
    assert_on(prepared, "blue")


@pytest.mark.fault(13)
@pytest.mark.parametrize("layout", ["layers"])
def test_a_lost_answer_and_a_server_error_are_asked_for_again(prepared: CloudShop, traffic: Traffic) -> None:
    apex, www = (path_of(prepared, hostname) for hostname in HOSTNAMES)
    prepared.sandbox.lose_answers("PUT", apex)
    prepared.sandbox.refuse_requests("PUT", www, 500)
    assert prepared.run("switch").active == "green"
    for record, statuses in ((apex, [0, 200]), (www, [500, 200])):
        assert [one.status for one in prepared.asked(record) if one.method == "PUT"] == statuses
    assert_on(prepared, "green")


@pytest.mark.fault(13)
def test_a_record_that_moved_though_terraform_failed_is_returned(prepared: CloudShop, traffic: Traffic) -> None:
    """The record is written, its answer is lost, and asking again is refused: the public has moved all the same."""
    www = path_of(prepared, HOSTNAMES[1])
    prepared.sandbox.lose_answers("PUT", www)
    prepared.sandbox.refuse_requests("PUT", www, 400)
    assert isinstance(prepared.fail("switch"), Returned)
    assert_on(prepared, "blue")


@pytest.mark.fault(13)
@pytest.mark.parametrize("layout", ["layers"])
def test_too_many_requests_are_waited_for(prepared: CloudShop, traffic: Traffic) -> None:
    prepared.sandbox.refuse_requests("PUT", path_of(prepared, HOSTNAMES[0]), 429, retry_after=1)
    prepared.sandbox.refuse_requests("GET", RECORDS, 429, retry_after=1)
    assert prepared.run("switch").active == "green"
    assert len([one for one in prepared.asked("/client/*") if one.status == 429]) == 2
    assert_on(prepared, "green")


@pytest.mark.fault(13)
def test_an_expired_token_changes_nothing(
    prepared: CloudShop, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKING", "one-that-expires-like-that-of-the-provider")
    prepared.configure(edge={"token": "${LOOKING}"})
    prepared.sandbox.expire_token()
    error = prepared.fail("switch")
    assert isinstance(error, TerraformError)
    assert "Invalid access token" in " ".join(diagnostic.detail for diagnostic in error.diagnostics)
    assert "the live records cannot be read either: cannot list the records: Cloudflare says" in error.details[-1]
    assert "check CLOUDFLARE_API_TOKEN: it may be mistyped, expired or revoked" in error.hint
    assert prepared.changes("/c*") == []
    assert (prepared.live_color(), prepared.facts().active) == ("blue", "blue")
    prepared.sandbox.well_again()
    assert prepared.run("switch").active == "green"
    assert_on(prepared, "green")


@pytest.mark.parametrize("layout", ["layers"])
def test_a_zone_that_is_not_there_stops_before_anything_is_made(empty_shop: CloudShop) -> None:
    empty_shop.provide(TF_VAR_zone_name="nowhere.test")
    empty_shop.configure(edge={"zone": "nowhere.test", "hostnames": ["nowhere.test"]})
    error = empty_shop.fail("deploy")
    assert isinstance(error, ConfigError)
    assert "nowhere.test" in str(error)
    assert empty_shop.changes("/c*") == []


@pytest.mark.parametrize("layout", ["single"])
def test_a_zone_that_terraform_does_not_find_stops_its_plan(empty_shop: CloudShop) -> None:
    empty_shop.provide(TF_VAR_zone_name="nowhere.test")
    error = empty_shop.fail("deploy")
    assert "modules/cdn/main.tf" in str(error)
    assert "Cloudflare has no zone nowhere.test that this token sees" in " ".join(error.details)
    assert empty_shop.changes("/c*") == []
