"""The list of every event, from the classes of bluegreen/events.py."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, get_type_hints

from bluegreen import events
from generator.schemas import event_classes, schema_of


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
