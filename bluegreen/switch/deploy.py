"""Deploy, prepare and switch: one set of steps, three ROUTES tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from bluegreen.config.durations import format_duration
from bluegreen.errors import BluegreenError, ConfigError, GuardRefused, Refused, TargetRefused
from bluegreen.events import RouteChosen
from bluegreen.health import Origin
from bluegreen.model import Color, StackFacts
from bluegreen.ports import Plan
from bluegreen.run.engine import Leave, Routes
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import values
from bluegreen.switch.adoption import refuse_unless_first
from bluegreen.switch.arrival import Arrival
from bluegreen.switch.audience import Seen
from bluegreen.switch.guard import Step
from bluegreen.switch.history import PREPARED, in_words, warm_left
from bluegreen.switch.holding import holding
from bluegreen.switch.phases import CLOSED, NO_ORIGIN, NOTHING, TABLES, Phase
from bluegreen.switch.planned_return import PlannedReturn
from bluegreen.switch.request import (
    DeployRequest,
    deploy_target,
    refuse_past_terraform,
    refuse_returned,
    wanted_object,
)
from bluegreen.switch.stack import Layer, Purpose
from bluegreen.switch.steps import Steps


@dataclass(slots=True)
class Deploy(Steps):
    """The steps of a deploy.

    wanted: the object that the target is to run. first: nothing is there yet. way_back: its plan is being made.
    """

    request: DeployRequest = field(default_factory=DeployRequest)
    wanted: Mapping[str, Any] = field(default_factory=dict)
    first: bool = False
    way_back: PlannedReturn | None = None

    def routes(self, verb: str) -> Routes:
        return (CLOSED if self.request.no_way_back else TABLES)[verb]

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

    @property
    def way_out(self) -> str:
        if self.request.no_way_back:
            return "bluegreen resume, once it is mended; bluegreen rollback --force --reason TEXT, whatever that breaks"
        return super(Deploy, self).way_out

    def preflight(self) -> str | None:
        refuse_past_terraform(self.world.history)
        settings, request = self.world.settings, self.request
        self.wanted = self.wanted or wanted_object(settings.release or "", settings.variables, request)
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
        public = self.world.witness.serving(facts, active)
        seen = self.watch(facts, public)
        # Once more: a cache that was cold has answered like an origin, and has it now.
        for one in (seen, self.world.witness.ask_public(facts, public)):
            self._refuse_without_evidence(facts, one)
        self._refuse_out_of_reach(facts, active, seen)

    def _refuse_without_evidence(self, facts: StackFacts, seen: Seen) -> None:
        """What is cached, challenged or never asked proves nothing: better to hear it now than after the switch."""
        if seen.origin.is_evidence and not seen.answer.refused:
            return
        path = self.world.settings.probe.path
        way_out = {
            Origin.CACHED: f"bypass the cache for {path} (cdn module: probe_path), or set another probe.path",
            Origin.STOPPED: "let the probe pass by a secret header (cdn module: probe_header) named in probe.headers",
            Origin.FAILED: "see what its name resolves to here; it may be private only if the colors' addresses are",
        }
        raise ConfigError(
            f"the public URL's answer is {seen.answer.error or seen.origin}, so that a switch could not be proven",
            where=urljoin(facts.public_url, path),
            hint=way_out[seen.origin],
        )

    def _refuse_out_of_reach(self, facts: StackFacts, active: Color, seen: Seen) -> None:
        """Where the public reaches the active color and this machine does not, it would not reach the idle one."""
        if self.world.settings.check.via != "direct" or seen.origin is not Origin.NEW:
            return
        color = facts.of(active)
        if not self.world.witness.ask(color, color.release).answer.reached:
            raise Refused(
                f"this machine cannot reach the servers: {active} answers the public, and not here",
                where=color.backend_url,
                hint="let its address in (network module: health_check_source_ranges), or write check.via: edge",
            )

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
        public = self.world.witness.serving(facts, active)
        seen = self.world.witness.ask_public(facts, public)
        if seen.origin is not (Origin.UNMARKED if public.identity is None else Origin.NEW):
            raise Refused(
                f"{active} should run {self.release} already, but the public URL does not say so: {seen.origin}",
                hint=f"look at bluegreen status; a fresh copy goes up by bluegreen deploy --to {active.other}",
            )

    def _refuse_settling(self) -> None:
        settle, keep_warm = self.settle(), self.world.settings.keep_warm
        if keep_warm < 2 * settle:
            raise ConfigError(
                f"keep_warm ({format_duration(keep_warm)}) is shorter than twice the settle time, "
                f"which the public records' TTL makes {format_duration(settle)}",
                hint="for that long the old color may still be asked: keep it longer, or lower the TTL",
            )
        move = self.world.history.last_move
        left = move.moved_at + settle - self.world.clock.time() if move else 0.0
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
                f"this run would use up the way back: {what}",
                hint="wait, or give it up: bluegreen retire --force --reason TEXT",
            )
        self.say(f"this run uses up the way back: {what}", "warning")

    def prepare(self) -> None:
        """Bring the idle color up, layer by layer; nothing public changes."""
        stack = self.world.stack
        step = Step.FIRST if self.first else Step.PREPARE
        purpose = Purpose(Phase.PREPARE, step, self.target)
        intent = self._intent()
        for layer in stack.layers if self.first else stack.without(self.target.other):
            plan = self._planned(layer, intent, purpose)
            if not self.first:
                with stack.undecided(layer, plan):
                    self._stay_unless_well()
            stack.apply(layer, plan, purpose)
        stack.complete()

    def _planned(self, layer: Layer, intent: values.Intent, purpose: Purpose) -> Plan:
        try:
            return self.plan(layer, intent, purpose)
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
        """Return once the idle color is healthy."""
        facts = self.world.stack.complete()
        Arrival(self.world, facts, facts.of(self.target), self.release, self.origin).check(self._undisturbed)

    def _undisturbed(self) -> None:
        if not self.first:
            self.audience.check_undisturbed(self.target)

    def switch(self) -> None:
        facts = self.world.stack.complete()
        if self.first:
            self.watch(facts, self.world.witness.public(self.target, self.release))
            self.move(Phase.SWITCH, self.target, values.returned(facts, self.target))
        else:
            self.move(Phase.SWITCH, self.target, values.switched(facts, self.target))
            assert self.origin is not None, "only a first deploy comes from nowhere"
            self.way_back = PlannedReturn(self, self.origin)

    def before_move(self) -> None:
        if not self.first and not self.moving:
            self._stay_unless_well()

    def prove_target(self) -> None:
        with holding(self.world.settings):
            self.prove(self.target, last_resort=False)

    def bake(self) -> None:
        facts = self.world.stack.complete()
        self.audience.pace(self.world.settings.bake.every)
        with holding(self.world.settings):
            self.world.witness.bake(facts.of(self.target), facts.of(self.target.other), self.audience)

    def go_back(self) -> None:
        """RETURN: point the public at the color that this run came from, and prove it."""
        if self.origin is None:
            raise Leave(NO_ORIGIN, BluegreenError("a first deploy has nothing to go back to"))
        with self.world.interruptions.shielded():
            self.say(f"going back to {self.origin}, please wait", "warning")
            if self.way_back is not None:
                self.way_back.end()
            stack = self.world.stack
            intent = values.returned(stack.complete(), self.origin)
            try:
                prepared = stack.kept(stack.moving(Phase.RETURN, self.origin))
                self.move(Phase.RETURN, self.origin, intent, prepared=prepared)
            except Leave as leave:
                raise leave.error or leave from leave
            self.prove(self.origin, last_resort=True)
            self.world.interruptions.clear()  # what arrived meanwhile has been answered by going back

    def finish(self) -> None:
        super(Deploy, self).finish()  # a dataclass with slots is made anew, and a bare super() would miss it
        if self.way_back is not None:
            self.way_back.end()


@dataclass(slots=True)
class SwitchPrepared(Deploy):
    """`bg switch`: what the last run prepared, checked again and switched to."""

    def preflight(self) -> str | None:
        refuse_past_terraform(self.world.history)
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
