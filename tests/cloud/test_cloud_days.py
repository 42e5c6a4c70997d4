"""Whole days with the real providers: what they ask of the clouds, while the public notices nothing."""

from __future__ import annotations

import shutil

import pytest
from cloud_shop import HOSTNAMES, CloudShop
from providers import needs_providers

from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]


def public_puts(shop: CloudShop) -> list[str]:
    return sorted(f"PUT {shop.public_record(hostname)}" for hostname in HOSTNAMES)


def test_a_first_deploy_makes_everything(empty_shop: CloudShop) -> None:
    result = empty_shop.run("deploy")
    assert (result.verdict, result.active, result.previous, result.release) == ("switched", "blue", "", "1.4.2")
    assert empty_shop.live_color() == "blue"
    assert {change.split()[0] for change in empty_shop.changes("/client/v4/*/dns_records*")} == {"POST"}
    made = empty_shop.changes("/compute/v1/*")
    assert [made.count(f"POST {kind}") for kind in ("networks", "addresses", "instances")] == [1, 2, 1], made
    empty_shop.assert_bare_plans_are_empty()


def test_prepare_then_switch_moves_one_record_a_hostname(shop: CloudShop, traffic: Traffic) -> None:
    blue = shop.process("blue")
    prepared = shop.run("prepare", release="1.5.0")
    assert (prepared.verdict, shop.live_color()) == ("prepared", "blue")
    assert traffic.report.by_color.keys() == {"blue"}
    assert shop.changes("/client/*") == []
    assert [change for change in shop.changes("/compute/v1/*/instances*") if "blue" in change] == []
    shop.sandbox.forget_requests()
    assert shop.run("switch").active == "green"
    assert sorted(shop.changes("/client/*")) == public_puts(shop)
    assert shop.changes("/compute/v1/*") == []
    if shop.layout == "layers":
        assert shop.servers_asked() == []
    assert traffic.wait_for("green")
    assert traffic.stale("green") == 0
    assert shop.process("blue") == blue
    shop.assert_nothing_to_plan()


def test_a_prepared_rollback_needs_the_edge_alone(switched: CloudShop, traffic: Traffic) -> None:
    switched.forbid_servers()
    assert switched.run("rollback").verdict == "rolled-back"
    assert sorted(switched.changes("/client/*")) == public_puts(switched)
    assert switched.servers_asked() == []  # in a single root too: the plan is saved, and only records change
    switched.sandbox.clear_faults()
    assert traffic.wait_for("blue")
    assert switched.run("rollback").verdict == "nothing-to-do"
    switched.assert_bare_plans_are_empty()


def test_a_rollback_from_a_fresh_checkout_needs_the_edge_alone(switched: CloudShop, traffic: Traffic) -> None:
    shutil.rmtree(switched.folder / ".bluegreen" / "pro")
    for left in switched.folder.rglob("zz-bluegreen.auto.tfvars"):
        left.unlink()
    if switched.layout == "layers":
        switched.forbid_servers()
    assert switched.run("rollback").active == "blue"
    assert sorted(switched.changes("/client/*")) == public_puts(switched)
    assert switched.changes("/compute/v1/*") == []
    if switched.layout == "layers":
        assert switched.servers_asked() == []
    switched.sandbox.clear_faults()
    switched.assert_nothing_to_plan()


def test_a_stopped_color_is_started_by_the_rollback(switched: CloudShop, traffic: Traffic) -> None:
    assert switched.run("retire", force=True, reason="test").verdict == "retired"
    assert switched.changes("/compute/v1/*") == ["POST stop"]
    assert switched.changes("/client/*") == []
    assert switched.instance("blue")["status"] == "TERMINATED"
    assert switched.process("blue") is None
    switched.assert_nothing_to_plan()
    made = switched.instance("blue")["id"]
    switched.sandbox.forget_requests()
    assert switched.run("rollback").active == "blue"
    assert switched.changes("/compute/v1/*") == ["POST start"]
    assert switched.instance("blue")["id"] == made
    assert sorted(switched.changes("/client/*")) == public_puts(switched)
    switched.assert_nothing_to_plan()


def test_a_destroyed_color_is_made_anew_by_the_next_deploy(switched: CloudShop, traffic: Traffic) -> None:
    green = switched.process("green")
    assert switched.run("retire", standby="destroy", force=True, reason="test").verdict == "retired"
    assert switched.changes("/compute/v1/*") == ["DELETE shop-pro-blue"]
    assert switched.changes("/client/*") == []
    address = switched.address["blue"]
    assert "deploy --to blue" in switched.fail("rollback").hint
    switched.assert_nothing_to_plan()
    switched.sandbox.forget_requests()
    result = switched.run("deploy", release="1.6.0")
    assert (result.active, result.release) == ("blue", "1.6.0")
    assert switched.changes("/compute/v1/*/instances*") == ["POST instances"]
    assert switched.address["blue"] == address
    assert sorted(switched.changes("/client/*")) == public_puts(switched)
    assert switched.process("green") == green
    switched.assert_nothing_to_plan()


def test_a_deploy_after_a_rollback_makes_the_idle_machine_anew(switched: CloudShop, traffic: Traffic) -> None:
    switched.run("rollback")
    blue = switched.process("blue")
    switched.sandbox.forget_requests()
    assert switched.run("deploy", release="1.6.0").active == "green"
    assert switched.changes("/compute/v1/*/instances*") == ["DELETE shop-pro-green", "POST instances"]
    assert switched.process("blue") == blue
    assert traffic.wait_for("green")
    switched.assert_bare_plans_are_empty()
