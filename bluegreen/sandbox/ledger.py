"""Everything that the sandbox must not forget: one document, replaced whole and durably.

One file for states, locks, records and settings means that no crash can leave them contradicting each other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bluegreen.errors import SandboxError
from bluegreen.model import EMPTY
from bluegreen.sandbox.records import Record

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Behavior:
    """How a color's server is told to behave. name: one of BEHAVIORS; seconds: the delay of a slow one."""

    name: str = "ok"
    seconds: float = 0.0


BEHAVIORS = ("ok", "slow", "sick", "dead", "wrong_release")


@dataclass(frozen=True, slots=True)
class Ledger:
    """states: path -> body, verbatim. locks: path -> lock info. refusals: path -> the reason given for a 400."""

    states: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    locks: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    records: Mapping[str, Record] = field(default_factory=lambda: EMPTY)
    behaviors: Mapping[str, Behavior] = field(default_factory=lambda: EMPTY)
    refusals: Mapping[str, str] = field(default_factory=lambda: EMPTY)


class LedgerFile:
    """The ledger on disk."""

    def __init__(self, path: Path):
        self._path = path

    def load(self) -> Ledger:
        """Read it; an empty one when there is no file yet. Raises SandboxError when it cannot be read."""
        try:
            data = json.loads(self._path.read_bytes())
            if data.pop("format") != FORMAT:
                raise ValueError("of another version")
            data["records"] = {id: Record(**record) for id, record in data["records"].items()}
            data["behaviors"] = {color: Behavior(**behavior) for color, behavior in data["behaviors"].items()}
            return Ledger(**data)
        except FileNotFoundError:
            return Ledger()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SandboxError(
                f"the sandbox's memory cannot be read: {error}",
                where=str(self._path),
                hint="move that file away to begin with an empty world",
            ) from None

    def save(self, ledger: Ledger) -> None:
        """Replace it. Whatever happens, the old or the new one is there. Raises OSError."""
        data = {
            "format": FORMAT,
            "states": dict(ledger.states),
            "locks": {path: dict(info) for path, info in ledger.locks.items()},
            "records": {id: asdict(record) for id, record in ledger.records.items()},
            "behaviors": {color: asdict(behavior) for color, behavior in ledger.behaviors.items()},
            "refusals": dict(ledger.refusals),
        }
        replace_durably(self._path, json.dumps(data, indent=1).encode())


def replace_durably(path: Path, data: bytes) -> None:
    """Write `data` to `path`, mode 0600, on disk before this returns."""
    new = path.with_name(f"{path.name}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb", closefd=False) as stream:
            stream.write(data)
        os.fsync(file)
    finally:
        os.close(file)
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
