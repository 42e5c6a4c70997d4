"""Routing: what a path below /compute/v1/ is about, what a GET shows, what any other request orders. All of it pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bluegreen.sandbox.compute import lists
from bluegreen.sandbox.compute.addresses import ADDRESSES
from bluegreen.sandbox.compute.boots import console
from bluegreen.sandbox.compute.catalog import find
from bluegreen.sandbox.compute.cloud import Cloud, Failure, Operation, Resource
from bluegreen.sandbox.compute.collection import Collection, Request
from bluegreen.sandbox.compute.disks import DISKS, IMAGES, newest
from bluegreen.sandbox.compute.instances import INSTANCES
from bluegreen.sandbox.compute.names import Place, check_name, check_scope, link
from bluegreen.sandbox.compute.networks import FIREWALLS, NETWORKS, SUBNETWORKS
from bluegreen.sandbox.compute.operations import Order, begin
from bluegreen.sandbox.compute.refusals import Refused, already_exists, invalid, not_found, not_ready
from bluegreen.sandbox.compute.shapes import SHAPES, check_shape, without_nulls

COLLECTIONS: Mapping[str, Collection] = {
    "addresses": ADDRESSES,
    "disks": DISKS,
    "firewalls": FIREWALLS,
    "images": IMAGES,
    "instances": INSTANCES,
    "networks": NETWORKS,
    "subnetworks": SUBNETWORKS,
}
CATALOG = frozenset(("machineTypes", ""))
"""Collections that can only be read, one resource at a time; "" is that of projects, regions and zones themselves."""


def place_of(method: str, path: str) -> Place:
    """Return what a request is about. Raises Refused when the sandbox has no such thing."""
    place = Place.parse(path)
    if place is None:
        place = Place("", "", "", path)
    known = COLLECTIONS.get(place.collection)
    if place.collection == "operations" or (place.collection in CATALOG and method == "GET"):
        return place
    if known is None or (place.scope != "aggregated" and place.scope_kind != known.scope):
        raise no_route(method, path)
    check_scope(place)
    return place


def no_route(method: str, path: str) -> Refused:
    return Refused(404, "notFound", f"The sandbox's Compute API has no {method} /compute/v1/{path}")


def look(request: Request) -> dict[str, Any]:
    """Answer a GET. Raises Refused."""
    place, cloud = request.place, request.cloud
    if place.collection in CATALOG:
        return dict(_found(cloud, place.path if place.collection else place.name))
    collection = COLLECTIONS[place.collection]
    if place.scope == "aggregated":
        return lists.everywhere(collection, request, _shown)
    if not place.name:
        return lists.one_place(collection, request, _shown)
    if place.collection == "images" and place.name == "family":
        return dict(newest(cloud, place.project, place.verb))
    if place.collection == "instances" and place.verb == "serialPort":
        return _serial_port(request)
    if place.verb:
        raise no_route("GET", f"{place.path}/{place.verb}")
    return _shown(cloud, place.path, _found(cloud, place.path))


def accept(method: str, request: Request, failure: Failure | None) -> tuple[Cloud, Operation]:
    """Accept any other request: return the cloud after it, and its operation. Raises Refused.

    A request that comes again with the same `requestId` is answered with the operation of the first.
    """
    request_id = request.parameters.get("requestId", "")
    for operation in request.cloud.operations.values():
        if request_id and operation.request_id == request_id:
            return request.cloud, operation
    return begin(request.cloud, _decide(method, request), request.now, failure, request_id)


def _decide(method: str, request: Request) -> Order:
    place, collection = request.place, COLLECTIONS.get(request.place.collection)
    if collection is None:
        raise no_route(method, f"{place.path}/{place.verb}".rstrip("/"))
    check_shape(request.body, SHAPES.get((place.collection, place.verb), {}))
    if method != "PATCH":  # in which a null takes a field away
        request = replace(request, body=without_nulls(request.body))
    if method == "POST" and not place.name and collection.insert:
        request = request.named(check_name(request.body))
        if find(request.cloud, request.place.path):
            raise already_exists(request.place.path)
        return collection.insert(request)
    change = collection.delete if (method, place.verb) == ("DELETE", "") else collection.verbs.get((method, place.verb))
    if change is None or not place.name:
        raise no_route(method, f"{place.path}/{place.verb}".rstrip("/"))
    return change(request, _found(request.cloud, place.path))


def _found(cloud: Cloud, path: str) -> Resource:
    found = find(cloud, path)
    if found is None:
        raise not_found(path)
    return found


def _shown(cloud: Cloud, path: str, resource: Resource) -> dict[str, Any]:
    collection = COLLECTIONS[path.rsplit("/", 2)[1]]
    return {**resource, **collection.show(cloud, path, resource)}


def _serial_port(request: Request) -> dict[str, Any]:
    """Return the console from the byte `start` on; a negative one counts from the end."""
    path = replace(request.place, verb="").path
    _found(request.cloud, path)
    if path not in request.cloud.boots:
        raise not_ready(path)
    text, start = console(request.cloud.boots[path]), request.parameters.get("start", "0")
    if not re.fullmatch(r"-?\d{1,18}", start):
        raise invalid("start", start, "Must be a number.")
    begin = max(0, len(text) + int(start)) if start.startswith("-") else int(start)
    data = {"kind": "compute#serialPortOutput", "selfLink": link(f"{path}/serialPort"), "contents": text[begin:]}
    return {**data, "start": str(begin), "next": str(len(text))}
