"""A freeze as it is kept: one JSON object."""

from __future__ import annotations

import json
from dataclasses import asdict

from bluegreen.errors import Locked
from bluegreen.ports import Freeze


def freeze_to_json(freeze: Freeze) -> bytes:
    return json.dumps(asdict(freeze)).encode()


def parse_freeze(content: bytes, where: str) -> Freeze:
    """Read it. where: for the error. Raises Locked when it is damaged: whoever locked this meant something by it."""
    try:
        data = json.loads(content)
        return Freeze(str(data["reason"]), str(data["who"]), float(data["since"]), float(data["until"]))
    except (ValueError, KeyError, TypeError):
        raise Locked(
            "it is locked, but the file does not say why",
            where=where,
            hint="bluegreen unlock --reason TEXT, when nothing speaks against it",
        ) from None
