"""Twenty flips under load: how many public requests fail, how many are answered by the color that was left."""

from __future__ import annotations

import time
from typing import Any

from report import Reach, Report
from shop import Shop, open_shop

from bluegreen.sandbox.traffic import Traffic

FLIPS = 20
WORKERS = 4
"""Half of them keep their connection; the other half opens one for each request."""
_LOOK = 0.05


def measure(requests: int, **_: Any) -> Report:
    """Flip with `bluegreen rollback --to COLOR`, evenly spread over at least so many requests."""
    report = Report(f"{FLIPS} flips under load, at least {requests:,} requests")
    report.note("load, edge, both servers and the flips share this machine: the rate is what they leave each other")
    with open_shop("layers") as shop:
        shop.run("deploy", "--release", "2.0.0", "--yes")  # green serves, blue is warm: each can be flipped to
        begun = time.monotonic()
        with Traffic(shop.network.public_url, workers=WORKERS, limit=100 * requests) as traffic:
            stale = sum(_flip(shop, traffic, number, requests) for number in range(FLIPS))
            _wait_for(traffic, requests)
        seconds = time.monotonic() - begun
    found = traffic.report
    report.row(
        "requests", f"{found.sent:,} in {seconds:.0f} s, {found.sent / seconds:.0f} a second: {dict(found.by_color)}"
    )
    report.row(
        "latency", f"p50 {found.p50 * 1000:.1f} ms, p99 {found.p99 * 1000:.1f} ms, slower than 1 s: {found.slow}"
    )
    if found.failed:
        report.row("first failure", found.first_failure)
    report.data |= {
        "flips": FLIPS,
        "seconds": seconds,
        "requests": found.sent,
        "failed": found.failed,
        "stale": stale,
        "slow": found.slow,
        "p50_seconds": found.p50,
        "p99_seconds": found.p99,
    }
    report.reach(Reach("requests", found.sent, 100_000, at_least=True))
    report.reach(Reach("failed", found.failed, 0))
    report.reach(Reach("stale", stale, 0))
    return report


def _flip(shop: Shop, traffic: Traffic, number: int, requests: int) -> int:
    """Flip once its share of the requests has been sent; return the stale answers, to requests sent after a new one."""
    _wait_for(traffic, requests * (number + 1) // (FLIPS + 1))
    color = ("blue", "green")[number % 2]
    begun = time.monotonic()
    shop.run("rollback", "--to", color, "--yes")
    if not traffic.wait_for(color, count=WORKERS):
        raise RuntimeError(f"{color} does not answer the public after flip {number + 1}")
    return traffic.stale(color, begun)


def _wait_for(traffic: Traffic, sent: int) -> None:
    while traffic.sent < sent:
        time.sleep(_LOOK)
