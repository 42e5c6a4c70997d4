"""What a user may ask of a run, and the pure decisions that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from bluegreen.errors import Refused, TargetRefused, UsageError
from bluegreen.model import EMPTY, Color, StackFacts
from bluegreen.switch.history import History, PastRun
from bluegreen.switch.phases import MOVED
from bluegreen.switch.values import same_object


@dataclass(frozen=True, slots=True)
class DeployRequest:
    """to: None means the idle color. release: None means the environment's. sets: over the environment's variables.

    retry: although it was returned from. no_way_back: why nobody may go back from it, "" when they may.
    """

    to: Color | None = None
    release: str | None = None
    sets: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    retry: bool = False
    reason: str = ""
    allow: tuple[str, ...] = ()
    no_way_back: str = ""


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """to: None means where the stack or the last run came from.

    force: although the target is sick, or was left with no way back to it.
    """

    to: Color | None = None
    force: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DirectRequest:
    """A rollback past Terraform. address: the target's own; "" to read it from the zone. Raises UsageError.

    force: although the target was left with no way back to it.
    """

    to: Color
    reason: str
    address: str = ""
    force: bool = False

    def __post_init__(self) -> None:
        if not self.reason:
            raise UsageError("a rollback past Terraform needs a reason", hint="say why; it is kept in the history")
        try:
            IPv4Address(self.address or "127.0.0.1")  # none is as good as any
        except ValueError:
            raise UsageError(f"{self.address!r} is no IPv4 address", hint="public records are of type A") from None


@dataclass(frozen=True, slots=True)
class RetireRequest:
    """standby: "stop", "destroy", or "" for the environment's. due: do nothing unless the warm time has ended."""

    standby: str = ""
    due: bool = False
    dry_run: bool = False
    force: bool = False
    reason: str = ""


LIVE, STATE = "live", "state"


@dataclass(frozen=True, slots=True)
class ReconcileRequest:
    """to: LIVE, the state is to say what the live edge says; or STATE, the other way round. Raises UsageError."""

    to: str = LIVE

    def __post_init__(self) -> None:
        if self.to not in (LIVE, STATE):
            raise UsageError(f"{self.to!r} is nothing to reconcile to", hint=f"write {LIVE} or {STATE}")


def wanted_object(release: str, variables: Mapping[str, Any], request: DeployRequest) -> dict[str, Any]:
    """Return the idle color's object: the environment's release and variables, then --release, then --set.

    Nothing is inherited from what the color ran before. Raises UsageError when no release comes from anywhere.
    """
    if request.release == "":
        raise UsageError("--release is empty", hint="leave it out to deploy the environment's own release")
    wanted = _laid_over({"release": request.release or release, **variables}, request.sets)
    if not wanted["release"]:
        raise UsageError(
            "no release to deploy",
            hint="give --release 1.2.3, or write release: in the environment",
        )
    return wanted


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge mappings key by key; anything else above replaces what is below."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[key] = _laid_over(under or {}, value) if both else value
    return merged


def deploy_target(facts: StackFacts, active: Color, request: DeployRequest, wanted: Mapping[str, Any]) -> Color | None:
    """Return the color to deploy to, None when there is nothing to do.

    Raises UsageError when the active color was asked for with another object.
    """
    equal = same_object(facts.of(active).inputs, wanted)
    if request.to is None:
        return None if equal else active.other
    if request.to != active:
        return request.to
    if equal:
        return None
    raise UsageError(
        f"{active} is active, and runs {facts.of(active).release or 'something else'}: a deploy goes to the idle color",
        hint=f"bluegreen deploy --to {active.other} --release {wanted['release']}",
    )


NO_WAY_BACK = "there is nothing to go back to"

DEPLOYS = ("deploy", "prepare", "switch")
"""Verbs that bring the public to a release, or prepare that: a rollback ends them."""


def refuse_returned(history: History, wanted: Mapping[str, Any], request: DeployRequest) -> None:
    """Raise Refused when this release was taken out of service here before and --retry was not given."""
    release = str(wanted["release"])
    before = history.returned_from(release)
    if before is None or (request.retry and request.reason):
        return
    raise Refused(
        f"release {release} was taken out of service here by run {before.id}",
        hint=f"bluegreen deploy --release {release} --retry --reason TEXT",
    )


def refuse_past_terraform(history: History) -> None:
    """Raise Refused while Terraform does not know yet where the public was moved past it."""
    run = history.past_terraform
    if run is not None:
        raise Refused(
            f"run {run.id} pointed the public at {run.target} past Terraform, which does not know that yet",
            hint="bluegreen resume",
        )


def closed(run: PastRun) -> str:
    """Say that nobody may go back from what this run has switched to."""
    return f"run {run.id} left {run.origin} with no way back: {run.no_way_back}"


def refuse_closed(history: History, target: Color, request: RollbackRequest | DirectRequest) -> None:
    """Raise TargetRefused when the public left the target with no way back to it, and nobody forces that."""
    run = history.closed_by(target)
    if run is not None and not (request.force and request.reason):
        raise TargetRefused(closed(run), hint="bluegreen rollback --force --reason TEXT goes back all the same")


@dataclass(frozen=True, slots=True)
class Way:
    """Where a rollback goes, and which unfinished run it ends, if any."""

    target: Color
    ends: PastRun | None = None


def rollback_way(facts: StackFacts, request: RollbackRequest, history: History) -> Way | None:
    """Return where a rollback goes; None when there is nothing to do.

    An unfinished deploy is ended, back to where it came from, and an unfinished rollback is finished, unless it was cut
    off before its switch and the public is there all the same: then another machine has moved it since. Else `--to`
    says, then the output's server_previous, and where no output declares that, the last run that moved the public.
    Raises Refused when none of these does.
    """
    active, unfinished = facts.active, history.unfinished
    if (
        unfinished is not None
        and unfinished.verb == "rollback"
        and request.to in (None, unfinished.target)
        and (unfinished.phase in MOVED or unfinished.target != active)
    ):
        assert unfinished.target is not None, "a run that tells something has a target"
        return Way(unfinished.target, unfinished)
    if unfinished is not None and unfinished.verb in DEPLOYS:
        if unfinished.phase not in MOVED:
            return _asked(request, active)
        if unfinished.origin is not None and request.to in (None, unfinished.origin):
            return Way(unfinished.origin, unfinished)
    if request.to is not None:
        return _asked(request, active)
    if facts.declares_previous:
        return Way(facts.previous) if facts.previous and facts.previous != active else None
    move = history.last_move
    if move is None:
        raise Refused(
            "nothing here says which color came before: the output has no server_previous, and there is no run",
            hint=f"bluegreen rollback --to {(active or Color.GREEN).other}",
        )
    return Way(move.left) if move.left is not None and move.left != active else None


def _asked(request: RollbackRequest, active: Color | None) -> Way | None:
    return Way(request.to) if request.to is not None and request.to != active else None


def check_target(facts: StackFacts, target: Color, history: History) -> str:
    """Return the target's presence, running or stopped. Raises TargetRefused when it cannot be gone back to."""
    color = facts.of(target)
    bring_back = f"bluegreen deploy --to {target} --release {color.release or 'RELEASE'}"
    used = history.used_up_by(target)
    if used is not None:
        raise TargetRefused(f"{target} is no way back: it was used up by run {used.id}", hint=bring_back)
    if not color.enabled or not color.address:
        raise TargetRefused(f"{target} is gone", hint=bring_back)
    return color.presence
