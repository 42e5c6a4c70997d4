"""The live edge as one run knows it: read in the background, and once."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass

from bluegreen.errors import BluegreenError, DriftFound, TerraformError
from bluegreen.events import Witnessed
from bluegreen.model import StackFacts
from bluegreen.switch.background import in_background
from bluegreen.switch.drift import Drift
from bluegreen.switch.world import World


@dataclass(slots=True)
class Live:
    """The live edge, read in the background while Terraform plans.

    patience: seconds for which whoever needs it waits for it; None for as long as its API takes to give up.
    """

    world: World
    patience: float | None = None
    _reading: Future[Drift] | None = None
    _drift: Drift | None = None

    def begin(self, facts: StackFacts) -> Future[Drift]:
        self._drift = None
        self._reading = in_background("live-edge", lambda: self.world.drift(facts))
        return self._reading

    def drift(self) -> Drift:
        """Return what was found, waiting for it. Raises BluegreenError when the edge could not be asked."""
        if self._drift is None:
            reading = self._reading or self.begin(self.world.stack.complete())
            try:
                self._drift = reading.result(self.patience)
            except TimeoutError:
                raise BluegreenError(f"their API has not answered, and is waited for {self.patience:g} s") from None
            live = str(self._drift.live or "")
            self.world.emit(Witnessed(live, self._drift.records, "; ".join(self._drift.findings)))
        return self._drift

    def explain(self, error: TerraformError) -> None:
        """Add to a plan's error why the live records cannot be read, if they cannot: one token opens both."""
        if self._reading is None:
            return
        try:
            self.drift()
        except BluegreenError as unreadable:
            error.details += (f"the live records cannot be read either: {unreadable.message}",)
            error.hint = unreadable.hint or error.hint

    def refuse_drift(self) -> None:
        """Raise DriftFound when state and live edge disagree."""
        drift = self.drift()
        if drift.found:
            raise drift_error(drift)


def drift_error(drift: Drift) -> DriftFound:
    lines = "".join(f"\n  {finding}" for finding in drift.findings)
    return DriftFound(
        f"state and live edge disagree:{lines}",
        hint="bluegreen reconcile --to state, or --to live; after a run that was cut off: bluegreen resume",
    )
