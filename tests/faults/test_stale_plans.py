"""The state changes, or the configuration is edited, between a plan and its apply."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare import APPLY, edge_pointed_at, script
from gate import PREPARE, ROLLBACK, SWITCH, Gate
from night import SWITCHED, Night
from tally import Tally

pytestmark = pytest.mark.timeout(300)

EXTRA = '\nresource "terraform_data" "extra" {}\n'


def edge(night: Night) -> Path:
    return night.shop.folder / "tf" / "edge" / "main.tf"


def edit(path: Path) -> str:
    """Add something to a root; return what was there."""
    before = path.read_text()
    path.write_text(before + EXTRA)
    return before


@pytest.mark.fault(11)
@pytest.mark.parametrize(("moment", "layer"), [(SWITCH, "edge"), (PREPARE, "green")])
@pytest.mark.long
def test_the_state_changes_under_a_deploy(night: Night, gate: Gate, moment: tuple[str, int], layer: str) -> None:
    assert night.program("deploy", "--release", "2.0.0").code == 0
    assert night.program("rollback").code == 0
    with night.traffic() as traffic:
        ended = gate.call(moment, lambda: night.write_state(layer), "deploy", "--release", "3.0.0")
        assert (ended.code, "stale" in ended.err) == (1, True), ended
        assert traffic.report.by_color.keys() == {"blue"}
        night.assert_survived("blue", plan=False)
        for verb in ("resume", "rollback"):
            assert night.program(verb).code == 0
        assert night.program("deploy", "--release", "3.0.0").code == 0
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(11)
@pytest.mark.parametrize("late", [True, pytest.param(False, marks=pytest.mark.long)])
@SWITCHED
def test_the_state_changes_after_the_way_back_was_planned(night: Night, gate: Gate, late: bool) -> None:
    """late: when the rollback has chosen that plan already."""
    assert night.status()["rollback"]["prepared"]
    with night.traffic():
        if late:
            ended = gate.call(ROLLBACK, lambda: night.write_state("edge"), "rollback")
        else:
            night.write_state("edge")
            ended = night.program("rollback")
        assert ended.code == 0, ended
    night.assert_survived("blue")


@pytest.mark.fault(11)
@pytest.mark.long
@SWITCHED
def test_the_state_changes_under_a_rollback_that_planned(night: Night, gate: Gate) -> None:
    night.write_state("edge")
    assert night.program("status").code == 0
    for kept in night.data.glob("layers/edge/kept.*"):
        kept.unlink()
    with night.traffic():
        ended = gate.call(ROLLBACK, lambda: night.write_state("edge"), "rollback")
        assert ended.code in (0, 1), ended
        again = night.program("rollback")
        assert again.code == 0, again
    night.assert_survived("blue")


@pytest.mark.fault(11)
@pytest.mark.parametrize(
    ("moment", "root"),
    [
        (SWITCH, "edge"),
        pytest.param(PREPARE, "server", marks=pytest.mark.long),
        pytest.param(SWITCH, "server", marks=pytest.mark.long),
    ],
)
@pytest.mark.long
def test_the_configuration_is_edited_under_a_deploy(
    night: Night, gate: Gate, moment: tuple[str, int], root: str
) -> None:
    """What the guard has read is what is done, and what was edited since is not: it waits for its own deploy."""
    main = night.shop.folder / "tf" / root / "main.tf"
    with night.traffic():
        before = main.read_text()
        ended = gate.call(moment, lambda: edit(main), "deploy", "--release", "2.0.0")
        assert ended.code == 0, ended
        assert not any(b'"extra"' in state for state in night.states().values())
        night.assert_survived("green", plan=False)
        back = night.program("rollback")
        assert back.code == (3 if root == "edge" else 0), back  # its own plan would make what nobody has asked for
        main.write_text(before)
        assert night.program("rollback").code == 0
        night.assert_survived("blue")
        assert night.program("deploy", "--release", "2.0.1").code == 0
    night.assert_survived("green")


@pytest.mark.fault(11)
@pytest.mark.long
@SWITCHED
def test_the_configuration_is_edited_after_the_way_back_was_planned(night: Night) -> None:
    before = edit(edge(night))
    with night.traffic():
        assert night.program("rollback").code == 0
    edge(night).write_text(before)
    night.assert_survived("blue")


@pytest.mark.fault(11)
@pytest.mark.long
@pytest.mark.parametrize("text", ["this is no Terraform", 'variable "server_active" {'])
def test_the_configuration_is_broken_while_the_public_moves(night: Night, gate: Gate, text: str) -> None:
    before = edge(night).read_text()
    with night.traffic():
        ended = gate.call(SWITCH, lambda: edge(night).write_text(text), "deploy", "--release", "2.0.0")
        assert (ended.code in (0, 6, 7), "Traceback" in ended.err) == (True, False), ended
        edge(night).write_text(before)
        active = night.answered()
        night.assert_survived(active, plan=False)
        for verb in ("resume", "rollback"):
            assert night.program(verb).code == 0
    night.assert_survived(night.answered())


@pytest.mark.fault(11)
@pytest.mark.long
@SWITCHED
def test_a_kept_plan_that_is_torn(night: Night) -> None:
    kept = [path for path in (night.data / "layers" / "edge").rglob("*") if path.suffix == ".tfplan"]
    assert kept != []
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    with night.traffic():
        ended = night.program("rollback")
        assert ended.code == 0, ended
    night.assert_survived("blue")


@pytest.mark.control(11)
def test_a_script_applies_what_nobody_has_seen(night: Night, tally: Tally) -> None:
    """A plan to read, then an apply that plans once more: what was edited in between goes along."""
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    edits = """sed -i 's/var.addresses.var.server_active./"127.255.255.1"/' ../../modules/sandbox_cdn/main.tf"""
    assert script(root, f"terraform plan -input=false && {edits} && {APPLY} && touch switched") == 0
    assert ((root / "switched").exists(), night.answered()) == (True, "")
    tally.control = "a script that shows a plan and then applies anew does what was edited since: nobody is served"
