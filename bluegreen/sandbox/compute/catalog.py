"""What there is without having been made: projects, regions, zones, machine types, public images, a default network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from bluegreen.sandbox.compute.cloud import Cloud, Resource
from bluegreen.sandbox.compute.names import REGION, ZONE, Place, link
from bluegreen.sandbox.compute.operations import fingerprint, new_id, timestamp

BORN = 1577836800.0
"""2020-01-01, the creation time of everything in this module."""
IMAGES: Mapping[str, Mapping[str, str]] = {
    "debian-cloud": {
        "debian-12": "debian-12-bookworm-v20261013",
        "debian-13": "debian-13-trixie-v20261013",
    },
    "ubuntu-os-cloud": {
        "ubuntu-2204-lts": "ubuntu-2204-lts-jammy-v20261008",
        "ubuntu-2404-lts-amd64": "ubuntu-2404-lts-amd64-noble-v20261008",
    },
    "rocky-linux-cloud": {"rocky-linux-9": "rocky-linux-9-v20261012"},
    "cos-cloud": {"cos-stable": "cos-stable-125-19216-104-12"},
}
"""Project -> family -> its newest image. An image's name begins with its family, which the provider relies on."""
SMALL = {
    "f1-micro": (1, 614),
    "g1-small": (1, 1740),
    "e2-micro": (2, 1024),
    "e2-small": (2, 2048),
    "e2-medium": (2, 4096),
}
"""Machine types with a shared core -> virtual CPUs, MiB."""
LARGE = re.compile(r"[a-z]\d[a-z]?-(standard|highmem|highcpu)-([1-9]\d{0,2})")
GIB_PER_CPU = {"standard": 4, "highmem": 8, "highcpu": 1}
LARGEST = 416
STATIC_ADDRESSES = 100
"""How many addresses a region may hold; a sandbox's network has 154 for all of them."""
AUTOMATIC = IPv4Network("10.128.0.0/9")
"""Of which each region has a /20 in the default network and in every automatic one."""


def find(cloud: Cloud, path: str) -> Resource | None:
    """Return the resource of this path, made or of the catalog."""
    return cloud.resources.get(path) or _fixed(cloud, path)


def family(cloud: Cloud, project: str, name: str) -> Resource | None:
    """Return the newest image of a family."""
    folder = f"projects/{project}/global/images/"
    made = [image for _, image in cloud.under(folder) if image.get("family") == name and image["status"] == "READY"]
    if made:
        return max(made, key=lambda image: str(image["creationTimestamp"]))
    return find(cloud, folder + IMAGES.get(project, {}).get(name, ""))


def listed(cloud: Cloud, place: Place) -> dict[str, Resource]:
    """Return path -> resource of one collection."""
    names: tuple[str, ...] = ()
    if place.collection == "images":
        names = tuple(IMAGES.get(place.project, {}).values())
    elif place.collection in ("networks", "subnetworks"):
        names = ("default",)
    fixed = {place.folder + name: _fixed(cloud, place.folder + name) for name in names}
    return {**{path: resource for path, resource in fixed.items() if resource}, **dict(cloud.under(place.folder))}


def _fixed(cloud: Cloud, path: str) -> Resource | None:
    parts = path.split("/")
    match parts:
        case ["projects", name]:
            return _described("project", path, {"name": name, "defaultNetworkTier": "PREMIUM"})
        case ["projects", _, "regions", name] if REGION.fullmatch(name):
            quotas = [{"metric": "STATIC_ADDRESSES", "limit": STATIC_ADDRESSES, "usage": _held(cloud, path)}]
            zones = [link(f"{'/'.join(parts[:2])}/zones/{name}-{letter}") for letter in "bcd"]
            return _described("region", path, {"name": name, "status": "UP", "quotas": quotas, "zones": zones})
        case ["projects", project, "zones", name] if found := ZONE.fullmatch(name):
            region = link(f"projects/{project}/regions/{found[1]}")
            return _described("zone", path, {"name": name, "status": "UP", "region": region})
        case ["projects", _, "zones", zone, "machineTypes", name]:
            return _machine_type(path, zone, name)
        case ["projects", project, "global", "images", name]:
            return _image(path, project, name)
        case ["projects", _, "global", "networks", "default"]:
            return _network(path)
        case ["projects", project, "regions", region, "subnetworks", name]:
            return _subnetwork(cloud, path, project, region, name)
    return None


def _described(kind: str, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    common = {"kind": f"compute#{kind}", "id": new_id(path, BORN), "creationTimestamp": timestamp(BORN)}
    return {**common, "selfLink": link(path), "description": "", **fields}


def _held(cloud: Cloud, region: str) -> int:
    return sum(1 for _ in cloud.under(f"{region}/addresses/"))


def _machine_type(path: str, zone: str, name: str) -> Resource | None:
    found = LARGE.fullmatch(name)
    if not ZONE.fullmatch(zone) or not (name in SMALL or (found and int(found[2]) <= LARGEST)):
        return None
    cpus, memory = SMALL[name] if not found else (int(found[2]), int(found[2]) * GIB_PER_CPU[found[1]] * 1024)
    fields = {"name": name, "zone": zone, "guestCpus": cpus, "memoryMb": memory, "isSharedCpu": name in SMALL}
    return _described("machineType", path, {**fields, "architecture": "X86_64"})


def _image(path: str, project: str, name: str) -> Resource | None:
    families = [family for family, newest in IMAGES.get(project, {}).items() if newest == name]
    return _described("image", path, {"name": name, "family": families[0], **image_defaults()}) if families else None


def image_defaults() -> dict[str, Any]:
    """Return the fields of an image that its maker need not say."""
    return {
        "status": "READY",
        "sourceType": "RAW",
        "architecture": "X86_64",
        "diskSizeGb": "10",
        "archiveSizeBytes": "1073741824",
        "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}, {"type": "VIRTIO_SCSI_MULTIQUEUE"}, {"type": "GVNIC"}],
        "storageLocations": ["eu"],
        "labelFingerprint": fingerprint({}),
    }


def _network(path: str) -> Resource:
    routing = {"routingMode": "REGIONAL", "bgpBestPathSelectionMode": "LEGACY"}
    order = "AFTER_CLASSIC_FIREWALL"
    fields = {"name": "default", "autoCreateSubnetworks": True, "routingConfig": routing}
    return _described("network", path, {**fields, "networkFirewallPolicyEnforcementOrder": order})


def _subnetwork(cloud: Cloud, path: str, project: str, region: str, name: str) -> Resource | None:
    """Return the region's part of an automatic network, whose name it has."""
    network = find(cloud, f"projects/{project}/global/networks/{name}")
    if not REGION.fullmatch(region) or network is None or not network.get("autoCreateSubnetworks"):
        return None
    index = int(new_id(region, BORN)) % 2 ** (20 - AUTOMATIC.prefixlen)
    block = IPv4Network((int(AUTOMATIC.network_address) + index * 2**12, 20))
    place = {"name": name, "network": network["selfLink"], "region": link(f"projects/{project}/regions/{region}")}
    return _described("subnetwork", path, {**place, **subnetwork_defaults(block)})


def subnetwork_defaults(block: IPv4Network) -> dict[str, Any]:
    """Return the fields of a subnetwork that its maker need not say."""
    return {
        "ipCidrRange": str(block),
        "gatewayAddress": str(block.network_address + 1),
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint(str(block)),
    }
