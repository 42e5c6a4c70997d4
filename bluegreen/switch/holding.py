"""Holds the public where it is when a switch goes bad, where the settings want that or there is no way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bluegreen.errors import CheckFailed, Interrupted
from bluegreen.run.engine import Leave
from bluegreen.switch.evidence import Blind
from bluegreen.switch.phases import HELD
from bluegreen.switch.steps import Steps


@contextmanager
def holding(steps: Steps, *, no_way_back: bool) -> Iterator[None]:
    """Leave a phase by `held` instead of going back. Who cannot see leaves things as they are in any case.

    Without a way back an interruption is no reason to go back either.
    """
    held = no_way_back or steps.world.settings.bake.on_failure == "hold"
    try:
        yield
        if no_way_back and steps.world.interruptions.requested:
            raise Interrupted("interrupted")
    except Blind as blind:
        raise Leave(HELD, blind) from blind
    except CheckFailed as failed:
        raise (Leave(HELD, failed) if held else failed) from failed
    except Interrupted as interrupted:
        raise (Leave(HELD, interrupted) if no_way_back else interrupted) from interrupted
