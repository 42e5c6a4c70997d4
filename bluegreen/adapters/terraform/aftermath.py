"""What a Terraform leaves behind that was killed, or that could not store its state or give its lock back; and how that
is mended.

Only what is provably ours is touched: the lock of a process that is gone, a state that its own backend can still take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bluegreen.adapters.state.files import private_folder
from bluegreen.adapters.state.host import host
from bluegreen.adapters.terraform import argv
from bluegreen.adapters.terraform.calls import Calls, Outcome
from bluegreen.adapters.terraform.documents import find_document, parse_state
from bluegreen.adapters.terraform.holder import StateService, seen_lock
from bluegreen.adapters.terraform.local_state import LocalState, read_backend
from bluegreen.adapters.terraform.state_lock import StateLock, find_lock
from bluegreen.errors import BluegreenError
from bluegreen.events import Emit, LockLeft, Said
from bluegreen.ports import DeadTerraform, State

ERRORED = "errored.tfstate"
"""Where Terraform writes a state that its backend did not take: into the root's folder."""


class Aftermath:
    """Mends one layer.

    folder: the root. data_dir: the layer's own private folder. waited: seconds for which our Terraform waits for a
    lock. service: None where the backend's server answers Terraform alone.
    """

    def __init__(
        self,
        layer: str,
        folder: Path,
        data_dir: Path,
        calls: Calls,
        program: argv.Argv,
        local: LocalState,
        emit: Emit,
        waited: int,
        service: StateService | None,
    ) -> None:
        self._layer = layer
        self._errored = folder / ERRORED
        self._data_dir = data_dir
        self._calls = calls
        self._program = program
        self._local = local
        self._emit = emit
        self._waited = waited
        self._service = service
        self._dead: DeadTerraform | None = None

    def mend(self, dead: DeadTerraform | None) -> None:
        """Mend what can be seen without asking Terraform; with no dead process, a state that waits to be stored."""
        if dead is not None:
            self._dead = dead
            if copy := self._local.restore():
                self._tell(f"the state was torn, and was restored from {copy}; a plan shows what it does not know of")
            self._remove_lock()
        self._store_state()

    @contextmanager
    def ran(self, name: str, build: Callable[[int], argv.Argv], *codes: int) -> Iterator[Outcome]:
        """Run a command that takes the state's lock; yield its outcome when it ended with one of `codes`.

        build: returns its argv for the seconds that it is to wait for the lock. A lock that a Terraform of ours has
        left which is gone is removed before it is waited for.
        """
        if self._dead is not None:
            with self._calls.ran(name, build(0)) as outcome:
                if not outcome.lock_taken:
                    yield self._expected(name, outcome, codes)
                    return
                lock = self._lock() or find_lock(outcome.lock_taken)
            if lock is not None and self._left_behind(lock):
                self._force_unlock(lock)
        with self._calls.ran(name, build(self._waited)) as outcome:
            yield self._expected(name, outcome, codes)

    def _expected(self, name: str, outcome: Outcome, codes: Sequence[int]) -> Outcome:
        ended = outcome.ended
        killed = ended.exit_code < 0
        if killed or (ended.exit_code == 1 and outcome.lock_held):
            self._dead = DeadTerraform(self._layer, name, ended.pid, ended.started, time.time())
            self._emit(LockLeft(self._layer, name, ended.pid, ended.started, self._dead.ended))
        if killed:
            self.mend(self._dead)
        elif name == "apply" and ended.exit_code:
            self._store_state()
        if outcome.lock_taken and (lock := self._lock()) is not None:
            raise self._calls.locked(lock)
        self._calls.expect(name, outcome, *codes)
        return outcome

    def _remove_lock(self) -> None:
        lock = self._lock()
        if lock is None or not self._left_behind(lock):
            return
        if self._service is not None and (address := self._address):
            self._service.break_lock(address)
        else:
            self._local.lock_file.unlink(missing_ok=True)
        self._tell(f"removed the state's lock of a Terraform that is gone ({lock})")

    def _lock(self) -> StateLock | None:
        """Return who holds the state's lock, as far as that can be seen without taking it."""
        return seen_lock(self._service, self._local, self._address)

    def _force_unlock(self, lock: StateLock) -> None:
        """Have Terraform remove a lock, wherever its backend keeps that. Raises BluegreenError."""
        with self._calls.ran("force-unlock", argv.force_unlock(self._program, lock.id)) as outcome:
            self._calls.expect("force-unlock", outcome)
        self._tell(f"removed the state's lock of a Terraform that is gone ({lock})")

    def _store_state(self) -> None:
        """Bring the state that an apply could not store to where it belongs; leave it when that does not work yet.

        It is stored only over the one from which it came: of its lineage, and older.
        """
        try:
            content = self._errored.read_bytes()
        except FileNotFoundError:
            return
        if self._service is not None and self._service.acts_on(content):
            self._errored.unlink()
            return self._tell("its state was not stored, so nothing of that was done")
        try:
            stored, errored = self._stored(), parse_state(content)
            if (errored.lineage != stored.lineage and stored.lineage) or errored.serial <= stored.serial:
                return self._set_aside(errored)
            with self._calls.ran("state-push", argv.state_push(self._program, self._errored), anyway=True) as outcome:
                self._calls.expect("state-push", outcome)
        except (BluegreenError, ValueError) as error:
            return self._tell(f"the state still could not be stored, and lies in {self._errored}: {error}")
        self._errored.unlink()
        self._tell("the state that could not be stored at first is stored now")

    def _stored(self) -> State:
        with self._calls.ran("state-pull", argv.state_pull(self._program), anyway=True) as outcome:
            self._calls.expect("state-pull", outcome)
            return parse_state(find_document(outcome.stdout.read_bytes()))

    def _set_aside(self, errored: State) -> None:
        aside = private_folder(self._data_dir / "state") / f"errored-{errored.serial}.tfstate"
        self._errored.chmod(0o600)
        self._errored.replace(aside)
        self._tell(
            f"a state that could not be stored is older than the one that is, or of another; it is kept in {aside}"
        )

    def _left_behind(self, lock: StateLock) -> bool:
        return self._dead is not None and lock.is_of(self._dead, host(), self._waited)

    @property
    def _address(self) -> str:
        return str((read_backend(self._data_dir / "terraform").get("config") or {}).get("address") or "")

    def _tell(self, text: str) -> None:
        self._emit(Said(f"{self._layer}: {text}", "warning"))
