"""Durations as people write them: 500ms, 90s, 10m, 1h, 7d. Inside the program they are float seconds."""

from __future__ import annotations

import math
import re

from bluegreen.config.wording import Wrong

FOREVER, AUTO = "forever", "auto"
PATTERN = r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"
LONGEST = 366 * 86400.0
"""Seconds. Longer than a year is a typing error."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN = re.compile(PATTERN.removeprefix("^").removesuffix("$"), re.ASCII)
_EXAMPLES = "write 500ms, 90s, 10m, 1h or 7d"


def parse_duration(text: object) -> float:
    """Return the seconds that `text` means; more than 0, at most a year.

    Raises Wrong for anything else, plain numbers too: 90 of what?
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        raise Wrong("is a number without a unit", f"write {text}s for seconds")
    if not isinstance(text, str):
        raise Wrong("must be a duration", _EXAMPLES)
    match = _WRITTEN.fullmatch(text)
    if not match:
        raise Wrong(f'is "{text[:40]}", not a duration', _EXAMPLES)
    unit = match[2]
    seconds = float(text.removesuffix(unit)) * _UNITS[unit]
    if not 0 < seconds <= LONGEST:
        raise Wrong("must be longer than nothing and at most 366d", _EXAMPLES)
    return seconds


def parse_duration_or_forever(text: object) -> float:
    """Like `parse_duration`, and `math.inf` for the word forever."""
    if text == FOREVER:
        return math.inf
    try:
        return parse_duration(text)
    except Wrong as error:
        raise Wrong(error.message, f"{error.hint}, or {FOREVER}") from None


def parse_duration_or_auto(text: object) -> float | str:
    """Like `parse_duration`, and the word auto as it is."""
    if text == AUTO:
        return AUTO
    try:
        return parse_duration(text)
    except Wrong as error:
        raise Wrong(error.message, f"{error.hint}, or {AUTO}") from None


def format_duration(seconds: float | str) -> str:
    """Write seconds in the largest unit that holds them without a fraction; forever for infinity; a word as it is."""
    if isinstance(seconds, str):
        return seconds
    if math.isinf(seconds):
        return FOREVER
    milliseconds = round(seconds * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            # 24h is how people write one day; days begin to read better from two on.
            if unit == "d" and milliseconds == size:
                continue
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"
