"""Runs that were killed anywhere, and taken up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bluegreen.errors import BluegreenError, DriftFound, Locked, Refused
from bluegreen.switch.phases import DEPLOY, MOVED, RECONCILE, RETIRE, ROLLBACK, Phase

if TYPE_CHECKING:
    from conftest import Town

P = Phase
Start = Callable[..., Any]
LAYOUTS = pytest.mark.parametrize("layout", ["single", "layers"])

VERBS: dict[str, dict[str, Any]] = {
    "deploy": {"release": "2"},
    "rollback": {},
    "retire": {"force": True, "reason": "test"},
    "first deploy": {"release": "1"},
    "rollback to stopped": {},
}
ENDS = {
    "deploy": ("switched", "green"),
    "rollback": ("rolled-back", "blue"),
    "retire": ("retired", "green"),
    "first deploy": ("switched", "blue"),
    "rollback to stopped": ("rolled-back", "blue"),
}


def before(case: str, layout: str, found: Start) -> Town:
    """Found a town in which that run makes sense."""
    town: Town = found(layout)
    if case == "first deploy":
        return town
    town.run("deploy")
    if case != "deploy":
        town.run("deploy", release="2")
    if case == "rollback to stopped":
        town.run("retire", force=True, reason="test")
    return town


def verb_of(case: str) -> str:
    return {"first deploy": "deploy", "rollback to stopped": "rollback"}.get(case, case)


def undisturbed(case: str, layout: str, found: Start) -> tuple[int, int]:
    """Return how many lines that run writes, and how many applies it makes."""
    town = before(case, layout, found)
    applies = town.applies
    assert town.run(verb_of(case), **VERBS[case]).verdict == ENDS[case][0]
    return len(town.store.journal(town.last().id)), town.applies - applies


@LAYOUTS
@pytest.mark.parametrize("before_it", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("case", VERBS)
def test_a_run_killed_at_any_line_of_its_journal_is_finished(
    found: Start, layout: str, case: str, before_it: bool
) -> None:
    lines, applies = undisturbed(case, layout, found)
    verdict, active = ENDS[case]
    resumed = 0
    for number in range(1, lines + 1 - (not before_it)):  # once its last line is written it has ended
        town = before(case, layout, found)
        so_far = town.applies
        town.kill_at(number, verb_of(case), before=before_it, **VERBS[case])
        if town.history.unfinished is None:
            continue  # it had not chosen its route yet, and done nothing
        resumed += 1
        result = town.resume()
        where = f"killed at line {number} of {lines}"
        assert (result.verdict, result.exit_code, town.live) == (verdict, 0, active), where
        assert town.output["server_active"] == active, where
        assert town.applies - so_far <= applies + 1, where
        assert town.history.unfinished is None, where
        assert not town.status().drift, where
        assert town.run("rollback").exit_code in (0, 3), where
    assert resumed > lines / 2


@LAYOUTS
def test_it_says_where_the_run_stood(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    town.kill("deploy", "phase-started", fields={"phase": P.PROVE}, release="2")
    town.resume()
    assert (
        "run run-002 (deploy) ended in PROVE, switched, and not proven; the public records point at green" in town.said
    )
    assert town.phases[town.phases.index(P.PROVE) + 1 :] == [P.PROVE, P.BAKE]
    assert [run.id for run in town.history.telling()] == ["run-002", "run-001"]


def reached_the_record(town: Town, verb: str, **asked: Any) -> None:
    """Kill a run when its switch has reached the live record, and the output has not been stored."""
    root = town.root()

    def kill_next_apply() -> None:
        root.after, root.fail_apply = True, town._killed()

    with town.on("apply-started", kill_next_apply, phase=P.SWITCH), town.cut_off():
        town.run(verb, **asked)
    root.after = False


@LAYOUTS
@pytest.mark.parametrize("verb", ["deploy", "rollback"])
def test_a_switch_in_doubt_that_was_done_is_proven(shop: Start, layout: str, verb: str) -> None:
    town: Town = shop(layout)
    if verb == "rollback":
        town.run("deploy", release="2")
    reached_the_record(town, verb, **({"release": "2"} if verb == "deploy" else {}))
    result = town.resume()
    assert (result.exit_code, town.live, town.output["server_active"]) == (0, result.active, result.active)
    assert "in doubt: its switch had begun" in town.said
    assert P.CHECK not in town.phases[town.phases.index(P.SWITCH) + 1 :]


@LAYOUTS
def test_a_switch_in_doubt_that_was_not_done_is_checked_again(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    town.kill("deploy", "apply-started", fields={"phase": P.SWITCH}, release="2")
    town.moods["green"] = "sick"
    result = town.resume()
    assert (result.exit_code, town.live, town.output["server_active"]) == (1, "blue", "blue")
    assert town.phases[-1] == P.CHECK


@LAYOUTS
def test_a_record_that_somebody_else_changed_meanwhile_is_not_overwritten(shop: Start, layout: str) -> None:
    town: Town = shop(layout)
    reached_the_record(town, "deploy", release="2")
    town.records.point("shop.test", "127.0.0.99")
    with pytest.raises(DriftFound, match=r"shop.test points at 127.0.0.99"):
        town.resume()
    unfinished = town.history.unfinished
    assert unfinished is not None
    assert unfinished.phase == P.SWITCH
    assert town.run("rollback").verdict == "rolled-back"
    assert town.live == "blue"


@LAYOUTS
def test_a_switch_in_doubt_whose_apply_cannot_begin_goes_back(shop: Start, layout: str) -> None:
    """The run's own first apply was begun: `the public never left` would be a lie."""
    town: Town = shop(layout)
    reached_the_record(town, "deploy", release="2")

    def lock() -> None:
        town.root().fail_apply = Locked("somebody else holds the state's lock")

    with town.on("apply-started", lock, phase=P.SWITCH):
        result = town.resume()
    assert result.verdict in ("returned", "stuck")
    assert (result.verdict, town.live) == ("returned", "blue")


def test_what_got_stuck_is_taken_up_too(shop: Start) -> None:
    town: Town = shop()
    sick = {"green": "sick"}

    def fail() -> None:
        town.root().fail_plan = BluegreenError("the API is down")

    with (
        town.on("phase-started", lambda: town.moods.update(sick), phase=P.BAKE),
        town.on("phase-started", fail, phase=P.RETURN),
    ):
        assert town.run("deploy", release="2").verdict == "stuck"
    result = town.resume()
    assert (result.verdict, result.exit_code, town.live) == ("returned", 6, "blue")
    assert town.history.unfinished is None


def test_an_apply_of_the_dead_run_that_goes_on_is_waited_for(shop: Start) -> None:
    town: Town = shop()
    town.kill("deploy", "apply-started", fields={"phase": P.SWITCH}, release="2")
    town.store.append("run-002", terraform_started(town), durable=True)
    lives = iter([True, True, True, False])
    town.terraform_lives = lambda: next(lives, False)  # type: ignore[method-assign]
    assert town.resume().verdict == "switched"
    last = town.layers[-1].name
    assert f"terraform apply of run run-002 still runs in {last}, as process 77; waiting for its end" in town.said


def terraform_started(town: Town) -> dict[str, Any]:
    return {
        "event": "terraform-started",
        "time": town.clock.time(),
        "layer": town.layers[-1].name,
        "command": "apply",
        "pid": 77,
        "started": town.clock.time(),
    }


def test_the_lock_of_a_living_run_keeps_it_from_being_taken_up(shop: Start) -> None:
    town: Town = shop()
    town.kill("deploy", "phase-started", fields={"phase": P.PROVE}, release="2")
    town.place.gone = False
    with pytest.raises(Locked):
        town.resume()


def test_what_was_ended_meanwhile_is_not_taken_up(shop: Start) -> None:
    town: Town = shop()
    town.kill("deploy", "phase-started", fields={"phase": P.PROVE}, release="2")
    cut = town.history.unfinished
    assert cut is not None
    town.run("rollback")
    with pytest.raises(Refused, match="run run-002 has been ended meanwhile"):
        town.take_up(cut)
    assert town.live == "blue"


def test_every_phase_says_how_a_run_stands_in_it() -> None:
    from bluegreen.switch.recovery import STANDS

    phases = {phase for table in (DEPLOY, ROLLBACK, RETIRE, RECONCILE) for phase in table}
    assert phases == set(STANDS)


def _phases_before_a_move() -> Iterator[str]:
    yield from (phase for phase in DEPLOY if phase not in MOVED)


@pytest.mark.parametrize("phase", [phase for phase in _phases_before_a_move() if phase != P.PREFLIGHT])
def test_a_public_that_was_moved_meanwhile_stops_it(shop: Start, phase: str) -> None:
    """By another machine, whose journals are not here."""
    town: Town = shop()
    town.kill("deploy", "phase-started", fields={"phase": phase}, release="2")
    if town.server("green") is None:
        return
    elsewhere, town.store = town.store, type(town.store)()
    town.place.holder = None
    town.run("deploy", release="3")
    town.store = elsewhere
    with pytest.raises(Refused, match="green serves the public since run run-002 was cut off"):
        town.resume()
    assert town.live == "green"
