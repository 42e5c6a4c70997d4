"""An apply that did one half of its work: the server is there and the record not, or the other way round."""

from __future__ import annotations

import pytest
from gate import PREPARE, Gate
from night import Night

pytestmark = pytest.mark.timeout(300)


@pytest.mark.fault(6)
@pytest.mark.parametrize(
    "how",
    [
        ["deploy", "--release", "2.0.1"],
        pytest.param(["deploy", "--release", "2.0.0"], marks=pytest.mark.long),
        pytest.param(["rollback"], marks=pytest.mark.long),
        pytest.param(["resume"], marks=pytest.mark.long),
    ],
)
def test_the_server_is_there_and_its_record_not(night: Night, how: list[str]) -> None:
    night.shop.sandbox.refuse_state("edge", "no more records")
    with night.traffic() as traffic:
        ended = night.program("deploy", "--release", "2.0.0")
        assert (ended.code, "Failed to save state" in ended.err) == (1, True), ended
        green = night.shop.sandbox.status().server("green")
        assert green is not None
        assert green.release == "2.0.0"
        night.assert_survived("blue", plan=False)  # half prepared, it is there to be looked at
        night.shop.sandbox.accept_states()
        ended = night.program(*how)
        assert ended.code == 0, ended
        if how[0] != "deploy":
            assert traffic.report.by_color.keys() == {"blue"}
            assert night.program("deploy", "--release", "2.0.1").code == 0
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(6)
@pytest.mark.long
@pytest.mark.parametrize("layer", ["network", "blue", "edge"])
def test_a_first_deploy_that_was_half_done(night: Night, layer: str) -> None:
    """Each layer in turn is refused, and the same command again finishes it; then nothing is there twice."""
    night.shop.down()
    (night.shop.folder / ".bluegreen").rename(night.shop.folder / "before")
    night.shop.up()
    night.shop.sandbox.refuse_state(layer, "not today")
    ended = night.program("deploy", "--yes")
    assert (ended.code, "Failed to save state" in ended.err) == (1, True), ended
    night.shop.sandbox.accept_states()
    ended = night.program("deploy", "--yes")
    assert ended.code == 0, ended
    night.assert_survived("blue")


@pytest.mark.fault(6)
@pytest.mark.long
def test_what_was_made_and_no_state_says_so_is_made_out(night: Night, gate: Gate) -> None:
    """The state is refused just before the apply. A record that has moved by then shows itself with a provider only."""
    with night.traffic():
        ended = gate.call(
            PREPARE, lambda: night.shop.sandbox.refuse_state("edge", "storage is full"), "deploy", "--release", "2.0.0"
        )
        assert ended.code == 1, ended
        assert night.status()["drift"] == []
        night.shop.sandbox.accept_states()
        assert night.program("resume").code == 0
    night.assert_survived("blue", plan=False)
