"""The public record is edited by hand: its content, its proxying; deleted; doubled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from bare import script
from gate import SWITCH, Gate
from night import Night
from tally import Tally

pytestmark = pytest.mark.timeout(300)


def point(night: Night, address: str) -> None:
    night.shop.sandbox.edit_record(record_of(night), content=address)


def record_of(night: Night) -> str:
    record = night.shop.sandbox.status().record("shop.test")
    assert record is not None
    return record.id


EDITS: Mapping[str, Callable[[Night], Any]] = {
    "at the other color": lambda night: point(night, night.shop.network.blue),
    "at nobody": lambda night: point(night, night.shop.network.address(200)),
    "not proxied": lambda night: night.shop.sandbox.edit_record(record_of(night), proxied=False),
    "deleted": lambda night: night.shop.sandbox.delete_record(record_of(night)),
    "doubled": lambda night: night.shop.sandbox.add_record("shop.test", "::1", type="AAAA", proxied=True),
}
"""What a hand does to the public record, while green is active and blue is warm."""


@pytest.fixture
def stage() -> str:
    return "switched"


def assert_found(night: Night) -> None:
    """The edit is seen by all who look, and a deploy that meets it changes nothing."""
    before = night.states()
    said = night.program("status", "--json")
    assert said.code == 0, said
    assert json.loads(said.out)["drift"] != []
    checked = night.program("status", "--check")
    assert (checked.code, "alarm: drift" in checked.err) == (3, True), checked
    refused = night.program("deploy", "--release", "3.0.0")
    assert (refused.code, "state and live edge disagree" in refused.err) == (3, True), refused
    assert night.states() == before


def take_away_doubles(night: Night) -> None:
    for record in night.shop.sandbox.status().records:
        if record.type == "AAAA":
            night.shop.sandbox.delete_record(record.id)


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    "edit", ["deleted", *(pytest.param(name, marks=pytest.mark.long) for name in EDITS if name != "deleted")]
)
def test_an_edit_is_found_and_ended_by_a_rollback(night: Night, edit: str) -> None:
    """But for an edit that is a switch of its own: then it is asked for what was meant."""
    EDITS[edit](night)
    assert_found(night)
    ended = night.program("rollback")
    if edit == "at the other color":
        assert (ended.code, "bluegreen reconcile --to live" in ended.err) == (3, True), ended
        assert night.program("reconcile", "--to", "live").code == 0
    else:
        assert ended.code == 0, ended
    take_away_doubles(night)
    night.assert_survived("blue")
    assert night.program("deploy", "--release", "3.0.0").code == 0
    night.assert_way_back()


@pytest.mark.fault(9)
@pytest.mark.long
@pytest.mark.parametrize("edit", [name for name in EDITS if name != "deleted"])
def test_what_terraform_does_not_see_is_for_a_hand_to_mend(night: Night, edit: str) -> None:
    """As any edit in this stack, whose Terraform asks no API; the cloud's tests have a reconcile undo it."""
    before = night.shop.sandbox.status().record("shop.test")
    assert before is not None
    EDITS[edit](night)
    ended = night.program("reconcile", "--to", "state")
    assert (ended.code, "by hand" in ended.err) == (1, True), ended
    take_away_doubles(night)
    night.shop.sandbox.edit_record(before.id, content=before.content, proxied=True)
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(9)
@pytest.mark.long
def test_an_edit_is_taken_over(night: Night) -> None:
    with night.traffic():
        EDITS["at the other color"](night)
        assert_found(night)
        assert night.program("reconcile", "--to", "live").code == 0
        night.assert_survived("blue")
        assert night.program("deploy", "--release", "3.0.0").code == 0
    night.assert_survived("green")


@pytest.mark.fault(9)
@pytest.mark.long
@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_between_plan_and_apply_of_the_switch(night: Night, gate: Gate, edit: str) -> None:
    ended = gate.call(SWITCH, lambda: EDITS[edit](night), "deploy", "--release", "3.0.0")
    assert (ended.code in (0, 6), "Traceback" in ended.err) == (True, False), ended
    take_away_doubles(night)
    night.assert_survived("blue" if ended.code == 0 else "green")


@pytest.mark.fault(9)
@pytest.mark.long
@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("how", ["resume", "rollback"])
def test_an_edit_in_the_bake(night: Night, edit: str, how: str) -> None:
    """blue is new, green the way back; where the public fails for it, it goes back by itself."""
    night.shop.configure(bake={"for": "1500ms"})
    with night.program.start("deploy", "--release", "3.0.0") as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        if edit == "at the other color":
            point(night, night.shop.network.green)
        else:
            EDITS[edit](night)
        ended = deploy.wait()
    assert (ended.code in (0, 6, 7), "Traceback" in ended.err) == (True, False), ended
    ended = night.program(how)
    if ended.code == 3 or (edit == "at the other color" and night.status()["drift"]):  # or it was done by then
        assert night.program("reconcile", "--to", "live").code == 0
    else:
        assert ended.code == 0, ended
    take_away_doubles(night)
    night.assert_survived(night.answered())


@pytest.mark.control(9)
def test_bare_terraform_sees_no_second_record(night: Night, tally: Tally) -> None:
    EDITS["doubled"](night)
    root = night.shop.folder / "tf" / "edge"
    plan = "terraform init -input=false && terraform plan -input=false -detailed-exitcode"
    assert script(root, plan) == 0
    tally.control = "bare Terraform plans no changes while a second record of the public name takes half of the traffic"
