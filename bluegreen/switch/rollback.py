"""Rollback: the second half of a deploy in the other direction. Reads and plans the last layer only."""

from __future__ import annotations

from dataclasses import dataclass, field

from bluegreen.errors import BluegreenError, CheckFailed, DriftFound, Interrupted, TargetRefused
from bluegreen.health import Judged, Verdict, await_good
from bluegreen.model import ColorFacts, StackFacts
from bluegreen.run.engine import Leave
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import values
from bluegreen.switch.guard import Step
from bluegreen.switch.history import PastRun
from bluegreen.switch.phases import NOTHING, STOPPED, UNANSWERED, Phase
from bluegreen.switch.request import NO_WAY_BACK, RollbackRequest, check_target, rollback_way
from bluegreen.switch.stack import Purpose
from bluegreen.switch.steps import Steps, drift_error, nothing_deployed


@dataclass(slots=True)
class Rollback(Steps):
    """The steps of a rollback. ends: the unfinished run that it brings to an end. started: the target was stopped."""

    request: RollbackRequest = field(default_factory=RollbackRequest)
    ends: PastRun | None = None
    started: bool = False

    def steps(self) -> dict[str, PhaseStep]:
        return {
            Phase.PREFLIGHT: self.preflight,
            Phase.PREPARE: self.start,
            Phase.CHECK: self.check,
            Phase.SWITCH: self.switch,
            Phase.PROVE: self.prove_target,
        }

    def preflight(self) -> str | None:
        history = self.world.history
        facts = self.open_stack([self.world.stack.last])
        if facts is None:
            if history.unfinished is None:
                raise nothing_deployed()
            self.say(f"run {history.unfinished.id} was cut off before anything was public; nothing is to be moved")
            return NOTHING
        self.live.begin(facts)
        way = rollback_way(facts, self.request, history)
        if way is None:
            self._refuse_other_color(facts)
            self._tell_nothing(facts)
            return NOTHING
        self.origin, self.target, self.ends = way.target.other, way.target, way.ends
        presence = check_target(facts, way.target, history)
        if self.ends is not None:
            self.say(f"run {self.ends.id} ({self.ends.verb}) was cut off in {self.ends.phase}; this ends it")
        self.release = facts.of(way.target).release
        self.tell_route(facts.of(self.origin), facts.of(self.target))
        if presence == "stopped":
            self.say(f"{way.target} is stopped; it is started first", "warning")
            return STOPPED
        return None

    def _tell_nothing(self, facts: StackFacts) -> None:
        history = self.world.history
        ends, used = history.unfinished, history.used_up_by(facts.serving.other)
        if ends is None:
            why = f"{facts.serving.other} was used up by run {used.id}" if used else NO_WAY_BACK
            self.say(f"{facts.active} is active already" if self.request.to else f"{why}; {facts.active} stays active")
            return
        self.say(f"run {ends.id} ({ends.verb}) was cut off in {ends.phase}, before its switch; nothing is to be moved")
        active = facts.of(facts.serving)
        self.tell_route(active, active)

    def start(self) -> None:
        """Start a stopped target: its own layer, then the last one, which hands its facts on."""
        stack = self.world.stack
        self.started = True
        self.open(layer for layer in stack.for_color(self.target) if layer is not stack.last)
        facts = stack.complete()
        intent = values.started(facts, facts.serving, self.target)
        purpose = Purpose(Phase.PREPARE, Step.START, self.target)
        for layer in stack.for_color(self.target):
            stack.apply(layer, stack.plan(layer, intent, purpose), purpose)

    def check(self) -> None:
        """A short look at the target: sick is refused, out of reach is asked about."""
        settings, clock = self.world.settings, self.world.clock
        check, began = settings.rollback_check, clock.monotonic()
        target = self.world.stack.complete().of(self.target)
        look = _Look(self, target)
        try:
            await_good(
                look.ask,
                needed=check.healthy,
                every=check.every,
                deadline=began + (settings.check.deadline if self.started else check.deadline),
                clock=clock,
                seen=look.tell,
            )
        except CheckFailed as failed:
            self._decide(look, failed)
        if self.started:
            self.say(f"{self.target} is up again, {clock.monotonic() - began:.0f} s after it was started")

    def _decide(self, look: _Look, failed: CheckFailed) -> None:
        if look.wrong_release:
            raise TargetRefused(
                f"{self.target} does not run what it was left with: {look.wrong_release}",
                hint=f"bluegreen deploy --to {self.target} --release {self.release}",
            )
        last_probe = self.world.history.last_probe(self.target)
        sick = look.reached or last_probe not in ("", Verdict.GOOD)
        if sick and not (self.request.force and self.request.reason):
            raise TargetRefused(
                f"{self.target} is sick: {failed.message}",
                hint="bluegreen rollback --force --reason TEXT goes there all the same",
            )
        if sick:
            self.say(f"{self.target} is sick; going there all the same: {self.request.reason}", "warning")
            return
        self.say(f"{self.target} cannot be reached from here: {failed.message}", "warning")
        self.world.confirm(f"{self.target} cannot be reached from here. Go back to it all the same?")

    def switch(self) -> None:
        facts = self.world.stack.complete()
        self.watch(facts, self.world.witness.public(self.target, self.release))
        self.move(Phase.SWITCH, self.target, values.returned(facts, self.target))

    def before_move(self) -> None:
        """Stop only where state and live edge name different active colors and nothing of ours explains it."""
        if self.ends is None and not (self.request.force and self.request.reason):
            self._refuse_other_color(self.world.stack.complete())

    def _refuse_other_color(self, facts: StackFacts) -> None:
        try:
            drift = self.live.drift()
        except BluegreenError as error:
            self.say(f"the live records cannot be read: {error}", "warning")
            return
        if drift.live is None and drift.found:
            self.say(drift_error(drift).message, "warning")
        if drift.live is not None and drift.live != facts.active:
            raise DriftFound(drift_error(drift).message, hint="bluegreen rollback --to COLOR --force --reason TEXT")

    def prove_target(self) -> None:
        try:
            self.prove(self.target)
        except Interrupted as interrupted:
            if not self.audience.answered:
                raise Leave(UNANSWERED, interrupted) from interrupted
            self.say(f"{self.target} answers the public; the rest of the settle time was left out", "warning")
            raise


@dataclass(slots=True)
class _Look:
    """Asks the target, and remembers whether it was reached at all, and whether it ever named another release."""

    rollback: Rollback
    target: ColorFacts
    reached: bool = False
    wrong_release: str = ""

    def ask(self) -> Judged:
        judged = self.rollback.world.witness.ask(self.target, self.target.release)
        self.reached = self.reached or judged.answer.reached
        if judged.verdict is Verdict.WRONG_RELEASE:
            self.wrong_release = judged.detail
        return judged

    def tell(self, judged: Judged, row: int) -> None:
        self.rollback.world.witness.tell(
            self.target.color, judged, row, self.rollback.world.settings.rollback_check.healthy
        )
