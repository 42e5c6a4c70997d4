"""Real runs that were killed, taken up again by the real program; and locks that nobody seems to hold."""

from __future__ import annotations

import json
import signal

import pytest
from documented import event_misfits
from program import Program, Running, read_journal
from shop import QUICK, Shop


@pytest.fixture
def layout() -> str:
    return "layers"


@pytest.fixture
def program(shop: Shop) -> Program:
    return Program(shop.folder)


def kill(running: Running) -> str:
    """Kill a run, while the Terraform that it has started goes on; return its id."""
    running.send(signal.SIGKILL)
    running.wait()
    return running.run


def killed_deploy(shop: Shop, program: Program, event: str, phase: str) -> str:
    """Return the id of a deploy that was killed at that event. However late the kill comes, the run is not over."""
    shop.configure(bake={"for": "60s", "blind_deadline": "60s"})
    with program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for(event, phase=phase)
        killed = kill(deploy)
    shop.configure(bake=QUICK["bake"])
    return killed


@pytest.mark.parametrize(
    ("event", "phase"),
    [
        ("phase-started", "PREPARE"),
        ("apply-started", "PREPARE"),
        ("phase-started", "CHECK"),
        ("apply-started", "SWITCH"),
        ("phase-started", "PROVE"),
        ("phase-started", "BAKE"),
    ],
)
def test_a_deploy_that_was_killed_is_finished(shop: Shop, program: Program, event: str, phase: str) -> None:
    with shop.traffic() as traffic:
        killed = killed_deploy(shop, program, event, phase)
        resumed = program("resume", "--json")
    assert resumed.code == 0, resumed
    assert (resumed.result["verdict"], resumed.result["active"], resumed.result["run"]) == ("switched", "green", killed)
    assert traffic.report.failed == 0
    assert shop.live_color() == "green"
    status = shop.environment().status()
    assert (status.active, status.public, list(status.drift), status.unfinished) == ("green", "green", [], "")
    assert (status.rollback.ready, status.rollback.target) == (True, "blue")
    shop.assert_nothing_to_plan()
    shown = json.loads(program("show", killed, "--json").out)
    assert event_misfits(shown) == []
    assert program("history").out.count(killed) == 1


@pytest.mark.fault(4)
@pytest.mark.parametrize(
    ("verb", "event", "phase", "active"),
    [("rollback", "apply-started", "SWITCH", "blue"), ("retire", "apply-started", "RETIRE", "green")],
)
def test_other_runs_that_were_killed_are_finished(
    shop: Shop, program: Program, verb: str, event: str, phase: str, active: str
) -> None:
    assert program("deploy", "--release", "1.5.0").code == 0
    options = ["--force", "--reason", "test"] if verb == "retire" else []
    with program.start(verb, *options) as run:
        run.wait_for(event, phase=phase)
        kill(run)
    resumed = program("resume")
    assert resumed.code == 0, resumed
    assert shop.live_color() == active
    assert shop.environment().status().unfinished == ""
    shop.assert_nothing_to_plan()


def test_with_nothing_to_take_up_it_does_nothing(shop: Shop, program: Program) -> None:
    before = len(shop.environment().store.runs())
    resumed = program("resume", "--json")
    assert (resumed.code, resumed.result["verdict"]) == (0, "nothing-to-do")
    assert "no run was cut off" in resumed.err
    assert len(shop.environment().store.runs()) == before


def test_a_run_that_is_under_way_is_not_taken_up(shop: Shop, program: Program) -> None:
    shop.configure(bake={"for": "60s", "blind_deadline": "60s"})
    with program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        resumed = program("resume")
        assert (resumed.code, "holds the lock" in resumed.err) == (4, True), resumed
        assert program("unlock", "--reason", "test", "--yes").code == 4
        deploy.send(signal.SIGINT)
        assert deploy.wait().code == 130


def test_the_lock_of_another_machine_is_broken_after_saying_whose_it_is(shop: Shop, program: Program) -> None:
    killed = killed_deploy(shop, program, "phase-started", "BAKE")
    lock = shop.environment().data / "lock"
    lock.write_text(json.dumps({**json.loads(lock.read_text()), "host": "elsewhere"}))
    refused = program("resume")
    assert (refused.code, "bluegreen unlock --reason TEXT" in refused.err) == (4, True), refused
    assert program("unlock", "--yes").code == 2
    unlocked = program("unlock", "--reason", "elsewhere burnt down", "--yes")
    assert unlocked.code == 0, unlocked
    assert f"deploy {killed}" in unlocked.err
    assert "elsewhere" in unlocked.err
    assert "elsewhere burnt down" in program("history").out
    assert "nobody holds the lock" in program("unlock", "--reason", "again").err
    assert program("resume").code == 0
    assert (shop.live_color(), shop.environment().status().unfinished) == ("green", "")


def test_the_journal_of_a_run_that_was_taken_up_is_one(shop: Shop, program: Program) -> None:
    killed = killed_deploy(shop, program, "phase-started", "BAKE")
    assert program("resume").code == 0
    journal = read_journal(shop.environment().data / "runs" / f"{killed}.jsonl")
    words = [event["event"] for event in journal]
    assert (words.count("run-started"), words.count("run-resumed"), words.count("result")) == (1, 1, 1)
    assert words[-1] == "result"
    shown = program("show", killed).out
    assert "cut off" in shown
    assert "taken up again by" in shown


def test_a_locked_environment_takes_no_deploy_and_every_rollback(shop: Shop, program: Program) -> None:
    assert program("deploy", "--release", "1.5.0").code == 0
    assert program("lock", "--reason", "audit", "--until", "1h").code == 0
    refused = program("deploy", "--release", "1.6.0", "--json")
    assert (refused.code, refused.result["verdict"], "audit" in refused.err) == (4, "locked", True), refused
    assert "audit" in program("status").out
    assert program("rollback").code == 0
    assert program("unlock").code == 0
    assert program("deploy", "--release", "1.6.0").code == 0
    assert "audit" in program("history").out
    assert shop.live_color() == "green"
