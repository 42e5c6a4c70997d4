"""The checks, in the order in which one thing stands on another; all at once, each with a deadline of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from bluegreen.doctor import contract, edge, evidence, google, machine, state, terraform
from bluegreen.doctor.findings import Diagnosis, Finding, Unknown, failure, skipped
from bluegreen.doctor.subject import Subject
from bluegreen.errors import BluegreenError
from bluegreen.model import Color
from bluegreen.ports import Clock
from bluegreen.switch.background import in_background

Look = Callable[[Subject], Finding]
"""Looks at one thing. A BluegreenError is a failure with its hint, Unknown a check that was skipped."""

TERRAFORM = 60.0
"""Seconds for one call of Terraform; then it is interrupted."""


@dataclass(frozen=True, slots=True)
class Check:
    """within: seconds from the beginning of all; what several stand on is waited for in them too."""

    name: str
    look: Look
    within: float = 60.0


CHECKS: Sequence[Check] = (
    Check("engine", terraform.engine),
    Check("lock files", terraform.lock_files),
    Check("states", state.states),
    Check("store", state.store),
    Check("contract", contract.contract),
    Check("versions", terraform.versions),
    Check("colors", contract.colors),
    Check("code", contract.code, within=2 * TERRAFORM),
    Check("token", edge.token),
    Check("zone", edge.zone),
    Check("delegation", edge.delegation),
    Check("records", edge.records),
    Check("google", google.permissions),
    Check("public", evidence.public),
    Check("blue", partial(evidence.color, color=Color.BLUE)),
    Check("green", partial(evidence.color, color=Color.GREEN)),
    Check("resolvers", machine.resolvers),
    Check("clock", machine.clock),
    Check("disk", machine.disk),
)


def examine(subject: Subject, checks: Sequence[Check] = CHECKS) -> Diagnosis:
    """Look at everything at once. Raises what is wrong with a check itself, and nothing that one has found."""
    time = subject.world.clock
    begun = time.monotonic()
    subject.begin()
    looking = [(check, in_background(check.name, partial(_look, check, subject))) for check in checks]
    found = [_awaited(check, finding, begun, time) for check, finding in looking]
    subject.end()
    return Diagnosis(subject.world.environment, tuple(found))


def _look(check: Check, subject: Subject) -> Finding:
    try:
        found = check.look(subject)
    except Unknown as why:
        found = skipped(str(why))
    except BluegreenError as error:
        found = failure(str(error), error.hint)
    return replace(found, check=check.name)


def _awaited(check: Check, finding: Future[Finding], begun: float, clock: Clock) -> Finding:
    try:
        return finding.result(max(0.0, begun + check.within - clock.monotonic()))
    except TimeoutError:
        silent = failure(f"no answer in {check.within:g} s", "see whether what it asks is up, then look again")
        return replace(silent, check=check.name)
