"""Reads a plan and refuses what its phase has no business touching.

Every address belongs to an owner (marker, public, backend.<color>, server.<color>, shared); RULES says which actions
each phase may take on whom. An action that is named nowhere is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bluegreen.config import schema
from bluegreen.errors import GuardRefused
from bluegreen.model import Action, Color
from bluegreen.ports import Change, Plan

A = Action


class Step(StrEnum):
    """What a plan is for; the word that `guard.allow.phases` uses."""

    PREPARE = "prepare"
    FIRST = "first-deploy"
    START = "start"
    SWITCH = "switch"
    RETIRE = "retire"
    RECONCILE = "reconcile"


MARKER, PUBLIC, SHARED = "marker", "public", "shared"

DEFAULT_OWNERSHIP: Sequence[tuple[str, str]] = (
    (MARKER, "terraform_data.bluegreen"),
    (PUBLIC, "module.cdn*.*.root*"),
    *((f"backend.{color}", f"module.cdn*.*{color}*") for color in Color),
    *((f"server.{color}", f"module.{color}_server*") for color in Color),
)
"""Owner and address pattern; the first match wins, what matches nothing is shared."""

ANYTHING = frozenset({A.CREATE, A.UPDATE, A.REPLACE, A.DELETE})
HARMLESS = frozenset({A.NOOP, A.READ})
_NONE: frozenset[Action] = frozenset()

# Whose -> what may be done to it. "subject" is the color that the step is about, "other" the one beside it.
RULES: Mapping[Step, Mapping[str, frozenset[Action]]] = {
    Step.PREPARE: {
        "subject.server": ANYTHING,
        "subject.backend": ANYTHING,
        SHARED: frozenset({A.CREATE}),
    },
    Step.FIRST: {
        "subject.server": ANYTHING,
        "subject.backend": ANYTHING,
        **dict.fromkeys(("other.server", "other.backend", SHARED, PUBLIC), frozenset({A.CREATE})),
    },
    Step.START: {"subject.server": frozenset({A.UPDATE})},
    Step.SWITCH: {
        PUBLIC: frozenset({A.CREATE, A.UPDATE}),  # one that somebody has deleted serves nobody, and a way back needs it
        **dict.fromkeys(("subject.backend", "other.backend"), frozenset({A.UPDATE})),
    },
    Step.RECONCILE: dict.fromkeys((PUBLIC, "subject.backend", "other.backend"), frozenset({A.CREATE, A.UPDATE})),
    Step.RETIRE: dict.fromkeys(("subject.server", "subject.backend"), frozenset({A.UPDATE, A.DELETE})),
}
MARKER_MAY = frozenset({A.CREATE, A.UPDATE})


@dataclass(frozen=True, slots=True)
class Allowance:
    """One entry of `guard.allow`: these actions on addresses that match, in these steps."""

    pattern: str
    actions: frozenset[Action] = frozenset({A.UPDATE})
    steps: frozenset[Step] = frozenset({Step.PREPARE})


CHECK_NAMES = Allowance('module.cdn*.cloudflare_dns_record.check["*"]', frozenset({A.CREATE}))
"""The active color may be given its name for `check.via: edge` later than its server: nobody is there to be hurt."""


@dataclass(frozen=True, slots=True)
class Refusal:
    address: str
    action: Action
    owner: str
    rule: str

    def __str__(self) -> str:
        return f"{self.address}: {self.action} ({self.owner}): {self.rule}"


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard of one environment. ownership: owner and pattern, tried before the defaults."""

    ownership: Sequence[tuple[str, str]] = ()
    allowances: Sequence[Allowance] = ()

    @classmethod
    def of(cls, settings: schema.Guard, allow: Iterable[str]) -> Guard:
        """Return the guard that is configured. allow: addresses with which one run may do anything."""
        ownership = [(owner, pattern) for owner, patterns in settings.ownership.items() for pattern in patterns]
        allowances = [
            Allowance(
                entry.address,
                frozenset(Action(action) for action in entry.actions),
                frozenset(Step.SWITCH if phase == "return" else Step(phase) for phase in entry.phases),
            )
            for entry in settings.allow
        ]
        return cls(ownership, [*allowances, *map(Allowance, allow)])

    def owner(self, address: str, layer_color: Color | None = None) -> str:
        """Return whose an address is. layer_color: the color that the layer belongs to, with everything in it."""
        for owner, pattern in (*self.ownership, *DEFAULT_OWNERSHIP):
            if _matches(pattern, address) and (layer_color is None or owner == MARKER):
                return owner
        return f"server.{layer_color}" if layer_color else SHARED

    def refusals(
        self, changes: Iterable[Change], step: Step, subject: Color, layer_color: Color | None = None
    ) -> list[Refusal]:
        """Return what `step`, which is about the color `subject`, must not do."""
        refusals = []
        for change in changes:
            owner = self.owner(change.address, layer_color)
            rule = self._broken_rule(change, owner, step, subject, layer_color)
            if rule:
                refusals.append(Refusal(change.address, change.action, owner, rule))
        return refusals

    def _broken_rule(self, change: Change, owner: str, step: Step, subject: Color, layer_color: Color | None) -> str:
        if change.action in HARMLESS:
            return ""
        if change.action is A.MOVE:
            came_from = self.owner(change.previous_address, layer_color)
            return "" if came_from == owner else f"it would move from {came_from} to {owner}"
        if owner == MARKER:
            return "" if change.action in MARKER_MAY else "the marker is only created and updated"
        role = _role(owner, subject)
        may = RULES[step].get(role, _NONE)
        if change.action in may or self._allowed(change, role, step):
            return ""
        words = " or ".join(sorted(may)) if may else "not touch"
        return f"{step} may {words} {_whose(role, subject)}"

    def _allowed(self, change: Change, role: str, step: Step) -> bool:
        if role in (PUBLIC, "other.server"):
            return False  # never the public record, never the active color's server, whatever anybody wrote
        return any(
            step in entry.steps and change.action in entry.actions and _matches(entry.pattern, change.address)
            for entry in (CHECK_NAMES, *self.allowances)
        )

    def check(self, plan: Plan, step: Step, subject: Color, layer_color: Color | None = None) -> None:
        """Raise GuardRefused when `plan` does what `step` must not do."""
        refusals = self.refusals(plan.changes, step, subject, layer_color)
        if refusals:
            lines = "".join(f"\n  {refusal}" for refusal in refusals)
            raise GuardRefused(
                f"the plan of {plan.layer} touches what {step} must not touch:{lines}",
                hint=_way_out(refusals, step),
            )

    def check_target(self, plan: Plan, address: str) -> None:
        """Raise GuardRefused unless every public record's planned content is `address`, changed or not."""
        if not address:
            raise GuardRefused("the color to switch to has no address", where=plan.layer)
        public = {a: c for a, c in (plan.contents or {}).items() if self.owner(a) == PUBLIC}
        if not public:
            raise GuardRefused(
                f"the plan of {plan.layer} has no public record, so that what it would do cannot be known",
                hint="set guard.ownership.public to the address of the public record's resource",
            )
        wrong = {a: c for a, c in public.items() if c != address}
        if wrong:
            lines = "".join(f"\n  {a}: {c}" for a, c in wrong.items())
            raise GuardRefused(f"the public record would not point at {address}:{lines}")

    def moves_public(self, plan: Plan) -> bool:
        """Return whether `plan` changes every public record that is in it."""
        changed = {change.address for change in plan.changes if change.action not in HARMLESS}
        return all(address in changed for address in plan.contents or {} if self.owner(address) == PUBLIC)


def _role(owner: str, subject: Color) -> str:
    kind, _, color = owner.partition(".")
    if not color:
        return owner
    return f"{'subject' if color == subject else 'other'}.{kind}"


def _whose(role: str, subject: Color) -> str:
    who, _, kind = role.partition(".")
    return f"{subject if who == 'subject' else subject.other}'s {kind}" if kind else f"what is {role}"


def _way_out(refusals: Sequence[Refusal], step: Step) -> str:
    if any(r.owner == PUBLIC for r in refusals):
        return "a public record is changed by a switch only; apply other changes of it by hand, in a quiet hour"
    address = refusals[0].address
    ways = [
        "move the value into the color's object",
        "give each color its own module version",
        "give each color a layer (stack: [..., blue: ..., green: ..., edge: ...])",
    ]
    if step is Step.PREPARE and any(r.owner == SHARED for r in refusals):
        ways.append(f"or, if it is harmless, --allow '{address}'")
    return "; ".join(ways)


def _matches(pattern: str, address: str) -> bool:
    """Match with `*` alone being special: addresses are full of brackets."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), address) is not None
