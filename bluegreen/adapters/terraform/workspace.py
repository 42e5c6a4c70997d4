"""One layer's Terraform: what ports.Workspace asks for, in as few calls as can be, since each starts every provider."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from bluegreen.adapters.state.files import create_file, explained, private_folder, replace_file
from bluegreen.adapters.terraform import argv
from bluegreen.adapters.terraform.aftermath import Aftermath
from bluegreen.adapters.terraform.calls import Calls
from bluegreen.adapters.terraform.documents import find_document, parse_contents, parse_state
from bluegreen.adapters.terraform.engine import OPENTOFU, Engine
from bluegreen.adapters.terraform.folder import (
    CODE,
    TOFU_CODE,
    VALUES_FILE,
    Root,
    code_files,
    find_intruders,
    scan_root,
)
from bluegreen.adapters.terraform.holder import StateService
from bluegreen.adapters.terraform.kept import PlanShelf
from bluegreen.adapters.terraform.leftovers import saved_plan, sweep
from bluegreen.adapters.terraform.local_state import LocalState
from bluegreen.adapters.terraform.process import PATIENCE, Patience
from bluegreen.adapters.terraform.stamp import Stamp, digest, read_stamp, write_stamp
from bluegreen.errors import BluegreenError, ConfigError, Diagnostic, Locked
from bluegreen.events import Emit, Said
from bluegreen.model import Value
from bluegreen.ports import DeadTerraform, Interruptions, KeepLog, KeptPlan, Plan, State

LEAST_FREE = 64 << 20
"""Bytes. Ten times what a plan, a state and its copies take together; with a full disk Terraform prints the state."""

_ONE_INIT = Lock()
"""Two at a time would write one lock file, and one cache of providers: "text file busy"."""

_NOTHING, _CHANGES = 0, 2  # exit codes of `plan -detailed-exitcode`


class TerraformWorkspace:
    """ports.Workspace over a real engine.

    folder: the root module. data_dir: this layer's own private folder, `.bluegreen/ENVIRONMENT/LAYER`.
    render: values as the text of a tfvars file. backend_config: as `-backend-config` takes them.
    workspace: Terraform's, "" for none. var_files: loaded before our values, so that ours win. env: added to the
    environment of Terraform.
    lock_timeout: seconds to wait for somebody else's state lock. keep_values: leave the values of each apply in
    the folder for a bare plan; not where one folder serves two layers or environments. clean: takes secrets out of
    what Terraform says. service: the state's server, where it can be asked about locks. keep_log: called with what each
    command said.
    """

    def __init__(
        self,
        *,
        layer: str,
        folder: Path,
        data_dir: Path,
        engine: Engine,
        render: Callable[[Mapping[str, Value]], str],
        emit: Emit,
        interruptions: Interruptions,
        backend_config: Sequence[str] = (),
        workspace: str = "",
        var_files: Sequence[Path] = (),
        env: Mapping[str, str] | None = None,
        lock_timeout: int = 10,
        keep_values: bool = False,
        clean: Callable[[str], str] = str,
        patience: Patience = PATIENCE,
        service: StateService | None = None,
        keep_log: KeepLog = lambda log: None,
    ) -> None:
        self._layer = layer
        self._folder = folder.absolute()
        self._data_dir = data_dir.absolute()
        self._terraform_data = self._data_dir / "terraform"
        self._engine = engine
        self._render = render
        self._emit = emit
        self._backend_config = tuple(backend_config)
        self._workspace = workspace
        self._var_files = tuple(path.absolute() for path in var_files)
        self._env = dict(env or {})
        self._keep_values = keep_values
        self._suffixes = (*CODE, *TOFU_CODE) if engine.product == OPENTOFU else CODE
        self._calls = Calls(
            layer,
            self._folder,
            self._data_dir,
            lambda: self.environment,
            emit,
            interruptions,
            clean,
            patience,
            keep_log,
        )
        self._warned: set[str] = set()
        self._scanned: tuple[object, Root] | None = None
        self._shelf = PlanShelf(self._data_dir, engine, (workspace, *self._backend_config))
        self._local = LocalState(self._folder, self._terraform_data, self._data_dir / "state", workspace)
        self._aftermath = Aftermath(
            layer,
            self._folder,
            self._data_dir,
            self._calls,
            engine.argv,
            self._local,
            emit,
            lock_timeout,
            service,
        )

    @property
    def layer(self) -> str:
        return self._layer

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def variables(self) -> frozenset[str]:
        return frozenset(self._root().variables)

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which Terraform runs, for commands that are not ours."""
        return argv.child_environment(os.environ, self._terraform_data, self._env, self._workspace)

    def check_folder(self) -> None:
        self._root().refuse_remote()
        if problems := find_intruders(self._folder, self.variables):
            raise ConfigError(problems)

    def check_room(self) -> None:
        for path in (self._folder, private_folder(self._data_dir)):
            if shutil.disk_usage(path).free < LEAST_FREE:
                raise BluegreenError(
                    f"less than {LEAST_FREE >> 20} MiB are free on the disk",
                    where=str(path),
                    hint="make room first: an apply that cannot store its state leaves it nowhere",
                )

    def init(self, *, look: bool = False) -> None:
        self._root().refuse_remote()
        private_folder(self._data_dir)
        sweep((*self._data_dir.glob("run-*"), *self._data_dir.glob("plans/*.tfplan")))
        path = self._data_dir / "stamp.json"
        stamp = read_stamp(path)
        stamp.check_engine(self._engine)
        if stamp.digest == self._digest():
            return
        # A backend changed in bluegreen.yaml was meant. One changed in the code is for Terraform to ask about.
        changed = bool(stamp.digest) and stamp.backend != self._backend_config
        call = argv.init(self._engine.argv, self._backend_config, changed, look=look)
        with _ONE_INIT, self._calls.ran("init", call) as outcome:
            self._calls.expect("init", outcome)
        if not look:  # which has left out what it would have added to the lock file
            stamp = Stamp(self._engine.product, self._engine.version, self._digest(), self._backend_config)
            write_stamp(path, stamp)

    def recover(self, dead: DeadTerraform | None) -> None:
        self._aftermath.mend(dead)

    def read(self) -> State:
        self._local.refuse_if_lost()
        with self._calls.ran("state-pull", argv.state_pull(self._engine.argv)) as outcome:
            self._calls.expect("state-pull", outcome)
            try:
                return parse_state(find_document(outcome.stdout.read_bytes()))
            except (ValueError, KeyError, TypeError) as error:
                raise self._calls.error(f"the state cannot be read: {error}") from error

    def plan(self, values: Mapping[str, Value], *, contents: bool = False, look: bool = False) -> Plan:
        self._local.refuse_if_lost()
        used = {name: value for name, value in values.items() if name in self.variables}
        with self.values_file(used) as var_file, saved_plan(self._data_dir, keep=not look) as out:
            var_files = (*self._var_files, var_file)
            saved = None if look and not contents else out
            with self._aftermath.ran(
                "plan",
                lambda timeout: argv.plan(self._engine.argv, var_files, saved, lock=not look, lock_timeout=timeout),
                _NOTHING,
                _CHANGES,
            ) as outcome:
                self._tell_warnings(outcome.diagnostics)
                empty = outcome.ended.exit_code == _NOTHING
                changes = outcome.changes
            if empty and self._keep_values and not look:
                self._leave_values(used)  # an apply that its run did not live to see has made them true
            shown = self._contents(out) if contents else None
            return Plan(self._layer, changes, empty, "" if look else str(out), shown, used)

    def called_off(self) -> AbstractContextManager[None]:
        return self._calls.called_off()

    def apply(self, plan: Plan) -> Mapping[str, Any] | None:
        if not plan.path:
            raise ValueError("this plan was only looked at, not saved; it cannot be applied")
        self._local.save()
        locked = False
        try:
            with self._apply_command(plan) as build, self._aftermath.ran("apply", build) as outcome:
                output = outcome.output
        except Locked:
            locked = True
            raise
        finally:
            if plan.path != self._shelf.path:
                self.discard(plan)
            if not locked:
                self._shelf.clear()  # planned for the state before this apply
            with suppress(OSError, BluegreenError):  # the copy from before the apply is still good
                self._local.save()
        if self._keep_values:
            self._leave_values(plan.values)
        return output

    @contextmanager
    def _apply_command(self, plan: Plan) -> Iterator[Callable[[int], argv.Argv]]:
        """Give what builds the argv of an apply from the seconds to wait for the lock.

        OpenTofu holds a saved plan's values against the folder's, where a bare plan's may lie that are older, and
        refuses what differs: so it is told the plan's own once more.
        """
        if self._engine.product != OPENTOFU:
            yield lambda timeout: argv.apply(self._engine.argv, Path(plan.path), lock_timeout=timeout)
            return
        with self.values_file(plan.values) as values:
            files = (*self._var_files, values)
            yield lambda timeout: argv.apply(self._engine.argv, Path(plan.path), files, lock_timeout=timeout)

    def keep(self, kept: KeptPlan) -> None:
        with explained(self._data_dir, "keep a plan"):
            self._shelf.put(kept)

    def kept(self) -> KeptPlan | None:
        return self._shelf.get()

    def _tell_warnings(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Pass on what Terraform warns of, a failing `check` for one; each once."""
        for said in diagnostics:
            text = ": ".join(filter(None, (self._layer, said.summary, said.detail.partition("\n")[0])))
            if said.severity == "warning" and text not in self._warned:
                self._warned.add(text)
                self._emit(Said(text, "warning"))

    def discard(self, plan: Plan) -> None:
        if plan.path:
            Path(plan.path).unlink(missing_ok=True)

    @contextmanager
    def values_file(self, values: Mapping[str, Value]) -> Iterator[Path]:
        """Write the declared ones of `values` to a private tfvars file that is deleted afterwards."""
        declared = {name: value for name, value in values.items() if name in self.variables}
        with self._calls.scratch() as scratch:
            yield create_file(scratch / "values.tfvars", self._render(declared).encode())

    def _contents(self, plan_file: Path) -> Mapping[str, str]:
        with self._calls.ran("show", argv.show(self._engine.argv, plan_file)) as outcome:
            self._calls.expect("show", outcome)
            try:
                return parse_contents(find_document(outcome.stdout.read_bytes()))
            except (ValueError, KeyError, TypeError) as error:
                raise self._calls.error(f"the plan cannot be read: {error}") from error

    def _leave_values(self, values: Mapping[str, Value]) -> None:
        """Write what a bare plan needs. That it cannot be written takes nothing back from an apply that succeeded."""
        try:
            replace_file(self._folder / VALUES_FILE, self._render(values).encode())
        except BluegreenError as error:
            told = f"{VALUES_FILE} was not written, and a bare plan asks: {error.message}"
            self._emit(Said(f"{self._layer}: {told}", "warning"))

    def _digest(self) -> str:
        return digest(self._engine, self._folder, self._terraform_data, self._backend_config, self._suffixes)

    def _root(self) -> Root:
        """Return the scanned root, scanned again only when a file has changed."""
        files = code_files(self._folder, self._suffixes)
        key = [(path.name, (facts := path.stat()).st_mtime_ns, facts.st_size) for path in files]
        if self._scanned is None or self._scanned[0] != key:
            self._scanned = (key, scan_root(self._folder, self._suffixes))
        return self._scanned[1]
