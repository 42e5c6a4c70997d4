"""What `plan` says: what a deploy would change, phase by phase, with the guard's verdict. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bluegreen.errors import GuardRefused
from bluegreen.model import Color
from bluegreen.switch import values
from bluegreen.switch.adoption import refuse_unless_first
from bluegreen.switch.guard import Step
from bluegreen.switch.phases import Phase
from bluegreen.switch.request import DeployRequest, deploy_target, refuse_returned, wanted_object
from bluegreen.switch.stack import Layer, Purpose, Stack
from bluegreen.switch.world import World


@dataclass(frozen=True, slots=True)
class LayerPreview:
    """What one layer would change. known_after: the layer that must be applied first, "" if this is known now."""

    phase: str
    layer: str
    changes: Mapping[str, str]
    known_after: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """target: "" when there is nothing to do. drift: where state and live edge disagree, a sentence each."""

    active: str
    target: str
    release: str
    layers: Sequence[LayerPreview]
    drift: Sequence[str] = ()

    @property
    def refused(self) -> bool:
        """Whether a deploy would be refused."""
        return bool(self.drift) or any(layer.refusal for layer in self.layers)


def preview(world: World, request: DeployRequest) -> Preview:
    """Look at what a deploy would change, without a lock. Raises Refused and UsageError as a deploy would."""
    stack, settings = world.stack, world.settings
    wanted = wanted_object(settings.release or "", settings.variables, request)
    for layer in stack.layers:
        layer.workspace.check_folder()
        layer.workspace.init()
    stack.read(stack.last)
    facts = stack.facts
    release = str(wanted["release"])
    if facts is None:
        refuse_unless_first(world)
        target = request.to or Color(settings.first_active)
        purpose = Purpose(Phase.PREPARE, Step.FIRST, target)
        layers = _look_at(stack, stack.layers, values.first_deploy(target, wanted), purpose)
        return Preview("", str(target), release, layers)
    facts = stack.complete()
    chosen = deploy_target(facts, facts.serving, request, wanted)
    drift = world.drift(facts).findings
    if chosen is None:
        return Preview(str(facts.active), "", release, (), drift)
    refuse_returned(world.history, wanted, request)
    intent = values.prepared(facts, facts.serving, wanted)
    layers = _look_at(stack, stack.without(facts.serving), intent, Purpose(Phase.PREPARE, Step.PREPARE, chosen))
    switch = stack.moving(Phase.SWITCH, chosen)
    changed = _needed_first(layers)
    if changed:
        layers.append(LayerPreview(Phase.SWITCH, stack.last.name, {}, known_after=changed))
    else:
        layers += _look_at(stack, [stack.last], values.switched(facts, chosen), switch)
    return Preview(str(facts.active), str(chosen), release, layers, drift)


def _look_at(stack: Stack, layers: Sequence[Layer], intent: values.Intent, purpose: Purpose) -> list[LayerPreview]:
    found: list[LayerPreview] = []
    for layer in layers:
        changed = _needed_first(found)
        if changed:
            found.append(LayerPreview(purpose.phase, layer.name, {}, known_after=changed))
            continue
        try:
            plan = stack.plan(layer, intent, purpose, look=True)
        except GuardRefused as refused:
            found.append(LayerPreview(purpose.phase, layer.name, {}, refusal=refused.message))
            continue
        changes = {change.address: str(change.action) for change in plan.changes}
        found.append(LayerPreview(purpose.phase, layer.name, changes))
        if layer.name not in stack.said:
            stack.read(layer)
    return found


def _needed_first(layers: Sequence[LayerPreview]) -> str:
    """Return the last layer that would change something: what comes after it is known only then."""
    return next((layer.layer for layer in reversed(layers) if layer.changes or layer.refusal), "")
