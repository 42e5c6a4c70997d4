"""Zone and records: pure functions from one set of records to the next, with Cloudflare's rules and error codes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from bluegreen.sandbox.cloudflare.errors import CloudflareError

ADDRESSES = {"A": IPv4Address, "AAAA": IPv6Address}
PROXIABLE = frozenset(("A", "AAAA", "CNAME"))
TYPES = frozenset((*PROXIABLE, "TXT", "CAA", "NS"))
AUTOMATIC = 1
"""The TTL of every proxied record, and the default of the others."""
LABEL = re.compile(r"(?:\*|[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)")
FIELDS = ("name", "type", "content", "proxied", "ttl", "comment")


class RecordError(CloudflareError):
    """What was asked for breaks a rule of the records."""


@dataclass(frozen=True, slots=True)
class Zone:
    """The one zone of a sandbox."""

    name: str

    @property
    def id(self) -> str:
        return hashlib.md5(self.name.encode(), usedforsecurity=False).hexdigest()

    def full_name(self, name: str) -> str:
        """Return `name` as a name in this zone. Raises RecordError when it is none."""
        name = name.lower().rstrip(".")
        if name == "@":
            return self.name
        if name != self.name and not name.endswith(f".{self.name}"):
            name = f"{name}.{self.name}"
        if len(name) > 253 or not all(LABEL.fullmatch(label) for label in name.split(".")):
            raise RecordError(400, 9000, "DNS name is invalid.")
        return name


@dataclass(frozen=True, slots=True)
class Record:
    """One DNS record. name: full and in lower case; ttl: seconds, 1 is automatic; times: RFC 3339."""

    id: str
    name: str
    type: str
    content: str
    proxied: bool = False
    ttl: int = AUTOMATIC
    comment: str | None = None
    created_on: str = ""
    modified_on: str = ""

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in FIELDS}

    def as_json(self) -> dict[str, Any]:
        """Return the record as Cloudflare's API shows it."""
        return {**asdict(self), "proxiable": self.type in PROXIABLE, "settings": {}, "meta": {}, "tags": []}


Records = Mapping[str, Record]
"""Record id -> record, in the order in which they were made."""


def build(zone: Zone, id: str, fields: Mapping[str, Any]) -> Record:
    """Make one valid record, not dated yet, out of what was sent. Raises RecordError."""
    kind, content, name = (fields.get(key) for key in ("type", "content", "name"))
    if not isinstance(name, str):
        raise RecordError(400, 9000, "DNS name is invalid.")
    if kind not in TYPES:
        raise RecordError(400, 1004, f"DNS Validation Error: this sandbox knows no type {kind!r}.")
    if not isinstance(content, str) or not content:
        raise RecordError(400, 9020, f"Content for {kind} record is missing.")
    proxied, ttl, comment = fields.get("proxied", False), fields.get("ttl", AUTOMATIC), fields.get("comment")
    _check_content(kind, content)
    _check_options(kind, proxied, ttl, comment)
    return Record(id, zone.full_name(name), kind, content, proxied, AUTOMATIC if proxied else int(ttl), comment)


def _check_content(kind: str, content: str) -> None:
    if kind in ADDRESSES:
        try:
            ADDRESSES[kind](content)
        except ValueError:
            raise RecordError(
                400, 9005, f"Content for {kind} record must be a valid {ADDRESSES[kind].__name__}."
            ) from None


def _check_options(kind: str, proxied: object, ttl: object, comment: object) -> None:
    if not isinstance(proxied, bool):
        raise RecordError(400, 1004, "DNS Validation Error: proxied must be true or false.")
    if proxied and kind not in PROXIABLE:
        raise RecordError(400, 9004, "This record type cannot be proxied.")
    if isinstance(ttl, bool) or not isinstance(ttl, int | float) or not (ttl == AUTOMATIC or 60 <= ttl <= 86400):
        raise RecordError(400, 9021, "Invalid TTL. Must be between 60 and 86,400 seconds, or 1 for Automatic.")
    if comment is not None and not isinstance(comment, str):
        raise RecordError(400, 1004, "DNS Validation Error: comment must be text.")


def put(records: Records, record: Record, now: str) -> dict[str, Record]:
    """Return `records` with this one added or replaced at the time `now`. Raises RecordError when it clashes."""
    for other in records.values():
        if other.id != record.id and other.name == record.name:
            _check_clash(record, other)
    return {**records, record.id: dated(record, records.get(record.id), now)}


def dated(record: Record, old: Record | None, now: str) -> Record:
    """Return `record` with its dates; one that says what `old` said was not modified."""
    if old is None:
        return replace(record, created_on=now, modified_on=now)
    modified = old.modified_on if old.fields() == record.fields() else now
    return replace(record, created_on=old.created_on, modified_on=modified)


def _check_clash(new: Record, old: Record) -> None:
    if (new.type, new.content) == (old.type, old.content):
        raise RecordError(400, 81058, "An identical record already exists.")
    if old.type == "CNAME" and new.type in PROXIABLE:
        raise RecordError(400, 81054, "A CNAME record with that host already exists.")
    if new.type == "CNAME" and old.type in PROXIABLE:
        raise RecordError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")


def get(records: Records, id: str) -> Record:
    """Return one record. Raises RecordError when there is none of this id."""
    if id not in records:
        raise RecordError(404, 81044, "Record does not exist.")
    return records[id]


def without(records: Records, ids: Iterable[str]) -> dict[str, Record]:
    """Return `records` without those of these ids."""
    gone = set(ids)
    return {id: record for id, record in records.items() if id not in gone}
