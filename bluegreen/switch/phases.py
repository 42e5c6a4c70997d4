"""The ROUTES tables: every phase of a run, and where each outcome of it leads.

    done         the phase did its work                 not-begun    failed or interrupted before its apply was begun
    failed       it did not                             no-origin    there is no color to go back to
    interrupted  INT, TERM or HUP ended it              held         failed, and `on_failure: hold` keeps traffic there
    nothing      there is nothing to do                 unanswered   interrupted before the target's first answer
    stopped      the target must be started first           accepted     the state is to say what the live edge says
    stale        what a prepared plan took for true is not

A crash re-enters the phase in which it happened. The engine walks these tables; status, the README's diagram and
the tests are made from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bluegreen.run.engine import DONE, FAILED, INTERRUPTED, Routes

NOTHING, STOPPED, NOT_BEGUN = "nothing", "stopped", "not-begun"
NO_ORIGIN, HELD, UNANSWERED, ACCEPTED, STALE = "no-origin", "held", "unanswered", "accepted", "stale"


class Phase(StrEnum):
    PREFLIGHT = "PREFLIGHT"
    PREPARE = "PREPARE"
    CHECK = "CHECK"
    SWITCH = "SWITCH"
    PROVE = "PROVE"
    BAKE = "BAKE"
    RETURN = "RETURN"
    RETIRE = "RETIRE"
    RECORD = "RECORD"
    # The ends, which lead nowhere:
    DONE = "DONE"
    PREPARED = "PREPARED"
    FAILED = "FAILED"  # the public never left the old color
    RETURNED = "RETURNED"  # it left, and came back
    STUCK = "STUCK"  # a human is needed


P = Phase


def _leads(done: Phase, failed: Phase, interrupted: Phase, also: Mapping[str, Phase] | None = None) -> dict[str, str]:
    return {DONE: done, FAILED: failed, INTERRUPTED: interrupted, **(also or {})}


DEPLOY: Routes = {
    P.PREFLIGHT: _leads(P.PREPARE, P.FAILED, P.FAILED, {NOTHING: P.DONE}),
    P.PREPARE: _leads(P.CHECK, P.FAILED, P.FAILED),
    P.CHECK: _leads(P.SWITCH, P.FAILED, P.FAILED),
    P.SWITCH: _leads(P.PROVE, P.RETURN, P.RETURN, {NOT_BEGUN: P.FAILED}),
    P.PROVE: _leads(P.BAKE, P.RETURN, P.RETURN, {HELD: P.STUCK}),
    P.BAKE: _leads(P.DONE, P.RETURN, P.RETURN, {HELD: P.STUCK}),
    P.RETURN: _leads(P.RETURNED, P.STUCK, P.RETURN, {NO_ORIGIN: P.FAILED}),
}

PREPARE: Routes = {
    P.PREFLIGHT: DEPLOY[P.PREFLIGHT],
    P.PREPARE: DEPLOY[P.PREPARE],
    P.CHECK: _leads(P.PREPARED, P.FAILED, P.FAILED),
}
"""DEPLOY up to CHECK."""

SWITCH: Routes = {
    P.PREFLIGHT: _leads(P.CHECK, P.FAILED, P.FAILED),
    **{phase: routes for phase, routes in DEPLOY.items() if phase not in PREPARE},
    P.CHECK: DEPLOY[P.CHECK],
}
"""PREFLIGHT, then CHECK and the rest of DEPLOY."""

ROLLBACK: Routes = {
    P.PREFLIGHT: _leads(P.CHECK, P.FAILED, P.FAILED, {NOTHING: P.DONE, STOPPED: P.PREPARE}),
    P.PREPARE: _leads(P.CHECK, P.FAILED, P.FAILED),
    P.CHECK: _leads(P.SWITCH, P.FAILED, P.FAILED, {STALE: P.PREFLIGHT}),
    P.SWITCH: _leads(P.PROVE, P.STUCK, P.STUCK, {NOT_BEGUN: P.FAILED, STALE: P.PREFLIGHT}),
    P.PROVE: _leads(P.DONE, P.STUCK, P.DONE, {UNANSWERED: P.STUCK}),
}

RETIRE: Routes = {
    P.PREFLIGHT: _leads(P.RETIRE, P.FAILED, P.FAILED, {NOTHING: P.DONE}),
    P.RETIRE: _leads(P.DONE, P.FAILED, P.FAILED),
}

RECONCILE: Routes = {
    P.PREFLIGHT: _leads(P.CHECK, P.FAILED, P.FAILED, {NOTHING: P.DONE, ACCEPTED: P.RECORD}),
    P.RECORD: _leads(P.DONE, P.STUCK, P.STUCK, {NOT_BEGUN: P.FAILED}),
    P.CHECK: _leads(P.SWITCH, P.FAILED, P.FAILED),
    P.SWITCH: _leads(P.PROVE, P.STUCK, P.STUCK, {NOT_BEGUN: P.FAILED}),
    P.PROVE: ROLLBACK[P.PROVE],
}

DIRECT: Routes = {
    P.PREFLIGHT: _leads(P.SWITCH, P.FAILED, P.FAILED),
    P.SWITCH: _leads(P.PROVE, P.STUCK, P.STUCK, {NOT_BEGUN: P.FAILED}),
    P.PROVE: ROLLBACK[P.PROVE],
}
"""A rollback past Terraform. Whoever takes it up again walks RECONCILE: the state is to say what the edge says."""


def _held(table: Routes) -> Routes:
    return {
        phase: {outcome: P.STUCK if following == P.RETURN else following for outcome, following in routes.items()}
        for phase, routes in table.items()
        if phase != P.RETURN
    }


CLOSED: Mapping[str, Routes] = {"deploy": _held(DEPLOY), "switch": _held(SWITCH)}
"""Of a release that nobody may go back from: once its SWITCH has begun to move the public, RETURN is a human's to call.

What it brings may have served somebody, and written what the release before cannot read.
"""

TABLES: Mapping[str, Routes] = {
    "deploy": DEPLOY,
    "prepare": PREPARE,
    "switch": SWITCH,
    "rollback": ROLLBACK,
    "retire": RETIRE,
    "reconcile": RECONCILE,
}

MOVED = frozenset({P.SWITCH, P.PROVE, P.BAKE, P.RETURN, P.RECORD})
"""Phases in which the public may have left the old color, or had left it and is now said to have."""
