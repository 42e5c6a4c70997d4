"""The most memory that the process of `bluegreen` holds during a deploy, without Terraform's."""

from __future__ import annotations

from typing import Any

from measure import Spread, peak_of
from report import Reach, Report
from shop import open_shop

RUNS = 5


def measure(**_: Any) -> Report:
    """Deploy to the idle color, again and again; nothing is timed."""
    report = Report("Peak memory of the bluegreen process")
    with open_shop("layers") as shop:
        deploys, rollbacks = [], []
        for number in range(RUNS):
            deploys.append(peak_of(shop.argv("deploy", "--release", f"2.0.{number}", "--yes"), shop.folder))
            rollbacks.append(peak_of(shop.argv("rollback", "--yes"), shop.folder))
    for verb, values in (("deploy", deploys), ("rollback", rollbacks)):
        spread = Spread(tuple(values))
        report.row(verb, spread.written("MB", digits=1))
        report.data[verb] = {"peak_mb": spread.as_dict()}
    report.reach(Reach("a deploy's peak", max(deploys), 75, "MB"))
    return report
