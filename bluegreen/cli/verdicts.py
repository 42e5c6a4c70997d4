"""The word for a run that an error ended before it began."""

from __future__ import annotations

from bluegreen.errors import BluegreenError, Interrupted, Locked, Refused, Returned, Stuck, UsageError, Waiting

_WORDS: tuple[tuple[type[BluegreenError], str], ...] = (
    (Refused, "refused"),
    (Locked, "locked"),
    (UsageError, "usage"),
    (Interrupted, "interrupted"),
    (Waiting, "waiting"),
    (Returned, "returned"),
    (Stuck, "stuck"),
)


def verdict_of(error: BluegreenError) -> str:
    return next((word for kind, word in _WORDS if isinstance(error, kind)), "failed")
