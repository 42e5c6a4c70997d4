"""Rollback: the second half of a deploy in the other direction. Reads and plans the last layer only."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from bluegreen.errors import BluegreenError, CheckFailed, DriftFound, Refused, TargetRefused
from bluegreen.health import Judged, Verdict, await_good
from bluegreen.model import Color, ColorFacts, StackFacts
from bluegreen.ports import InstanceState, InstanceStatus, Plan
from bluegreen.run.engine import Leave
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import values
from bluegreen.switch.adoption import nothing_deployed
from bluegreen.switch.background import in_background
from bluegreen.switch.guard import Step
from bluegreen.switch.history import PastRun
from bluegreen.switch.live_edge import drift_error
from bluegreen.switch.phases import NOTHING, STALE, STOPPED, Phase
from bluegreen.switch.request import NO_WAY_BACK, RollbackRequest, check_target, refuse_closed, rollback_way
from bluegreen.switch.stack import Purpose
from bluegreen.switch.steps import PUBLIC_WAIT, Steps

RECORDS_WAIT = 2.0
"""Seconds to wait for the live records each time they are needed: then the way back is gone without them."""

MACHINE_WAIT = 3.0
"""Seconds to wait, once the check has ended, for what the target's cloud says of its machine."""


@dataclass(slots=True)
class Rollback(Steps):
    """The steps of a rollback. ends: the unfinished run that it brings to an end. started: the target was stopped.

    assumed: the state was not read, because a plan is prepared. stale: it was, and was of no use.
    """

    request: RollbackRequest = field(default_factory=RollbackRequest)
    ends: PastRun | None = None
    started: bool = False
    assumed: bool = False
    stale: bool = False

    def steps(self) -> dict[str, PhaseStep]:
        return {
            Phase.PREFLIGHT: self.preflight,
            Phase.PREPARE: self.start,
            Phase.CHECK: self.check,
            Phase.SWITCH: self.switch,
            Phase.PROVE: self.prove_interruptibly,
        }

    def preflight(self) -> str | None:
        """Choose the target: by what was known when the way back was prepared, and if that leads nowhere by the state.

        Terraform refuses the prepared plan when the state has changed since; then this is entered once more.
        """
        stack = self.world.stack
        self.live.patience = RECORDS_WAIT
        self.open([stack.last])
        self.assumed = not self.stale and stack.assume()
        if self.assumed and self._prepared():
            return None
        self.assumed = False
        stack.read(stack.last)
        return self._look()

    def _prepared(self) -> bool:
        """Whether the plan that was prepared is the one to apply."""
        try:
            return self._look() is None and self._kept() is not None
        except Refused:
            return False

    def _kept(self) -> Plan | None:
        stack = self.world.stack
        return stack.kept(stack.moving(Phase.SWITCH, self.target))

    def _leave_stale(self) -> Leave:
        """What this rollback took for true may be no longer: leave for PREFLIGHT, to read the state this time."""
        self.stale, self.moving = True, False
        return Leave(STALE)

    def _look(self) -> str | None:
        """Choose the target. Raises Refused when there is none to go back to."""
        history = self.world.history
        facts = self.facts()
        if facts is None:
            if history.unfinished is None:
                raise nothing_deployed(self.world)
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
        refuse_closed(history, way.target, self.request)
        if self.ends is not None:
            self.say(f"run {self.ends.id} ({self.ends.verb}) was {self.ends.stands}; this ends it")
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
            stack.apply(layer, self.plan(layer, intent, purpose), purpose)

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
            try:
                self._decide(look, failed)
            except TargetRefused as refused:
                raise (self._leave_stale() if self.assumed else refused) from failed
        if self.started:
            self.say(f"{self.target} is up again, {clock.monotonic() - began:.0f} s after it was started")

    def _decide(self, look: _Look, failed: CheckFailed) -> None:
        if look.wrong_release:
            raise TargetRefused(
                f"{self.target} does not run what it was left with: {look.wrong_release}",
                hint=f"bluegreen deploy --to {self.target} --release {self.release}",
            )
        sick = look.reached
        if not sick:
            alive = look.alive()
            sick = alive is False or (alive is None and not self.world.history.was_well(self.target))
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
        """Move the public. It is asked from now on, and not waited for: it may hang, which is why it is to be moved."""
        facts = self.world.stack.complete()
        self.ask_on(facts, self.world.witness.serving(facts, self.target))
        prepared = self._kept() if self.assumed else None
        if self.assumed and prepared is None:
            raise self._leave_stale()
        self.move(Phase.SWITCH, self.target, values.returned(facts, self.target), prepared=prepared)

    def before_move(self) -> None:
        """Stop only where state and live edge name different active colors and nothing of ours explains it.

        A plan that was prepared knows of no other drift, such as a record that is gone: then it is planned anew.
        """
        if self.ends is None and not (self.request.force and self.request.reason):
            try:
                drifted = self._refuse_other_color(self.world.stack.complete())
            except DriftFound as found:
                raise (self._leave_stale() if self.assumed else found) from found
            if drifted and self.assumed:
                raise self._leave_stale()

    def finish(self) -> None:
        self.audience.stop(PUBLIC_WAIT)

    def plan_anew(self, phase: Phase, to: Color, intent: values.Intent) -> None:
        """Look anew: a state that has changed since the way back was prepared may name another one."""
        raise self._leave_stale()

    def _refuse_other_color(self, facts: StackFacts) -> bool:
        """Return whether state and live edge are seen to disagree; raise DriftFound where another color is live."""
        try:
            drift = self.live.drift()
        except BluegreenError as error:
            self.say(f"the live records cannot be read: {error}", "warning")
            return False
        if drift.live is None and drift.found:
            self.say(drift_error(drift).message, "warning")
        if drift.live is not None and drift.live != facts.active:
            raise DriftFound(
                drift_error(drift).message,
                hint=f"bluegreen reconcile --to live, if {drift.live} is to serve; --to state, if {facts.active} is",
            )
        return bool(drift.found)


@dataclass(slots=True)
class _Look:
    """Asks the target, and remembers whether it was reached at all, and whether it ever named another release.

    At its first bad answer its machine is looked at in the background: a vendor's SDK takes seconds to import.
    """

    rollback: Rollback
    target: ColorFacts
    reached: bool = False
    wrong_release: str = ""
    machine: Future[InstanceStatus] | None = None

    def ask(self) -> Judged:
        judged = self.rollback.world.witness.try_asking(self.target, self.target.release)
        self.reached = self.reached or judged.answer.reached
        if judged.verdict is Verdict.WRONG_RELEASE:
            self.wrong_release = judged.detail
        if not judged.good and self.machine is None and self.target.instance:
            instances, instance = self.rollback.world.instances, self.target.instance
            self.machine = in_background("machine", lambda: instances().status(instance))
        return judged

    def alive(self) -> bool | None:
        """Return whether the target's machine runs; None when the stack names none, or its cloud cannot be asked."""
        if self.machine is None:
            return None
        try:
            return self.machine.result(MACHINE_WAIT).state is InstanceState.RUNNING
        except (BluegreenError, TimeoutError) as error:
            why = error.message if isinstance(error, BluegreenError) else "its cloud does not answer"
            self.rollback.say(f"whether {self.target.color}'s machine runs cannot be read: {why}", "warning")
            return None

    def tell(self, judged: Judged, row: int) -> None:
        self.rollback.world.witness.tell(
            self.target.color, judged, row, self.rollback.world.settings.rollback_check.healthy
        )
