"""A rollback past Terraform with the real provider's records, several hostnames, and every Terraform API down."""

from __future__ import annotations

import pytest
from cloud_shop import HOSTNAMES, CloudShop
from providers import needs_providers

from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]


def test_one_batch_moves_every_hostname_and_terraform_then_changes_its_marker_only(
    switched: CloudShop, traffic: Traffic
) -> None:
    for path in ("/state/*", "/compute/v1/*"):
        switched.sandbox.refuse_requests("*", path, 403, times=None)
    switched.sandbox.forget_requests()
    result = switched.run("rollback_directly", to="blue", reason="the bucket is gone")
    assert (result.verdict, result.active, switched.live_color()) == ("rolled-back-directly", "blue", "blue")
    assert switched.changes("*") == ["POST batch"]
    assert {one.method for one in switched.asked("/client/*")} == {"GET", "POST"}
    assert not switched.asked("/state/*")
    assert traffic.wait_for("blue")
    switched.sandbox.clear_faults()
    assert switched.fail("deploy", release="1.6.0").hint == "bluegreen resume"
    switched.sandbox.forget_requests()
    assert switched.run("resume").verdict == "rolled-back"
    (planned,) = switched.told("planned")
    assert planned["changes"] == {"terraform_data.bluegreen": "update"}
    assert switched.changes("/c*") == []
    status = switched.environment().status()
    assert (status.active, status.public, list(status.drift), status.unfinished) == ("blue", "blue", [], "")
    assert len(HOSTNAMES) == 2
    switched.assert_nothing_to_plan()
