"""Holds what the program prints as JSON against the schemas in docs/schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def schema(name: str) -> Any:
    return json.loads((ROOT / "docs" / "schema" / f"{name}.json").read_text())


def misfits(value: Any, wanted: Mapping[str, Any], where: str) -> Iterator[str]:
    """Yield where `value` does not fit; knows the words that docs/generate.py writes, and takes no unknown field."""
    if "anyOf" in wanted:
        if all(list(misfits(value, one, where)) for one in wanted["anyOf"]):
            yield f"{where}: {value!r} fits none of {wanted['anyOf']}"
        return
    if "const" in wanted and value != wanted["const"]:
        yield f"{where}: {value!r} is not {wanted['const']!r}"
    kinds = [wanted["type"]] if isinstance(wanted.get("type"), str) else wanted.get("type", [])
    if kinds and not any(type(value) in TYPES[kind] for kind in kinds):
        yield f"{where}: {value!r} is no {' or '.join(kinds)}"
    elif isinstance(value, dict):
        properties, rest = wanted.get("properties", {}), wanted.get("additionalProperties")
        yield from (f"{where}.{name} is missing" for name in wanted.get("required", ()) if name not in value)
        yield from (f"{where}.{name} is not documented" for name in value if name not in properties and rest is None)
        for name, inner in value.items():
            yield from misfits(inner, properties.get(name, rest or {}), f"{where}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from misfits(inner, wanted.get("items", {}), f"{where}[{number}]")


def event_misfits(events: Sequence[Mapping[str, Any]]) -> list[str]:
    known = schema("events")["$defs"]
    return [fault for event in events for fault in misfits(event, known[event["event"]], event["event"])]
