"""A whole deploy and a whole rollback, against a bash script that makes the same Terraform calls."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from measure import Spread
from report import Reach, Report
from shop import Shop, open_shop
from yardstick import Script, record, write_script

from bluegreen.sandbox.traffic import Traffic

LOOKS = 200.0
"""Questions a second by which the first answer of a color is found: within 5 ms, for both sides alike."""

EXPLAINED = """deploy: seconds of the whole process, without what its journal calls waiting (intervals between probes)
   rollback: seconds from the start of the process to the first public answer of the restored color, nothing taken off
   script: the same calls, environment and values by bash; it neither locks nor guards, checks or proves"""


@dataclass
class Times:
    """Seconds of one side, run by run. whole: deploy with its waiting; back: rollback to its end."""

    deploy: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    rollback: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {name: Spread(tuple(values)).as_dict() for name, values in vars(self).items()}


def measure(rounds: int, **_: Any) -> Report:
    report = Report("A deploy and a rollback, against a script of the same Terraform calls")
    report.note(EXPLAINED)
    for layout in ("layers", "single"):
        with open_shop(layout) as shop:
            ours, script, calls = _compare(shop, rounds)
        report.data[layout] = {"bluegreen": ours.as_dict(), "script": script.as_dict(), "calls": calls}
        for verb, made in calls.items():
            report.row(f"{layout} {verb}, calls", made)
        for verb in ("deploy", "rollback"):
            _tell(report, layout, verb, getattr(ours, verb), getattr(script, verb))
        report.row(f"{layout} deploy, waiting too", Spread(tuple(ours.whole)).written("s", digits=2))
        report.row(f"{layout} rollback, to its end", Spread(tuple(ours.back)).written("s", digits=2))
    return report


def _tell(report: Report, layout: str, verb: str, ours: Sequence[float], script: Sequence[float]) -> None:
    mine, theirs = Spread(tuple(ours)), Spread(tuple(script))
    ratio = mine.median / theirs.median
    report.row(f"{layout} {verb}, bluegreen", f"{mine.written('s', digits=2)}, {ratio:.2f} x")
    report.row(f"{layout} {verb}, script", theirs.written("s", digits=2))
    report.data[layout][f"{verb}_ratio"] = ratio
    if verb == "rollback":
        report.reach(Reach(f"{layout}: rollback to the first answer, times the script", ratio, 2.5))


def _compare(shop: Shop, rounds: int) -> tuple[Times, Times, dict[str, str]]:
    """Deploy to green and roll back to blue, by turns. Each release is a new one, so that all change alike."""
    deploy, rollback = _scripts(shop)
    ours, theirs = Times(), Times()
    with Traffic(shop.network.public_url, workers=1, rate=LOOKS) as traffic:
        for number in range(rounds):
            _ours(shop, traffic, f"3.0.{number}", ours)
            forth = deploy.prepare(shop.folder.parent / f"forth-{number}", RECORDED, f"4.0.{number}")
            back = rollback.prepare(shop.folder.parent / f"back-{number}", RECORDED, f"4.0.{number}")
            theirs.deploy.append(_until_end(shop, forth))
            theirs.whole.append(theirs.deploy[-1])
            first, end = _until_answer(shop, back, traffic)
            theirs.rollback.append(first)
            theirs.back.append(end)
    return ours, theirs, {"deploy": str(deploy), "rollback": str(rollback)}


RECORDED = "2.0.0"


def _scripts(shop: Shop) -> tuple[Script, Script]:
    """Record a deploy and a rollback: not the first of their kind, so that nothing is initialised any more."""
    shop.run("deploy", "--release", "1.9.0", "--yes")
    shop.run("rollback", "--yes")
    deploy = record(shop, "deploy", "--release", RECORDED, "--yes")
    rollback = record(shop, "rollback", "--yes")
    here = shop.folder.parent
    return write_script(here / "deploy.bash", deploy), write_script(here / "rollback.bash", rollback)


def _ours(shop: Shop, traffic: Traffic, release: str, times: Times) -> None:
    seconds = _until_end(shop, shop.argv("deploy", "--release", release, "--yes"))
    times.whole.append(seconds)
    times.deploy.append(seconds - _waited(shop.last_journal()))
    first, end = _until_answer(shop, shop.argv("rollback", "--yes"), traffic)
    times.rollback.append(first)
    times.back.append(end)


def _waited(journal: Sequence[Mapping[str, Any]]) -> float:
    return sum(event["waiting"] for event in journal if event["event"] == "phase-finished")


def _until_end(shop: Shop, argv: Sequence[str]) -> float:
    begun = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        said = child.stderr.read()
    if child.returncode:
        raise RuntimeError(f"{' '.join(argv)}: exit {child.returncode}\n{said.decode(errors='replace')}")
    return time.monotonic() - begun


def _until_answer(shop: Shop, argv: Sequence[str], traffic: Traffic) -> tuple[float, float]:
    """Roll back to blue; return the seconds until the public had its first answer from there, and until the end."""
    begun = time.monotonic()
    whole = _until_end(shop, argv)
    if not traffic.wait_for("blue"):
        raise RuntimeError("blue does not answer the public after a rollback")
    return min(
        hit.sent + hit.seconds for hit in traffic.hits if hit.sent >= begun and hit.color == "blue"
    ) - begun, whole
