"""What a run has told so far, for whoever draws it. Knows the events as JSON objects, and nothing of screens."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bluegreen.events import COUNTED
from bluegreen.model import EMPTY

SHARE_WINDOW = 2.0
"""Seconds of public answers from which the present share of each color is made."""

Data = Mapping[str, Any]


@dataclass(slots=True)
class PhaseSeen:
    """One phase. began: Unix seconds; seconds, waiting of them, outcome, following: once it was left."""

    name: str
    began: float
    seconds: float | None = None
    waiting: float = 0.0
    outcome: str = ""
    following: str = ""

    def elapsed(self, now: float) -> float:
        return self.seconds if self.seconds is not None else max(0.0, now - self.began)


@dataclass(slots=True)
class Timeline:
    """One run. resource: what Terraform is on; waiting, waiting_until: "" and 0 for nothing and for no end."""

    verb: str = ""
    run: str = ""
    environment: str = ""
    service: str = ""
    origin: str = ""
    origin_release: str = ""
    target: str = ""
    release: str = ""
    no_way_back: str = ""
    phases: list[PhaseSeen] = field(default_factory=list)
    resource: Data = field(default_factory=lambda: EMPTY)
    resource_since: float = 0.0
    waiting: str = ""
    waiting_until: float = 0.0
    probes: dict[str, Data] = field(default_factory=dict)
    requests: Data = field(default_factory=lambda: EMPTY)
    counts: deque[tuple[float, Mapping[str, int]]] = field(default_factory=deque)
    applied: bool = False
    drifted: bool = False
    first_answer: float | None = None
    answered_by: str = ""
    said: str = ""
    warnings: list[str] = field(default_factory=list)
    error: Data = field(default_factory=lambda: EMPTY)
    result: Data = field(default_factory=lambda: EMPTY)

    @property
    def phase(self) -> str:
        return self.phases[-1].name if self.phases else ""

    @property
    def share(self) -> dict[str, float]:
        """Which part of the last public answers each color gave; empty before there were any."""
        if not self.counts:
            return {}
        oldest, newest = self.counts[0][1], self.counts[-1][1]
        fresh = {color: count - oldest.get(color, 0) for color, count in newest.items()}
        if not any(fresh.values()):
            fresh = dict(newest)
        total = sum(fresh.values())
        return {color: count / total for color, count in fresh.items()} if total else {}

    def take(self, data: Data) -> None:
        """Take one event."""
        taker = getattr(self, f"_take_{str(data.get('event', '')).replace('-', '_')}", None)
        if taker is not None:
            taker(data)

    def _take_run_started(self, data: Data) -> None:
        self.verb, self.service = data["verb"], data.get("service", "")
        self.run, self.environment = data.get("run", ""), data.get("environment", "")
        self.no_way_back = data.get("asked", EMPTY).get("no_way_back", "")

    _take_run_resumed = _take_run_started

    def _take_route_chosen(self, data: Data) -> None:
        self.origin, self.origin_release = data["origin"], data["origin_release"]
        self.target, self.release = data["target"], data["release"]

    def _take_phase_started(self, data: Data) -> None:
        self.phases.append(PhaseSeen(data["phase"], data.get("time", 0.0)))
        self._at_rest()

    def _take_phase_finished(self, data: Data) -> None:
        if self.phases:
            left = self.phases[-1]
            left.seconds, left.waiting = data["seconds"], data.get("waiting", 0.0)
            left.outcome, left.following = data["outcome"], data["following"]
        self._at_rest()

    def _at_rest(self) -> None:
        self.waiting, self.waiting_until, self.resource = "", 0.0, EMPTY
        self.probes = {}

    def _take_resource(self, data: Data) -> None:
        if data["stage"] == "start":
            self.resource_since = data.get("time", 0.0)
        if data["stage"] in ("start", "progress"):
            self.resource = data
        elif data["address"] == self.resource.get("address"):
            self.resource = EMPTY

    def _take_waiting_for(self, data: Data) -> None:
        self.waiting = data["what"]
        self.waiting_until = data.get("time", 0.0) + data["seconds"] if data["seconds"] else 0.0

    def _take_probed(self, data: Data) -> None:
        self.probes = {**self.probes, data["color"]: data}

    def _take_public_counted(self, data: Data) -> None:
        self.requests = {key: data.get(key, 0) for key in COUNTED}
        now = data.get("time", 0.0)
        self.counts.append((now, data["by_color"]))
        while len(self.counts) > 1 and self.counts[0][0] < now - SHARE_WINDOW:
            self.counts.popleft()

    def _take_apply_started(self, data: Data) -> None:
        self.applied = True

    def _take_witnessed(self, data: Data) -> None:
        self.drifted = bool(data["detail"])

    def _take_first_answer(self, data: Data) -> None:
        self.first_answer, self.answered_by = data["seconds"], data["color"]

    def _take_said(self, data: Data) -> None:
        if data["level"] != "warning":
            self.said = data["text"]
        elif data["text"] not in self.warnings:
            self.warnings.append(data["text"])

    def _take_error(self, data: Data) -> None:
        self.error = data

    def _take_result(self, data: Data) -> None:
        self.result = data
        self._at_rest()
