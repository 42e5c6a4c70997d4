"""Hands each fact of a run on: to the journal first, then to whoever listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, TypeAlias

from bluegreen.adapters.redaction import redact
from bluegreen.events import Event, HookStarted, PublicAnswered, envelope
from bluegreen.ports import Store

Sink: TypeAlias = Callable[[dict[str, Any]], None]

OWN_WORDS = frozenset(
    {"event", "verb", "phase", "outcome", "following", "verdict", "color", "origin", "target", "active", "previous"}
    | {"stage", "action", "level", "signal", "command", "layer"}
)
"""Fields that hold bluegreen's own words, on which recovery stands: somebody's password may be `deploy`."""

THEIR_WORDS = frozenset({(PublicAnswered.name, "color"), (HookStarted.name, "command")})
"""Events and fields that are named like those, and hold what a server says or what a user wrote."""


class Emitter:
    """events.Emit of one run, from any thread. Each fact is a JSON object by the time it is written.

    store: for the journal; None where nothing is to be kept. clock: returns Unix seconds. secrets: known ones; they are
    taken out of every text. A sink that raises OSError, such as a closed pipe, hears no more: a reader that left must
    not end a run. The journal's errors do end it.
    """

    def __init__(
        self,
        store: Store | None,
        *,
        service: str,
        environment: str,
        run: str,
        clock: Callable[[], float],
        sinks: Iterable[Sink] = (),
        secrets: Iterable[str] = (),
    ) -> None:
        self._store = store
        self._run = run
        self._place = {"run": run, "environment": environment, "service": service}
        self._clock = clock
        self._sinks = list(sinks)
        self._secrets = frozenset(secrets)
        # Reentrant, because a sink may itself have something to tell.
        self._one_at_a_time = threading.RLock()

    def __call__(self, event: Event) -> None:
        with self._one_at_a_time:
            data = {**envelope(time=self._clock(), **self._place), **self._fields(event)}
            if self._store is not None:
                self._store.append(self._run, data, durable=event.durable)
            for sink in tuple(self._sinks):
                try:
                    sink(data)
                except OSError:
                    self._sinks.remove(sink)

    def _fields(self, event: Event) -> dict[str, Any]:
        return {
            name: value if name in OWN_WORDS and (event.name, name) not in THEIR_WORDS else self._clean(value)
            for name, value in event.as_dict().items()
        }

    def _clean(self, value: Any) -> Any:
        """Return `value` as plain JSON, without secrets, those in keys included."""
        match value:
            case Enum():
                return value.value
            case str():
                return redact(value, self._secrets)
            case Mapping():
                return {redact(str(key), self._secrets): self._clean(item) for key, item in value.items()}
            case list() | tuple():
                return [self._clean(item) for item in value]
            case _:
                return value
