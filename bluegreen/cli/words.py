"""Seconds, times and requests as a person reads them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

WENT_WELL = frozenset({"done", "nothing", "stopped", "accepted"})
"""Outcomes of a phase that did what it was for. Whoever reconciles with the live edge accepts what PREFLIGHT found."""

SELDOM = {
    "slow": "slow",
    "wrong_release": "of a wrong release",
    "cached": "cached",
    "stopped": "stopped at the edge",
}
"""What is told of public requests only when there were some."""


def took(seconds: float) -> str:
    """Write a duration: 0.4 s, 12 s, 2 min 05 s, 1 h 03 min."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60:02} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60:02} min" if whole % 3600 // 60 else "")


def at(when: float, now: float | None = None, *, seconds: bool = False) -> str:
    """Write a time of day, with its date when that is not today's, and the year when it is another one.

    when, now: Unix seconds.
    """
    local, today = time.localtime(when), time.localtime(now)
    day = "" if local[:3] == today[:3] else "%m-%d " if local[0] == today[0] else "%Y-%m-%d "
    return time.strftime(day + ("%H:%M:%S" if seconds else "%H:%M"), local)


def moment(when: float) -> str:
    """Write a date and a time of day to the second. when: Unix seconds."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))


def until(when: float, now: float | None = None) -> str:
    """Write how long something is warm. when: Unix seconds, -1 for ever."""
    return "for ever" if when < 0 else f"until {at(when, now)}"


def running(color: str, release: str) -> str:
    """Write a color and what it runs."""
    return f"{color} ({release})" if release else color


def never_noticed(requests: Mapping[str, Any]) -> bool:
    """Return whether it was measured that the public noticed nothing at all."""
    return bool(requests.get("sent")) and not any(requests.get(key) for key in ("failed", "slow", "wrong_release"))


def cost(requests: Mapping[str, Any], *, silent: bool = False) -> str:
    """Write what a run cost the public. requests: of events.COUNTED. silent: draw no conclusion."""
    sent = requests.get("sent", 0)
    if not sent:
        return "not asked, so nothing is known"
    parts = [f"{sent:,} request{'' if sent == 1 else 's'}", f"{requests.get('failed', 0):,} failed"]
    parts += [f"{requests[key]:,} {words}" for key, words in SELDOM.items() if requests.get(key)]
    return ", ".join(parts) + (": the public never noticed" if never_noticed(requests) and not silent else "")
