"""Instances: made, started, stopped, deleted, and changed in place; what runs follows from `status`, see `boots`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bluegreen.sandbox.compute.addresses import allot, is_reserved
from bluegreen.sandbox.compute.cloud import Resource
from bluegreen.sandbox.compute.collection import Collection, Request, check_fingerprint, set_labels, setting
from bluegreen.sandbox.compute.machine import SHIELDED, build, machine_type, metadata, scheduling, tags
from bluegreen.sandbox.compute.names import resolve
from bluegreen.sandbox.compute.operations import Order
from bluegreen.sandbox.compute.refusals import Refused, invalid

PROTECTED = "Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion.'."
STALE_METADATA = "Supplied fingerprint does not match current metadata fingerprint."
STALE_TAGS = "Supplied fingerprint does not match current tags fingerprint."


def insert(request: Request) -> Order:
    path, made = request.place.path, build(request)
    others = {other: {"status": "READY"} for other in made if other != path}
    done = {path: {"status": "RUNNING"}, **others}
    return Order("insert", path, now=made, done=done, failed=dict.fromkeys(made))


def delete(request: Request, instance: Resource) -> Order:
    """Delete an instance, and the disks that go with it."""
    if instance["deletionProtection"]:
        raise Refused(400, "invalidResourceUsage", PROTECTED)
    path = request.place.path
    gone = [resolve(disk["source"], "") for disk in instance["disks"] if disk["autoDelete"]]
    before = {path: {"status": instance["status"]}}
    return Order("delete", path, now={path: {"status": "STOPPING"}}, done=dict.fromkeys([path, *gone]), failed=before)


def start(request: Request, instance: Resource) -> Order:
    """Boot a stopped instance; a running one stays as it is."""
    path = request.place.path
    if instance["status"] != "TERMINATED":
        return Order("start", path, done={})
    cards = _with_addresses(request, instance)
    now = {path: {"status": "PROVISIONING", "networkInterfaces": cards}}
    before = {path: {"status": "TERMINATED", "networkInterfaces": instance["networkInterfaces"]}}
    return Order("start", path, now=now, done={path: {"status": "RUNNING"}}, failed=before)


def stop(request: Request, instance: Resource) -> Order:
    """Stop a running instance, which loses an address that is not reserved; a stopped one stays as it is."""
    path = request.place.path
    if instance["status"] != "RUNNING":
        return Order("stop", path, done={})
    done = {path: {"status": "TERMINATED", "networkInterfaces": _without_addresses(request, instance)}}
    return Order("stop", path, now={path: {"status": "STOPPING"}}, done=done, failed={path: {"status": "RUNNING"}})


def _with_addresses(request: Request, instance: Resource) -> list[dict[str, Any]]:
    return _mapped(instance, lambda config: config if config.get("natIP") else {**config, "natIP": allot(request)})


def _without_addresses(request: Request, instance: Resource) -> list[dict[str, Any]]:
    def bare(config: dict[str, Any]) -> dict[str, Any]:
        kept = is_reserved(request.cloud, config.get("natIP", ""))
        return config if kept else {key: value for key, value in config.items() if key != "natIP"}

    return _mapped(instance, bare)


def _mapped(instance: Resource, change: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the instance's interfaces with each access config changed."""
    return [
        {**card, "accessConfigs": [change(config) for config in card["accessConfigs"]]}
        if "accessConfigs" in card
        else card
        for card in instance["networkInterfaces"]
    ]


def set_metadata(request: Request, instance: Resource) -> Order:
    """Change the metadata; a guest that runs has read it already and goes on as it was."""
    current = instance["metadata"]["fingerprint"]
    check_fingerprint(request, "metadata", request.body, "fingerprint", current, STALE_METADATA)
    return setting("setMetadata", request, {"metadata": metadata(request.body)})


def set_tags(request: Request, instance: Resource) -> Order:
    check_fingerprint(request, "tags", request.body, "fingerprint", instance["tags"]["fingerprint"], STALE_TAGS)
    return setting("setTags", request, {"tags": tags(request.body)})


def set_machine_type(request: Request, instance: Resource) -> Order:
    _check_stopped(request, instance)
    return setting("setMachineType", request, {"machineType": machine_type(request, request.body.get("machineType"))})


def set_service_account(request: Request, instance: Resource) -> Order:
    _check_stopped(request, instance)
    account = {key: request.body[key] for key in ("email", "scopes") if request.body.get(key)}
    return setting("setServiceAccount", request, {"serviceAccounts": [account] if account.get("email") else None})


def set_shielded(request: Request, instance: Resource) -> Order:
    _check_stopped(request, instance)
    fields = {"shieldedInstanceConfig": {**SHIELDED, **instance["shieldedInstanceConfig"], **request.body}}
    return setting("updateShieldedInstanceConfig", request, fields)


def set_scheduling(request: Request, instance: Resource) -> Order:
    return setting("setScheduling", request, {"scheduling": scheduling(request.body)})


def set_deletion_protection(request: Request, instance: Resource) -> Order:
    given = request.parameters.get("deletionProtection", "true")
    if given not in ("true", "false"):
        raise invalid("deletionProtection", given, "Must be true or false.")
    return setting("updateInstance", request, {"deletionProtection": given == "true"})


def _check_stopped(request: Request, instance: Resource) -> None:
    if instance["status"] != "TERMINATED":
        path = request.place.path
        raise invalid("resource", path, f"The instance '{path}' must be stopped for this change.")


INSTANCES = Collection(
    "zones",
    "instance",
    insert,
    delete,
    {
        ("POST", "start"): start,
        ("POST", "stop"): stop,
        ("POST", "setLabels"): set_labels,
        ("POST", "setMetadata"): set_metadata,
        ("POST", "setTags"): set_tags,
        ("POST", "setMachineType"): set_machine_type,
        ("POST", "setServiceAccount"): set_service_account,
        ("POST", "setScheduling"): set_scheduling,
        ("POST", "setDeletionProtection"): set_deletion_protection,
        ("PATCH", "updateShieldedInstanceConfig"): set_shielded,
    },
)
