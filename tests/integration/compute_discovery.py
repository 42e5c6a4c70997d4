"""A second opinion on Google's APIs: their own discovery documents, as google-api-python-client ships them."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

BASE = "/compute/v1/"
DOCUMENTS = {BASE: "compute.v1", "/cloudresourcemanager/": "cloudresourcemanager.v1"}
"""Where the sandbox has an API -> the document that describes its paths from there."""
SYSTEM = {"$alt", "$prettyPrint", "alt", "prettyPrint", "fields", "key", "quotaUser", "userIp"}
"""Parameters of every method; `$alt` is what the SDK sends, and stands in no document."""
Schemas = Mapping[str, Mapping[str, Any]]
NUMBERS = {"int64": (-(2**63), 2**63), "uint64": (0, 2**64)}
KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}
ERROR = {"code": int, "message": str, "errors": list}


@cache
def document(name: str = DOCUMENTS[BASE]) -> Mapping[str, Any]:
    """Return the discovery document of an API."""
    found = importlib.util.find_spec("googleapiclient")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).parent / "discovery_cache" / "documents" / f"{name}.json"
    data: Mapping[str, Any] = json.loads(path.read_text())
    return data


@cache
def methods(name: str) -> list[tuple[str, re.Pattern[str], Mapping[str, Any]]]:
    """Return HTTP method, pattern of the path and description of every method there is."""
    found = []
    for resource in document(name)["resources"].values():
        for one in resource.get("methods", {}).values():
            pattern = re.sub(r"\{\+?(\w+)\}", r"(?P<\1>[^/]+)", one["path"])
            found.append((one["httpMethod"], re.compile(pattern), one))
    return found


def check(method: str, target: str, sent: bytes, status: int, answered: bytes) -> list[str]:
    """Return what is wrong with one request and its answer; nothing when the document agrees with both."""
    path, _, query = target.partition("?")
    base = next(base for base in DOCUMENTS if path.startswith(base))
    described = _method(method, path.removeprefix(base), DOCUMENTS[base])
    if described is None:
        return [f"{method} {path}: there is no such method"]
    schemas = document(DOCUMENTS[base])["schemas"]
    return [f"{method} {path}: {problem}" for problem in _problems(schemas, described, query, sent, status, answered)]


def _method(method: str, path: str, document: str) -> Mapping[str, Any] | None:
    """Return the method that a request is for: of several that fit, the one with the longest fixed path."""
    fitting = [one for name, pattern, one in methods(document) if name == method and pattern.fullmatch(path)]
    return max(fitting, key=lambda one: len(re.sub(r"\{.*?\}", "", one["path"])), default=None)


def _problems(
    schemas: Schemas, described: Mapping[str, Any], query: str, sent: bytes, status: int, answered: bytes
) -> Iterator[str]:
    for name in dict(parse_qsl(query)):
        if name not in described.get("parameters", {}) and name not in SYSTEM:
            yield f"there is no parameter {name!r}"
    if "request" in described:
        yield from _differs(schemas, described["request"], _said(json.loads(sent or b"{}")), "request")
    if status < 400:
        yield from _differs(schemas, described["response"], json.loads(answered), "response")
    else:
        yield from _envelope(json.loads(answered), status)


def _said(value: Any) -> Any:
    """Return a request without what stands for nothing: the provider sends null and "" for what nobody said."""
    if isinstance(value, list):
        return [_said(item) for item in value if item is not None]
    if isinstance(value, dict):
        return {key: _said(item) for key, item in value.items() if item is not None and item != ""}
    return value


def _envelope(data: Any, status: int) -> Iterator[str]:
    error = data.get("error", {})
    for key, kind in ERROR.items():
        if not isinstance(error.get(key), kind):
            yield f"error.{key} is {error.get(key)!r}"
    if error.get("code") != status:
        yield f"error.code is {error.get('code')}, the status {status}"
    for one in error.get("errors", []):
        if not {"message", "domain", "reason"} <= one.keys():
            yield f"error.errors has {sorted(one)}"


def _differs(schemas: Schemas, schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    """Yield where a value is not what its schema says."""
    schema = schemas[schema["$ref"]] if "$ref" in schema else schema
    kind = schema.get("type", "any")
    if kind == "any":
        return
    if not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{where} is {value!r}, not {kind}"
    elif kind == "object":
        yield from _object(schemas, schema, value, where)
    elif kind == "array":
        for index, item in enumerate(value):
            yield from _differs(schemas, schema["items"], item, f"{where}[{index}]")
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r}, not one of {', '.join(schema['enum'])}"
    elif schema.get("format") in NUMBERS and kind == "string":
        low, high = NUMBERS[schema["format"]]
        if not re.fullmatch(r"-?\d+", value) or not low <= int(value) < high:
            yield f"{where} is {value!r}, not {schema['format']} in decimals"


def _object(schemas: Schemas, schema: Mapping[str, Any], value: Mapping[str, Any], where: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    for key, item in value.items():
        if key in properties:
            yield from _differs(schemas, properties[key], item, f"{where}.{key}")
        elif "additionalProperties" in schema:
            yield from _differs(schemas, schema["additionalProperties"], item, f"{where}.{key}")
        else:
            yield f"{where}.{key} is no field"
