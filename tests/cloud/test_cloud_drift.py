"""Records that somebody changed by hand: found before a deploy does anything, and ended by reconcile, either way."""

from __future__ import annotations

import pytest
from cloud_shop import HOSTNAMES, CloudShop
from providers import needs_providers

from bluegreen.errors import BluegreenError, DriftFound
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]

WWW = HOSTNAMES[1]


def assert_refused(shop: CloudShop) -> str:
    """A deploy is refused, and nothing was to be changed by it. Returns what it said."""
    shop.sandbox.forget_requests()
    error = shop.fail("deploy", release="1.6.0")
    assert isinstance(error, DriftFound)
    assert error.exit_code == 3
    assert shop.changes("/c*") == []
    return error.message


def assert_agreed(shop: CloudShop, color: str) -> None:
    status = shop.environment().status()
    assert (shop.live_color(), status.active, status.public, list(status.drift)) == (color, color, color, [])
    shop.assert_nothing_to_plan()


@pytest.mark.fault(9)
def test_the_state_is_made_to_say_what_was_done_by_hand(switched: CloudShop, traffic: Traffic) -> None:
    for hostname in HOSTNAMES:
        switched.sandbox.edit_record(switched.public_record(hostname), content=switched.address["blue"])
    assert traffic.wait_for("blue")
    assert_refused(switched)
    switched.sandbox.forget_requests()
    assert switched.run("reconcile", to="live").active == "blue"
    assert switched.changes("/c*") == []
    assert_agreed(switched, "blue")


@pytest.mark.fault(9)
def test_what_was_done_by_hand_is_undone(switched: CloudShop, traffic: Traffic) -> None:
    switched.sandbox.edit_record(switched.public_record(WWW), content=switched.address["blue"])
    assert "points at" in assert_refused(switched)
    assert switched.fail("reconcile", to="live").exit_code == 3
    switched.sandbox.forget_requests()
    assert switched.run("reconcile", to="state").active == "green"
    assert switched.changes("/c*") == [f"PUT {switched.public_record(WWW)}"]
    assert_agreed(switched, "green")


@pytest.mark.fault(9)
def test_a_deleted_record_is_made_again(switched: CloudShop, traffic: Traffic) -> None:
    switched.sandbox.delete_record(switched.public_record(WWW))
    assert f"{WWW} has no live record" in assert_refused(switched)
    switched.sandbox.forget_requests()
    assert switched.run("reconcile", to="state").active == "green"
    assert switched.changes("/c*") == ["POST dns_records"]
    assert_agreed(switched, "green")


@pytest.mark.fault(9)
def test_a_second_record_is_for_a_hand_to_mend(switched: CloudShop, traffic: Traffic) -> None:
    stray = switched.sandbox.add_record(WWW, "::1", type="AAAA", proxied=True)
    assert f"{WWW} has 2 live records" in assert_refused(switched)
    switched.sandbox.forget_requests()
    error = switched.fail("reconcile", to="state")
    assert isinstance(error, BluegreenError)
    assert "by hand" in error.hint
    assert switched.changes("/c*") == []
    switched.sandbox.delete_record(stray.id)
    assert_agreed(switched, "green")


@pytest.mark.fault(9)
@pytest.mark.parametrize("layout", ["layers"])
def test_a_record_that_is_not_proxied_any_more_is_proxied_again(switched: CloudShop) -> None:
    switched.sandbox.edit_record(switched.public_record(WWW), proxied=False)
    assert "not proxied" in assert_refused(switched)
    assert switched.run("reconcile", to="state").active == "green"
    assert_agreed(switched, "green")


@pytest.mark.fault(9)
@pytest.mark.parametrize("layout", ["layers"])
@pytest.mark.parametrize("what", ["deleted", "moved"])
def test_a_rollback_needs_no_record_that_is_as_it_was(switched: CloudShop, what: str) -> None:
    """The plan that is kept for it knows of none of this."""
    www = switched.public_record(WWW)
    if what == "deleted":
        switched.sandbox.delete_record(www)
    else:
        switched.sandbox.edit_record(www, content=switched.network.address(200))
    assert switched.run("rollback").active == "blue"
    assert_agreed(switched, "blue")
