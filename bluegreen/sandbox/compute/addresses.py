"""External addresses: 127.a.b.101 and up, so that whoever connects to one reaches the instance that holds it."""

from __future__ import annotations

from typing import Any

from bluegreen.sandbox.compute.boots import external_address
from bluegreen.sandbox.compute.catalog import STATIC_ADDRESSES
from bluegreen.sandbox.compute.cloud import Cloud, Resource
from bluegreen.sandbox.compute.collection import Collection, Request, delete, labelled, set_labels
from bluegreen.sandbox.compute.names import link, resolve
from bluegreen.sandbox.compute.operations import Order, identity
from bluegreen.sandbox.compute.refusals import in_use, invalid, quota_exceeded

FIRST, LAST = 101, 254
"""Last numbers of the addresses that are handed out."""


def held(cloud: Cloud) -> set[str]:
    """Return every external address that is reserved, or in use by an instance."""
    reserved = {str(address["address"]) for _, address in cloud.of("addresses")}
    return reserved | {found for _, instance in cloud.of("instances") if (found := external_address(instance))}


def allot(request: Request) -> str:
    """Return an address that nobody holds. Raises Refused when there is none."""
    taken = held(request.cloud) | request.taken
    for number in range(FIRST, LAST + 1):
        if (address := request.network.address(number)) not in taken:
            return address
    raise quota_exceeded("IN_USE_ADDRESSES", LAST - FIRST + 1, request.place.region)


def insert(request: Request) -> Order:
    body, place = request.body, request.place
    if body.get("addressType", "EXTERNAL") != "EXTERNAL":
        raise invalid("resource.addressType", body["addressType"], "The sandbox hands out external addresses only.")
    if body.get("address"):
        raise invalid("resource.address", body["address"], "The sandbox chooses the address.")
    if sum(1 for _ in request.cloud.under(place.folder)) >= STATIC_ADDRESSES:
        raise quota_exceeded("STATIC_ADDRESSES", STATIC_ADDRESSES, place.region)
    address = {
        "description": "",
        "networkTier": "PREMIUM",
        "addressType": "EXTERNAL",
        **body,
        **identity(place, "compute#address", request.now),
        **labelled(body.get("labels")),
        "address": allot(request),
        "status": "RESERVING",
    }
    done = {place.path: {"status": "RESERVED"}}
    return Order("insert", place.path, now={place.path: address}, done=done, failed={place.path: None})


def user(cloud: Cloud, address: Resource) -> str:
    """Return the path of the instance that uses an address, "" when none does."""
    for path, instance in cloud.of("instances"):
        if external_address(instance) == address["address"]:
            return path
    return ""


def release(request: Request, address: Resource) -> Order:
    if path := user(request.cloud, address):
        raise in_use("address", request.place.path, path)
    return delete(request, address)


def reserved(request: Request, wanted: str, field: str) -> str:
    """Return `wanted` when it is a reserved address of this region that nobody uses. Raises Refused."""
    folder = f"projects/{request.place.project}/regions/{request.place.region}/addresses/"
    for _, address in request.cloud.under(folder):
        if address["address"] == wanted:
            holder = user(request.cloud, address)
            if holder and holder != request.place.path:
                raise in_use("address", resolve(address["selfLink"], ""), holder)
            return wanted
    why = f"The specified external IP address '{wanted}' was not found in region '{request.place.region}'."
    raise invalid(field, wanted, why)


def is_reserved(cloud: Cloud, wanted: str) -> bool:
    return any(address["address"] == wanted for _, address in cloud.of("addresses"))


def show(cloud: Cloud, path: str, address: Resource) -> dict[str, Any]:
    holder = user(cloud, address)
    return {"status": "IN_USE", "users": [link(holder)]} if holder else {}


ADDRESSES = Collection("regions", "address", insert, release, {("POST", "setLabels"): set_labels}, show)
