"""What the calls of the sandbox's own API share: orders are carried out and logged, and their numbers have bounds."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bluegreen.sandbox.call import Call, Rejected
from bluegreen.sandbox.world import Edit, World

LOGGED = 200
"""Characters of an order's body that the log has."""

log = logging.getLogger(__name__)


async def carry_out(world: World, call: Call, edit: Edit) -> None:
    """Apply the edit that a call asks for. Raises what `World.change` does."""
    await world.change(edit)
    log.info("%s /sandbox/%s %s", call.method, call.path, call.body.decode("utf-8", "replace")[:LOGGED])


def read_number(data: Mapping[str, Any], name: str, most: float, default: float = 0.0) -> float:
    """Return `data[name]`, from 0 to `most`. Raises Rejected."""
    number = data.get(name, default)
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= most:
        raise Rejected(400, f"{name} is {number!r}, not a number from 0 to {most:g}")
    return float(number)
