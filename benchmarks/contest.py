"""A deploy and its rollbacks, by bluegreen and by bash scripts that make Terraform calls, in one shop, by turns."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from typing import Any

from measure import Spread, seconds_of
from shop import Shop
from yardstick import Call, Script, bare, record, write_script

from bluegreen.sandbox.traffic import Traffic

LOOKS = 200.0
"""Questions a second by which the first answer of a color is found: within 5 ms, for all sides alike."""

EXPLAINED = """deploy: seconds of the whole process, without what its journal calls waiting (intervals between probes)
   rollback: seconds from the start of the process to the first public answer of the restored color, nothing taken off
   prepared: the same, by the plan that the deploy has left; the other rollback makes its own, as the script does
   own: of a run, what is left without the waiting and the seconds in which Terraform ran
   script: the same calls, environment and values by bash; it neither locks nor guards, checks or proves"""

_RECORDED = "2.0.0"


class Times:
    """Seconds of one side, run by run, by what was measured."""

    def __init__(self) -> None:
        self._values: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, what: str, seconds: float) -> None:
        self._values[what].append(seconds)

    def __getitem__(self, what: str) -> Spread:
        return Spread(tuple(self._values[what]))

    def as_dict(self) -> dict[str, Any]:
        return {what: self[what].as_dict() for what in self._values}


class Contest:
    """One shop in which blue serves and green is deployed to, again and again, each time with a release of its own.

    calls: what the scripts repeat, as `terraform` is told it. A bare flip is one `apply -auto-approve` by hand.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._numbers = count()
        deploy, rollback = _record(shop)
        self._deploy, self._rollback = self._script("deploy", deploy), self._script("rollback", rollback)
        self._forth = self._script("forth", [bare(_switch_to("green", deploy))])
        self._back = self._script("back", [bare(_switch_to("blue", rollback))])
        self.calls = {"deploy": str(self._deploy), "rollback": str(self._rollback)}

    def play(self, ours: Times, script: Times) -> None:
        """Deploy and go back: bluegreen by the prepared plan and, after a bare flip forth, by its own; the script."""
        release = f"3.0.{next(self._numbers)}"
        whole = self._seconds(self._shop.argv("deploy", "--release", release, "--yes"))
        waited, ran = self._waited_and_ran(len(self._deploy.calls))
        ours.add("deploy", whole - waited)
        ours.add("deploy, waiting too", whole)
        ours.add("deploy, own", whole - waited - ran)
        self._go_back(ours, "prepared rollback", calls=1)
        self._seconds(self._laid_out(self._forth, release))
        self._go_back(ours, "rollback", calls=len(self._rollback.calls))
        release = f"3.0.{next(self._numbers)}"
        script.add("deploy", self._seconds(self._laid_out(self._deploy, release)))
        first, end = self._until_blue(self._laid_out(self._rollback, release))
        script.add("rollback", first)
        script.add("rollback, to its end", end)

    def flip(self, hand: Times) -> None:
        """Flip to green, and measure a bare flip back to blue."""
        self._seconds(self._laid_out(self._forth, _RECORDED))
        hand.add("bare flip", self._until_blue(self._laid_out(self._back, _RECORDED))[0])

    def _go_back(self, ours: Times, what: str, calls: int) -> None:
        first, end = self._until_blue(self._shop.argv("rollback", "--yes"))
        waited, ran = self._waited_and_ran(calls)
        ours.add(what, first)
        ours.add(f"{what}, to its end", end)
        ours.add(f"{what}, own", end - waited - ran)

    def _until_blue(self, argv: Sequence[str]) -> tuple[float, float]:
        """Return the seconds from a command's start to blue's first public answer, and to the command's end."""
        with Traffic(self._shop.network.public_url, workers=1, rate=LOOKS) as traffic:
            if not traffic.wait_for("green"):
                raise RuntimeError("green does not answer the public before it is to be left")
            begun = time.monotonic()
            end = self._seconds(argv)
            if not traffic.wait_for("blue"):
                raise RuntimeError("blue does not answer the public after a rollback")
        answers = (hit.sent + hit.seconds for hit in traffic.hits if hit.sent >= begun and hit.color == "blue")
        return min(answers) - begun, end

    def _waited_and_ran(self, calls: int) -> tuple[float, float]:
        """Return the seconds that the last run waited, and those in which Terraform ran: never two at once.

        Raises RuntimeError when it made another number of calls: then it is no match for the script.
        """
        journal = self._shop.last_journal()
        ran = [event["seconds"] for event in journal if event["event"] == "terraform-finished"]
        if len(ran) != calls:
            raise RuntimeError(f"{journal[0]['verb']} made {len(ran)} calls of Terraform, not {calls}")
        return sum(event["waiting"] for event in journal if event["event"] == "phase-finished"), sum(ran)

    def _script(self, name: str, calls: list[Call]) -> Script:
        return write_script(self._shop.folder.parent / f"{name}.bash", calls)

    def _laid_out(self, script: Script, release: str) -> list[str]:
        folder = self._shop.folder.parent / f"{script.path.stem}-{next(self._numbers)}"
        return script.prepare(folder, _RECORDED, release)

    def _seconds(self, argv: Sequence[str]) -> float:
        return seconds_of(argv, self._shop.folder)


def _record(shop: Shop) -> tuple[list[Call], list[Call]]:
    """Record a deploy, and a rollback without the plan that it has left: a script could not apply that twice.

    Not the first deploy of its kind, so that nothing is initialised any more.
    """
    shop.run("deploy", "--release", "1.9.0", "--yes")
    shop.run("rollback", "--yes")
    deploy = record(shop, "deploy", "--release", _RECORDED, "--yes")
    shop.forget_way_back()
    return deploy, record(shop, "rollback", "--yes")


def _switch_to(color: str, calls: list[Call]) -> Call:
    """Return the one plan that points the public at `color` and is applied: the first that says so."""
    return next(call for call in calls if f'server_active = "{color}"' in call.values)
