"""A first deploy, a deploy and a rollback with the real providers; `make test-cloud` has the rest (tests/cloud)."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud_shop import CloudShop
from providers import needs_providers

pytestmark = [needs_providers, pytest.mark.timeout(300)]


def test_a_day_in_layers(tmp_path: Path) -> None:
    shop = CloudShop(tmp_path / "shop", "layers")
    shop.up()
    try:
        assert shop.run("deploy").active == "blue"
        with shop.traffic() as traffic:
            assert shop.run("deploy", release="1.5.0").active == "green"
            shop.forbid_servers()
            assert shop.run("rollback").active == "blue"
            assert traffic.wait_for("blue")
        shop.sandbox.clear_faults()
        assert (traffic.report.failed, shop.live_color()) == (0, "blue")
        shop.assert_nothing_to_plan()
    finally:
        shop.down()
