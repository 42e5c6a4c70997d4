"""A new instance, built out of what was sent: its disks, its interfaces, and what nobody said."""

from __future__ import annotations

from typing import Any

from bluegreen.sandbox.compute.addresses import allot, reserved
from bluegreen.sandbox.compute.catalog import find
from bluegreen.sandbox.compute.cloud import Patch, Resource
from bluegreen.sandbox.compute.collection import Request, labelled
from bluegreen.sandbox.compute.disks import new_disk, user
from bluegreen.sandbox.compute.names import check_metadata, resolve
from bluegreen.sandbox.compute.networks import interface
from bluegreen.sandbox.compute.operations import fingerprint, identity
from bluegreen.sandbox.compute.refusals import already_exists, in_use, invalid, required

INPUT_ONLY = frozenset(("params", "sourceMachineImage"))
DEFAULTS = {
    "description": "",
    "canIpForward": False,
    "deletionProtection": False,
    "startRestricted": False,
    "cpuPlatform": "Intel Broadwell",
    "shieldedInstanceIntegrityPolicy": {"updateAutoLearnPolicy": True},
}
SHIELDED = {"enableSecureBoot": False, "enableVtpm": True, "enableIntegrityMonitoring": True}
SCHEDULING = {
    "onHostMaintenance": "MIGRATE",
    "automaticRestart": True,
    "preemptible": False,
    "provisioningModel": "STANDARD",
}


def build(request: Request) -> Patch:
    """Return the instance, not running yet, and its disks. Raises Refused."""
    body, place = request.body, request.place
    disks = _disks(request)
    instance = {
        **DEFAULTS,
        **{key: value for key, value in body.items() if key not in INPUT_ONLY},
        **identity(place, "compute#instance", request.now),
        **labelled(body.get("labels")),
        "machineType": machine_type(request, body.get("machineType")),
        "scheduling": scheduling(body.get("scheduling")),
        "shieldedInstanceConfig": {**SHIELDED, **(body.get("shieldedInstanceConfig") or {})},
        "metadata": metadata(body.get("metadata")),
        "tags": tags(body.get("tags")),
        "disks": [attached for attached, _ in disks],
        "networkInterfaces": _interfaces(request),
        "status": "PROVISIONING",
    }
    instance["fingerprint"] = fingerprint(instance)
    made = {resolve(disk["selfLink"], ""): disk for _, disk in disks if disk is not None}
    for path in made:
        if path in request.cloud.resources:
            raise already_exists(path)
    return {place.path: instance, **made}


def machine_type(request: Request, reference: object) -> str:
    """Return the link of a machine type. Raises Refused when the instance's zone has none of this name."""
    if not reference:
        raise required("resource.machineType")
    path = resolve(str(reference), request.place.project)
    zone, _, name = path.rpartition("/machineTypes/")
    found = find(request.cloud, path)
    if zone != request.place.scope_path or found is None:
        why = f"Machine type with name '{name}' does not exist in zone '{request.place.scope.partition('/')[2]}'."
        raise invalid("resource.machineType", reference, why)
    return str(found["selfLink"])


def scheduling(given: object) -> dict[str, Any]:
    """Return how a machine is scheduled. The provider sends what nobody said as null, "" or [null]; Google drops it."""
    said = given.items() if isinstance(given, dict) else ()
    return {**SCHEDULING, **{key: value for key, value in said if value not in (None, "", [], [None])}}


def metadata(given: object) -> dict[str, Any]:
    items = check_metadata(given)
    return {"kind": "compute#metadata", "fingerprint": fingerprint(items), **({"items": items} if items else {})}


def tags(given: object) -> dict[str, Any]:
    items = list((given.get("items") if isinstance(given, dict) else None) or ())
    return {"fingerprint": fingerprint(items), **({"items": items} if items else {})}


def _disks(request: Request) -> list[tuple[Resource, Resource | None]]:
    """Return each attached disk, with the disk itself when it is new."""
    asked = request.body.get("disks") or []
    if not asked or not asked[0].get("boot"):
        raise required("resource.disks[0].boot")
    return [_attached(request, one, index) for index, one in enumerate(asked)]


def _attached(request: Request, asked: Resource, index: int) -> tuple[Resource, Resource | None]:
    if asked.get("source"):
        new, disk = None, request.existing(asked["source"])
        if holder := user(request.cloud, disk):
            raise in_use("disk", resolve(disk["selfLink"], ""), holder)
    else:
        new = disk = new_disk(request, asked, index)
    attached = {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": "READ_WRITE",
        "interface": "SCSI",
        "deviceName": f"persistent-disk-{index}",
        "boot": False,
        "autoDelete": False,
        **{key: value for key, value in asked.items() if key != "initializeParams"},
        "index": index,
        "source": disk["selfLink"],
        "diskSizeGb": disk["sizeGb"],
        "architecture": disk["architecture"],
        "guestOsFeatures": disk["guestOsFeatures"],
    }
    return attached, new


def _interfaces(request: Request) -> list[dict[str, Any]]:
    cards = request.body.get("networkInterfaces") or []
    if not cards:
        raise required("resource.networkInterfaces")
    if sum(len(card.get("accessConfigs") or ()) for card in cards) > 1:
        raise invalid("resource.networkInterfaces", "", "At most one access config is supported.")
    return [_interface(request, card, index) for index, card in enumerate(cards)]


def _interface(request: Request, asked: Resource, index: int) -> dict[str, Any]:
    where = f"resource.networkInterfaces[{index}]"
    card = {**asked, **interface(request, asked), "kind": "compute#networkInterface", "name": f"nic{index}"}
    card |= {"stackType": asked.get("stackType") or "IPV4_ONLY", "fingerprint": fingerprint(card)}
    configs = [access_config(request, one, where) for one in asked.get("accessConfigs") or ()]
    return {**card, "accessConfigs": configs} if configs else card


def access_config(request: Request, asked: Resource, where: str) -> dict[str, Any]:
    """Return an access config with its address: the reserved one that it names, or one of its own. Raises Refused."""
    wanted = asked.get("natIP")
    return {
        "name": "external-nat",
        "networkTier": "PREMIUM",
        **asked,
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "natIP": reserved(request, wanted, f"{where}.accessConfigs[0].natIP") if wanted else allot(request),
    }
