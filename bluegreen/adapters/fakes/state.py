"""A store and a lock in memory."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from bluegreen.adapters.state.logs import shortened
from bluegreen.errors import Locked, UsageError
from bluegreen.ports import Freeze, Holder, JournalEntry, Log


class MemoryStore:
    """ports.Store. durable: run -> how many of its lines a crash would have spared."""

    def __init__(self) -> None:
        self.durable: dict[str, int] = {}
        self._journals: dict[str, list[JournalEntry]] = {}
        self._logs: dict[str, list[Log]] = {}
        self._freeze: Freeze | None = None
        self._called_back: dict[str, str] = {}

    def append(self, run: str, entry: Mapping[str, Any], *, durable: bool) -> None:
        journal = self._journals.setdefault(run, [])
        journal.append(JournalEntry(copy.deepcopy(dict(entry))))
        if durable:
            self.durable[run] = len(journal)

    def runs(self) -> Sequence[str]:
        return sorted(self._journals, reverse=True)

    def journal(self, run: str) -> Sequence[JournalEntry]:
        if run not in self._journals:
            raise UsageError(f"there is no run {run}", hint="list the runs: bluegreen history")
        return tuple(self._journals[run])

    def keep_log(self, run: str, log: Log) -> None:
        self._logs.setdefault(run, []).append(shortened(log))

    def logs(self, run: str) -> Sequence[Log]:
        return tuple(self._logs.get(run, ()))

    def call_back(self, run: str, who: str) -> None:
        self._called_back[run] = who

    def called_back(self, run: str) -> str:
        return self._called_back.get(run, "")

    def freeze(self) -> Freeze | None:
        return self._freeze

    def set_freeze(self, freeze: Freeze | None) -> None:
        self._freeze = freeze


@dataclass(slots=True)
class MemoryPlace:
    """Where the locks of one environment lie. gone: its holder is provably gone; unseen: nobody here can tell."""

    holder: Holder | None = None
    gone: bool = False
    unseen: bool = False


class MemoryLock:
    """ports.Lock. Two that share a place contend for it. ttl: see ports.Lock; who holds it gives no sign of life."""

    def __init__(self, place: MemoryPlace | None = None, who: str = "ada@here", ttl: float = inf) -> None:
        self.place = place or MemoryPlace()
        self._who = who
        self.ttl = ttl
        self._ours: Holder | None = None

    def acquire(self, run: str, verb: str) -> Holder | None:
        standing = self.holder()
        if standing:
            raise Locked(f"{standing.title} holds the lock", hint="wait for it to end")
        succeeded = self.place.holder
        self._ours = Holder(run, verb, self._who, host="here", boot="boot", pid=1, started=1.0, since=1.0)
        self.place.holder, self.place.gone = self._ours, False
        return succeeded

    def release(self) -> None:
        if self._ours is not None and self.place.holder is self._ours:
            self.place.holder = None
        self._ours = None

    def break_(self, holder: Holder) -> None:
        if self.place.holder != holder:
            raise Locked("that lock stands no longer", hint="bluegreen status")
        if not (self.place.gone or self.place.unseen):
            raise Locked(f"{holder.title} holds the lock", hint="wait for it to end")
        self.place.holder = None

    def holder(self) -> Holder | None:
        return None if self.place.gone else self.place.holder
