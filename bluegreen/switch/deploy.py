"""Deploy, prepare and switch: one set of steps, three ROUTES tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bluegreen.errors import BluegreenError, CheckFailed, GuardRefused, Refused, TargetRefused
from bluegreen.events import RouteChosen, WaitingFor
from bluegreen.health import Origin
from bluegreen.model import Color, StackFacts
from bluegreen.ports import Plan
from bluegreen.run.engine import Leave
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import values
from bluegreen.switch.adoption import refuse_unless_first
from bluegreen.switch.evidence import Blind
from bluegreen.switch.guard import Step
from bluegreen.switch.history import PREPARED, in_words, warm_left
from bluegreen.switch.phases import HELD, NO_ORIGIN, NOTHING, Phase
from bluegreen.switch.request import DeployRequest, deploy_target, refuse_returned, wanted_object
from bluegreen.switch.stack import Layer, Purpose
from bluegreen.switch.steps import Steps


@dataclass(slots=True)
class Deploy(Steps):
    """The steps of a deploy. wanted: the object that the target is to run. first: nothing is there yet."""

    request: DeployRequest = field(default_factory=DeployRequest)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False

    def steps(self) -> dict[str, PhaseStep]:
        return {
            Phase.PREFLIGHT: self.preflight,
            Phase.PREPARE: self.prepare,
            Phase.CHECK: self.check,
            Phase.SWITCH: self.switch,
            Phase.PROVE: self.prove_target,
            Phase.BAKE: self.bake,
            Phase.RETURN: self.go_back,
        }

    def preflight(self) -> str | None:
        settings, request = self.world.settings, self.request
        self.wanted = wanted_object(settings.release or "", settings.variables, request)
        self.release = str(self.wanted["release"])
        facts = self.open_stack(self.world.stack.layers)
        self.world.stack.last.workspace.check_room()
        if facts is None:
            self._first_deploy()
            return None
        active = facts.serving
        self.live.begin(facts)
        target = deploy_target(facts, active, request, self.wanted)
        if target is None:
            self._refuse_unless_agreed(facts, active)
            self.say(f"{active} runs {self.release} already")
            return NOTHING
        refuse_returned(self.world.history, self.wanted, request)
        self._choose(facts, active)
        return None

    def _choose(self, facts: StackFacts, active: Color) -> None:
        self.origin, self.target = active, active.other
        self._refuse_settling()
        self._tell_warm(facts)
        self._tell_route(facts.of(active).release)
        self.watch(facts, self.world.witness.public(active, facts.of(active).release))

    def _tell_route(self, origin_release: str) -> None:
        origin = str(self.origin or "")
        self.world.emit(RouteChosen(origin, origin_release, self.target, self.release, dict(self.wanted), self.first))

    def _first_deploy(self) -> None:
        self.first = True
        self.target = self.request.to or Color(self.world.settings.first_active)
        refuse_unless_first(self.world)
        self.world.confirm(f"Nothing is deployed here yet. Make everything, with {self.release} on {self.target}?")
        self._tell_route("")

    def _refuse_unless_agreed(self, facts: StackFacts, active: Color) -> None:
        """State, live record and the public's answer must agree before a run may find nothing to do."""
        self.live.refuse_drift()
        public = self.world.witness.public(active, facts.of(active).release)
        seen = self.world.witness.ask_public(facts, public)
        if seen.origin is not (Origin.UNMARKED if public.identity is None else Origin.NEW):
            raise Refused(
                f"{active} should run {self.release} already, but the public URL does not say so: {seen.origin}",
                hint=f"look at bluegreen status; a fresh copy goes up by bluegreen deploy --to {active.other}",
            )

    def _refuse_settling(self) -> None:
        move = self.world.history.last_move
        left = move.moved_at + self.world.settings.probe.settle - self.world.clock.time() if move else 0.0
        if move is not None and left > 0:
            raise Refused(
                f"the edge still settles after run {move.id}: {left:.0f} s more",
                hint="wait, then deploy again; bluegreen rollback needs no waiting",
            )

    def _tell_warm(self, facts: StackFacts) -> None:
        left = warm_left(self.world.history, facts, self.target, self.world.clock.time())
        if not left or not facts.of(self.target).running:
            return
        what = f"{facts.of(self.target).release} on {self.target}, {in_words(left)}"
        if self.world.settings.warm.on_deploy == "refuse":
            raise Refused(
                f"this deploy would use up the way back: {what}",
                hint="wait, or give it up: bluegreen retire --force --reason TEXT",
            )
        self.say(f"this deploy uses up the way back: {what}", "warning")

    def prepare(self) -> None:
        """Bring the idle color up, layer by layer; nothing public changes."""
        stack = self.world.stack
        step = Step.FIRST if self.first else Step.PREPARE
        purpose = Purpose(Phase.PREPARE, step, self.target)
        intent = self._intent()
        for layer in stack.layers if self.first else stack.without(self.target.other):
            plan = self._planned(layer, intent, purpose)
            if not self.first:
                self._stay_unless_well()
            stack.apply(layer, plan, purpose)
        stack.complete()

    def _planned(self, layer: Layer, intent: values.Intent, purpose: Purpose) -> Plan:
        try:
            return self.world.stack.plan(layer, intent, purpose)
        except GuardRefused:
            # A record edited by hand shows in the plan too, and then drift is what is wrong.
            if not self.first:
                self.live.refuse_drift()
            raise

    def _intent(self) -> values.Intent:
        facts = self.world.stack.facts
        if facts is None or self.origin is None:
            return values.first_deploy(self.target, self.wanted)
        return values.prepared(facts, self.origin, self.wanted)

    def _stay_unless_well(self) -> None:
        self.live.refuse_drift()
        self.audience.check_undisturbed(self.target)

    def check(self) -> None:
        """Return once the idle color is healthy, asked by its backend at its own address."""
        check, clock = self.world.settings.check, self.world.clock
        began = clock.monotonic()
        facts = self.world.stack.complete()
        self.world.emit(WaitingFor(f"{self.target} to be healthy", check.deadline))
        try:
            self.world.witness.await_healthy(
                facts.of(self.target),
                self.release,
                needed=check.healthy,
                every=check.every,
                deadline=began + check.deadline,
                meanwhile=self._undisturbed,
            )
        except CheckFailed as failed:
            raise self._explained(failed, facts) from failed
        self.say(f"{self.target} is up in {clock.monotonic() - began:.0f} s of {check.deadline:g}")
        self._smoke(facts)

    def _undisturbed(self) -> None:
        if not self.first:
            self.audience.check_undisturbed(self.target)

    def _explained(self, failed: CheckFailed, facts: StackFacts) -> CheckFailed:
        message = f"{self.target}: {failed.message}"
        if self.origin is not None:
            active = self.world.witness.ask(facts.of(self.origin), facts.of(self.origin).release)
            if not active.good:
                message += f"; the active color, {self.origin}, is sick as well: {active.verdict} {active.detail}"
        return CheckFailed(
            message, where=facts.of(self.target).backend_url, hint=f"{self.target} is left for you to look at"
        )

    def _smoke(self, facts: StackFacts) -> None:
        smoke = self.world.settings.check.smoke
        if smoke is None:
            return
        color = facts.of(self.target)
        environment = {
            "BLUEGREEN_COLOR": str(self.target),
            "BLUEGREEN_RELEASE": self.release,
            "BLUEGREEN_ADDRESS": color.address,
            "BLUEGREEN_BACKEND_URL": color.backend_url,
            "BLUEGREEN_PUBLIC_URL": facts.public_url,
        }
        code, output = self.world.commands.run(smoke.command, environment, smoke.timeout)
        if code != 0:
            how = f"did not end in {smoke.timeout:g} s" if code < 0 else f"ended with {code}"
            raise CheckFailed(
                f"the smoke command {how}: {output.strip()[-500:]}", hint=f"{self.target} is left for you"
            )

    def switch(self) -> None:
        facts = self.world.stack.complete()
        if self.first:
            self.watch(facts, self.world.witness.public(self.target, self.release))
            self.move(Phase.SWITCH, self.target, values.returned(facts, self.target))
        else:
            self.move(Phase.SWITCH, self.target, values.switched(facts, self.target))

    def before_move(self) -> None:
        if not self.first and not self.moving:
            self._stay_unless_well()

    def prove_target(self) -> None:
        try:
            self.prove(self.target)
        except CheckFailed as failed:
            raise self._held_or(failed) from failed

    def bake(self) -> None:
        facts = self.world.stack.complete()
        self.audience.prober.pace(self.world.settings.bake.every)
        try:
            self.world.witness.bake(facts.of(self.target), facts.of(self.target.other), self.audience)
        except Blind as blind:
            raise Leave(HELD, blind) from blind
        except CheckFailed as failed:
            raise self._held_or(failed) from failed

    def _held_or(self, failed: CheckFailed) -> Exception:
        return Leave(HELD, failed) if self.world.settings.bake.on_failure == "hold" else failed

    def go_back(self) -> None:
        """RETURN: point the public at the color that this run came from, and prove it."""
        if self.origin is None:
            raise Leave(NO_ORIGIN, BluegreenError("a first deploy has nothing to go back to"))
        with self.world.interruptions.shielded():
            self.say(f"going back to {self.origin}, please wait", "warning")
            try:
                self.move(Phase.RETURN, self.origin, values.returned(self.world.stack.complete(), self.origin))
            except Leave as leave:
                raise leave.error from leave
            self.prove(self.origin)
            self.world.interruptions.clear()  # what arrived meanwhile has been answered by going back


@dataclass(slots=True)
class SwitchPrepared(Deploy):
    """`bg switch`: what the last run prepared, checked again and switched to."""

    def preflight(self) -> str | None:
        facts = self.open_last()
        last = self.world.history.last
        if last is None or last.verdict != PREPARED or last.target is None:
            raise TargetRefused("nothing is prepared here", hint="bluegreen prepare")
        if last.target == facts.active or not values.same_object(facts.of(last.target).inputs, last.inputs):
            raise TargetRefused(f"what run {last.id} prepared is not what the stack says now", hint="bluegreen prepare")
        self.wanted, self.release = last.inputs, last.release
        self.live.begin(facts)
        self._choose(facts, facts.serving)
        return None
