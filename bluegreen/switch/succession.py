"""Whose turn it is: what a run does about a lock that another run holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isinf
from typing import TypeVar

from bluegreen.errors import Locked
from bluegreen.events import Emit, LockTakenOver, Said, WaitingFor
from bluegreen.ports import Clock, Holder, Lock, Store
from bluegreen.switch.history import History, read_run
from bluegreen.switch.request import DEPLOYS, RollbackRequest, refuse_closed

LOOK = 0.5
"""Seconds between two looks at a lock."""

Ended = TypeVar("Ended")


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn of one run that has not begun. who: asks for it. emitter: tells of another's run, beside its journal."""

    store: Store
    lock: Lock
    clock: Clock
    emitter: Callable[[str], Emit]
    who: str

    def take(self, run: Callable[[], Ended], in_the_way: Callable[[Holder], bool]) -> Ended:
        """Do a run. When the lock is held, do `in_the_way`, and the run once more if that returns True."""
        while True:
            try:
                return run()
            except Locked as locked:
                holder = self.lock.holder()
                if locked.result is not None or holder is None or not in_the_way(holder):
                    raise

    def call_back(self, holder: Holder, request: RollbackRequest) -> bool:
        """What a rollback does: ask a deploy to go back, and wait until it has, or gives no sign of life any more.

        Raises TargetRefused when it has switched with no way back, and nobody forces that.
        """
        if holder.verb in DEPLOYS:
            self._refuse_closed(holder, request)
            self.store.call_back(holder.run, self.who)
            self._say(holder, f"{holder.title} is under way, and is asked to go back")
            return self._outlast(holder)
        return self._outlast(holder) if holder.verb == "rollback" else self.succeed(holder)

    def _refuse_closed(self, holder: Holder, request: RollbackRequest) -> None:
        if holder.run not in self.store.runs():
            return  # it has hardly begun
        left = read_run(holder.run, self.store.journal(holder.run)).origin
        if left is not None:
            refuse_closed(History(self.store), left, request)

    def succeed(self, holder: Holder) -> bool:
        """What a resume does: watch a holder that may be gone. Raises Locked when it gives a sign of life."""
        return not isinf(self.lock.ttl) and self._outlast(holder, alive=False)

    def wait(self, holder: Holder, until: float) -> bool:
        """What others do, until then (monotonic seconds): one that gives no sign of life is not theirs to succeed."""
        patience = until - self.clock.monotonic()
        if patience <= 0:
            return False
        silent = outlast(self.lock, holder, self.clock, self.emitter(holder.run), patience=patience)
        if silent is not None:
            raise Locked(
                f"{silent.title} holds the lock, and has given no sign of life for {self.lock.ttl:.0f} s",
                hint="bluegreen resume finishes its run, bluegreen rollback takes it back",
            )
        return True

    def _outlast(self, holder: Holder, *, alive: bool = True) -> bool:
        silent = outlast(self.lock, holder, self.clock, self.emitter(holder.run), alive=alive)
        if silent is not None:
            self.lock.break_(silent)
            self._say(holder, f"{silent.title} has given no sign of life for {self.lock.ttl:.0f} s, and is succeeded")
            self.emitter(holder.run)(LockTakenOver(silent.title))
        return True

    def _say(self, holder: Holder, text: str) -> None:
        self.emitter(holder.run)(Said(text, "warning"))


def outlast(
    lock: Lock, holder: Holder, clock: Clock, emit: Emit, *, patience: float = inf, alive: bool = True
) -> Holder | None:
    """Wait until the run of `holder` holds the lock no more: return None.

    Return the holder when it has been watched without a sign of life for the lock's whole time-to-live, by this clock
    alone: it may be succeeded. patience: seconds at most. alive: wait for one that lives too. Raises Locked when
    patience ends, and when it lives and is not to be waited for.
    """
    emit(WaitingFor(f"run {holder.run} to end", 0.0 if isinf(patience) else patience))
    began = since = clock.monotonic()
    while (standing := lock.holder()) is not None and standing.run == holder.run:
        now = clock.monotonic()
        if standing != holder:
            holder, since = standing, now
            if not alive:
                raise Locked(f"{holder.title} is under way", hint="wait for it to end, or: bluegreen rollback")
        elif now - since >= lock.ttl:
            return holder
        if now - began >= patience:
            raise Locked(f"{holder.title} still holds the lock", hint="bluegreen status; later the same again")
        clock.sleep(LOOK)
    return None
