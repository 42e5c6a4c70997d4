"""A whole deploy and a whole rollback, against a bash script that makes the same Terraform calls."""

from __future__ import annotations

from typing import Any

from contest import EXPLAINED, Contest, Times
from report import Reach, Report
from shop import open_shop


def measure(rounds: int, **_: Any) -> Report:
    report = Report("A deploy and a rollback, against a script of the same Terraform calls")
    report.note(EXPLAINED)
    for layout in ("layers", "single"):
        ours, script = Times(), Times()
        with open_shop(layout) as shop:
            contest = Contest(shop)
            for _round in range(rounds):
                contest.play(ours, script)
        report.data[layout] = {"bluegreen": ours.as_dict(), "script": script.as_dict(), "calls": contest.calls}
        for verb, made in contest.calls.items():
            report.row(f"{layout} {verb}, calls", made)
        ratio = tell(report, layout, ours, script)
        report.reach(Reach(f"{layout}: rollback to the first answer, times the script", ratio["rollback"], 2.5))
    return report


def tell(report: Report, where: str, ours: Times, script: Times) -> dict[str, float]:
    """Report what two sides took; return each verb's median as a multiple of the script's."""
    ratio = {verb: ours[verb].median / script[verb].median for verb in ("deploy", "rollback")}
    for verb, times in ratio.items():
        report.row(f"{where} {verb}, bluegreen", f"{ours[verb].written('s', digits=2)}, {times:.2f} x")
        report.row(f"{where} {verb}, script", script[verb].written("s", digits=2))
    for what in ("prepared rollback", *(what for what in ours.as_dict() if "," in what)):
        report.row(f"{where} {what}", ours[what].written("s", digits=2))
    report.data[where]["ratio"] = ratio
    return ratio
