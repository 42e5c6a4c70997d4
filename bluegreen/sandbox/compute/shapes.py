"""The types of what a body carries, as far as the sandbox reads it: Google refuses others before it looks further."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeAlias

from bluegreen.sandbox.compute.refusals import invalid

Shape: TypeAlias = "type[object] | UnionType | Mapping[str, Shape] | list[Shape]"
"""A type; an object's fields, of which others may be anything; or the one shape of all items of a list."""

SIZE = str | int
LABELS: Mapping[str, Shape] = {"labels": dict, "labelFingerprint": str}
METADATA: Mapping[str, Shape] = {"items": [{"key": str, "value": str}], "fingerprint": str}
TAGS: Mapping[str, Shape] = {"items": [str], "fingerprint": str}
ACCOUNT: Mapping[str, Shape] = {"email": str, "scopes": [str]}
NEW_DISK: Mapping[str, Shape] = {
    "description": str,
    "diskName": str,
    "diskSizeGb": SIZE,
    "diskType": str,
    "labels": dict,
    "sourceImage": str,
}
ATTACHED: Mapping[str, Shape] = {
    "autoDelete": bool,
    "boot": bool,
    "deviceName": str,
    "initializeParams": NEW_DISK,
    "source": str,
}
INTERFACE: Mapping[str, Shape] = {
    "accessConfigs": [{"natIP": str, "name": str}],
    "network": str,
    "networkIP": str,
    "stackType": str,
    "subnetwork": str,
}
INSTANCE: Mapping[str, Shape] = {
    **LABELS,
    "deletionProtection": bool,
    "disks": [ATTACHED],
    "machineType": str,
    "metadata": METADATA,
    "networkInterfaces": [INTERFACE],
    "scheduling": dict,
    "serviceAccounts": [ACCOUNT],
    "shieldedInstanceConfig": dict,
    "tags": TAGS,
}
FIREWALL: Mapping[str, Shape] = {
    "direction": str,
    "network": str,
    "allowed": [dict],
    "denied": [dict],
    "sourceRanges": [str],
    "destinationRanges": [str],
    "sourceTags": [str],
    "sourceServiceAccounts": [str],
    "targetTags": [str],
}

SHAPES: Mapping[tuple[str, str], Mapping[str, Shape]] = {
    ("addresses", ""): {**LABELS, "address": str, "addressType": str},
    ("firewalls", ""): FIREWALL,
    ("images", ""): {**LABELS, "diskSizeGb": SIZE, "family": str, "guestOsFeatures": [dict]},
    ("instances", ""): INSTANCE,
    ("instances", "setMachineType"): {"machineType": str},
    ("instances", "setMetadata"): METADATA,
    ("instances", "setServiceAccount"): ACCOUNT,
    ("instances", "setTags"): TAGS,
    ("networks", ""): {"autoCreateSubnetworks": bool, "routingConfig": dict},
    ("subnetworks", ""): {"gatewayAddress": str, "ipCidrRange": str, "network": str},
    **{(collection, "setLabels"): LABELS for collection in ("addresses", "disks", "images", "instances")},
}
"""Collection and verb -> the shape of the body."""
CALLED: Mapping[object, str] = {dict: "an object", str: "text", bool: "true or false", SIZE: "a whole number"}


def check_shape(value: Any, shape: Shape, where: str = "resource") -> None:
    """Raise Refused unless `value`, which stands at `where`, is of the shape. A null field was not sent."""
    if isinstance(shape, Mapping):
        _check_type(value, dict, where)
        for name, below in shape.items():
            if value.get(name) is not None:
                check_shape(value[name], below, f"{where}.{name}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise invalid(where, value, "Must be a list.")
        for index, item in enumerate(value):
            check_shape(item, shape[0], f"{where}[{index}]")
    else:
        _check_type(value, shape, where)


def _check_type(value: object, kind: type[object] | UnionType, where: str) -> None:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise invalid(where, value, f"Must be {CALLED[kind]}.")


def without_nulls(value: Any) -> Any:
    """Return `value` without the fields that are null: what is sent as null was not sent. Lists keep theirs."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nulls(below) for key, below in value.items() if below is not None}
    return value
