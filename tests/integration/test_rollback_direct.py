"""A rollback past Terraform by the real program, while real Terraform is of no use, and what brings that along."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest
from documented import event_misfits
from program import Ended, Program
from shop import QUICK, Shop

pytestmark = pytest.mark.timeout(300)
LONG = pytest.mark.long

BATCH = "/client/v4/zones/*/dns_records/batch"
DIRECT = ("rollback", "--direct", "--to", "blue", "--reason", "the night of the bucket", "--yes")
EVERY_TRY = 3


@pytest.fixture
def stage() -> str:
    """Release 1.5.0 serves from green; blue is warm."""
    return "switched"


@pytest.fixture
def program(shop: Shop) -> Program:
    return Program(shop.folder)


@contextmanager
def trouble(shop: Shop, kind: str) -> Iterator[None]:
    """Have Terraform be of no use."""
    state = shop.network.state_url(f"demo/{shop.edge_state}")
    match kind:
        case "state":
            shop.sandbox.refuse_requests("*", "/state/*", 403, times=None)
        case "program":
            missing = str(shop.folder / "nowhere" / "terraform")
            shop.configure(terraform={"engine": missing, "env": {"TF_VAR_place": "${NOT_SET_AT_NIGHT}"}})
        case "lock":
            info = {
                "ID": "stuck",
                "Operation": "OperationTypeApply",
                "Who": "nobody",
                "Created": "2026-01-01T00:00:00Z",
            }
            urlopen(Request(state, json.dumps(info).encode(), method="LOCK")).close()
            shop.configure(terraform={"lock_timeout": "100ms"})
    try:
        yield
    finally:
        shop.sandbox.clear_faults()
        shop.configure(terraform={"engine": "auto", "env": {"TF_VAR_place": "here"}})
        if kind == "lock":
            shop.sandbox.break_lock(f"demo/{shop.edge_state}")


def assert_agreed(shop: Shop, color: str) -> None:
    """State, live record and public say the same, nothing is owed, and a bare plan of each root says no changes."""
    status = shop.environment().status()
    assert (status.active, status.public, list(status.drift), status.unfinished) == (color, color, [], "")
    assert shop.live_color() == color
    shop.assert_nothing_to_plan()


def assert_done(ended: Ended) -> None:
    assert ended.code == 0, ended
    assert (ended.result["verdict"], ended.result["active"]) == ("rolled-back-directly", "blue")
    assert event_misfits(ended.events) == []


@pytest.mark.fault(22)
@pytest.mark.parametrize("kind", ["state", pytest.param("program", marks=LONG), pytest.param("lock", marks=LONG)])
def test_it_needs_nothing_of_terraform_and_resume_brings_that_along(shop: Shop, program: Program, kind: str) -> None:
    assert program("lock", "--reason", "audit").code == 0
    with shop.traffic() as traffic:
        with trouble(shop, kind):
            assert program("rollback").code != 0
            assert shop.live_color() == "green"
            assert_done(program(*DIRECT, "--json"))
            assert shop.live_color() == "blue"
            assert program("resume").code != 0
        assert program("unlock").code == 0
        refused = program("deploy", "--release", "1.6.0", "--json")
        assert (refused.code, refused.result["verdict"], "bluegreen resume" in refused.err) == (3, "refused", True)
        assert "past Terraform" in program("history").err
        assert "past Terraform" in shop.environment().status().unfinished
        resumed = program("resume", "--json")
        assert (resumed.code, resumed.result["verdict"], resumed.result["active"]) == (0, "rolled-back", "blue")
        assert event_misfits(resumed.events) == []
    assert traffic.report.failed == 0
    assert_agreed(shop, "blue")
    assert "past Terraform" not in program("history").err


@pytest.mark.fault(22)
@pytest.mark.parametrize("layout", ["layers"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("way", ["direct", pytest.param("resume", marks=LONG), pytest.param("rollback", marks=LONG)])
def test_killed_around_the_batch_the_next_command_converges(
    shop: Shop, program: Program, moment: str, way: str
) -> None:
    with shop.traffic() as traffic:
        if moment == "before":
            shop.sandbox.hang_requests("POST", BATCH, 60.0)
        shop.configure(probe={"settle": "60s"})  # so that PROVE lasts until it is killed
        with program.start(*DIRECT) as running:
            event = ("apply-started", "SWITCH") if moment == "before" else ("phase-started", "PROVE")
            running.wait_for(event[0], phase=event[1])
            running.send(signal.SIGKILL)
            running.wait()
        shop.configure(probe=QUICK["probe"])
        shop.sandbox.clear_faults()
        moved = shop.live_color()
        assert moved == ("green" if moment == "before" else "blue")
        if way == "direct":
            assert_done(program(*DIRECT, "--json"))
        if way == "rollback":
            assert program("rollback").code == 0
        assert program("resume").code == 0
    assert traffic.report.failed == 0
    assert_agreed(shop, moved if way == "resume" else "blue")


@pytest.mark.parametrize("layout", ["layers"])
def test_an_answer_that_was_lost_was_done_all_the_same(shop: Shop, program: Program) -> None:
    shop.sandbox.lose_answers("POST", BATCH, times=EVERY_TRY)
    ended = program(*DIRECT, "--json")
    assert_done(ended)
    assert "looking whether it was done all the same" in ended.err
    assert program("resume").code == 0
    assert_agreed(shop, "blue")


@pytest.mark.parametrize("layout", ["layers"])
def test_a_token_that_may_not_edit_has_changed_nothing(shop: Shop, program: Program) -> None:
    shop.sandbox.refuse_requests("POST", BATCH, 403)
    ended = program(*DIRECT, "--json")
    assert (ended.code, ended.result["verdict"], "DNS:Edit" in ended.err) == (1, "failed", True), ended
    assert_agreed(shop, "green")


@pytest.mark.parametrize("layout", ["layers"])
def test_a_deploy_under_way_is_gone_past_and_goes_back(shop: Shop, program: Program) -> None:
    shop.configure(bake={"for": "60s", "blind_deadline": "60s"})
    with shop.traffic() as traffic:
        with program.start("deploy", "--release", "1.6.0", "--to", "blue") as deploy:
            deploy.wait_for("phase-started", phase="BAKE")
            ended = program(*DIRECT[:3], "green", *DIRECT[4:], "--json")
            assert (ended.code, ended.result["active"], "going past that" in ended.err) == (0, "green", True), ended
            assert deploy.wait().code == 6
        assert program("resume").code == 0
    assert traffic.report.failed == 0
    assert_agreed(shop, "green")


@pytest.mark.parametrize("layout", ["layers"])
def test_where_nothing_can_be_written_down_it_is_said(shop: Shop, program: Program) -> None:
    data = shop.environment().data
    away = data.with_name("away")
    data.rename(away)
    data.write_text("a file where a folder should be")
    ended = program(*DIRECT, "--json")
    assert_done(ended)
    assert "once Terraform works again, bluegreen reconcile --to live" in ended.err
    data.unlink()
    away.rename(data)
    assert program("reconcile", "--to", "live").code == 0
    assert_agreed(shop, "blue")


@pytest.mark.parametrize("layout", ["layers"])
def test_what_is_missing_is_a_matter_of_usage(shop: Shop) -> None:
    program = Program(shop.folder)
    for arguments in (
        ("--direct", "--to", "green"),
        ("--direct", "--reason", "why"),
        ("--address", "127.0.0.1"),
        (*DIRECT[1:], "--address", "shop.test"),
        DIRECT[1:-1],  # and nobody to ask
    ):
        ended = program("rollback", *arguments, "--json")
        assert (ended.code, ended.result["verdict"]) == (2, "usage"), ended
