"""Walks a ROUTES table, phase after phase, until one that leads nowhere.

A table maps each phase to where each outcome of it leads. Whoever wants another procedure writes another table and
other steps, never another engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bluegreen.errors import BluegreenError, Interrupted
from bluegreen.events import Emit, Errored, PhaseFinished, PhaseStarted
from bluegreen.ports import Clock, Interruptions

DONE, FAILED, INTERRUPTED = "done", "failed", "interrupted"

Routes = Mapping[str, Mapping[str, str]]
Step = Callable[[], str | None]
"""Does one phase; returns the outcome, None meaning done. Must look before it acts: entering twice is harmless."""


class Leave(Exception):
    """Raised by a step to leave its phase by another outcome than `failed`, because of `error`, if it is one."""

    def __init__(self, outcome: str, error: BluegreenError | None = None) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.error = error


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. phase: the one that leads nowhere, left for from `left` by `outcome`. errors: all, in order."""

    phase: str
    left: str
    outcome: str
    errors: tuple[BluegreenError, ...]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Engine:
    emit: Emit
    clock: Clock
    interruptions: Interruptions

    def walk(self, routes: Routes, steps: Mapping[str, Step], start: str) -> Ending:
        """Walk from `start`. Each phase is in the journal before its step is entered."""
        phase, left, outcome, interrupted = start, "", DONE, False
        errors: list[BluegreenError] = []
        while phase in routes:
            began, waited = self.clock.monotonic(), self.clock.waited
            self.emit(PhaseStarted(phase))
            outcome, error = self._enter(steps[phase])
            if error is not None:
                errors.append(error)
                self.emit(Errored.of(error))
            if isinstance(error, Interrupted):
                interrupted = True
                self.interruptions.clear()
            following = routes[phase][outcome]
            seconds, waiting = self.clock.monotonic() - began, self.clock.waited - waited
            self.emit(PhaseFinished(phase, outcome, following, seconds, waiting))
            left, phase = phase, following
        return Ending(phase, left, outcome, tuple(errors), interrupted)

    def _enter(self, step: Step) -> tuple[str, BluegreenError | None]:
        try:
            outcome = step() or DONE
        except Leave as leave:
            return leave.outcome, leave.error
        except Interrupted as interrupted:
            return INTERRUPTED, interrupted
        except BluegreenError as error:
            return FAILED, error
        except OSError as error:  # a full disk, or no descriptor left: the way back is to be tried all the same
            return FAILED, BluegreenError(f"the system has refused something: {error}")
        if self.interruptions.requested:
            return INTERRUPTED, Interrupted("interrupted")
        return outcome, None
