"""Images and disks: an image is what a disk is made from; a disk comes with its instance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bluegreen.sandbox.compute.catalog import family, image_defaults
from bluegreen.sandbox.compute.cloud import Cloud, Resource
from bluegreen.sandbox.compute.collection import Collection, Request, delete, labelled, set_labels
from bluegreen.sandbox.compute.names import check_form, link, resolve
from bluegreen.sandbox.compute.operations import Order, identity
from bluegreen.sandbox.compute.refusals import in_use, not_found, required

FAMILY = "/global/images/family/"


def insert_image(request: Request) -> Order:
    """Make an image, so that a family's newest one changes."""
    path = request.place.path
    image = {**image_defaults(), **request.body, **identity(request.place, "compute#image", request.now)}
    image |= {**labelled(request.body.get("labels")), "status": "PENDING"}
    return Order("insert", path, now={path: image}, done={path: {"status": "READY"}}, failed={path: None})


def image(request: Request, reference: str) -> Resource:
    """Return the image that a link to an image or to a family means. Raises Refused."""
    path = resolve(reference, request.place.project)
    if FAMILY not in path:
        return request.existing(reference)
    project, _, name = path.removeprefix("projects/").partition(FAMILY)
    return newest(request.cloud, project, name)


def newest(cloud: Cloud, project: str, name: str) -> Resource:
    """Return the newest image of a family. Raises Refused."""
    found = family(cloud, project, name)
    if found is None:
        raise not_found(f"projects/{project}{FAMILY}{name}")
    return found


def new_disk(request: Request, attached: Resource, index: int) -> Resource:
    """Return the disk that an instance's `disks[index]` asks for. Raises Refused."""
    asked = attached.get("initializeParams") or {}
    if not asked.get("sourceImage"):
        raise required(f"resource.disks[{index}].initializeParams.sourceImage")
    source = image(request, asked["sourceImage"])
    instance = str(request.body["name"])
    name = instance if index == 0 else f"{instance}-{index}"
    if asked.get("diskName"):
        name = check_form(asked["diskName"], f"resource.disks[{index}].initializeParams.diskName")
    place = replace(request.place, collection="disks", name=name)
    return {
        "description": asked.get("description", ""),
        "type": link(resolve(asked.get("diskType") or f"{request.place.scope}/diskTypes/pd-standard", place.project)),
        "sizeGb": str(asked.get("diskSizeGb") or source["diskSizeGb"]),
        "status": "CREATING",
        "sourceImage": source["selfLink"],
        "sourceImageId": source["id"],
        "architecture": source["architecture"],
        "guestOsFeatures": source["guestOsFeatures"],
        "physicalBlockSizeBytes": "4096",
        **identity(place, "compute#disk", request.now),
        **labelled(asked.get("labels")),
    }


def user(cloud: Cloud, disk: Resource) -> str:
    """Return the path of the instance that has a disk, "" when none has."""
    for path, instance in cloud.of("instances"):
        if any(attached["source"] == disk["selfLink"] for attached in instance["disks"]):
            return path
    return ""


def delete_disk(request: Request, disk: Resource) -> Order:
    if holder := user(request.cloud, disk):
        raise in_use("disk", request.place.path, holder)
    return delete(request, disk)


def show_disk(cloud: Cloud, path: str, disk: Resource) -> dict[str, Any]:
    holder = user(cloud, disk)
    return {"users": [link(holder)]} if holder else {}


IMAGES = Collection("global", "image", insert_image, delete, {("POST", "setLabels"): set_labels})
DISKS = Collection("zones", "disk", None, delete_disk, {("POST", "setLabels"): set_labels}, show_disk)
