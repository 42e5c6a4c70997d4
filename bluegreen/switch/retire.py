"""Retire: ends the warm time of the idle color, by stopping or destroying its server."""

from __future__ import annotations

from dataclasses import dataclass, field

from bluegreen.errors import Refused
from bluegreen.events import WarmEnding
from bluegreen.model import StackFacts
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import values
from bluegreen.switch.guard import Step
from bluegreen.switch.history import in_words, warm_left
from bluegreen.switch.phases import NOTHING, Phase
from bluegreen.switch.request import RetireRequest, refuse_past_terraform
from bluegreen.switch.stack import Purpose
from bluegreen.switch.steps import Steps

WARM_ENDING = 900.0
"""Seconds before the end of a warm time from which `retire --due`, which a schedule runs, says that it is near."""


@dataclass(slots=True)
class Retire(Steps):
    """The steps of a retire. The target is the idle color; the origin, here, the active one."""

    request: RetireRequest = field(default_factory=RetireRequest)

    def steps(self) -> dict[str, PhaseStep]:
        return {Phase.PREFLIGHT: self.preflight, Phase.RETIRE: self.retire}

    @property
    def destroys(self) -> bool:
        return (self.request.standby or self.world.settings.standby) == "destroy"

    def preflight(self) -> str | None:
        refuse_past_terraform(self.world.history)
        facts = self.open_last()
        self.origin, self.target = facts.active, facts.serving.other
        idle = facts.of(self.target)
        if not idle.enabled or (not idle.running and not self.destroys):
            self.say(f"{self.target} is {idle.presence} already")
            return NOTHING
        if self._still_warm(facts):
            return NOTHING
        what = "destroyed" if self.destroys else "stopped"
        if self.request.dry_run:
            self.say(f"{self.target} ({idle.release}) would be {what}; this was a dry run")
            return NOTHING
        self.live.begin(facts)
        self.tell_route(facts.of(facts.serving), idle)
        return None

    def _still_warm(self, facts: StackFacts) -> bool:
        """Return True when there is nothing due; raise Refused when the warm time is not over."""
        if self.request.force and self.request.reason:
            return False
        left = warm_left(self.world.history, facts, self.target, self.world.clock.time())
        if not left:
            return False
        if self.request.due:
            if left <= WARM_ENDING:
                idle = facts.of(self.target)
                self.world.emit(WarmEnding(self.target, idle.release, self.world.clock.time() + left))
            self.say(f"{self.target} is {in_words(left)}; nothing is due")
            return True
        how = "destroy" if self.destroys else "stop"
        raise Refused(
            f"{self.target} is {in_words(left)}",
            hint=f"to give the way back up: bluegreen retire --{how} --force --reason TEXT",
        )

    def retire(self) -> None:
        stack = self.world.stack
        layers = stack.for_color(self.target)
        self.open(layer for layer in layers if layer is not stack.last)
        facts = stack.complete()
        change = values.destroyed if self.destroys else values.stopped
        intent = change(facts, facts.serving, self.target)
        purpose = Purpose(Phase.RETIRE, Step.RETIRE, self.target)
        for layer in layers:
            plan = stack.plan(layer, intent, purpose)
            self.live.refuse_drift()
            stack.apply(layer, plan, purpose)
