"""A switch as the original design planned it, by provider 4: `cloudflare_record`, `value`, records that flip type.

fixtures/article_switch.json is its plan as `show -json` prints one, article_switch.jsonl the stream of `plan -json`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bluegreen.adapters.terraform.documents import parse_contents
from bluegreen.adapters.terraform.messages import parse_line
from bluegreen.errors import GuardRefused
from bluegreen.model import Action, Color
from bluegreen.ports import Change, Plan
from bluegreen.switch.guard import ANYTHING, Allowance, Guard, Step

FIXTURES = Path(__file__).parent / "fixtures"
RECORDS = "module.cdn.cloudflare_record"
GREEN = "203.0.113.12"


def article() -> Plan:
    messages = map(parse_line, (FIXTURES / "article_switch.jsonl").read_bytes().splitlines())
    document = (FIXTURES / "article_switch.json").read_bytes()
    changes = [message.fact for message in messages if message and isinstance(message.fact, Change)]
    return Plan("main", tuple(changes), False, contents=parse_contents(document))


def test_the_contents_stand_under_the_old_name() -> None:
    contents = article().contents
    assert contents == {
        f"{RECORDS}.backend_blue_access[0]": "203.0.113.11",
        f"{RECORDS}.backend_green_access[0]": "pro.example.com",
        f"{RECORDS}.root[0]": GREEN,
    }


def test_the_records_belong_to_whom_they_did() -> None:
    owners = {change.address.rpartition(".")[2]: Guard().owner(change.address) for change in article().changes}
    assert owners == {
        "backend_blue_access[0]": "backend.blue",
        "backend_green_access[0]": "backend.green",
        "root[0]": "public",
    }


def test_records_that_change_their_type_are_refused() -> None:
    with pytest.raises(GuardRefused) as refused:
        Guard().check(article(), Step.SWITCH, Color.GREEN)
    lines = refused.value.message.splitlines()[1:]
    assert [line.split(":")[:2] for line in lines] == [
        [f"  {RECORDS}.backend_blue_access[0]", " replace (backend.blue)"],
        [f"  {RECORDS}.backend_green_access[0]", " replace (backend.green)"],
    ]


@pytest.mark.parametrize("step", Step)
def test_a_public_record_that_changes_its_type_is_refused_whatever_is_allowed(step: Step) -> None:
    root = f"{RECORDS}.root[0]"
    flip = Plan("main", (Change(root, Action.REPLACE),), False)
    guard = Guard(allowances=[Allowance(root, ANYTHING, frozenset(Step))])
    with pytest.raises(GuardRefused, match="replace \\(public\\)"):
        guard.check(flip, step, Color.GREEN)


def test_a_switch_to_another_address_is_noticed() -> None:
    Guard().check_target(article(), GREEN)
    with pytest.raises(GuardRefused, match="would not point at"):
        Guard().check_target(article(), "203.0.113.11")
