"""The stack of one environment: its layers, planned, guarded and applied one after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bluegreen.errors import ApplyNotBegun, BluegreenError, ConfigError, GuardRefused, Locked
from bluegreen.events import ApplyFinished, ApplyStarted, Emit, Planned
from bluegreen.model import SEE_CONTRACT, Color, StackFacts, merge_colors, parse_facts
from bluegreen.ports import Clock, KeptPlan, Plan, State, Workspace
from bluegreen.switch.guard import Guard, Step
from bluegreen.switch.values import Intent, layer_values


@dataclass(frozen=True, slots=True)
class Layer:
    """One root module with its state. color: the color that it belongs to, None for the others."""

    name: str
    color: Color | None
    workspace: Workspace


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a plan is made for. subject: the color that it is about.

    target: the address at which the public is to point; None when that is not what the plan is for.
    """

    phase: str
    step: Step
    subject: Color
    target: str | None = None


@dataclass(slots=True)
class Stack:
    """layers: in order, the last one knows everything.

    said: what each layer said in this run, its output. applied_in: the phases in which an apply was begun that
    Terraform did not refuse at once. seen: without layers, what is known of the stack from outside.
    """

    layers: Sequence[Layer]
    guard: Guard
    emit: Emit
    clock: Clock
    said: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    applied_in: set[str] = field(default_factory=set)
    seen: StackFacts | None = None

    @property
    def last(self) -> Layer:
        return self.layers[-1]

    @property
    def single(self) -> bool:
        return len(self.layers) == 1

    @property
    def facts(self) -> StackFacts | None:
        """What the last layer said; None as long as it has said nothing."""
        if not self.layers:
            return self.seen
        output = self.said.get(self.last.name)
        return parse_facts(output, self.last.name) if output is not None else None

    def for_color(self, color: Color) -> list[Layer]:
        """Return the layers that a change of `color` goes through: its own and the last one."""
        return [layer for layer in self.layers if layer.color == color or layer is self.last]

    def without(self, color: Color) -> list[Layer]:
        """Return all layers but the one of `color`."""
        return [layer for layer in self.layers if layer.color != color]

    def read(self, layer: Layer) -> State:
        """Read a layer's state and remember what it says."""
        state = layer.workspace.read()
        if state.output is not None:
            self.said[layer.name] = state.output
        return state

    def moving(self, phase: str, to: Color, step: Step = Step.SWITCH) -> Purpose:
        """Return the purpose of a plan that points the public at `to`."""
        return Purpose(phase, step, to, target=self.complete().of(to).address)

    def plan(self, layer: Layer, intent: Intent, purpose: Purpose, *, look: bool = False) -> Plan:
        """Plan one layer and have the guard read it. Raises GuardRefused."""
        workspace = layer.workspace
        values = layer_values(intent, layer.color, self._colors_for(layer), workspace.variables)
        plan = workspace.plan(values, contents=purpose.target is not None, look=look)
        refused = self._refused(plan, layer, purpose)
        changes = {change.address: str(change.action) for change in plan.changes}
        self.emit(Planned(layer.name, purpose.phase, changes, allowed=refused is None))
        if refused is not None:
            workspace.discard(plan)
            raise refused
        return plan

    @contextmanager
    def undecided(self, layer: Layer, plan: Plan) -> Iterator[None]:
        """Look in here whether a plan is to be applied: when that raises, the plan is not left behind."""
        try:
            yield
        except BaseException:
            layer.workspace.discard(plan)
            raise

    def keep(self, plan: Plan) -> None:
        """Keep a plan that moves the public for later, with what the last layer says now.

        One that would find nothing to move saw the records as they were before the last move, and would not move them
        later either. Raises BluegreenError.
        """
        if not self.guard.moves_public(plan):
            self.last.workspace.discard(plan)
            raise BluegreenError("its plan does not see yet where the public records point now")
        self.last.workspace.keep(KeptPlan(plan, self.said[self.last.name]))

    def assume(self) -> bool:
        """Take what the last layer said when a plan was kept for what it says now; False when none is kept.

        So nothing need be read. Terraform refuses to apply the plan when the state has changed since.
        """
        kept = self.last.workspace.kept()
        if kept is not None:
            self.said[self.last.name] = kept.output
        return kept is not None

    def kept(self, purpose: Purpose) -> Plan | None:
        """Return the plan that is kept, when it does what `purpose` wants and the guard lets it; else None."""
        kept = self.last.workspace.kept()
        if kept is None or kept.output != self.said.get(self.last.name):
            return None
        return kept.plan if self._refused(kept.plan, self.last, purpose) is None else None

    def _refused(self, plan: Plan, layer: Layer, purpose: Purpose) -> GuardRefused | None:
        try:
            self.guard.check(plan, purpose.step, purpose.subject, layer.color)
            if purpose.target is not None:
                self.guard.check_target(plan, purpose.target)
        except GuardRefused as refused:
            return refused
        return None

    def apply(self, layer: Layer, plan: Plan, purpose: Purpose) -> None:
        """Apply a guarded plan, unless it is empty, and remember what the layer says then."""
        if plan.empty:
            layer.workspace.discard(plan)
            if layer.name not in self.said:
                self.read(layer)
            return
        serves_color = self.single or layer.color is not None
        touched = purpose.subject if serves_color and purpose.step in (Step.PREPARE, Step.FIRST) else ""
        before = set(self.applied_in)
        self.applied_in.add(purpose.phase)
        self.emit(ApplyStarted(layer.name, purpose.phase, str(touched)))
        began = self.clock.monotonic()
        try:
            output = layer.workspace.apply(plan)
        except (ApplyNotBegun, Locked):
            self.applied_in = before
            raise
        if output is not None:
            self.said[layer.name] = output
        self.emit(ApplyFinished(layer.name, purpose.phase, self.clock.monotonic() - began))

    def complete(self) -> StackFacts:
        """Return what the last layer said, which must be complete. Raises ConfigError when it is not."""
        facts = self.facts
        if facts is None or facts.active is None or not facts.public_url:
            raise ConfigError(
                "the output bluegreen does not say server_active and public_url",
                where=self.last.name,
                hint=f"the last layer's output must be complete: {SEE_CONTRACT}",
            )
        return facts

    def _colors_for(self, layer: Layer) -> Mapping[str, Any]:
        """What the last layer echoed of the colors, and over it what earlier layers have said in this run."""
        earlier = self.layers[: self.layers.index(layer)]
        said = [self.said.get(one.name, {}).get("colors") or {} for one in (self.last, *earlier)]
        return merge_colors(said)
