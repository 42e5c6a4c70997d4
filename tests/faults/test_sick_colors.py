"""Colors that go bad at the worst moments: the new one around its switch, the old one while it is warm, both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from bare import APPLY, edge_pointed_at, script
from gate import SWITCH, Gate
from night import SWITCHED, Night, wait_until
from program import Ended
from tally import Tally

pytestmark = pytest.mark.timeout(300)

LASTING: Mapping[str, Any] = {
    "check": {"timeout": "500ms"},
    "probe": {"settle": "1s", "deadline": "10m", "timeout": "500ms"},
    "bake": {"for": "2s", "bad": 3},
    "keep_warm": "10m",
}
"""With these PROVE and BAKE last long enough to be met by a fault, and neither waits for a color that went bad."""


def sicken(night: Night, color: str, behavior: str) -> None:
    night.shop.sandbox.behave(color, behavior, seconds=3.0)


def meet(night: Night, gate: Gate, phase: str, behavior: str) -> Ended:
    """Deploy, and have the new color go bad in that phase."""
    if phase == "SWITCH":
        return gate.call(SWITCH, lambda: sicken(night, "green", behavior), "deploy", "--release", "2.0.0")
    with night.program.start("deploy", "--release", "2.0.0") as deploy:
        deploy.wait_for("phase-started", phase=phase)
        sicken(night, "green", behavior)
        return deploy.wait()


@pytest.mark.fault(8)
def test_a_deploy_whose_color_hangs_is_called_back_at_once(night: Night) -> None:
    """Its answer would be waited for longer than this test waits."""
    night.shop.configure(
        check={"timeout": "1m", "deadline": "2m"},
        probe={"timeout": "1m"},
        bake={"for": "5m", "bad": 1000, "blind_deadline": "5m"},
        keep_warm="1h",
    )
    with night.program.start("deploy", "--release", "2.0.0") as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        night.shop.sandbox.behave("green", "slow", seconds=60.0)
        assert night.program("rollback").code == 0
        ended = deploy.wait()
    assert (ended.code, "on request of" in ended.err) == (6, True), ended
    night.shop.sandbox.behave("green", "ok")
    night.assert_survived("blue")


@pytest.mark.fault(8)
@pytest.mark.parametrize(
    ("phase", "behavior"),
    [
        (phase, behavior)
        for phase in ("SWITCH", "PROVE", "BAKE")
        for behavior in ("sick", "dead", "slow", "wrong_release")
    ],
)
@pytest.mark.long
def test_the_new_color_goes_bad(night: Night, gate: Gate, phase: str, behavior: str) -> None:
    night.shop.configure(**LASTING)
    ended = meet(night, gate, phase, behavior)
    assert (ended.code, "green went bad" in ended.err) == (6, True), ended
    night.assert_survived("blue", plan=False)
    with night.traffic() as traffic:
        for verb in ("resume", "rollback"):
            assert night.program(verb).code == 0
        assert traffic.report.by_color.keys() == {"blue"}
        refused = night.program("deploy", "--release", "2.0.0")
        assert (refused.code, "--retry" in refused.err) == (3, True), refused
        sicken(night, "green", "ok")
        again = night.program("deploy", "--release", "2.0.1")
        assert again.code == 0, again
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(8)
@pytest.mark.long
@pytest.mark.parametrize("behavior", ["sick", "dead"])
def test_a_new_color_that_is_held_goes_bad(night: Night, behavior: str) -> None:
    """As wanted, nobody goes back by himself: a human is called, and one rollback is all that he has to do."""
    night.shop.configure(**{**LASTING, "bake": {"for": "2s", "bad": 3, "on_failure": "hold"}})
    with night.program.start("deploy", "--release", "2.0.0") as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        sicken(night, "green", behavior)
        ended = deploy.wait()
    assert (ended.code, "bluegreen rollback" in ended.err) == (7, True), ended
    said = night.program("status", "--check")
    assert (said.code, "green is active and sick" in said.err) == (3, True), said
    assert night.program("rollback").code == 0
    night.assert_survived("blue")


@pytest.mark.fault(8)
@pytest.mark.parametrize("behavior", ["dead", "sick", "slow", "wrong_release"])
@pytest.mark.long
@SWITCHED
def test_the_old_color_goes_bad_while_it_is_warm(night: Night, behavior: str) -> None:
    night.shop.configure(**LASTING)
    with night.traffic() as traffic:
        sicken(night, "blue", behavior)
        said = night.status()
        assert (said["active"], said["rollback"]["ready"], said["rollback"]["target"]) == ("green", False, "blue")
        assert "sick" in said["rollback"]["reason"]
        assert night.program("status", "--check").code == 3
        refused = night.program("rollback")
        assert refused.code == 3, refused
        assert traffic.report.by_color.keys() == {"green"}
        night.assert_survived("green")
        sicken(night, "blue", "ok")
        wait_until(lambda: bool(night.status()["rollback"]["ready"]))
        assert night.program("rollback").code == 0
    night.assert_survived("blue")


@pytest.mark.fault(8)
@pytest.mark.long
@SWITCHED
def test_a_deploy_mends_a_warm_color_that_died(night: Night) -> None:
    with night.traffic():
        sicken(night, "blue", "dead")
        failed = night.program("deploy", "--release", "3.0.0")
        assert failed.code == 1, failed
        night.assert_survived("green", plan=False)
        sicken(night, "blue", "ok")
        assert night.program("deploy", "--release", "3.0.1").code == 0
    night.assert_survived("blue")
    night.assert_way_back()


@pytest.mark.fault(8)
@pytest.mark.long
@pytest.mark.parametrize("behavior", ["sick", "dead"])
@pytest.mark.parametrize("how", ["resume", "rollback"])
def test_both_colors_die_in_the_bake(night: Night, behavior: str, how: str) -> None:
    """There is no healthy color to be on: it says so, and one command ends it once there is one."""
    night.shop.configure(**LASTING)
    with night.program.start("deploy", "--release", "2.0.0") as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        for color in ("green", "blue"):
            sicken(night, color, behavior)
        ended = deploy.wait()
    assert ended.code == 7, ended
    checked = night.program("status", "--check")
    assert (checked.code, "is active and sick" in checked.err) == (3, True), checked
    assert "fails" in checked.out
    assert night.answered() == ""
    for color in ("green", "blue"):
        sicken(night, color, "ok")
    wait_until(lambda: night.answered() != "")
    assert "stuck" in night.status()["unfinished"]
    ended = night.program(how)
    assert ended.code == (6 if how == "resume" else 0), ended  # it was on its way back
    night.assert_survived("blue")


@pytest.mark.fault(8)
@pytest.mark.long
@SWITCHED
def test_both_colors_die_on_another_day(night: Night) -> None:
    for color in ("green", "blue"):
        sicken(night, color, "dead")
    refused = night.program("rollback")
    assert (refused.code, night.shop.live_color()) == (3, "green"), refused
    checked = night.program("status", "--check")
    assert "green is active and sick" in checked.err
    assert "no way back" in checked.err
    sicken(night, "blue", "ok")  # the old one comes up, the new one does not
    wait_until(lambda: "warm and healthy" in night.program("status").out)
    assert night.program("rollback").code == 0
    night.assert_survived("blue")


@pytest.mark.control(8)
def test_a_script_leaves_the_public_on_a_dead_color(night: Night, tally: Tally) -> None:
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    green = f"http://{night.shop.network.green}:8080/healthz"
    assert script(root, f"curl -fsS {green} && {APPLY} && touch switched") == 0
    sicken(night, "green", "dead")
    assert ((root / "switched").exists(), night.answered()) == (True, "")
    tally.control = "a script that checks the color, applies and ends leaves the public on one that dies a second later"
