"""Names in the Compute API: paths below /compute/v1/, links, and what a resource, a zone, a label may be called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bluegreen.sandbox.compute.refusals import Refused, invalid, required

LINKS = "https://www.googleapis.com/compute/v1/"
NAME = r"(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)"
REGION = re.compile(r"[a-z]+(?:-[a-z]+)+\d{1,2}")
ZONE = re.compile(rf"({REGION.pattern})-[a-z]")
LABEL_KEY, LABEL_VALUE = re.compile(r"[a-z][-_a-z0-9]{0,62}"), re.compile(r"[-_a-z0-9]{0,63}")
METADATA_KEY = re.compile(r"[a-zA-Z0-9-_]{1,128}")
MOST_LABELS = 64

_PATH = re.compile(
    r"projects/(?P<project>[^/]+)/(?P<scope>global|aggregated|(?:zones|regions)/[^/]+)/(?P<collection>[A-Za-z]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<verb>[^/]+))?)?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a request is about. scope: "global", "aggregated", "zones/ZONE" or "regions/REGION"."""

    project: str
    scope: str
    collection: str
    name: str = ""
    verb: str = ""

    @classmethod
    def parse(cls, path: str) -> Place | None:
        """Return the place that `path` names; None when it is of another form."""
        found = _PATH.fullmatch(path)
        return cls(**{key: value or "" for key, value in found.groupdict().items()}) if found else None

    @property
    def folder(self) -> str:
        """Path of the collection, with its slash."""
        return f"projects/{self.project}/{self.scope}/{self.collection}/"

    @property
    def path(self) -> str:
        return self.folder + self.name

    @property
    def scope_kind(self) -> str:
        return self.scope.partition("/")[0]

    @property
    def scope_path(self) -> str:
        return f"projects/{self.project}/{self.scope}"

    @property
    def region(self) -> str:
        """The region of a zonal or regional place, "" elsewhere."""
        name = self.scope.partition("/")[2]
        found = ZONE.fullmatch(name)
        return found[1] if found else name


def link(path: str) -> str:
    return LINKS + path


def resolve(reference: str, project: str) -> str:
    """Return the path that a link means: whole with any host, or beginning with `projects/`, or below a project."""
    path = reference.rpartition("/compute/v1/")[2].lstrip("/")
    return path if path.startswith("projects/") else f"projects/{project}/{path}"


def check_scope(place: Place) -> None:
    """Raise Refused when a zone or region has no such name as Google gives."""
    kind, _, name = place.scope.partition("/")
    if (kind == "zones" and not ZONE.fullmatch(name)) or (kind == "regions" and not REGION.fullmatch(name)):
        raise invalid(kind[:-1], name, f"Unknown {kind[:-1]}.")


def check_name(body: Mapping[str, Any]) -> str:
    """Return the name that a resource is to have. Raises Refused."""
    if not body.get("name"):
        raise required("resource.name")
    return check_form(body["name"], "resource.name")


def check_form(name: object, field: str) -> str:
    """Return a name that stands in `field`. Raises Refused."""
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise invalid(field, name, f"Must be a match of regex '{NAME}'")
    return name


def check_labels(labels: object) -> dict[str, str]:
    """Return the labels. Raises Refused: a label holds no dot and no capital letter, a version with dots is none."""
    if labels is None:
        return {}
    if not isinstance(labels, dict) or len(labels) > MOST_LABELS:
        raise invalid("labels", "", f"At most {MOST_LABELS} labels, as an object.")
    for kind, pattern, texts in (("key", LABEL_KEY, labels), ("value", LABEL_VALUE, labels.values())):
        for text in texts:
            if not isinstance(text, str) or not pattern.fullmatch(text):
                raise _bad_label(kind, text)
    return dict(labels)


def _bad_label(kind: str, text: object) -> Refused:
    why = f"Label {kind} '{text}' violates format constraints. The {kind} can only contain lowercase letters, "
    why += f"numeric characters, underscores and dashes. The {kind} can be at most 63 characters long."
    return invalid("resource.labels", "", why)


def check_metadata(metadata: object) -> list[dict[str, str]]:
    """Return the items of an instance's metadata. Raises Refused."""
    items = metadata.get("items", []) if isinstance(metadata, dict) else []
    seen: set[str] = set()
    for item in items:
        key = item.get("key", "")
        if not METADATA_KEY.fullmatch(key) or key in seen:
            raise invalid("resource.metadata.items", key, "A key is 1-128 characters of [a-zA-Z0-9-_], used once.")
        seen.add(key)
    return [{"key": item["key"], "value": item.get("value", "")} for item in items]
