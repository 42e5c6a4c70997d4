"""A release that nobody may go back from, by the real program, from a second terminal too."""

from __future__ import annotations

import pytest
from program import Program
from shop import Shop

pytestmark = pytest.mark.timeout(300)

WHY = "it rewrites the orders table"


@pytest.fixture
def layout() -> str:
    return "layers"


def test_a_rollback_beside_it_needs_force_and_then_goes_back(shop: Shop) -> None:
    program = Program(shop.folder)
    shop.configure(bake={"for": "60s", "blind_deadline": "60s"})
    with shop.traffic() as traffic, program.start("deploy", "--release", "1.5.0", "--no-way-back", WHY) as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        refused = program("rollback", "--json")
        assert (refused.code, refused.result["verdict"], WHY in refused.err) == (3, "refused", True), refused
        assert deploy.process.poll() is None
        forced = program("rollback", "--force", "--reason", "the table is restored")
        assert forced.code == 0, forced
        assert deploy.wait().code == 7
    assert traffic.report.failed == 0
    status = shop.environment().status()
    assert (status.active, list(status.drift), status.unfinished) == ("blue", [], "")
    shop.assert_nothing_to_plan()


def test_a_setting_says_the_same_and_what_is_next_is_no_rollback(shop: Shop) -> None:
    program = Program(shop.folder)
    shop.configure(reversible=False)
    deployed = program("deploy", "--release", "1.5.0")
    assert (deployed.code, "there is no way back: reversible: false" in deployed.err) == (0, True), deployed
    assert "with no way back: reversible: false" in program("status").out
    assert program("status", "--check").code == 0
    assert program("rollback").code == 3
