"""The lock of one environment, as a file on this machine's disk.

It is written aside and then linked to its name, which fails if the name is taken: so there is never more than one, and
never an empty one. It is taken over only from a holder that is provably gone, and by one of those who try: they queue
at the kernel's own lock, which dies with its owner, and replace the file in one step, so that there is no moment
without a holder.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any

from bluegreen.adapters.state import host
from bluegreen.adapters.state.files import beside, create_file, explained, private_folder, read_file, sync_folder
from bluegreen.errors import Locked
from bluegreen.ports import Holder

_TAKE = "take the lock"


@dataclass(frozen=True, slots=True)
class Claim:
    """What the file says. token: of this very lock; pids, birth: see host.pid_namespace and host.Process."""

    holder: Holder
    token: str
    pids: str
    birth: int

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self.holder), "token": self.token, "pids": self.pids, "birth": self.birth}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Claim:
        """Raises ValueError, KeyError or TypeError when it is no claim."""
        holder = Holder(
            run=str(data["run"]),
            verb=str(data["verb"]),
            who=str(data["who"]),
            host=str(data["host"]),
            boot=str(data["boot"]),
            pid=int(data["pid"]),
            started=float(data["started"]),
            since=float(data["since"]),
            beat=int(data.get("beat", 0)),
        )
        return cls(holder, str(data["token"]), str(data["pids"]), int(data["birth"]))

    @property
    def gone(self) -> bool:
        """Whether its holder provably runs no more. What cannot be seen from here is not proven."""
        if self.holder.host != host.host():
            return False
        if not self._since_this_boot:
            return True
        return self.pids == host.pid_namespace() and not self._runs

    @property
    def lives(self) -> bool:
        """Whether its holder is seen to run."""
        here = self.holder.host == host.host() and self.pids == host.pid_namespace()
        return here and self._since_this_boot and self._runs

    @property
    def _since_this_boot(self) -> bool:
        boot = host.boot_id()
        return not (boot and self.holder.boot) or boot == self.holder.boot

    @property
    def _runs(self) -> bool:
        process = host.find_process(self.holder.pid)
        return process is not None and not (self.birth and process.birth and process.birth != self.birth)


class LocalLock:
    """ports.Lock by the file `root`/lock."""

    ttl = inf  # it is the process itself that is looked at, not what it says of itself

    def __init__(self, root: Path, environment: Mapping[str, str] | None = None) -> None:
        """environment: this process's variables, for who we are; os.environ if left out."""
        self._path = root / "lock"
        self._environment = os.environ if environment is None else environment
        self._token = ""

    def acquire(self, run: str, verb: str) -> Holder | None:
        private_folder(self._path.parent)
        claim, aside = new_claim(run, verb, self._environment), beside(self._path)
        with explained(self._path, _TAKE):
            try:
                create_file(aside, json.dumps(claim.as_dict(), indent=1).encode(), durable=True)
                succeeded = self._place(aside)
            finally:
                aside.unlink(missing_ok=True)
            self._token = claim.token
            sync_folder(self._path.parent)
        return succeeded

    def release(self) -> None:
        with explained(self._path, "release the lock"):
            # Nobody succeeds a holder that lives, so between this look and the removal it stays ours.
            standing = self._read()
            if standing and standing.token == self._token:
                self._path.unlink(missing_ok=True)
            self._token = ""

    def holder(self) -> Holder | None:
        """Return who holds it; one without a name, `run` and all, where the file is there and does not say who."""
        with explained(self._path, "read the lock"):
            try:
                standing = self._read()
            except (Locked, OSError):
                return Holder("", "", "", "", "", 0, 0.0, self._path.lstat().st_mtime)
        return None if standing is None or standing.gone else standing.holder

    def break_(self, holder: Holder) -> None:
        with explained(self._path, "break the lock"), self._queue():
            try:
                standing = self._read()
            except Locked:  # damaged: it is told apart from another one by when it was made
                ours, lives = self._path.lstat().st_mtime == holder.since and not holder.run, False
            else:
                ours, lives = standing is not None and standing.holder == holder, bool(standing and standing.lives)
            if not ours:
                raise Locked("that lock stands no longer", where=str(self._path), hint="bluegreen status")
            if lives:
                raise held(holder, str(self._path))
            self._path.unlink()
            sync_folder(self._path.parent)

    def _place(self, aside: Path) -> Holder | None:
        while True:
            try:
                os.link(aside, self._path)
                return None
            except FileExistsError:
                standing = self._read()
            if standing and not standing.gone:
                raise held(standing.holder, str(self._path))
            if standing and self._replace(standing, aside):
                return standing.holder

    def _replace(self, stale: Claim, aside: Path) -> bool:
        with self._queue():
            standing = self._read()
            if standing != stale:
                return False
            os.replace(aside, self._path)
            return True

    @contextmanager
    def _queue(self) -> Iterator[None]:
        """Be the only one here who replaces a lock."""
        path = self._path.with_name("lock.queue")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> Claim | None:
        try:
            return Claim.from_dict(json.loads(read_file(self._path)))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise Locked(
                "somebody holds the lock, but the file does not say who",
                where=str(self._path),
                hint="make sure that no run is under way, then: bluegreen unlock --reason TEXT",
            ) from None


def new_claim(run: str, verb: str, environment: Mapping[str, str]) -> Claim:
    """Return the claim of this process. environment: its variables, for who we are."""
    pid = os.getpid()
    process = host.find_process(pid) or host.Process(pid, 0)
    holder = Holder(
        run=run,
        verb=verb,
        who=host.who(environment),
        host=host.host(),
        boot=host.boot_id(),
        pid=pid,
        started=process.started,
        since=time.time(),
    )
    return Claim(holder, secrets.token_hex(16), host.pid_namespace(), process.birth)


def held(holder: Holder, where: str, gone: str = "bluegreen unlock --reason TEXT") -> Locked:
    """Return the error that names who holds a lock. gone: the command for when its machine is gone for good."""
    here = holder.host == host.host()
    return Locked(
        f"{holder.title} holds the lock",
        where=where,
        hint="wait for it to end" if here else f"wait for it to end; if {holder.host or 'it'} is gone for good: {gone}",
    )
