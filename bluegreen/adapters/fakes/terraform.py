"""A Terraform in memory."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bluegreen.errors import ApplyNotBegun, BluegreenError, Interrupted, Locked, TerraformError
from bluegreen.model import Action, Value
from bluegreen.ports import Change, DeadTerraform, KeptPlan, Plan, State

Attributes: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Desired:
    """What a root describes for given values. resources: address -> attributes; `content` is a record's."""

    resources: Mapping[str, Attributes]
    output: Mapping[str, Any] | None = None


World: TypeAlias = Callable[[Mapping[str, Value]], Desired]


@dataclass
class FakeWorkspace:
    """ports.Workspace whose root is a function.

    calls: each method's name, in order. hangs: no plan is done before it is called off. fail_plan, fail_apply: raised
    by the next plan or apply, once. after: whether the failing apply has stored its resources before; the output is
    never stored by one that fails. engine, providers: what a state says that holds anything. fail_read: raised by every
    read, if set.
    """

    layer: str
    variables: frozenset[str]
    world: World
    calls: list[str] = field(default_factory=list)
    hangs: bool = False
    fail_folder: BluegreenError | None = None
    fail_room: BluegreenError | None = None
    fail_plan: BluegreenError | None = None
    fail_apply: BluegreenError | None = None
    after: bool = False
    engine: str = ""
    providers: frozenset[str] = frozenset()
    fail_read: BluegreenError | None = None
    _resources: dict[str, Attributes] = field(default_factory=dict)
    _output: Mapping[str, Any] | None = None
    _lineage: str = ""
    _serial: int = 0
    _saved: dict[str, tuple[int, Desired]] = field(default_factory=dict)
    _kept: KeptPlan | None = None
    _called_off: threading.Event = field(default_factory=threading.Event)

    def check_folder(self) -> None:
        self.calls.append("check_folder")
        if self.fail_folder:
            raise self.fail_folder

    def check_room(self) -> None:
        self.calls.append("check_room")
        if self.fail_room:
            raise self.fail_room

    def init(self, *, look: bool = False) -> None:
        self.calls.append("init")

    def recover(self, dead: DeadTerraform | None) -> None:
        self.calls.append("recover")
        self.dead = dead

    def read(self) -> State:
        self.calls.append("read")
        if self.fail_read:
            raise self.fail_read
        wrote = (self.engine, self.providers) if self._lineage else ()
        return State(self._lineage, self._serial, tuple(sorted(self._resources)), self._output, *wrote)

    def plan(self, values: Mapping[str, Value], *, contents: bool = False, look: bool = False) -> Plan:
        self.calls.append("look" if look else "plan")
        if self.fail_plan:
            error, self.fail_plan = self.fail_plan, None
            raise error
        if self.hangs:
            self._called_off.wait()
            raise Interrupted("interrupted before it was planned", where=self.layer)
        used = {name: value for name, value in values.items() if name in self.variables}
        if missing := sorted(self.variables - used.keys()):
            raise TerraformError(f"terraform plan failed: no value for {missing[0]}", where=self.layer)
        desired = self.world(used)
        changes = self._diff(desired)
        empty = not changes and desired.output == self._output
        shown = {
            address: str(attributes["content"])
            for address, attributes in desired.resources.items()
            if "content" in attributes
        }
        path = "" if look else uuid.uuid4().hex
        if path:
            self._saved[path] = (self._serial, desired)
        return Plan(self.layer, changes, empty, path, shown if contents else None, used)

    @contextmanager
    def called_off(self) -> Iterator[None]:
        self._called_off.set()
        try:
            yield
        finally:
            self._called_off.clear()

    def apply(self, plan: Plan) -> Mapping[str, Any] | None:
        self.calls.append("apply")
        if not plan.path:
            raise ValueError("this plan was only looked at, not saved; it cannot be applied")
        if isinstance(self.fail_apply, Locked):
            locked, self.fail_apply = self.fail_apply, None
            if self._kept is None or plan.path != self._kept.plan.path:
                self.discard(plan)
            raise locked
        serial, desired = self._saved.pop(plan.path, (-1, Desired({})))
        if serial != self._serial:
            self._kept = None
            raise ApplyNotBegun("terraform apply failed: Saved plan is stale", where=self.layer, applying=True)
        error, self.fail_apply, self._kept = self.fail_apply, None, None
        if error is None or self.after:
            self._store(desired.resources, plan.empty)
        if error is not None:
            raise error
        self._output = desired.output
        return self._output

    def keep(self, kept: KeptPlan) -> None:
        self._kept = kept

    def kept(self) -> KeptPlan | None:
        return self._kept

    def discard(self, plan: Plan) -> None:
        self._saved.pop(plan.path, None)

    def _store(self, resources: Mapping[str, Attributes], empty: bool) -> None:
        self._lineage = self._lineage or str(uuid.uuid4())
        self._serial += 0 if empty else 1
        self._resources = dict(resources)

    def _diff(self, desired: Desired) -> tuple[Change, ...]:
        """Compare by address and attributes. A resource that was there is updated in place, never replaced."""
        before, after = self._resources, desired.resources
        found = dict.fromkeys(before.keys() - after.keys(), Action.DELETE)
        found |= dict.fromkeys(after.keys() - before.keys(), Action.CREATE)
        found |= {
            address: Action.UPDATE for address in after.keys() & before.keys() if after[address] != before[address]
        }
        return tuple(Change(address, found[address]) for address in sorted(found))
