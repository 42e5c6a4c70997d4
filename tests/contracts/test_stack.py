"""The stack contract, kept by the sandbox's own roots and by those of Google Compute Engine behind Cloudflare.

What one stack promises the other keeps: so what is tried in the sandbox is what runs in the cloud.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from cloud_shop import CloudShop
from providers import needs_providers
from shop import Shop

from bluegreen.model import Color
from bluegreen.ports import InstanceState
from bluegreen.switch import values
from bluegreen.switch.guard import Guard, Step
from bluegreen.switch.stack import Purpose
from bluegreen.switch.world import World

CLOUD = (pytest.mark.cloud, needs_providers)
BLUE, GREEN = Color

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((kind, layout), id=f"{name}-{layout}", marks=marks)
        for name, kind, marks in (("sandbox", Shop, ()), ("gcp-cloudflare", CloudShop, CLOUD))
        for layout in ("single", "layers")
    ],
)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that serves 1.4.2 from blue, with 1.5.0 prepared on green. Tests leave it so."""
    kind, layout = request.param
    made: Shop = kind(tmp_path_factory.mktemp("stack") / "shop", layout)
    made.up()
    try:
        assert made.run("deploy").active == "blue"
        assert made.run("prepare", release="1.5.0").verdict == "prepared"
        yield made
    finally:
        made.down()


@pytest.fixture
def world(shop: Shop) -> Iterator[World]:
    with shop.environment()._world("status") as world:
        world.stack.last.workspace.init()
        world.stack.read(world.stack.last)
        yield world


def test_the_last_layer_says_all_from_which_each_root_can_be_planned(shop: Shop, world: World) -> None:
    facts = world.stack.complete()
    assert (facts.active, facts.previous, facts.declares_previous) == (BLUE, None, True)
    assert {color: facts.of(color).release for color in Color} == {BLUE: "1.4.2", GREEN: "1.5.0"}
    assert {color: facts.of(color).presence for color in Color} == dict.fromkeys(Color, "running")
    shop.assert_nothing_to_plan()


def test_each_public_hostname_has_the_one_record_that_the_stack_names(world: World) -> None:
    facts = world.stack.complete()
    records = world.live(facts)
    assert [record.name for record in records] == list(facts.public_hostnames) != []
    assert {record.name: record.id for record in records} == facts.edge.records
    assert {(record.type, record.content, record.proxied) for record in records} == {
        ("A", facts.of(BLUE).address, True)
    }
    drift = world.drift(facts)
    assert (drift.live, list(drift.findings)) == (BLUE, [])


def test_each_color_answers_at_its_own_address_and_the_active_one_in_public(world: World) -> None:
    facts = world.stack.complete()
    for color in Color:
        judged = world.witness.ask(facts.of(color), facts.of(color).release)
        assert judged.good, judged
        assert not world.witness.ask(facts.of(color), "6.6.6").good
    assert len({facts.of(color).address for color in Color}) == 2
    public = world.witness.serving(facts, BLUE)
    assert world.witness.ask_public(facts, public).origin == "new"


def test_a_backend_hostname_names_its_color(world: World) -> None:
    facts = world.stack.complete()
    for color in Color:
        assert world.resolver().resolve(facts.of(color).backend_hostname).system == (facts.of(color).address,)


def test_a_machine_that_is_named_runs(world: World) -> None:
    named = [facts.instance for facts in world.stack.complete().colors.values() if facts.instance]
    assert [world.instances().status(one).state for one in named] == [InstanceState.RUNNING] * len(named)


def test_the_caches_can_be_emptied(shop: Shop, world: World) -> None:
    facts = world.stack.complete()
    world.cache().purge_hosts(facts.edge.zone_id, facts.public_hostnames)
    assert shop.sandbox.cloudflare()["purges"][-1]["asked"] == {"hosts": list(facts.public_hostnames)}


@pytest.mark.parametrize("to", list(Color))
def test_a_switch_is_planned_as_one_update_in_place_a_hostname_and_the_markers(world: World, to: Color) -> None:
    """To where the public is already it is less than that, and never anything else."""
    facts, stack, guard = world.stack.complete(), world.stack, Guard()
    purpose = Purpose("SWITCH", Step.SWITCH, to, target=facts.of(to).address)
    plan = stack.plan(stack.last, values.switched(facts, to), purpose, look=True)
    assert {str(change.action) for change in plan.changes} == {"update"}
    owned = Counter(guard.owner(change.address) for change in plan.changes)
    assert owned == {"marker": 1, "public": len(facts.public_hostnames)} if to == GREEN else {"marker": 1}
    assert plan.contents is not None
    public = [content for address, content in plan.contents.items() if guard.owner(address) == "public"]
    assert public == [facts.of(to).address] * len(facts.public_hostnames)


def test_a_switch_and_its_rollback_touch_the_last_layer_alone(shop: Shop) -> None:
    with shop.traffic() as traffic:
        assert shop.run("switch").active == "green"
        assert {event["layer"] for event in shop.told("terraform-started")} == {shop.edge_state}
        assert traffic.wait_for("green")
        assert shop.run("rollback").active == "blue"
        assert {event["layer"] for event in shop.told("terraform-started")} == {shop.edge_state}
        assert traffic.wait_for("blue")
    assert (traffic.report.failed, shop.live_color()) == (0, "blue")
    shop.assert_nothing_to_plan()
