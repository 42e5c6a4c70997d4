"""Operations: an accepted request is PENDING, then RUNNING, and changes the rest of what it changes when it is DONE."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bluegreen.sandbox.compute.boots import follow
from bluegreen.sandbox.compute.cloud import Cloud, Failure, Operation, Patch, Resource
from bluegreen.sandbox.compute.names import Place, link
from bluegreen.sandbox.compute.refusals import not_ready

KEPT = 200
"""Finished operations that are remembered; Google forgets them after 14 days."""
LIFECYCLE = frozenset(("insert", "delete", "start", "stop"))
"""Operation types that nothing else on the same resource may overlap."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one request is to change. now: at once, may make resources; done, failed: when its operation ends so.

    kind: Google's operationType. target: the resource's path.
    """

    kind: str
    target: str
    done: Patch
    now: Patch = field(default_factory=dict)
    failed: Patch = field(default_factory=dict)


def begin(cloud: Cloud, order: Order, now: float, failure: Failure | None, request_id: str) -> tuple[Cloud, Operation]:
    """Accept an order at the time `now` (seconds since 1970). Raises Refused when another operation is in the way."""
    _check_free(cloud, order)
    resources = _patched(cloud.resources, order.now, make=True)
    place = Place.parse(order.target)
    assert place is not None
    number = new_id(f"{order.kind} {order.target}", now)
    operation = Operation(
        id=number,
        name=f"operation-{int(now * 1000)}-{int(number):x}",
        kind=order.kind,
        scope=place.scope_path,
        target=order.target,
        target_id=str(resources[order.target]["id"]),
        began=now,
        due=now + cloud.operation_seconds,
        done=order.done,
        failed=order.failed,
        failure=failure and failure.at(place.scope_path, place.region),
        request_id=request_id,
    )
    operations = {**_recent(cloud.operations), operation.path: operation}
    return replace(cloud, resources=resources, operations=operations), operation


def finish(cloud: Cloud, path: str, now: float) -> Cloud:
    """End the operation `path` at the time `now`; twice is harmless."""
    operation = cloud.operations.get(path)
    if operation is None or operation.ended is not None:
        return cloud
    patch = operation.failed if operation.failure else operation.done
    ended = replace(operation, ended=now, done={}, failed={})
    changed = replace(cloud, operations={**cloud.operations, path: ended})
    return follow(changed, _patched(cloud.resources, patch, make=False), timestamp(now))


def _check_free(cloud: Cloud, order: Order) -> None:
    for other in cloud.unfinished:
        if other.target == order.target:
            fields = [set(one.done.get(order.target) or ()) for one in (other, order)]
            if LIFECYCLE & {other.kind, order.kind} or fields[0] & fields[1]:
                raise not_ready(order.target)


def _patched(resources: Mapping[str, Resource], patch: Patch, *, make: bool) -> dict[str, Resource]:
    result = dict(resources)
    for path, fields in patch.items():
        if fields is None:
            result.pop(path, None)
        elif make or path in result:
            laid = {**result.get(path, {}), **fields}
            result[path] = {key: value for key, value in laid.items() if value is not None}
    return result


def _recent(operations: Mapping[str, Operation]) -> dict[str, Operation]:
    ended = [path for path, operation in operations.items() if operation.ended is not None]
    forgotten = set(ended[: max(0, len(ended) - KEPT)])
    return {path: operation for path, operation in operations.items() if path not in forgotten}


def shown(operation: Operation, now: float) -> dict[str, Any]:
    """Return the operation as the API shows it at the time `now`."""
    middle = (operation.began + operation.due) / 2
    status = "DONE" if operation.ended is not None else "RUNNING" if now >= middle else "PENDING"
    data = {
        "kind": "compute#operation",
        "id": operation.id,
        "name": operation.name,
        "operationType": operation.kind,
        "targetLink": link(operation.target),
        "targetId": operation.target_id,
        "status": status,
        "user": "sandbox@localhost",
        "progress": {"PENDING": 0, "RUNNING": 50, "DONE": 100}[status],
        "insertTime": timestamp(operation.began),
        "selfLink": link(operation.path),
        **_where(operation.scope),
    }
    if status != "PENDING":
        data["startTime"] = timestamp(middle)
    if operation.ended is not None:
        data |= {"endTime": timestamp(operation.ended), **_failure(operation.failure)}
    return {**data, "clientOperationId": operation.request_id} if operation.request_id else data


def _where(scope: str) -> dict[str, str]:
    kind = scope.split("/")[2]
    return {} if kind == "global" else {kind[:-1]: link(scope)}


def _failure(failure: Failure | None) -> dict[str, Any]:
    if failure is None:
        return {}
    errors = [{"code": failure.code, "message": failure.message}]
    return {"error": {"errors": errors}, "httpErrorStatusCode": failure.status, "httpErrorMessage": failure.text}


def new_id(what: str, now: float) -> str:
    """Return an id of 19 digits, as Google's are: too long for a float, so that a client that uses one is found out."""
    digest = hashlib.sha256(f"{what} {now!r}".encode()).digest()
    return str(10**18 + int.from_bytes(digest[:8]) % (8 * 10**18))


def identity(place: Place, kind: str, now: float) -> dict[str, str]:
    """Return the fields that every new resource has. kind: for example "compute#address"."""
    data = {"kind": kind, "id": new_id(place.path, now), "creationTimestamp": timestamp(now)}
    return {**data, "selfLink": link(place.path), "name": place.name, **_where(place.scope_path)}


def fingerprint(data: object) -> str:
    """Return a fingerprint of some labels, tags or metadata: base64, and the same for the same content."""
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest[:8]).decode()


def timestamp(now: float) -> str:
    """Return a time as RFC 3339 with milliseconds, as Google writes it."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
