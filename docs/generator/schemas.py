"""The JSON Schemas of what `--json` prints, from the classes that are printed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from bluegreen import events
from bluegreen.doctor.findings import Diagnosis
from bluegreen.switch.preview import Preview
from bluegreen.switch.status import StatusReport

Schema = dict[str, Any]

ENVELOPE: Mapping[str, type] = {"schema": int, "time": float, "run": str, "environment": str, "service": str}
"""What every event carries beside its own fields; added by adapters/emitter.py."""

_PLAIN: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
}


def schema_of(kind: Any) -> Schema:
    """Return the JSON Schema of a type: a plain one, a dataclass, a Mapping, a Sequence, or one of these or None."""
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(one) for one in kind]}
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return _object({one.name: schema_of(hints[one.name]) for one in fields(kind)})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (one,) = (argument for argument in arguments if argument is not NoneType)
        return _or_null(schema_of(one))
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if origin is not None and issubclass(origin, Sequence):
        return {"type": "array", "items": schema_of(arguments[0])}
    raise TypeError(f"no JSON Schema for {kind!r}")


def _or_null(schema: Schema) -> Schema:
    return {"type": [schema["type"], "null"]} if schema.keys() == {"type"} else {"anyOf": [schema, {"type": "null"}]}


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def event_classes() -> list[type[events.Event]]:
    """Return every event, in the order in which events.py tells of them."""
    found = (value for value in vars(events).values() if isinstance(value, type) and issubclass(value, events.Event))
    return [event for event in found if event is not events.Event]


def events_schema() -> Schema:
    """Return the schema of one line of `--json`."""
    definitions = {}
    for event in event_classes():
        own = schema_of(event)["properties"]
        envelope = {name: schema_of(kind) for name, kind in ENVELOPE.items()}
        definitions[event.name] = _object({**envelope, "event": {"const": event.name}, **own})
    return {
        **_head("events", "One line of --json, of a journal, and what on_event is called with"),
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in definitions],
        "$defs": definitions,
    }


def status_schema() -> Schema:
    own = _object({"schema": schema_of(int), **schema_of(StatusReport)["properties"]})
    return {**_head("status", "What `bluegreen status --json` prints"), **own}


def doctor_schema() -> Schema:
    own = _object({"schema": schema_of(int), **schema_of(Diagnosis)["properties"], "failed": schema_of(bool)})
    return {**_head("doctor", "What `bluegreen doctor --json` prints"), **own}


def plan_schema() -> Schema:
    schema = schema_of(Preview)
    refused = {"refused": schema_of(bool)}
    own = _object({"schema": schema_of(int), **schema["properties"], **refused})
    return {**_head("plan", "What `bluegreen plan --json` prints"), **own}


def _head(name: str, title: str) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:bluegreen:{name}:{events.SCHEMA}",
        "title": title,
    }


def as_json(schema: Schema) -> str:
    return json.dumps(schema, indent=2) + "\n"
