from __future__ import annotations

import pytest

from bluegreen.errors import GuardRefused
from bluegreen.model import Action, Color
from bluegreen.ports import Change, Plan
from bluegreen.switch.guard import ANYTHING, Allowance, Guard, Step

BLUE, GREEN = Color.BLUE, Color.GREEN
PUBLIC = "module.cdn.terraform_data.root"
BLUE_RECORD = "module.cdn.cloudflare_dns_record.backend_blue"
GREEN_RECORD = "module.cdn[0].cloudflare_dns_record.backend_green[0]"
BLUE_SERVER = "module.blue_server[0].google_compute_instance.server"
GREEN_SERVER = "module.green_server[0].google_compute_instance.server"
BLUE_CHECK = 'module.cdn[0].cloudflare_dns_record.check["blue"]'
GREEN_CHECK = 'module.cdn.cloudflare_dns_record.check["green"]'
MARKER = "terraform_data.bluegreen"
NETWORK = "module.network.google_compute_address.ip[0]"
RECORDS = [BLUE_RECORD, GREEN_RECORD, BLUE_CHECK, GREEN_CHECK]
EVERYTHING = [PUBLIC, *RECORDS, BLUE_SERVER, GREEN_SERVER, MARKER, NETWORK]

# What each step, about green, may do; everything else must be refused.
ALLOWED = {
    Step.PREPARE: {
        GREEN_SERVER: ANYTHING,
        GREEN_RECORD: ANYTHING,
        GREEN_CHECK: ANYTHING,
        **{address: {"create"} for address in (NETWORK, BLUE_CHECK)},
    },
    Step.FIRST: {
        GREEN_SERVER: ANYTHING,
        GREEN_RECORD: ANYTHING,
        GREEN_CHECK: ANYTHING,
        **{address: {"create"} for address in (NETWORK, PUBLIC, BLUE_SERVER, BLUE_RECORD, BLUE_CHECK)},
    },
    Step.START: {GREEN_SERVER: {"update"}},
    Step.SWITCH: {PUBLIC: {"create", "update"}, **{address: {"update"} for address in RECORDS}},
    Step.RECONCILE: {address: {"create", "update"} for address in (PUBLIC, *RECORDS)},
    Step.RETIRE: {address: {"update", "delete"} for address in (GREEN_SERVER, GREEN_RECORD, GREEN_CHECK)},
}


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("address", EVERYTHING)
@pytest.mark.parametrize("action", Action)
def test_the_rules(step: Step, address: str, action: Action) -> None:
    may = {Action.NOOP, Action.READ, *ALLOWED[step].get(address, ())}
    if address == MARKER:
        may |= {Action.CREATE, Action.UPDATE}
    if action is Action.MOVE:
        may.add(Action.MOVE)  # a move from the address itself stays with its owner
    refusals = Guard().refusals([Change(address, action, address)], step, GREEN)
    assert bool(refusals) == (action not in may)


def test_a_move_to_another_owner_is_refused() -> None:
    change = Change(GREEN_SERVER, Action.MOVE, BLUE_SERVER)
    assert "from server.blue to server.green" in Guard().refusals([change], Step.PREPARE, GREEN)[0].rule


def test_everything_in_a_color_layer_belongs_to_that_color_but_for_its_marker() -> None:
    guard = Guard()
    assert guard.owner(PUBLIC, BLUE) == "server.blue"
    assert guard.owner("anything.at_all", GREEN) == "server.green"
    assert guard.owner(MARKER, GREEN) == "marker"


def test_brackets_in_addresses_and_patterns_are_only_brackets() -> None:
    guard = Guard([("public", 'cloudflare_dns_record.public["a.b"]')])
    assert guard.owner('cloudflare_dns_record.public["a.b"]') == "public"
    assert guard.owner("cloudflare_dns_record.publica") == "shared"


def test_own_ownership_comes_before_the_defaults() -> None:
    assert Guard([("shared", PUBLIC)]).owner(PUBLIC) == "shared"


def test_an_allowance_lets_a_shared_update_pass_in_its_step_only() -> None:
    guard = Guard(allowances=[Allowance("module.network.*")])
    update = [Change(NETWORK, Action.UPDATE)]
    assert not guard.refusals(update, Step.PREPARE, GREEN)
    assert guard.refusals(update, Step.SWITCH, GREEN)
    assert guard.refusals([Change(NETWORK, Action.REPLACE)], Step.PREPARE, GREEN)


@pytest.mark.parametrize("address", [PUBLIC, BLUE_SERVER])
def test_no_allowance_reaches_the_public_record_or_the_active_server(address: str) -> None:
    guard = Guard(allowances=[Allowance("*", ANYTHING, frozenset(Step))])
    assert guard.refusals([Change(address, Action.UPDATE)], Step.PREPARE, GREEN)


@pytest.mark.parametrize(
    ("address", "ownership"),
    [
        ("module.cdn.cloudflare_dns_record.check_blue", ()),
        ('module.cdn.cloudflare_dns_record.backend_blue_access["check"]', ()),
        ('module.blue_server.cloudflare_dns_record.check["blue"]', ()),
        (BLUE_CHECK, [("public", "module.cdn*check*")]),
    ],
)
def test_only_the_check_names_may_be_made_for_the_active_color(address: str, ownership: list[tuple[str, str]]) -> None:
    assert Guard(ownership).refusals([Change(address, Action.CREATE)], Step.PREPARE, GREEN)


def test_a_refusal_names_address_action_rule_and_way_out() -> None:
    plan = Plan("main", (Change(BLUE_SERVER, Action.REPLACE), Change(NETWORK, Action.UPDATE)), empty=False)
    with pytest.raises(GuardRefused) as refused:
        Guard().check(plan, Step.PREPARE, GREEN)
    assert f"{BLUE_SERVER}: replace (server.blue): prepare may not touch blue's server" in refused.value.message
    assert f"{NETWORK}: update (shared)" in refused.value.message
    assert "layer" in refused.value.hint


@pytest.mark.parametrize("contents", [{PUBLIC: "127.0.0.9"}, {}, None, {PUBLIC: "127.0.0.2", PUBLIC + "_www": "x"}])
def test_a_switch_must_end_at_the_target(contents: dict[str, str] | None) -> None:
    with pytest.raises(GuardRefused):
        Guard().check_target(Plan("edge", contents=contents), "127.0.0.2")


def test_a_switch_that_ends_at_the_target_passes_even_if_it_changes_nothing() -> None:
    Guard().check_target(Plan("edge", contents={PUBLIC: "127.0.0.2", BLUE_RECORD: "127.0.0.1"}), "127.0.0.2")
