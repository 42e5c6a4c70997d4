"""Machines in memory."""

from __future__ import annotations

from collections.abc import Mapping

from bluegreen.adapters.compute_engine import InstanceName
from bluegreen.adapters.printable import printable
from bluegreen.errors import BluegreenError
from bluegreen.ports import InstanceState, InstanceStatus

GONE = InstanceStatus(InstanceState.GONE)


class FakeInstances:
    """ports.Instances.

    statuses, consoles: by an instance's id, to be changed at will; one without a status is gone. error: raised when
    asked, if set.
    """

    def __init__(self, statuses: Mapping[str, InstanceStatus], consoles: Mapping[str, str] | None = None) -> None:
        self.statuses = dict(statuses)
        self.consoles = dict(consoles or {})
        self.error: BluegreenError | None = None

    def status(self, instance: str) -> InstanceStatus:
        return self.statuses.get(self._id(instance), GONE)

    def console(self, instance: str, size: int) -> str:
        id, state = self._id(instance), self.status(instance).state
        if state in (InstanceState.STOPPED, InstanceState.GONE):
            raise BluegreenError(f"{instance} is {state}")
        return printable(self.consoles.get(id, "").encode()[-size:].decode(errors="ignore"))

    def _id(self, instance: str) -> str:
        if self.error:
            raise self.error
        name = InstanceName.of(instance)
        return f"projects/{name.project}/zones/{name.zone}/instances/{name.instance}"
