"""The user's own commands around a switch: what else has to change with a release, such as the format of its data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from bluegreen.config.schema import Hook
from bluegreen.errors import HookFailed, Interrupted
from bluegreen.events import HookFinished, HookStarted
from bluegreen.model import Color
from bluegreen.run.engine import DONE, Step
from bluegreen.switch.check import command_environment
from bluegreen.switch.phases import Phase
from bluegreen.switch.steps import Steps, not_begun

Around = Mapping[str, tuple[str, str]]
"""Phase -> the hooks before and after its step, "" for none."""

_PREPARE: Around = {Phase.PREPARE: ("before_prepare", "after_prepare")}
_SWITCH: Around = {
    Phase.SWITCH: ("before_switch", "after_switch"),
    Phase.RETURN: ("before_return", "after_return"),
}
AROUND: Mapping[str, Around] = {
    "deploy": {**_PREPARE, **_SWITCH},
    "prepare": _PREPARE,
    "switch": _SWITCH,
    "rollback": {Phase.SWITCH: ("before_return", ""), Phase.PROVE: ("", "after_return")},
}
"""Verb -> its hooks. What ends a disagreement or a warm time moves no release, and has none."""

UNINTERRUPTED = frozenset({"before_return", "after_return", "after_done"})
"""Those of a way back, and of what is done already. Any other one that is interrupted is in doubt from then on."""

AT_THE_END = frozenset({"deploy", "switch"})
"""Verbs after which `after_done` is run."""

SHOWN = 500
"""Characters of the end of a failed hook's output that its error repeats."""


class Hooks:
    """Runs an environment's hooks around the steps of one run, each of them once."""

    def __init__(self, verb: str, steps: Steps) -> None:
        self._verb = verb
        self._steps = steps
        self._ended: set[tuple[str, int]] = set()

    def around(self, steps: Mapping[str, Step]) -> Mapping[str, Step]:
        """Return the steps of the run with its hooks around them."""
        around = AROUND.get(self._verb, {})
        return {phase: self._with(phase, step, *around.get(phase, ("", ""))) for phase, step in steps.items()}

    def at_the_end(self) -> None:
        """Run what comes when all is done."""
        if self._verb in AT_THE_END:
            self._run("after_done")

    def _with(self, phase: str, step: Step, before: str, after: str) -> Step:
        def run() -> str | None:
            try:
                self._run(before)
            except (HookFailed, Interrupted) as ended:
                raise (not_begun(ended, self._steps.moving) if phase == Phase.SWITCH else ended) from ended
            outcome = step()
            if outcome in (None, DONE):
                self._run(after)
            return outcome

        return run if before or after else step

    def _run(self, name: str) -> None:
        """Run the hooks of one name. Raises HookFailed, and Interrupted where somebody asked the run to stop."""
        hooks = getattr(self._steps.world.settings.hooks, name) if name else ()
        for number, hook in enumerate(hooks, 1):
            if (name, number) not in self._ended:
                self._run_one(name, number, hook)

    def _run_one(self, name: str, number: int, hook: Hook) -> None:
        world, cut = self._steps.world, self._steps.cut
        before = cut.hooks if cut is not None else {}  # until the run was cut off
        if before.get((name, number)) is not None:
            if cut is not None and (name, number) in cut.hooks_failed and hook.on_failure == "stop":
                raise _failed_before(name, hook)
            return
        if world.interruptions.requested and name not in UNINTERRUPTED:
            raise Interrupted(f"interrupted before hook {name}")
        in_doubt = (name, number) in before and not hook.idempotent
        failed = _in_doubt(name, hook) if in_doubt else self._outcome(name, number, hook)
        self._ended.add((name, number))
        if failed is not None and hook.on_failure == "stop":
            raise failed
        if failed is not None:
            self._steps.say(f"{failed.message}; going on", "warning")

    def _outcome(self, name: str, number: int, hook: Hook) -> HookFailed | None:
        world, told = self._steps.world, self._told(name)
        began = world.clock.monotonic()
        world.emit(HookStarted(name, number, hook.command))
        document = json.dumps(told, indent=1).encode()
        with world.interruptions.shielded() if name in UNINTERRUPTED else nullcontext():
            code, output = world.commands.run(hook.command, self._environment(name), hook.timeout, document)
        end = output.strip()[-SHOWN:]
        world.emit(HookFinished(name, number, code, world.clock.monotonic() - began, end))
        if code == 0:
            return None
        how = f"did not end in {hook.timeout:g} s" if code < 0 else f"ended with {code}"
        return HookFailed(f"hook {name}, {hook.command[0]}, {how}{f': {end}' if end else ''}")

    def _told(self, name: str) -> Mapping[str, Any]:
        """Return what a hook reads from its stdin. from, to: the colors between which the public moves."""
        steps, facts = self._steps, self._steps.world.stack.facts
        releases = {steps.target: steps.release}
        if facts is not None:
            releases = {color: facts.of(color).release for color in Color} | releases
        origin, to = steps.origin, steps.target
        if name.endswith("_return") and self._verb != "rollback" and origin is not None:
            origin, to = to, origin
        return {
            "run": steps.world.run,
            "environment": steps.world.environment,
            "hook": name,
            "from": {"color": origin, "release": releases.get(origin, "")} if origin else None,
            "to": {"color": to, "release": releases.get(to, "")},
            "public_url": facts.public_url if facts is not None else "",
        }

    def _environment(self, name: str) -> Mapping[str, str]:
        told, facts = self._told(name), self._steps.world.stack.facts
        to = told["to"]
        known: Mapping[str, str] = {"BLUEGREEN_COLOR": str(to["color"]), "BLUEGREEN_RELEASE": to["release"]}
        if facts is not None:
            known = command_environment(facts.of(to["color"]), to["release"], facts.public_url)
        origin = told["from"] or {"color": "", "release": ""}
        return {
            **known,
            "BLUEGREEN_RUN": told["run"],
            "BLUEGREEN_ENVIRONMENT": told["environment"],
            "BLUEGREEN_HOOK": name,
            "BLUEGREEN_FROM": str(origin["color"]),
            "BLUEGREEN_FROM_RELEASE": origin["release"],
        }


def _failed_before(name: str, hook: Hook) -> HookFailed:
    return HookFailed(f"hook {name}, {hook.command[0]}, had failed before the run was cut off")


def _in_doubt(name: str, hook: Hook) -> HookFailed:
    return HookFailed(
        f"hook {name}, {hook.command[0]}, was cut off, and nobody knows how far it came",
        hint="see what it did; with `idempotent: true` it is run again",
    )
