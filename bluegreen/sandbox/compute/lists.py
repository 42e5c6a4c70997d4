"""Lists: of one collection, or of all zones or regions at once; filtered and cut into pages as Google does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bluegreen.sandbox.compute.catalog import listed
from bluegreen.sandbox.compute.cloud import Cloud, Resource
from bluegreen.sandbox.compute.collection import Collection, Request
from bluegreen.sandbox.compute.names import link
from bluegreen.sandbox.compute.refusals import invalid

MOST = 500
"""Items of a page, and the default."""
TERM = re.compile(r"\(?\s*([A-Za-z.]+)\s*(=|!=|\beq\b|\bne\b)\s*(\"[^\"]*\"|[^\s()\"]+)\s*\)?")

Show = Callable[[Cloud, str, Resource], Mapping[str, Any]]


def one_place(collection: Collection, request: Request, show: Show) -> dict[str, Any]:
    """Return the list of a collection in one zone, region or project. Raises Refused."""
    items = [show(request.cloud, path, found) for path, found in listed(request.cloud, request.place).items()]
    page, token = _page(_filtered(items, request.parameters), request.parameters)
    return {**_head(collection, "List", request.place.folder.rstrip("/"), token), **({"items": page} if page else {})}


def everywhere(collection: Collection, request: Request, show: Show) -> dict[str, Any]:
    """Return the aggregated list: zone or region -> what is there. Raises Refused."""
    cloud, place = request.cloud, request.place
    found = [show(cloud, path, one) for path, one in cloud.of(place.collection) if path.split("/")[1] == place.project]
    page, token = _page(_filtered(found, request.parameters), request.parameters)
    scopes: dict[str, dict[str, list[Any]]] = {}
    for item in page:
        scope = "/".join(item["selfLink"].split("/")[-4:-2])
        scopes.setdefault(scope, {place.collection: []})[place.collection].append(item)
    return {**_head(collection, "AggregatedList", place.folder.rstrip("/"), token), "items": scopes}


def _head(collection: Collection, form: str, path: str, token: str) -> dict[str, str]:
    head = {"kind": f"compute#{collection.kind}{form}", "id": path, "selfLink": link(path)}
    return {**head, "nextPageToken": token} if token else head


def _page(items: Sequence[Any], parameters: Mapping[str, str]) -> tuple[Sequence[Any], str]:
    size, start = parameters.get("maxResults", str(MOST)), parameters.get("pageToken", "0")
    if not size.isdecimal() or not 0 < int(size) <= MOST:
        raise invalid("maxResults", size, f"Must be a number from 1 to {MOST}.")
    if not start.isdecimal():
        raise invalid("pageToken", start, "The page token is invalid.")
    end = int(start) + int(size)
    return items[int(start) : end], str(end) if end < len(items) else ""


def _filtered(items: Iterable[Any], parameters: Mapping[str, str]) -> list[Any]:
    terms = [_term(text) for text in re.split(r"\s+AND\s+", parameters.get("filter", "").strip()) if text]
    return [item for item in items if all(_holds(item, *term) for term in terms)]


def _term(text: str) -> tuple[str, bool, str]:
    """Read `FIELD = VALUE`, one of the forms of Google's filters; the others are refused, not misread."""
    found = TERM.fullmatch(text.strip())
    if not found:
        raise invalid("filter", text, "Invalid list filter expression.")
    return found[1], found[2] in ("=", "eq"), found[3].strip('"')


def _holds(item: Mapping[str, Any], field: str, equal: bool, value: str) -> bool:
    current: Any = item
    for part in field.split("."):
        current = current.get(part) if isinstance(current, dict) else None
    text = str(current).lower() if isinstance(current, bool) else "" if current is None else str(current)
    return (text == value) is equal
