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
from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.compute.cloud import Cloud
from bluegreen.sandbox.records import Record

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Behavior:
    """How a color's server is told to behave. name: one of BEHAVIORS; seconds: the delay of a slow one."""

    name: str = "ok"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Delay:
    """How late changes of a name arrive. seconds: until every answer is new; share: of the answers, new before that.

    at: where, of PLACES: what the DNS server says, where the edge sends requests.
    """

    seconds: float
    share: float = 0.0
    at: tuple[str, ...] = ("dns", "edge")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Delay:
        return cls(data["seconds"], data["share"], tuple(data["at"]))


PLACES = ("dns", "edge")
EDGE_ANSWERS = ("cached", "challenged", "limited", "blocked")
"""What the edge can be told to answer by itself: from its cache, 403 with a challenge, 429, 403 with error 1020."""
BEHAVIORS = ("ok", "slow", "sick", "dead", "wrong_release")


@dataclass(frozen=True, slots=True)
class Ledger:
    """states: path -> body, verbatim. locks: path -> lock info. refusals: path -> the reason given for a 400.

    delays: full name -> how late its changes arrive. edge_answers: beginning of a path -> one of EDGE_ANSWERS.
    """

    states: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    locks: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    records: Mapping[str, Record] = field(default_factory=lambda: EMPTY)
    behaviors: Mapping[str, Behavior] = field(default_factory=lambda: EMPTY)
    refusals: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    account: Account = field(default_factory=Account)
    delays: Mapping[str, Delay] = field(default_factory=lambda: EMPTY)
    edge_answers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    compute: Cloud = field(default_factory=Cloud)


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
            data["account"] = Account.from_json(data["account"])
            data["delays"] = {name: Delay.from_json(delay) for name, delay in data["delays"].items()}
            data["compute"] = Cloud.from_json(data["compute"])
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
            "account": ledger.account.as_json(),
            "delays": {name: asdict(delay) for name, delay in ledger.delays.items()},
            "edge_answers": dict(ledger.edge_answers),
            "compute": ledger.compute.as_json(),
        }
        replace_durably(self._path, json.dumps(data, indent=1).encode())


def replace_durably(path: Path, data: bytes) -> None:
    """Write `data` to `path`, mode 0600, on disk before this returns."""
    new = path.with_name(f"{path.name}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
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
