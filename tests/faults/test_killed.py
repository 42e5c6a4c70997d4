"""Killed: a run that ended anywhere, with no word of farewell, is finished by `resume`."""

from __future__ import annotations

import random
import signal
from collections.abc import Mapping, Sequence

import pytest
from night import Night, kill_after
from tally import Tally

from bluegreen.switch.phases import TABLES

pytestmark = [pytest.mark.fault(1), pytest.mark.long, pytest.mark.timeout(900)]

KILLS = 25
"""Random kills of one test; there are eight such tests."""

VERBS: Mapping[str, Sequence[str]] = {"deploy": (), "rollback": (), "retire": ("--force", "--reason", "test")}


def arguments(night: Night, verb: str) -> list[str]:
    return [verb, "--release", night.release()] if verb == "deploy" else [verb, *VERBS[verb]]


def make_ready(night: Night, verb: str) -> None:
    """Bring about what a verb needs: a rollback and a retire need a warm color."""
    if verb != "deploy":
        assert night.program("deploy", "--release", night.release()).code == 0


def distinct_lines(night: Night, verb: str) -> list[int]:
    """Do a run that nobody disturbs, and return which lines of its journal are the first of their kind in a phase."""
    make_ready(night, verb)
    with night.program.start(*arguments(night, verb)) as running:
        assert running.wait().code == 0
        journal = running.journal
    phases = [event["phase"] for event in journal if event["event"] == "phase-started"]
    assert set(phases) <= TABLES[verb].keys()
    seen: dict[tuple[str, str], int] = {}
    phase = ""
    for number, event in enumerate(journal):
        phase = event["phase"] if event["event"] == "phase-started" else phase
        seen.setdefault((phase, event["event"]), number)
    return sorted(seen.values())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("verb", VERBS)
def test_around_each_write_to_the_journal(night: Night, verb: str, when: str, tally: Tally) -> None:
    for line in distinct_lines(night, verb):
        make_ready(night, verb)
        with night.traffic():
            killed = night.killed_at(when, line, *arguments(night, verb))
            if killed.code == 0:
                continue  # this run's journal was shorter
            with tally.fault():
                assert killed.code == -signal.SIGKILL, killed
                night.await_terraform()
                night.status()
                finish(night)
    night.shop.assert_nothing_to_plan()


@pytest.mark.parametrize("layout", ["single", "layers"])
@pytest.mark.parametrize("share", range(4))
def test_at_random_moments(night: Night, layout: str, share: int, tally: Tally) -> None:
    chance = random.Random(f"{layout} {share}")
    with night.program.start("deploy", "--release", night.release()) as running:
        assert running.wait().code == 0
        longest = running.journal[-1]["seconds"] + 0.5  # of a run, and of what begins it
    for _ in range(KILLS):
        with tally.fault(), night.traffic():
            verb = chance.choice(["deploy", "deploy", "rollback"])
            with night.program.start(*arguments(night, verb)) as running:
                kill_after(running, chance.uniform(0.3, longest))
            if chance.random() < 0.5:  # else its Terraform may live on
                night.await_terraform()
                night.status()
            finish(night)
    night.shop.assert_nothing_to_plan()


def finish(night: Night) -> None:
    """Take the run up again, and see that nothing is left of its having been killed."""
    resumed = night.program("resume", "--json")
    assert resumed.code == 0, resumed
    night.assert_survived(resumed.result["active"] or night.shop.live_color(), plan=False)
