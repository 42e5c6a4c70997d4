"""The lock of one environment as a lease in a bucket: whoever holds it says so again and again.

No clock of another machine is believed. A holder counts as silent once somebody has watched its lease unchanged for a
whole time-to-live, by his own clock; and by then, a whole time-to-live after its last sign of life by its own clock,
the holder has stopped by itself.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event, Lock, Thread
from typing import Any

from bluegreen.adapters.state.lock import Claim, held, new_claim
from bluegreen.adapters.state.objects import NONE, Conflict, Objects
from bluegreen.errors import BluegreenError, Locked
from bluegreen.ports import Holder

TTL, HEARTBEAT = 60.0, 15.0
"""Seconds: without a sign of life for so long, a holder holds no more; and from one sign to the next."""

AGAIN = 1.0
"""Seconds until a sign of life that failed is tried again."""

NAME = "lock.json"
SUCCEEDS = "bluegreen resume, or bluegreen rollback"
"""What succeeds a holder that has given no sign of life for long enough."""


NAMELESS = Claim(Holder("", "", "", "", "", 0, 0.0, 0.0), "", "", 0)
"""Of a lease that does not say who holds it."""


def since_boot() -> float:
    """Return seconds that go on while this machine is asleep: its lease ends meanwhile, whatever it wakes up to do.

    Linux stops its monotonic clock then, and macOS does not.
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class Lease:
    """What the object says.

    claim: None while it is free. epoch: how often it was taken. broken: its holder is to stop.
    """

    claim: Claim | None = None
    epoch: int = 0
    broken: bool = False

    def to_json(self) -> bytes:
        return json.dumps(
            {"epoch": self.epoch, "broken": self.broken, "claim": self.claim and self.claim.as_dict()}, indent=1
        ).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Lease:
        """Raises ValueError, KeyError or TypeError when it is no lease."""
        data = json.loads(content)
        claim: Mapping[str, Any] | None = data["claim"]
        return cls(Claim.from_dict(claim) if claim is not None else None, int(data["epoch"]), bool(data["broken"]))

    @property
    def holder(self) -> Holder | None:
        """Who holds it; None when nobody does, or one who is provably gone or was told to stop."""
        return None if self.claim is None or self.broken or self.claim.gone else self.claim.holder


class BucketLock:
    """ports.Lock by the object `lock.json`.

    where: of the store, for errors. clock: seconds that never step. ttl, heartbeat: see TTL and HEARTBEAT.
    """

    def __init__(
        self,
        objects: Objects,
        where: str,
        environment: Mapping[str, str] | None = None,
        *,
        clock: Callable[[], float] = since_boot,
        ttl: float = TTL,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._objects = objects
        self._where = f"{where}/{NAME}"
        self._environment = os.environ if environment is None else environment
        self._clock = clock
        self.ttl, self._heartbeat = ttl, heartbeat
        self._writing = Lock()
        self._ours: Lease | None = None
        self._generation = NONE
        self._until, self._taken = 0.0, False
        self._released = Event()

    def acquire(self, run: str, verb: str) -> Holder | None:
        while True:
            standing, generation = self._look()
            if standing.holder is not None:
                raise held(standing.holder, self._where, SUCCEEDS)
            claim = new_claim(run, verb, self._environment)
            try:
                self._hold(Lease(claim, standing.epoch + 1), generation)
            except Conflict:
                continue  # somebody else was faster
            self._released = Event()
            Thread(target=self._keep, args=(self._released,), name="lease", daemon=True).start()
            return standing.claim.holder if standing.claim is not None else None

    def release(self) -> None:
        self._released.set()
        with self._writing:
            ours, self._ours = self._ours, None
            if ours is None:
                return
            try:
                self._objects.write(NAME, Lease(epoch=ours.epoch).to_json(), generation=self._generation)
            except (Conflict, BluegreenError):
                return  # it is another's by now; or it ends by itself

    def break_(self, holder: Holder) -> None:
        while True:
            standing, generation = self._look()
            if standing.claim is None or standing.broken or standing.claim.holder.run != holder.run:
                raise Locked("that lock stands no longer", where=self._where, hint="bluegreen status")
            if standing.claim.lives or standing.claim.holder != holder:
                raise held(standing.claim.holder, self._where, SUCCEEDS)
            try:
                self._objects.write(NAME, replace(standing, broken=True).to_json(), generation=generation)
                return
            except Conflict:
                continue

    def holder(self) -> Holder | None:
        return self._look()[0].holder

    def check(self) -> None:
        """Raise Locked when this process has held the lease and may hold it no more."""
        if self._ours is not None and self._clock() >= self._until:
            raise Locked(
                "the lease is somebody else's by now"
                if self._taken
                else f"the lease could not be renewed for {self.ttl:g} s, and may be somebody else's by now",
                where=self._where,
                hint="bluegreen status, then bluegreen resume",
            )

    def _keep(self, released: Event) -> None:
        """Give a sign of life every so often, until it is released."""
        pause = self._heartbeat
        while not released.wait(pause):
            pause = self.renew()

    def renew(self) -> float:
        """Give a sign of life; return the seconds until the next one is due."""
        with self._writing:
            if self._ours is None or self._ours.claim is None or self._taken:
                return self._heartbeat
            holder = self._ours.claim.holder
            claim = replace(self._ours.claim, holder=replace(holder, beat=holder.beat + 1))
            try:
                self._hold(replace(self._ours, claim=claim), self._generation)
            except Conflict:
                self._taken, self._until = True, 0.0
            except BluegreenError:
                return min(AGAIN, self._heartbeat)
            return self._heartbeat

    def _hold(self, lease: Lease, generation: int) -> None:
        """Write the lease. It holds from when that was begun: who watches may have seen it then."""
        began = self._clock()
        self._generation = self._objects.write(NAME, lease.to_json(), generation=generation)
        self._ours, self._until, self._taken = lease, began + self.ttl, False

    def _look(self) -> tuple[Lease, int]:
        stored = self._objects.look(NAME)
        if stored is None:
            return Lease(), NONE
        try:
            return Lease.from_json(stored.content), stored.generation
        except (ValueError, KeyError, TypeError):
            return Lease(NAMELESS), stored.generation
