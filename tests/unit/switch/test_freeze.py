"""A frozen environment: nothing is deployed there, and every way back stays open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from bluegreen.errors import Locked
from bluegreen.ports import Freeze

if TYPE_CHECKING:
    from conftest import Town

Start = Callable[..., Any]
DEPLOYING: list[tuple[str, dict[str, Any]]] = [
    ("deploy", {"release": "3"}),
    ("prepare", {"release": "3"}),
    ("switch", {}),
    ("retire", {"force": True, "reason": "test"}),
]


def freeze(town: Town, until: float = 0.0) -> None:
    town.store.set_freeze(Freeze("audit", "ana@desk", town.clock.time(), until))


@pytest.mark.parametrize(("verb", "asked"), DEPLOYING)
def test_what_deploys_is_locked_out_and_told_why(shop: Start, verb: str, asked: dict[str, Any]) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    freeze(town)
    runs = len(town.store.runs())
    with pytest.raises(Locked, match=r"locked by ana@desk since .* UTC: audit") as caught:
        town.run(verb, **asked)
    assert "bluegreen unlock" in caught.value.hint
    assert (len(town.store.runs()), town.world().lock.holder()) == (runs, None)


def test_a_rollback_passes(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    freeze(town)
    assert town.run("rollback").exit_code == 0
    assert town.live == "blue"


def test_a_deploy_that_was_cut_off_is_not_finished_under_a_freeze(shop: Start) -> None:
    town: Town = shop()
    town.kill("deploy", "phase-started", fields={"phase": "PROVE"}, release="2")
    freeze(town)
    with pytest.raises(Locked):
        town.resume()
    assert town.run("rollback").exit_code == 0


def test_it_ends_at_its_time(shop: Start) -> None:
    town: Town = shop()
    freeze(town, until=town.clock.time() + 60)
    assert town.status().freeze is not None
    town.clock.sleep(61)
    assert town.status().freeze is None
    assert town.run("deploy", release="2").exit_code == 0


@pytest.mark.parametrize("wanted", [True, False])
def test_a_return_locks_where_that_is_wanted(shop: Start, wanted: bool) -> None:
    town: Town = shop(lock_after_return=wanted)
    with town.on("phase-started", lambda: town.moods.update(green="sick"), phase="BAKE"):
        result = town.run("deploy", release="2")
    assert result.verdict == "returned"
    frozen = town.store.freeze()
    assert (frozen is not None) is wanted
    if frozen is not None:
        assert f"run {result.run} was returned from" in frozen.title
        assert "locked" in town.said
