"""Killed: a run that ended anywhere, with no word of farewell, is finished by `resume`."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

import pytest
from night import Night, kill_after
from root import BLUE, World
from shop import terraform
from tally import Tally

from bluegreen.errors import TerraformError
from bluegreen.events import Event, TerraformStarted
from bluegreen.switch.phases import TABLES

pytestmark = [pytest.mark.fault(1), pytest.mark.long, pytest.mark.timeout(900)]

KILLS = 10
"""Random kills of one test; there are twenty such tests."""

CHANGES = 2
"""Exit code of `terraform plan -detailed-exitcode`."""

SHARES = 2
"""Tests among which the kills around the lines of the journals are divided."""

OF_A_WARM_COLOR: Mapping[str, Sequence[str]] = {"rollback": (), "retire": ("--force", "--reason", "test")}
"""The verbs that need one, with the arguments that they take."""


def arguments(night: Night, verb: str) -> list[str]:
    return [verb, "--release", night.release()] if verb == "deploy" else [verb, *OF_A_WARM_COLOR[verb]]


def deploy(night: Night) -> None:
    assert night.program(*arguments(night, "deploy")).code == 0
    assert is_warm(night)


def is_warm(night: Night) -> bool:
    said = night.status()
    return bool(said["rollback"]["ready"] and all(color["healthy"] for color in said["colors"].values()))


SAME_MOMENT = 0.002
"""Seconds. Between two lines that are closer, nothing was done: after the one is before the other."""


def distinct_lines(night: Night, verb: str, when: str, share: int) -> list[int]:
    """Do a run that nobody disturbs, and return which lines of its journal are the first of their kind in a phase.

    when: `before` or `after`; lines after which the next one comes in the same moment are those before which it is.
    share: which of the kinds, the same ones whatever the journal's length.
    """
    if verb in OF_A_WARM_COLOR and not is_warm(night):
        deploy(night)
    with night.program.start(*arguments(night, verb)) as running:
        assert running.wait().code == 0
        journal = running.journal
    found = distinct(journal, when)
    assert {phase for phase, _ in found} <= {"", *TABLES[verb]}
    return [line for kind, line in found.items() if crc32(" ".join(kind).encode()) % SHARES == share]


def distinct(journal: Sequence[Mapping[str, Any]], when: str) -> Mapping[tuple[str, str], int]:
    """Return the kinds of lines of a journal, each a phase and an event, with the number of the first of each."""
    seen: dict[tuple[str, str], int] = {}
    phase = ""
    for number, event in enumerate(journal):
        phase = event["phase"] if event["event"] == "phase-started" else phase
        seen.setdefault((phase, event["event"]), number)
    lines, times = set(seen.values()), [event["time"] for event in journal]
    return {
        kind: line
        for kind, line in seen.items()
        if when == "before" or line + 1 not in lines or times[line + 1] - times[line] > SAME_MOMENT
    }


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("share", range(SHARES))
def test_around_each_write_to_the_journal(night: Night, share: int, when: str, tally: Tally) -> None:
    """A deploy that was finished leaves a warm color: so the next kill is of a verb that needs one."""
    left = {verb: distinct_lines(night, verb, when, share) for verb in ("deploy", *OF_A_WARM_COLOR)}
    while any(left.values()):
        wanted = [verb for verb in OF_A_WARM_COLOR if left[verb]]
        verb = wanted[0] if wanted and is_warm(night) else "deploy"
        if not left[verb]:
            deploy(night)
            continue
        with night.traffic():
            killed = night.killed_at(when, left[verb].pop(), *arguments(night, verb))
            if killed.code == 0:
                continue  # this run's journal was shorter
            with tally.fault():
                assert killed.code == -signal.SIGKILL, killed
                night.await_terraform()
                night.status()
                finish(night)
    night.shop.assert_nothing_to_plan()


RETURNS = {"hooks": {"after_switch": [{"command": ["false"]}]}}
"""With these settings every deploy goes back."""


def towards(night: Night, phase: str) -> list[str]:
    """Return the arguments of a run that comes to that phase, which a run on a good day does not."""
    if phase == "RETURN":
        return arguments(night, "deploy")
    if not is_warm(night):
        deploy(night)
    assert night.program(*arguments(night, "retire")).code == 0
    return arguments(night, "rollback")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("phase", "code"), [("RETURN", 6), ("PREPARE", 0)])
def test_in_a_phase_that_a_good_day_does_not_see(night: Night, phase: str, code: int, when: str, tally: Tally) -> None:
    """A deploy that goes back, and a rollback that starts a stopped color first."""
    night.shop.configure(**(RETURNS if phase == "RETURN" else {}))
    with night.program.start(*towards(night, phase)) as running:
        assert running.wait().code == code
        lines = [line for (where, _), line in distinct(running.journal, when).items() if where == phase]
    assert len(lines) > 3
    for line in lines:
        run = towards(night, phase)
        with night.traffic():
            before, killed = night.answered(), night.killed_at(when, line, *run)
            if killed.code == code:
                continue  # this run's journal was shorter
            with tally.fault():
                assert killed.code == -signal.SIGKILL, killed
                night.await_terraform()
                night.status()
                finish(night, code)
                assert (night.answered() == before) == (phase == "RETURN")
    night.shop.assert_nothing_to_plan()


@pytest.mark.parametrize("layout", ["single", "layers"])
@pytest.mark.parametrize("share", range(8))
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


@pytest.mark.parametrize("share", range(4))
def test_with_its_terraform(night: Night, share: int, tally: Tally) -> None:
    """As in a power cut, or by a container's end: nothing lives on, and Terraform leaves its lock."""
    chance = random.Random(share)
    locked = 0
    for _ in range(KILLS):
        with tally.fault(), night.traffic():
            with night.program.start("deploy", "--release", night.release()) as running:
                if chance.random() < 0.5:
                    running.wait_for("apply-started", phase=chance.choice(["PREPARE", "SWITCH"]))
                kill_after(running, chance.uniform(0.0, 0.3), with_children=True)
            locked += bool(night.shop.sandbox.locks())
            night.status()
            finish(night)
    assert locked > 0
    night.shop.assert_nothing_to_plan()


def test_while_a_state_on_disk_is_being_written(tally: Tally, world: World) -> None:
    """Killed at random moments, Terraform leaves a local state empty, or torn; and the checked copy is put back."""
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    chance = random.Random(1)
    for number in range(20):
        with tally.fault():
            values = {**BLUE, "secret": str(number)}
            world.on_event = lambda event: kill_terraform(event, chance.uniform(0.0, 0.05))
            with suppress(TerraformError):
                workspace.apply(workspace.plan(values))
            world.on_event = lambda event: None
            workspace.apply(workspace.plan(values))
            assert workspace.read().output == {"server_active": "blue"}


@pytest.mark.control(1)
def test_bare_terraform_offers_to_make_everything_again(world: World, tally: Tally) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    world.state.write_bytes(b"")  # what is left of 10 to 78 of 100 states that were being written
    planned = terraform(world.folder, "plan", "-detailed-exitcode", "-input=false", "-var", "server_active=blue")
    assert planned == CHANGES
    tally.control = "killed while it writes its state, bare Terraform plans to make all of it once more, and exits well"


def kill_terraform(event: Event, seconds: float) -> None:
    """Kill the Terraform of an apply, with its children, some time after it was started."""
    if isinstance(event, TerraformStarted) and event.command == "apply":
        time.sleep(seconds)
        os.killpg(event.pid, signal.SIGKILL)


def finish(night: Night, code: int = 0) -> None:
    """Take the run up again, and see that nothing is left of its having been killed. code: its own, had it ended."""
    resumed = night.program("resume", "--json")
    assert resumed.code in (0, code), resumed
    night.assert_survived(resumed.result["active"] or night.shop.live_color(), plan=False)
