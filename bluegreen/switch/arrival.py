"""CHECK of a deploy: the idle color comes up, or everything is said that helps to see why it does not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from bluegreen.errors import BluegreenError, CheckFailed
from bluegreen.events import ConsoleRead, Said, WaitingFor
from bluegreen.health import Origin
from bluegreen.model import Color, ColorFacts, StackFacts
from bluegreen.ports import Resolution
from bluegreen.switch.background import in_background
from bluegreen.switch.check import command_environment
from bluegreen.switch.world import World

CONSOLE_TAIL = 4096
"""Bytes of a machine's serial console that are shown when its color did not come up: its last words."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One color that is to come up with one release. origin: the active color, None in a first deploy."""

    world: World
    facts: StackFacts
    color: ColorFacts
    release: str
    origin: Color | None

    def check(self, meanwhile: Callable[[], None]) -> None:
        """Return once the color is healthy and the smoke command agrees. meanwhile: called after each answer.

        Raises CheckFailed.
        """
        check, clock = self.world.settings.check, self.world.clock
        began = clock.monotonic()
        if not check.verify and self.color.backend_url.startswith("https:"):
            self._say(f"who answers for {self.color.color} is not verified: check.verify is false", "warning")
        self.world.emit(WaitingFor(f"{self.color.color} to be healthy", check.deadline))
        names = self._look_up()
        try:
            self.world.witness.await_healthy(
                self.color,
                self.release,
                needed=check.healthy,
                every=check.every,
                deadline=began + check.deadline,
                meanwhile=meanwhile,
            )
        except CheckFailed as failed:
            raise self._explained(failed) from failed
        finally:
            self._tell_names(names)
        self._say(f"{self.color.color} is up in {clock.monotonic() - began:.0f} s of {check.deadline:g}")
        self._smoke()

    def _say(self, text: str, level: str = "info") -> None:
        self.world.emit(Said(text, level))

    def _explained(self, failed: CheckFailed) -> CheckFailed:
        name, witness = self.color.color, self.world.witness
        message = f"{name}: {failed.message}"
        if self.origin is not None:
            seen = witness.ask_public(self.facts, witness.serving(self.facts, self.origin))
            if seen.origin is Origin.FAILED:
                message += f"; the active color, {self.origin}, is sick as well: {seen.answer.outcome}"
        self._show_console()
        hint = "; ".join(filter(None, (failed.hint, f"{name} is left for you to look at")))
        return CheckFailed(message, where=self.color.backend_url, hint=hint)

    def _show_console(self) -> None:
        name, instance = self.color.color, self.color.instance
        if not instance:
            return
        try:
            self.world.emit(ConsoleRead(str(name), self.world.instances().console(instance, CONSOLE_TAIL)))
        except BluegreenError as error:
            self._say(f"the console of {name} cannot be read: {error.message}", "warning")

    def _look_up(self) -> Future[Resolution] | None:
        """Look the backend hostname up while the color is asked: what it says is shown, and judges nothing."""
        hostname = self.color.backend_hostname
        if not hostname or self.world.settings.check.via != "direct":
            return None
        return in_background("names", lambda: self.world.resolver().resolve(hostname))

    def _tell_names(self, names: Future[Resolution] | None) -> None:
        if names is None or not names.done():
            return
        found = names.result()
        here, there = (", ".join(some) or "nothing" for some in (found.system, found.authoritative))
        said = f"{here} here, {there} at its name servers" if here != there else here
        color = self.color
        self._say(f"{color.color} was asked at {color.address}; {color.backend_hostname} resolves to {said}")

    def _smoke(self) -> None:
        smoke = self.world.settings.check.smoke
        if smoke is None:
            return
        environment = command_environment(self.color, self.release, self.facts.public_url)
        code, output = self.world.commands.run(smoke.command, environment, smoke.timeout)
        if code != 0:
            how = f"did not end in {smoke.timeout:g} s" if code < 0 else f"ended with {code}"
            raise CheckFailed(
                f"the smoke command {how}: {output.strip()[-500:]}", hint=f"{self.color.color} is left for you"
            )
