"""Boots: an instance reads its labels and metadata once, when it begins to run, and serves that until it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bluegreen.model import Color
from bluegreen.sandbox.compute.cloud import Boot, Cloud, Resource
from bluegreen.sandbox.states import ServerSpec

ALIVE = frozenset(("RUNNING", "STOPPING"))
"""Statuses in which the guest runs: it is still there while it is being stopped."""


def follow(cloud: Cloud, resources: Mapping[str, Resource], now: str) -> Cloud:
    """Return the cloud with these resources, and with boots and start and stop times that follow from them."""
    result, boots = dict(resources), dict(cloud.boots)
    for path in [path for path in boots if resources.get(path, {}).get("status") not in ALIVE]:
        del boots[path]
        if path in result:
            result[path] = {**result[path], "lastStopTimestamp": now}
    for path, resource in resources.items():
        if resource["kind"] == "compute#instance" and resource["status"] == "RUNNING" and path not in boots:
            result[path] = {**resource, "lastStartTimestamp": now}
            boots[path] = boot(resource, now)
    return replace(cloud, resources=result, boots=boots)


def boot(instance: Resource, now: str) -> Boot:
    """Read an instance as its guest would at boot."""
    labels = instance.get("labels", {})
    return Boot(
        instance=instance["id"],
        at=now,
        hostname=instance["name"],
        address=external_address(instance),
        color=labels.get("color", ""),
        release=release(instance),
        service=labels.get("service", ""),
        environment=labels.get("environment", ""),
    )


def release(instance: Resource) -> str:
    """Return the metadata item `release`; "" when there is none that a server could say in a header."""
    items = instance["metadata"].get("items", [])
    text = next((str(item["value"]) for item in items if item["key"] == "release"), "")
    return text if text.isprintable() and text.isascii() else ""


def external_address(instance: Resource) -> str:
    """Return the address of the first access config that has one, "" when there is none."""
    configs = [config for card in instance["networkInterfaces"] for config in card.get("accessConfigs", [])]
    return next((config["natIP"] for config in configs if config.get("natIP")), "")


def servers(cloud: Cloud) -> dict[str, ServerSpec]:
    """Return, by address, the server that each instance of a color is: running as it booted, or stopped."""
    found = {}
    for path, instance in cloud.of("instances"):
        running = path in cloud.boots
        seen = cloud.boots[path] if running else boot(instance, "")
        if seen.color in tuple(Color) and seen.release and seen.address:
            found[seen.address] = ServerSpec(
                color=seen.color,
                address=seen.address,
                release=seen.release,
                running=running,
                environment=seen.environment,
                blueprint=f"{path} {seen}",
                service=seen.service,
            )
    return found


def console(boot: Boot) -> str:
    """Return what the serial console has said since this boot."""
    lines = [
        f"[    0.000000] Linux version 6.1.0-sandbox, booted {boot.at}",
        f"[    0.731002] systemd[1]: Hostname set to <{boot.hostname}>.",
        f"[    1.204417] google_guest_agent[417]: external address {boot.address or 'none'}",
        f"[    1.530118] google_metadata_script_runner[502]: startup-script: {_served(boot)}",
        "",
        f"{boot.hostname} login: ",
    ]
    return "\r\n".join(lines)


def _served(boot: Boot) -> str:
    if boot.color not in tuple(Color):
        return f"nothing is served: the label color is {boot.color!r}, not blue or green"
    if not boot.release or not boot.address:
        return "nothing is served: there is no metadata item release, or no external address"
    return f"release {boot.release} of {boot.service or 'the service'} ({boot.color}) is served at {boot.address}"
