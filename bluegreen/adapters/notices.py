"""What somebody is told of a run who does not watch it. Pure: events in, a message or none out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bluegreen.adapters.printable import one_line

Data = Mapping[str, Any]

LONGEST = 1500
"""Characters of a message. Chats cut what is longer, each at another place."""

SEVERITY: Mapping[str, str] = {
    "started": "info",
    "prepared": "info",
    "switched": "success",
    "rolled-back": "warning",
    "returned": "warning",
    "failed": "warning",
    "stuck": "failure",
    "warm-ending": "warning",
    "lock-taken-over": "warning",
}
"""Event -> how bad that is, in apprise's words. Only what needs a human is a failure."""

VERDICTS: Mapping[str, str] = {
    "prepared": "prepared",
    "switched": "switched",
    "rolled-back": "rolled-back",
    "rolled-back-directly": "rolled-back",
    "returned": "returned",
    "failed": "failed",
    "refused": "failed",
    "usage": "failed",
    "interrupted": "failed",
    "stuck": "stuck",
}
"""A run's verdict -> what it is told as. Of what changed nothing for anybody, nobody is told."""

NO_RUN = frozenset({"lock", "unlock"})
"""Verbs that stand in the history, and are no run."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. event: a word of the configuration's. severity: info, success, warning or failure."""

    event: str
    severity: str
    title: str
    body: str


class Notices:
    """Takes the events of runs, one run after another."""

    def __init__(self) -> None:
        self._verb = ""
        self._route: Data = {}
        self._error = ""

    def take(self, data: Data) -> Notice | None:
        """Return what is to be told of this event."""
        match data["event"]:
            case "run-started" | "run-resumed":
                return self._started(data)
            case "route-chosen":
                self._route = data
            case "error":
                self._error = data["message"]
            case "warm-ending":
                until = f"{datetime.fromtimestamp(data['until'], UTC):%H:%M} UTC"
                warm = _running(data["color"], data["release"])
                return _notice(
                    "warm-ending", data, f"{warm} is warm until {until}", "Then there is no instant way back."
                )
            case "lock-taken-over":
                return _notice("lock-taken-over", data, "a lock was taken over", f"It was held by {data['holder']}.")
            case "result" if data["verdict"] in VERDICTS and self._verb not in NO_RUN:
                return self._ended(data)
        return None

    def _started(self, data: Data) -> Notice | None:
        self._verb, self._route, self._error = data["verb"], {}, ""
        if self._verb in NO_RUN:
            return None
        again = " goes on" if data["event"] == "run-resumed" else " begins"
        why = f", because {data['reason']}" if data.get("reason") else ""
        return _notice("started", data, self._verb + again, f"By {data['who']}{why}.", data.get("ci_url", ""))

    def _ended(self, data: Data) -> Notice:
        event = VERDICTS[data["verdict"]]
        ends = {
            "prepared": f"{self._target} is prepared",
            "switched": f"{self._serving(data)} serves the public",
            "rolled-back": f"rolled back: {self._serving(data)} serves the public again",
            "returned": f"went back: {self._serving(data)} serves the public again, and not {self._target}",
            "stuck": f"{self._verb} is stuck, a human is needed",
        }
        requests = data.get("requests", {})
        cost = f"{requests['sent']:,} public requests, {requests['failed']:,} failed." if requests.get("sent") else ""
        why = f"{self._error}." if self._error and event in ("returned", "failed", "stuck") else ""
        look = "bluegreen status says what to do." if event == "stuck" else f"bluegreen show {data['run']}"
        return _notice(event, data, ends.get(event, f"{self._verb} {data['verdict']}"), why, cost, look)

    @property
    def _target(self) -> str:
        return _running(self._route.get("target", ""), self._route.get("release", "")) or "nothing"

    def _serving(self, data: Data) -> str:
        """Return the active color, and what it runs as far as this run knows."""
        route = self._route
        known = {route.get("origin"): route.get("origin_release"), route.get("target"): route.get("release")}
        return _running(data["active"], known.get(data["active"]) or "") or "nobody knows which color"


def _running(color: str, release: str) -> str:
    return f"{color} ({release})" if release else color


def _notice(event: str, data: Data, what: str, *body: str) -> Notice:
    title = one_line(f"{data.get('service', '')} {data.get('environment', '')}: {what}".strip())
    text = "\n".join(one_line(line) for line in body if line)
    return Notice(event, SEVERITY[event], title[:LONGEST], text[:LONGEST])
