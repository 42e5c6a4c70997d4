"""The program is interrupted, or killed: the public stays on or goes back to a healthy color; the way on is known."""

from __future__ import annotations

import json
import signal

import pytest
from documented import event_misfits
from program import Program, read_journal
from shop import Shop


@pytest.fixture
def layout() -> str:
    return "single"


@pytest.fixture
def program(shop: Shop) -> Program:
    shop.configure(bake={"for": "60s", "blind_deadline": "60s"})
    return Program(shop.folder)


def verdict(program: Program, run: str) -> str:
    """What the journal of a run says of its end."""
    journal = read_journal(program.folder / ".bluegreen" / "demo" / "runs" / f"{run}.jsonl")
    return str(journal[-1].get("verdict", ""))


@pytest.mark.fault(2)
@pytest.mark.parametrize(
    ("number", "phase"),
    [
        (signal.SIGINT, "PREPARE"),
        (signal.SIGHUP, "CHECK"),
    ],
)
def test_a_signal_before_the_switch_leaves_the_public_alone(
    shop: Shop, program: Program, number: signal.Signals, phase: str
) -> None:
    shop.sandbox.behave("green", "sick")  # so that CHECK lasts until it is interrupted
    with program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for("phase-started", phase=phase)
        deploy.send(number)
        ended = deploy.wait()
    assert ended.code == 130, ended
    begun = "apply-started" in {event["event"] for event in deploy.journal}
    assert ("the public never left blue" if begun else "nothing was changed") in ended.err
    assert shop.live_color() == "blue"


@pytest.mark.fault(2)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_switch_goes_back_and_more_of_them_change_nothing(
    shop: Shop, program: Program, number: signal.Signals
) -> None:
    with program.start("deploy", "--release", "1.5.0", "--json") as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        deploy.send(number)
        deploy.wait_for("phase-started", phase="RETURN")
        deploy.send(signal.SIGINT)
        deploy.send(number)
        ended = deploy.wait()
    assert ended.code == 130, ended
    assert (ended.result["verdict"], ended.result["exit_code"], ended.result["active"]) == ("returned", 130, "blue")
    assert "going back" in ended.err
    assert shop.live_color() == "blue"
    status = shop.environment().status()
    assert (status.active, status.public, list(status.drift), status.unfinished) == ("blue", "blue", [], "")


@pytest.mark.parametrize(("event", "phase"), [("apply-started", "SWITCH"), ("phase-started", "BAKE")])
def test_a_deploy_that_was_killed_after_the_switch_is_taken_back_by_rollback(
    shop: Shop, program: Program, event: str, phase: str
) -> None:
    for seconds in (0.0, 3.0):  # PREPARE's; and SWITCH's, so that it lasts until it is killed
        shop.sandbox.delay_answers("POST", "/state/demo/main", seconds, times=1)
    with program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for(event, phase=phase)
        deploy.send(signal.SIGKILL)  # Terraform, when it is at work, goes on
        deploy.wait()
        killed = deploy.run
    status = program("status")
    assert status.code == 0
    assert f"deploy {killed}, cut off in {phase}" in status.out
    back = program("rollback")
    assert back.code == 0, back
    assert f"run {killed} (deploy) was cut off in {phase}" in back.err
    assert (shop.live_color(), verdict(program, killed)) == ("blue", "abandoned")
    after = shop.environment().status()
    assert (after.active, after.public, list(after.drift), after.unfinished) == ("blue", "blue", [], "")


def test_a_deploy_that_was_killed_before_the_switch_needs_no_rollback(shop: Shop, program: Program) -> None:
    shop.sandbox.delay_answers("POST", "/state/demo/main", 3.0, times=1)  # so that PREPARE lasts until it is killed
    with program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for("apply-started", layer="main")
        deploy.send(signal.SIGKILL)
        deploy.wait()
        killed = deploy.run
    back = program("rollback", "--json")
    assert (back.code, back.result["verdict"], shop.live_color()) == (0, "nothing-to-do", "blue")
    assert verdict(program, killed) == "abandoned"
    shop.configure(bake={"for": "400ms"})
    assert program("deploy", "--release", "1.5.1").code == 0
    assert shop.live_color() == "green"


def test_the_deploy_after_a_killed_one_takes_over(shop: Shop, program: Program) -> None:
    shop.sandbox.behave("green", "sick")
    with program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for("phase-started", phase="CHECK")
        deploy.send(signal.SIGKILL)
        deploy.wait()
        killed = deploy.run
    shop.sandbox.behave("green", "ok")
    shop.configure(bake={"for": "400ms"})
    after = program("deploy", "--release", "1.5.0", "--json")
    assert (after.code, after.result["active"]) == (0, "green")
    assert (shop.live_color(), verdict(program, killed)) == ("green", "abandoned")
    assert event_misfits(json.loads(program("show", killed, "--json").out)) == []


def test_a_release_whose_return_was_killed_counts_as_taken_back(shop: Shop, program: Program) -> None:
    shop.configure(probe={"settle": "2s"})  # so that RETURN lasts until it is killed
    with program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for("phase-started", phase="BAKE")
        deploy.send(signal.SIGINT)
        deploy.wait_for("apply-finished", phase="RETURN")
        deploy.send(signal.SIGKILL)
        deploy.wait()
    assert program("rollback").code == 0
    shop.configure(bake={"for": "400ms"}, probe={"settle": "300ms"})
    refused = program("deploy", "--release", "1.5.0")
    assert (refused.code, shop.live_color()) == (3, "blue")
    assert "--retry --reason TEXT" in refused.err


@pytest.mark.fault(7)
@pytest.mark.parametrize(("phase", "code"), [("CHECK", 1), ("SWITCH", 6), ("BAKE", 6)])
def test_a_rollback_never_loses_to_a_deploy(shop: Shop, program: Program, phase: str, code: int) -> None:
    if phase == "CHECK":
        shop.sandbox.behave("green", "sick")  # so that CHECK lasts until it is stopped
    with shop.traffic() as traffic, program.start("deploy", "--release", "1.5.0") as deploy:
        deploy.wait_for("phase-started", phase=phase)
        back = program("rollback", "--json")
        ended = deploy.wait()
    assert (back.code, ended.code, shop.live_color()) == (0, code, "blue"), (back, ended)
    assert "is asked to go back" in back.err
    assert "on request of" in ended.err
    assert traffic.report.failed == 0
    status = shop.environment().status()
    assert (status.active, status.public, list(status.drift), status.unfinished) == ("blue", "blue", [], "")


@pytest.mark.fault(7)
def test_a_second_rollback_waits_for_the_first(shop: Shop, program: Program) -> None:
    shop.configure(bake={"for": "400ms"})
    assert program("deploy", "--release", "1.5.0").code == 0
    shop.configure(probe={"settle": "2s"}, keep_warm="10m")
    with program.start("rollback") as first:
        first.wait_for("phase-started", phase="PROVE")
        second = program("rollback", "--json")
        assert first.wait().code == 0
    assert (second.code, second.result["verdict"], shop.live_color()) == (0, "nothing-to-do", "blue"), second
