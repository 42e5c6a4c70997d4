"""A journal as a deploy in the cloud leaves it that went bad after its switch, and went back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from bluegreen.events import envelope
from bluegreen.ports import JournalEntry

BEGAN = 1_795_375_683.0
RUN = "20261122-192803-2945"
HOSTILE = "</td><script>alert(1)</script>\u202e'\"&"
"""What a server may answer, and a user may say."""


def bad_night(*, hostile: str = HOSTILE) -> list[JournalEntry]:
    """Return the events of about twelve minutes. hostile: text in every place that somebody else fills."""
    return [
        JournalEntry({**envelope(time=BEGAN + at, run=RUN, environment="pro", service="shop"), **one})
        for at, one in sorted(_events(hostile), key=lambda pair: pair[0])
    ]


def _events(hostile: str) -> Iterator[tuple[float, dict[str, Any]]]:
    yield (
        0.0,
        {
            "event": "run-started",
            "verb": "deploy",
            "service": "shop",
            "who": f"ana{hostile}",
            "host": "runner-7",
            "version": "0.1.0",
            "engine": "Terraform 1.11.4",
            "commit": "0123456789abcdef",
            "reason": f"faster {hostile}",
            "ci_url": "https://ci.example/run/7",
            "asked": {},
        },
    )
    yield from _phase("PREFLIGHT", 0.1, 4.0, "done", "PREPARE")
    yield (
        3.0,
        {
            "event": "route-chosen",
            "origin": "blue",
            "origin_release": "1.4.2",
            "target": "green",
            "release": "1.5.0",
            "inputs": {"release": "1.5.0"},
            "first_deploy": False,
        },
    )
    yield from _phase("PREPARE", 4.0, 214.0, "done", "CHECK", waiting=0.0)
    yield 9.0, {"event": "planned", "layer": "network", "phase": "PREPARE", "changes": {}, "allowed": True}
    yield (
        14.0,
        {
            "event": "planned",
            "layer": "green",
            "phase": "PREPARE",
            "allowed": True,
            "changes": {
                "module.server[0].google_compute_instance.server": "replace",
                f"terraform_data.bluegreen{hostile}": "update",
            },
        },
    )
    yield 15.0, {"event": "apply-started", "layer": "green", "phase": "PREPARE", "color": "green"}
    yield 205.0, {"event": "apply-finished", "layer": "green", "phase": "PREPARE", "seconds": 190.0}
    yield 206.0, {"event": "hook-started", "hook": "before_switch", "number": 1, "command": ["./migrate", hostile]}
    yield (
        209.0,
        {
            "event": "hook-finished",
            "hook": "before_switch",
            "number": 1,
            "exit_code": 0,
            "seconds": 3.0,
            "output": f"migrated\n{hostile}\n",
        },
    )
    yield from _phase("CHECK", 214.0, 261.0, "done", "SWITCH", waiting=40.0)
    for number in range(47):
        good = number >= 42
        verdict = "good" if good else "no answer yet" if number < 20 else "wrong answer"
        yield 214.0 + number, _probed("green", verdict, "" if good else f"HTTP 503 {hostile}", 200 if good else 503)
    yield from _phase("SWITCH", 261.0, 266.0, "done", "PROVE")
    yield (
        262.0,
        {
            "event": "planned",
            "layer": "edge",
            "phase": "SWITCH",
            "allowed": True,
            "changes": {"module.cdn.cloudflare_dns_record.root": "update", "terraform_data.bluegreen": "update"},
        },
    )
    yield 263.0, {"event": "apply-started", "layer": "edge", "phase": "SWITCH", "color": ""}
    yield 265.8, {"event": "first-answer", "color": "green", "seconds": 2.8}
    yield from _phase("PROVE", 266.0, 571.0, "done", "BAKE", waiting=300.0)
    yield from _phase("BAKE", 571.0, 660.0, "failed", "RETURN", waiting=80.0)
    for at in range(571, 660, 5):
        sick = at > 630
        yield (
            float(at),
            _probed("green", "wrong answer" if sick else "good", "HTTP 502" if sick else "", 502 if sick else 200),
        )
        yield at + 0.3, _probed("blue", "good", "", 200)
    for number in range(60):
        yield (
            631.0 + 0.45 * number,
            {
                "event": "public-answered",
                "origin": "failed",
                "color": "",
                "release": "",
                "detail": "HTTP 502" if number % 9 else f"HTTP 504 {hostile}",
                "seconds": 0.2,
            },
        )
    yield (
        659.0,
        {
            "event": "error",
            "message": f"green went bad: 6 times in a row wrong answer {hostile}",
            "where": "",
            "hint": "bluegreen status",
            "exit_code": 1,
            "details": [f"one {hostile}", "two"],
        },
    )
    yield from _phase("RETURN", 660.0, 698.0, "done", "RETURNED", waiting=30.0)
    yield (
        661.0,
        {
            "event": "planned",
            "layer": "edge",
            "phase": "RETURN",
            "allowed": True,
            "changes": {"module.cdn.cloudflare_dns_record.root": "update", "terraform_data.bluegreen": "update"},
        },
    )
    yield from _public()
    yield (
        698.5,
        {
            "event": "result",
            "verdict": "returned",
            "exit_code": 6,
            "active": "blue",
            "previous": "",
            "release": "1.5.0",
            "seconds": 698.5,
            "requests": {"sent": 5213, "failed": 118, "slow": 3},
            "overlap_seconds": 4.2,
            "warm_until": 0.0,
            "proof": "answers",
        },
    )


def _phase(name: str, began: float, ended: float, outcome: str, following: str, waiting: float = 0.0) -> Any:
    yield began, {"event": "phase-started", "phase": name}
    yield (
        ended - 0.01,
        {
            "event": "phase-finished",
            "phase": name,
            "outcome": outcome,
            "following": following,
            "seconds": ended - began,
            "waiting": waiting,
        },
    )


def _probed(color: str, verdict: str, detail: str, status: int) -> dict[str, Any]:
    return {
        "event": "probed",
        "color": color,
        "verdict": verdict,
        "detail": detail,
        "status": status,
        "seconds": 0.004,
        "good_in_a_row": 0,
        "needed": 0,
    }


def _public() -> Iterator[tuple[float, dict[str, Any]]]:
    chance = random.Random(7)
    for second in range(2, 698):
        asked = 2 if second < 261 else 10
        going = min(1.0, max(0.0, (second - 264) / 5)) if second < 660 else max(0.0, 1 - (second - 662) / 4)
        green = round(asked * going) if second > 262 else 0
        failed = min(green, round(4 * chance.random())) if 630 < second < 664 else 0
        slow = 3.0 if 262 < second < 270 else 1.0
        times: dict[str, int] = {}
        for _ in range(asked - failed):
            took = f"{float(f'{slow * chance.lognormvariate(3.4, 0.35):.2g}'):g}"
            times[took] = times.get(took, 0) + 1
        by_color = {"blue": asked - green, "green": green - failed}
        yield (
            second + 1.0,
            {
                "event": "public-measured",
                "began": BEGAN + second,
                "seconds": 1.0,
                "sent": asked,
                "failed": failed,
                "by_color": {k: v for k, v in by_color.items() if v},
                "milliseconds": times,
            },
        )
