from __future__ import annotations

import pytest

from bluegreen.run.engine import DONE, FAILED, INTERRUPTED, Routes
from bluegreen.switch.phases import CLOSED, DEPLOY, MOVED, PREPARE, RETIRE, ROLLBACK, TABLES, Phase

ENDS = {Phase.DONE, Phase.PREPARED, Phase.FAILED, Phase.RETURNED, Phase.STUCK}


EVERY = [*TABLES.values(), *CLOSED.values()]
NAMES = [*TABLES, *(f"{verb} with no way back" for verb in CLOSED)]


@pytest.mark.parametrize("table", EVERY, ids=NAMES)
def test_every_phase_answers_every_outcome_and_leads_somewhere(table: Routes) -> None:
    for phase, routes in table.items():
        assert {DONE, FAILED, INTERRUPTED} <= routes.keys(), phase
        for following in routes.values():
            assert following in table or following in ENDS, (phase, following)


@pytest.mark.parametrize("table", EVERY, ids=NAMES)
def test_every_phase_can_be_reached(table: Routes) -> None:
    reached, waiting = set(), [Phase.PREFLIGHT]
    while waiting:
        phase = waiting.pop()
        if phase in table and phase not in reached:
            reached.add(phase)
            waiting += table[phase].values()
    assert reached == set(table)


def test_failed_means_that_the_public_never_left() -> None:
    for phase, routes in DEPLOY.items():
        if phase in MOVED:
            leaves_by = {outcome for outcome, following in routes.items() if following == Phase.FAILED}
            assert leaves_by <= {"not-begun", "no-origin"}, phase


def test_after_the_switch_a_deploy_fails_into_return_and_nowhere_else() -> None:
    for phase in (Phase.SWITCH, Phase.PROVE, Phase.BAKE):
        assert DEPLOY[phase][FAILED] == DEPLOY[phase][INTERRUPTED] == Phase.RETURN


def test_with_no_way_back_nothing_returns_by_itself_and_what_was_not_begun_has_failed() -> None:
    for verb, table in CLOSED.items():
        assert table.keys() == TABLES[verb].keys() - {Phase.RETURN}
        assert {table[phase][FAILED] for phase in MOVED & table.keys()} == {Phase.STUCK}
        assert table[Phase.SWITCH]["not-begun"] == Phase.FAILED


def test_prepare_never_reaches_a_phase_that_moves_the_public() -> None:
    assert not MOVED & set(PREPARE)


def test_a_rollback_never_returns_by_itself() -> None:
    assert Phase.RETURN not in ROLLBACK
    assert Phase.SWITCH not in RETIRE
