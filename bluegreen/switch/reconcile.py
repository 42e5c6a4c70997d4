"""Reconcile: ends a disagreement of state and live edge, by making one of them say what the other says."""

from __future__ import annotations

from dataclasses import dataclass, field

from bluegreen.errors import CheckFailed, Refused
from bluegreen.model import Color, StackFacts
from bluegreen.run.engine import Leave, Routes
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import values
from bluegreen.switch.drift import Drift
from bluegreen.switch.guard import Step
from bluegreen.switch.history import PastRun
from bluegreen.switch.phases import ACCEPTED, MOVED, NOT_BEGUN, NOTHING, RECONCILE, Phase
from bluegreen.switch.request import LIVE, ReconcileRequest, refuse_past_terraform
from bluegreen.switch.steps import Steps


@dataclass(slots=True)
class Reconcile(Steps):
    """The steps of a reconcile.

    To the live edge: the state is made to say that the target, which the public has already, is active. To the state:
    the public is pointed at the target, which the state says is active; then the origin is the target too.
    """

    request: ReconcileRequest = field(default_factory=ReconcileRequest)

    def routes(self, verb: str) -> Routes:
        return RECONCILE

    def steps(self) -> dict[str, PhaseStep]:
        return {
            Phase.PREFLIGHT: self.preflight,
            Phase.RECORD: self.record,
            Phase.CHECK: self.check,
            Phase.SWITCH: self.switch,
            Phase.PROVE: self.prove_interruptibly,
        }

    def preflight(self) -> str | None:
        facts = self.open_last()
        if self._past_terraform is None:
            self._refuse_unfinished()
        self.live.begin(facts)
        drift = self.live.drift()
        cut = self._past_terraform
        if not drift.found and cut is not None and cut.origin is not None and facts.active == cut.target:
            self.origin = cut.origin
            self.tell_route(facts.of(self.origin), facts.of(self.target))
            return ACCEPTED
        if not drift.found:
            self.say(f"state and live edge agree: {facts.serving} is active")
            if cut is not None:
                self.say(f"run {cut.id} did not leave the public on {cut.target}: bluegreen rollback does", "warning")
            return NOTHING
        to_live = self.request.to == LIVE
        self.origin = facts.serving
        self.target = self._live_color(facts, drift) if to_live else facts.serving
        self.release = facts.of(self.target).release
        self.tell_route(facts.of(self.origin), facts.of(self.target))
        return ACCEPTED if to_live else None

    @property
    def _past_terraform(self) -> PastRun | None:
        """The rollback past Terraform that this is the rest of, if it is one."""
        return self.cut if self.cut is not None and self.cut.verb == "rollback" else None

    def _refuse_unfinished(self) -> None:
        refuse_past_terraform(self.world.history)
        cut = self.world.history.unfinished
        if cut is not None and cut.verb != "reconcile" and cut.phase in MOVED:
            raise Refused(
                f"run {cut.id} ({cut.verb}) was cut off in {cut.phase}, which explains a disagreement",
                hint="bluegreen resume finishes it; bluegreen rollback goes back",
            )

    def _live_color(self, facts: StackFacts, drift: Drift) -> Color:
        """Return the color that all live records point at.

        Raises Refused when that is none, or does not run, or is the one that the state names too.
        """
        if drift.live is None:
            points = ", ".join(f"{name} at {content or 'nothing'}" for name, content in drift.records.items())
            raise Refused(
                f"the live records point at no one color's address: {points}", hint="bluegreen reconcile --to state"
            )
        if drift.live == facts.active:
            raise Refused(
                f"state and live edge both say {drift.live}; what differs is how: {'; '.join(drift.findings)}",
                hint="bluegreen reconcile --to state",
            )
        presence = facts.of(drift.live).presence
        if presence != "running":
            raise Refused(
                f"the live records point at {drift.live}, which is {presence}: nothing serves the public there",
                hint="bluegreen reconcile --to state",
            )
        return drift.live

    def record(self) -> None:
        """Make the state say what the live records say.

        A plan's public record must point where it points already, so this cannot move anybody.
        """
        facts = self.world.stack.complete()
        # What a rollback left is no way back.
        say = values.accepted if self._past_terraform is None else values.returned
        self.move(Phase.RECORD, self.target, say(facts, self.target))
        self._refuse_disagreement(Phase.RECORD)

    def check(self) -> None:
        """A short look at the color that the public is to be sent to, as before a rollback."""
        check, clock = self.world.settings.rollback_check, self.world.clock
        target = self.world.stack.complete().of(self.target)
        self.world.witness.await_healthy(
            target,
            target.release,
            needed=check.healthy,
            every=check.every,
            deadline=clock.monotonic() + check.deadline,
        )

    def switch(self) -> None:
        facts = self.world.stack.complete()
        self.watch(facts, self.world.witness.serving(facts, self.target))
        self.move(Phase.SWITCH, self.target, values.as_it_is(facts, self.target), Step.RECONCILE)
        self._refuse_disagreement(Phase.SWITCH)

    def _refuse_disagreement(self, phase: Phase) -> None:
        """Terraform mends what it sees: a second record beside its own, for one, it does not."""
        drift = self.world.drift(self.world.stack.complete())
        if not drift.found:
            return
        findings = "".join(f"\n  {finding}" for finding in drift.findings)
        error = CheckFailed(
            f"state and live edge disagree still, about what Terraform does not see:{findings}",
            hint="mend that by hand, then: bluegreen status",
        )
        if phase not in self.world.stack.applied_in:
            raise Leave(NOT_BEGUN, error)
        raise error
