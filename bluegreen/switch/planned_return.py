"""The plan of the way back, made while the switch is proven: a return, or a rollback, then only has to apply it."""

from __future__ import annotations

from concurrent.futures import Future, wait

from bluegreen.errors import BluegreenError, Interrupted
from bluegreen.model import Color
from bluegreen.switch import values
from bluegreen.switch.background import in_background
from bluegreen.switch.phases import Phase
from bluegreen.switch.steps import Steps

WAIT = 10.0
"""Seconds for which it is waited for, when all else is done. It takes one or two where the API answers; where that is
silent, a return needs the state's lock, and a deploy that is proven should end."""


class PlannedReturn:
    """Begins to plan the way to `origin` when it is made, in a thread of its own; says when that comes to nothing."""

    def __init__(self, steps: Steps, origin: Color) -> None:
        self._steps, self._origin = steps, origin
        self._planning: Future[None] = in_background("way-back", self._plan)

    def _plan(self) -> None:
        stack = self._steps.world.stack
        intent = values.returned(stack.complete(), self._origin)
        try:
            stack.keep(stack.plan(stack.last, intent, stack.moving(Phase.RETURN, self._origin)))
        except Interrupted:
            pass  # whoever asked the run to stop is answered by the phase that it is in
        except BluegreenError as error:
            self._say(error.message)

    def end(self) -> None:
        """Wait for the plan, which holds the state's lock, and call it off when it takes too long."""
        if wait([self._planning], WAIT).not_done:
            self._say("its plan took too long")
            with self._steps.world.stack.last.workspace.called_off():
                wait([self._planning])
        if error := self._planning.exception():  # of a thread, of which nobody would hear
            self._say(f"{type(error).__name__}: {error}")

    def _say(self, why: str) -> None:
        self._steps.say(f"the way back is not prepared, a rollback plans it anew: {why}", "warning")
