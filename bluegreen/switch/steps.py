"""What deploy, rollback and retire have in common: looking before acting, and moving the public."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from math import inf
from typing import ClassVar

from bluegreen.errors import (
    ApplyNotBegun,
    BluegreenError,
    CheckFailed,
    Interrupted,
    Locked,
    TerraformError,
)
from bluegreen.events import RouteChosen, Said, WaitingFor
from bluegreen.health import Origin, Public
from bluegreen.model import Color, ColorFacts, StackFacts
from bluegreen.ports import DeadTerraform, Plan
from bluegreen.run.engine import Leave, Routes
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import values
from bluegreen.switch.adoption import nothing_deployed
from bluegreen.switch.audience import Audience, Seen
from bluegreen.switch.evidence import LastResort, Looks
from bluegreen.switch.guard import Step
from bluegreen.switch.history import PastRun
from bluegreen.switch.live_edge import Live
from bluegreen.switch.phases import NOT_BEGUN, TABLES, UNANSWERED, Phase
from bluegreen.switch.stack import Layer, Purpose
from bluegreen.switch.world import World

WATCH_PACE = 5
"""How many times slower than around the switch the public is asked while the idle color is brought up."""

PUBLIC_WAIT = 2.0
"""Seconds to wait, once a way back has been gone, for the public's answers to what was asked before."""

LOOK_FOR_DEAD = 0.2
"""Seconds between two looks at the Terraform of a run that was cut off."""


@dataclass(slots=True)
class Steps:
    """The steps of one run. origin: the color that served before it; target: the one it is about.

    active: the color that serves the public, as far as this run knows. moving: an apply was begun that moves the
    public. cut: the run of which this is the rest, None if it is none. done: the verdict at the end of its table, where
    that is not the verb's.
    """

    done: ClassVar[str] = ""
    world: World
    live: Live = field(init=False)
    audience: Audience = field(init=False)
    active: Color | None = None
    origin: Color | None = None
    target: Color = Color.BLUE
    release: str = ""
    moving: bool = False
    cut: PastRun | None = None

    def __post_init__(self) -> None:
        self.live = Live(self.world)
        self.audience = self.world.audience()

    def routes(self, verb: str) -> Routes:
        """Return the table to walk."""
        return TABLES[verb]

    def steps(self) -> dict[str, PhaseStep]:
        """Return what does each phase of that table."""
        raise NotImplementedError

    @property
    def way_out(self) -> str:
        """The command that ends this run once it is stuck."""
        way_back = self.origin not in (None, self.target)  # a rollback that is stuck is ended by another
        return "bluegreen rollback" if way_back else "bluegreen resume"

    def say(self, text: str, level: str = "info") -> None:
        self.world.emit(Said(text, level))

    def open(self, layers: Iterable[Layer]) -> None:
        """Look at the folders, initialise what needs it, and mend what a Terraform that was killed left there."""
        dead = self._await_dead()
        for layer in layers:
            layer.workspace.check_folder()
            layer.workspace.init()
            layer.workspace.recover(dead if dead is not None and dead.layer == layer.name else None)

    def _await_dead(self) -> DeadTerraform | None:
        """Return the Terraform of the last run that may have left its lock, once it is gone; None when there is none.

        One whose run was cut off outlives that on purpose, and may still be changing something.
        """
        last = self.cut or self.world.history.unfinished or self.world.history.last
        if last is None or last.terraform is None:
            return last.failed if last is not None else None
        left = last.terraform
        if self.world.lives(last.host, left.pid, left.started, left.birth):
            told = f"terraform {left.command} of run {last.id} still runs in {left.layer}, as process {left.pid}"
            self.say(f"{told}; waiting for its end", "warning")
            self.world.emit(WaitingFor("Terraform of the run before to end"))
        while self.world.lives(last.host, left.pid, left.started, left.birth):
            self.world.clock.sleep(LOOK_FOR_DEAD)
        return left

    def open_stack(self, layers: Iterable[Layer]) -> StackFacts | None:
        """Open layers and read what the last one says; None when nothing is deployed."""
        self.open(layers)
        self.world.stack.read(self.world.stack.last)
        return self.facts()

    def facts(self) -> StackFacts | None:
        """Return what the last layer said, and remember who is active; None when nothing is deployed."""
        if self.world.stack.facts is None:
            return None
        facts = self.world.stack.complete()
        self.active = facts.serving
        return facts

    def open_last(self) -> StackFacts:
        """Open the last layer and read it. Raises Refused when nothing is deployed."""
        facts = self.open_stack([self.world.stack.last])
        if facts is None:
            raise nothing_deployed(self.world)
        return facts

    def tell_route(self, origin: ColorFacts, target: ColorFacts) -> None:
        """Write down where this run goes to, and what the target runs already."""
        self.world.emit(
            RouteChosen(origin.color, origin.release, target.color, target.release, dict(target.inputs or {}))
        )

    def ask_on(self, facts: StackFacts, public: Public, *, was_good: bool = False) -> None:
        """Ask the public in the background from now on. was_good: it answered well before this run."""
        witness, every = self.world.witness, self.world.settings.probe.every * WATCH_PACE
        self.audience.start(witness.public_question(facts), every, public, goal=self.target, was_good=was_good)

    def watch(self, facts: StackFacts, public: Public) -> Seen:
        """Ask the public once, say how it answers, and go on asking in the background. Returns the first answer."""
        witness, probe = self.world.witness, self.world.settings.probe
        seen = witness.ask_public(facts, public)
        good = bool(seen.answer.status) and probe.expect.contains(seen.answer.status)
        if not good:
            self.say(f"{facts.public_url} fails already, before this run: {seen.answer.outcome}", "warning")
        elif not seen.origin.is_evidence or (seen.origin is Origin.UNMARKED and public.identity is not None):
            self.say(
                f"{facts.public_url} does not say which color answers ({seen.origin}): a switch could not be proven",
                "warning",
            )
        self.ask_on(facts, public, was_good=good)
        return seen

    def plan(self, layer: Layer, intent: values.Intent, purpose: Purpose) -> Plan:
        """Plan one layer, guarded. Raises GuardRefused; TerraformError with all that is known of why."""
        try:
            return self.world.stack.plan(layer, intent, purpose)
        except TerraformError as error:
            self.live.explain(error)
            raise

    def move(
        self,
        phase: Phase,
        to: Color,
        intent: values.Intent,
        step: Step = Step.SWITCH,
        prepared: Plan | None = None,
    ) -> None:
        """Point the public at `to`: plan, guard and apply the last layer; or apply the plan that was prepared for it.

        Leaves the phase by `not-begun` when anything stops it before the first such apply is begun.
        """
        stack, begun = self.world.stack, self.moving
        facts, purpose = stack.complete(), stack.moving(phase, to, step)
        try:
            plan = prepared or self.plan(stack.last, intent, purpose)
            with nullcontext() if prepared else stack.undecided(stack.last, plan):
                self.before_move()
        except BluegreenError as error:
            raise not_begun(error, begun) from error
        self.audience.pace(self.world.settings.probe.every)
        self.audience.expect(self.world.witness.serving(facts, to))
        self.moving = True
        try:
            stack.apply(stack.last, plan, purpose)
        except Locked as error:  # the apply found the state's lock taken, and has not begun
            raise not_begun(error, begun) from error
        except ApplyNotBegun as error:
            if prepared is None:
                raise not_begun(error, begun) from error
            self.moving = begun
            self.say(f"the prepared plan is of no use any more: {error.message}", "warning")
            self.plan_anew(phase, to, intent)
        self.active = to

    def plan_anew(self, phase: Phase, to: Color, intent: values.Intent) -> None:
        """Move without the prepared plan, which could not be applied."""
        self.move(phase, to, intent)

    def before_move(self) -> None:
        """Look once more before the public is moved; raise to stay."""

    def prove(self, color: Color, *, last_resort: bool) -> None:
        """Return once the public is answered by `color` alone. Raises CheckFailed, at its deadline or once that is bad.

        last_resort: it is the way back, and there is no better color to go to.
        """
        facts, witness = self.world.stack.complete(), self.world.witness
        public = witness.serving(facts, color)
        target = facts.of(color)
        looks = LastResort(witness, target) if last_resort else Looks(witness, target, facts.of(color.other))
        witness.prove(self.audience, public, self.settle(), looks)
        if public.identity is None and self.world.drift(facts).live != color:
            raise CheckFailed(f"the live records do not point at {color}")
        self._purge(facts)

    def prove_interruptibly(self) -> None:
        """Prove the target; once it has answered the public, the rest of the settle time may be left out."""
        try:
            self.prove(self.target, last_resort=True)
        except Interrupted as interrupted:
            if not self.audience.answered:
                raise Leave(UNANSWERED, interrupted) from interrupted
            self.say(f"{self.target} answers the public; the rest of the settle time was left out", "warning")
            raise

    def settle(self) -> float:
        """Return the seconds for which old answers may still come after this run's switch."""
        settings = self.world.settings
        if settings.edge.proxied:
            return settings.settle()
        try:
            return settings.settle(self.live.drift().ttl)
        except BluegreenError:  # only a rollback gets this far without the live records
            return settings.settle()

    def _purge(self, facts: StackFacts) -> None:
        """Have the CDN forget what it kept of the other color. That it does not is said, and undoes nothing."""
        purge = self.world.settings.edge.purge
        try:
            if purge == "hosts":
                self.world.cache().purge_hosts(facts.edge.zone_id, facts.public_hostnames)
            elif purge == "everything":
                self.world.cache().purge_everything(facts.edge.zone_id)
        except BluegreenError as error:
            self.say(f"the cache was not purged: {error.message}", "warning")

    def look_where_public_is(self) -> None:
        """Ask the live records, after a run that cannot know any more by itself."""
        try:
            self.live.begin(self.world.stack.complete())
            self.active = self.live.drift().live
        except BluegreenError as error:
            self.say(f"where the public is cannot be read: {error}", "warning")

    def finish(self) -> None:
        """Stop what goes on in the background. Who has called this run back waits for no public that hangs."""
        self.audience.stop(PUBLIC_WAIT if self.world.interruptions.asked_by else inf)


def not_begun(error: BluegreenError, begun: bool) -> Exception:
    """Return what a phase ends by whose apply was not begun. begun: an earlier one was, and may have moved somebody."""
    return error if begun else Leave(NOT_BEGUN, error)
