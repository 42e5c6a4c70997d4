"""What the Compute API must not forget: part of the sandbox's ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from bluegreen.model import EMPTY

Resource = Mapping[str, Any]
"""A resource as the API shows it."""
Patch = Mapping[str, Resource | None]
"""Path -> the fields to lay over that resource (None: without this field); None: it is gone."""

OPERATION_SECONDS = 0.3
"""From an operation's acceptance to its end, unless told otherwise: enough to be seen PENDING and RUNNING."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How an operation fails. code: Google's word; status, text: of httpErrorStatusCode and httpErrorMessage.

    message: may name {scope} and {region}.
    """

    code: str
    message: str
    status: int
    text: str

    def at(self, scope: str, region: str) -> Failure:
        return replace(self, message=self.message.format(scope=scope, region=region))


@dataclass(frozen=True, slots=True)
class Operation:
    """One accepted request. began, due, ended: seconds since 1970; done, failed: what its end will change.

    kind: Google's operationType. scope: path of the zone, region or project's global part that it belongs to.
    failure: what it will fail with, or has failed with.
    """

    id: str
    name: str
    kind: str
    scope: str
    target: str
    target_id: str
    began: float
    due: float
    done: Patch
    failed: Patch
    failure: Failure | None = None
    ended: float | None = None
    request_id: str = ""

    @property
    def path(self) -> str:
        return f"{self.scope}/operations/{self.name}"


@dataclass(frozen=True, slots=True)
class Boot:
    """What an instance read when it booted, once; its process serves this until it stops.

    instance: its id. at: RFC 3339. color: "" when the instance is no color's, so that it runs no process.
    """

    instance: str
    at: str
    hostname: str
    address: str
    color: str
    release: str
    service: str
    environment: str


@dataclass(frozen=True, slots=True)
class Cloud:
    """resources, operations, boots: by path; boots are of the instances that run."""

    resources: Mapping[str, Resource] = field(default_factory=lambda: EMPTY)
    operations: Mapping[str, Operation] = field(default_factory=lambda: EMPTY)
    boots: Mapping[str, Boot] = field(default_factory=lambda: EMPTY)
    operation_seconds: float = OPERATION_SECONDS

    def under(self, folder: str) -> Iterator[tuple[str, Resource]]:
        """Yield path and resource of one collection, whose path ends with a slash."""
        for path, resource in self.resources.items():
            if path.startswith(folder) and "/" not in path[len(folder) :]:
                yield path, resource

    def of(self, collection: str) -> Iterator[tuple[str, Resource]]:
        """Yield path and resource of every zone's, region's and project's `collection`."""
        for path, resource in self.resources.items():
            if path.rsplit("/", 2)[1] == collection:
                yield path, resource

    @property
    def unfinished(self) -> list[Operation]:
        return [operation for operation in self.operations.values() if operation.ended is None]

    def as_json(self) -> dict[str, Any]:
        return {
            "resources": {path: dict(resource) for path, resource in self.resources.items()},
            "operations": {path: asdict(operation) for path, operation in self.operations.items()},
            "boots": {path: asdict(boot) for path, boot in self.boots.items()},
            "operation_seconds": self.operation_seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote. Raises KeyError, TypeError or AttributeError when it is something else."""
        operations = {path: _operation(one) for path, one in data["operations"].items()}
        boots = {path: Boot(**one) for path, one in data["boots"].items()}
        return cls(**{**data, "operations": operations, "boots": boots})


def _operation(data: Mapping[str, Any]) -> Operation:
    failure = data["failure"]
    return Operation(**{**data, "failure": failure and Failure(**failure)})
