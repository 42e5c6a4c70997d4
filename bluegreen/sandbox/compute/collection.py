"""The form that every kind of resource has: what its requests do, and what the ones that set a part of it share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bluegreen.model import EMPTY
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.compute.catalog import find
from bluegreen.sandbox.compute.cloud import Cloud, Resource
from bluegreen.sandbox.compute.names import Place, check_labels, resolve
from bluegreen.sandbox.compute.operations import Order, fingerprint
from bluegreen.sandbox.compute.refusals import condition_not_met, not_found

STALE_LABELS = "Labels fingerprint either invalid or resource labels have changed"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and all that it may look at. now: seconds since 1970. taken: addresses of other servers."""

    cloud: Cloud
    place: Place
    body: Mapping[str, Any]
    parameters: Mapping[str, str]
    now: float
    network: Network
    taken: frozenset[str] = frozenset()

    def named(self, name: str) -> Request:
        return replace(self, place=replace(self.place, name=name))

    def existing(self, reference: str) -> Resource:
        """Return the resource that a link means. Raises Refused when there is none."""
        path = resolve(reference, self.place.project)
        found = find(self.cloud, path)
        if found is None:
            raise not_found(path)
        return found


Insert = Callable[[Request], Order]
Change = Callable[[Request, Resource], Order]


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of resource. scope: "zones", "regions" or "global". kind: for example "address".

    verbs: (method, verb) -> change; the verb is "" for a change of the resource as a whole.
    show: (cloud, path, resource) -> fields that follow from other resources.
    """

    scope: str
    kind: str
    insert: Insert | None = None
    delete: Change | None = None
    verbs: Mapping[tuple[str, str], Change] = field(default_factory=dict)
    show: Callable[[Cloud, str, Resource], Mapping[str, Any]] = lambda cloud, path, resource: EMPTY


def delete(request: Request, resource: Resource) -> Order:
    """Delete what nothing else uses."""
    return Order("delete", request.place.path, done={request.place.path: None})


def labelled(labels: object) -> dict[str, Any]:
    """Return the fields that say a resource's labels. Raises Refused."""
    checked = check_labels(labels)
    return {"labels": checked, "labelFingerprint": fingerprint(checked)}


def set_labels(request: Request, resource: Resource) -> Order:
    check_fingerprint(request, "labels", request.body, "labelFingerprint", resource["labelFingerprint"], STALE_LABELS)
    return setting("setLabels", request, labelled(request.body.get("labels")))


def setting(kind: str, request: Request, fields: Resource) -> Order:
    """Return the order that lays `fields` over the resource. kind: Google's operationType."""
    return Order(kind, request.place.path, done={request.place.path: fields})


def check_fingerprint(
    request: Request, field: str, given: Mapping[str, Any], key: str, current: str, message: str
) -> None:
    """Raise Refused unless `given[key]` is the current fingerprint and nothing is under way that will change it."""
    path = request.place.path
    coming = any(field in (operation.done.get(path) or ()) for operation in request.cloud.unfinished)
    if given.get(key) != current or coming:
        raise condition_not_met(message)
