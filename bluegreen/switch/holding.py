"""Holds the public where it is when a switch goes bad, where the settings want that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bluegreen.config.schema import EnvironmentSettings
from bluegreen.errors import CheckFailed
from bluegreen.run.engine import Leave
from bluegreen.switch.evidence import Blind
from bluegreen.switch.phases import HELD


@contextmanager
def holding(settings: EnvironmentSettings) -> Iterator[None]:
    """Leave a phase by `held` instead of going back. Who cannot see leaves things as they are in any case."""
    try:
        yield
    except Blind as blind:
        raise Leave(HELD, blind) from blind
    except CheckFailed as failed:
        raise (Leave(HELD, failed) if settings.bake.on_failure == "hold" else failed) from failed
