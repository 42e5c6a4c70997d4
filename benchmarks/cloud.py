"""A deploy and rollbacks with the real providers, near their APIs and far from them, against bash and a bare apply."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contest import EXPLAINED, Contest, Times
from report import Reach, Report
from shop import Shop, open_shop
from switching import tell

from bluegreen.sandbox.client import Sandbox

PROVIDERS = Path(os.environ.get("BLUEGREEN_PROVIDERS") or Path(__file__).parents[1] / ".providers").absolute()
LATENCIES = (0.0, 0.15)
"""Seconds by which each answer of both APIs is late: a runner in their region, and one on another continent."""
APIS = ("/client/v4/*", "/compute/v1/*")


@dataclass
class Found:
    """What each side took at one latency. hand: a bare apply in the single root."""

    ours: Times = field(default_factory=Times)
    script: Times = field(default_factory=Times)
    hand: Times = field(default_factory=Times)


def measure(rounds: int, **_: Any) -> Report:
    """Measure color layers; a single root is there for the bare apply. Raises RuntimeError without the providers."""
    settings = PROVIDERS / "terraformrc"
    if not settings.is_file():
        raise RuntimeError(f"no real providers: there is no {settings} (make providers, or set BLUEGREEN_PROVIDERS)")
    report = Report("The real providers: a deploy and rollbacks in layers, a bare apply in a single root")
    report.note(EXPLAINED)
    report.note("bare flip: `terraform apply -auto-approve` of the way back in the single root, to the first answer")
    found = {latency: Found() for latency in LATENCIES}
    with open_shop("layers", settings) as layers, open_shop("single", settings) as single:
        contest, root = Contest(layers), Contest(single)
        for _round in range(rounds):
            for latency, times in found.items():
                with _far_away(layers, latency), _far_away(single, latency):
                    contest.play(times.ours, times.script)
                    root.flip(times.hand)
    for verb, made in contest.calls.items():
        report.row(f"{verb}, calls", made)
    for latency, times in found.items():
        _tell(report, f"{latency * 1000:.0f} ms:", times)
    return report


@contextmanager
def _far_away(shop: Shop, latency: float) -> Iterator[None]:
    """Let the sandbox's answers as Google and as Cloudflare be late; its states and the public are not."""
    sandbox = Sandbox(shop.network)
    for path in APIS if latency else ():
        sandbox.delay_answers("*", path, latency)
    try:
        yield
    finally:
        sandbox.clear_faults()


def _tell(report: Report, where: str, times: Found) -> None:
    sides = {"bluegreen": times.ours, "script": times.script, "hand": times.hand}
    report.data[where] = {side: found.as_dict() for side, found in sides.items()}
    ratio = tell(report, where, times.ours, times.script)
    report.row(f"{where} bare flip", times.hand["bare flip"].written("s", digits=2))
    hand = times.hand["bare flip"].median
    report.reach(Reach(f"{where} deploy, times the script", ratio["deploy"], 1.1))
    report.reach(Reach(f"{where} rollback, times the script", ratio["rollback"], 1.1))
    report.reach(
        Reach(f"{where} prepared rollback, times a bare flip", times.ours["prepared rollback"].median / hand, 0.5)
    )
    report.reach(Reach(f"{where} rollback, times a bare flip", times.ours["rollback"].median / hand, 1.2))
