"""Writes what the documents say about the code, from the code: .venv/bin/python docs/generate.py, after `make dev`.

One place says each thing: the events are the classes of bluegreen/events.py, the routes the tables of
bluegreen/switch/phases.py. A test fails when a document says something else.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from bluegreen import events
from bluegreen.doctor.findings import Diagnosis
from bluegreen.run.engine import Routes
from bluegreen.switch.phases import DEPLOY
from bluegreen.switch.preview import Preview
from bluegreen.switch.status import StatusReport

ROOT = Path(__file__).resolve().parents[1]

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


def events_text() -> str:
    """Return the part of events.md that lists every event."""
    return "\n".join(line for event in event_classes() for line in _event_lines(event))


def _event_lines(event: type[events.Event]) -> Iterator[str]:
    yield f"### `{event.name}`\n"
    if told := _told(event):
        yield f"{told}\n"
    hints = get_type_hints(event)
    named = (f"`{field.name}` {_word(hints[field.name])}" for field in fields(event))
    yield f"{' · '.join(named)}{' · *on disk before the run goes on*' if event.durable else ''}\n"


def _told(event: type[events.Event]) -> str:
    """Return an event's docstring as one paragraph, without the one that dataclass makes up."""
    text = inspect.getdoc(event) or ""
    return "" if text.startswith(f"{event.__name__}(") else " ".join(text.split())


def _word(kind: Any) -> str:
    schema = schema_of(kind)
    if schema.get("type") == "object":
        inner = schema["additionalProperties"].get("type", "value")
        return f"object of {inner}s"
    return str(schema.get("type", "value"))


def routes_diagram(routes: Routes) -> str:
    """Return a ROUTES table as Mermaid's state diagram: one arrow for all outcomes that lead to the same phase."""
    lines = ["stateDiagram-v2", "    direction LR", f"    [*] --> {next(iter(routes))}"]
    for phase, ways in routes.items():
        arrows: dict[str, list[str]] = {}
        for outcome, following in ways.items():
            arrows.setdefault(following, []).append(outcome)
        lines += [f"    {phase} --> {following}: {', '.join(outcomes)}" for following, outcomes in arrows.items()]
    ends = dict.fromkeys(
        following for ways in routes.values() for following in ways.values() if following not in routes
    )
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in ends)])


def replaced(text: str, begin: str, end: str, by: str) -> str:
    """Return `text` with what stands between two marks replaced. Raises ValueError when they are not there once."""
    found, count = re.subn(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", lambda _: f"{by}\n", text, flags=re.S)
    if count != 1:
        raise ValueError(f"{begin!r} ... {end!r} is there {count} times")
    return found


def _json(schema: Schema) -> str:
    return json.dumps(schema, indent=2) + "\n"


PAGES: Mapping[str, Callable[[str], str]] = {
    "docs/schema/events.json": lambda _: _json(events_schema()),
    "docs/schema/status.json": lambda _: _json(status_schema()),
    "docs/schema/doctor.json": lambda _: _json(doctor_schema()),
    "docs/schema/plan.json": lambda _: _json(plan_schema()),
    "docs/events.md": lambda text: replaced(text, "<!-- events -->", "<!-- end -->", f"\n{events_text()}"),
    "README.md": lambda text: replaced(text, "```mermaid", "```", routes_diagram(DEPLOY)),
}
"""Path -> what makes the page anew out of what it is now."""


def main() -> None:
    for name, make in PAGES.items():
        path = ROOT / name
        path.write_text(make(path.read_text() if path.exists() else ""))


if __name__ == "__main__":
    main()
