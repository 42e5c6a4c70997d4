"""The record that Terraform keeps of who holds a state's lock, and how to tell whose it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bluegreen.adapters.state.host import STARTED_APART
from bluegreen.ports import DeadTerraform

LOCKED_WITHIN = 60.0
"""Seconds from its start within which a Terraform that need not wait has taken its lock: it starts providers first."""

LOCK_INFO = "Lock Info:"
"""Terraform's own heading of what it knows of a lock's holder."""

_LINE = re.compile(r"^\s*(ID|Operation|Who|Created):\s*(\S.*?)\s*$", re.MULTILINE)
_ID = re.compile(r"\w[\w.-]*")
"""A lock's id stands in a command that is meant to be pasted, and whoever may write the state's lock may write it."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,6})?)")


@dataclass(frozen=True, slots=True)
class StateLock:
    """Who holds a state's lock. who: user@host. operation: OperationTypeApply, ... created: Unix seconds."""

    id: str
    operation: str
    who: str
    created: float

    def __str__(self) -> str:
        when = datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"{self.operation.removeprefix('OperationType').lower()} of {self.who} since {when}, lock {self.id}"

    def is_of(self, dead: DeadTerraform, host: str, waited: float) -> bool:
        """Return whether a Terraform of ours that is gone has left this lock behind, and nobody else.

        waited: seconds for which it may have waited for the lock.
        """
        begun, latest = dead.started - STARTED_APART, min(dead.started + waited + LOCKED_WITHIN, dead.ended)
        same = self.operation.removeprefix("OperationType").lower() == dead.command
        return same and self.who.rpartition("@")[2] == host and begun <= self.created <= latest


def read_lock(record: Mapping[str, Any]) -> StateLock | None:
    """Return the lock that a record tells of, a local file's or a server's; None when it is none."""
    return _lock({name: str(record.get(name, "")) for name in ("ID", "Operation", "Who", "Created")})


def find_lock(text: str) -> StateLock | None:
    """Return the lock that an error tells of, under LOCK_INFO; None when it tells of none."""
    return _lock(dict(_LINE.findall(text.partition(LOCK_INFO)[2])))


def _lock(record: Mapping[str, str]) -> StateLock | None:
    created = _TIME.match(record.get("Created", ""))
    if not _ID.fullmatch(record.get("ID", "")) or created is None:
        return None
    time = datetime.fromisoformat(f"{created[1]}T{created[2]}+00:00").timestamp()
    return StateLock(record["ID"], record.get("Operation", ""), record.get("Who", ""), time)
