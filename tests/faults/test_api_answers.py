"""The API answers, and not what one hopes for: 401, 403, 429, 5xx, late, not at all, or after it has done it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from bare import APPLY, edge_pointed_at, script
from gate import PREPARE, ROLLBACK, SWITCH, Gate
from night import SWITCHED, Night
from tally import Tally

from bluegreen.sandbox.faults import Fault

pytestmark = pytest.mark.timeout(400)

ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "401": {"effect": "refuse", "status": 401},
    "403": {"effect": "refuse", "status": 403},
    "429": {"effect": "refuse", "status": 429},
    "429 with retry-after": {"effect": "refuse", "status": 429, "retry_after": 1},
    "500": {"effect": "refuse", "status": 500},
    "503": {"effect": "refuse", "status": 503},
    "late": {"effect": "delay", "seconds": 10.0},
    "reset": {"effect": "hang", "seconds": 0.0},
    "lost": {"effect": "lose_answer"},
}
"""What an answer is like."""

METHODS = ("GET", "LOCK", "POST", "UNLOCK")
"""What Terraform asks of a state."""

SOON = tuple(how for how in ANSWERS if how != "late")
ANSWERED = {"LOCK": SOON, "POST": SOON, "GET": ("403", "500", "lost"), "UNLOCK": ("403", "500", "reset", "lost")}
"""What each is answered: a look that fails is the same failure however it does, and what changes something is not."""

RECORDS = "/client/v4/*"


def answer(night: Night, how: str, method: str, path: str, times: int | None = 1) -> None:
    night.shop.sandbox.inject(Fault(method, path, times=times, **ANSWERS[how]))


def end(night: Night, active: str) -> None:
    """All answers are well again: whatever has become of the run, one command ends it."""
    night.shop.sandbox.clear_faults()
    night.status()
    ended = night.program("resume")
    assert ended.code == 0, ended
    night.assert_survived(night.answered(), plan=False)
    assert night.answered() in ("blue", active)


def deploy_meets(night: Night, gate: Gate, tally: Tally, method: str, how: str, times: int | None) -> None:
    """The switch of a deploy meets such an answer."""
    before, path = night.answered(), "/state/demo/edge"
    after = "green" if before == "blue" else "blue"
    with tally.fault():
        ended = gate.call(
            SWITCH, lambda: answer(night, how, method, path, times), "deploy", "--release", night.release()
        )
        assert (ended.code in (0, 1, 6, 7), "Traceback" in ended.err) == (True, False), ended
        if ended.code == 0:
            assert night.answered() == after, ended
        if ended.code in (1, 6):
            assert night.answered() == before, ended
        night.shop.sandbox.clear_faults()
        night.status()
        resumed = night.program("resume")
        assert resumed.code == (6 if ended.code == 7 else 0), resumed  # what is stuck on its way back is brought back
        night.assert_survived(night.answered(), plan=False)


@pytest.mark.fault(13)
@pytest.mark.parametrize(
    ("method", "how"),
    [
        ("LOCK", "403"),
        *(
            pytest.param(method, how, marks=pytest.mark.long)
            for method, answers in ANSWERED.items()
            for how in answers
            if (method, how) not in (("LOCK", "403"), ("LOCK", "lost"))
        ),
    ],
)
def test_a_switch_meets_one_such_answer_and_then_may_meet_no_other(
    night: Night, gate: Gate, tally: Tally, method: str, how: str
) -> None:
    with night.traffic():
        deploy_meets(night, gate, tally, method, how, 1)
        if method in ("LOCK", "POST") and how != "429 with retry-after":
            deploy_meets(night, gate, tally, method, how, None)
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(13)
@pytest.mark.long
def test_a_lock_that_was_given_and_not_told_of_is_shown_and_broken_by_nobody_but_a_person(
    night: Night, gate: Gate
) -> None:
    """Nothing proves whose it is: another Terraform of this very host may have taken it while ours was waiting."""
    with night.traffic():
        ended = gate.call(
            SWITCH, lambda: answer(night, "lost", "LOCK", "/state/demo/edge"), "deploy", "--release", "2.0.0"
        )
        assert (ended.code, "force-unlock" in ended.err, night.answered()) == (4, True, "blue"), ended
        assert "demo/edge" in night.shop.sandbox.locks()
        night.shop.sandbox.break_lock("demo/edge")
        assert night.program("deploy", "--release", "2.0.1").code == 0
    night.assert_survived("green")


@pytest.mark.fault(13)
@pytest.mark.long
@pytest.mark.parametrize("method", METHODS)
def test_a_switch_meets_an_answer_that_is_late(night: Night, gate: Gate, tally: Tally, method: str) -> None:
    night.shop.configure(terraform={"deadline": "30s"})
    with night.traffic():
        deploy_meets(night, gate, tally, method, "late", 1)
        assert night.answered() == "green"
    night.shop.assert_nothing_to_plan()


@pytest.mark.fault(13)
@pytest.mark.long
@pytest.mark.parametrize("how", ["401", "403", "429", "500", "reset", "lost"])
def test_a_prepare_meets_such_answers(night: Night, gate: Gate, how: str) -> None:
    with night.traffic():
        ended = gate.call(PREPARE, lambda: answer(night, how, "POST", "/state/*", None), "deploy", "--release", "2.0.0")
        assert (ended.code, "Traceback" in ended.err) == (1, False), ended
        night.shop.sandbox.clear_faults()
        night.assert_survived("blue", plan=False)
        again = night.program("deploy", "--release", "2.0.0")
        assert again.code == 0, again
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(13)
@pytest.mark.long
@pytest.mark.parametrize("how", ANSWERS)
def test_the_records_cannot_be_read(night: Night, tally: Tally, how: str) -> None:
    """A deploy then stays where it is; status says so; a rollback, for which time is short, goes without."""
    with night.traffic():
        with tally.fault():
            answer(night, how, "*", RECORDS, None)
            ended = night.program("deploy", "--release", "2.0.0")
            assert (ended.code in ((0,) if how == "late" else (1, 2)), "Traceback" in ended.err) == (True, False), ended
            if ended.code:
                assert night.answered() == "blue"
                night.shop.sandbox.clear_faults()
                night.assert_survived("blue", plan=False)
                assert night.program("deploy", "--release", "2.0.0").code == 0
        with tally.fault():
            night.shop.sandbox.clear_faults()
            answer(night, how, "*", RECORDS, None)
            told = night.program("status")
            assert (told.code, "Traceback" in told.err) == (0, False), told
            assert how == "late" or "cannot be read" in told.out, told
            ended = night.program("rollback")
            assert ended.code == 0, ended
            night.shop.sandbox.clear_faults()
    night.assert_survived("blue")


@pytest.mark.fault(13)
@pytest.mark.long
@pytest.mark.parametrize("how", ["401", "429", "500", "reset", "lost"])
@pytest.mark.parametrize("method", ["POST", "UNLOCK"])
@SWITCHED
def test_a_rollback_meets_such_answers(night: Night, gate: Gate, method: str, how: str) -> None:
    with night.traffic():
        ended = gate.call(ROLLBACK, lambda: answer(night, how, method, "/state/*", None), "rollback")
        assert (ended.code in (0, 1, 7), "Traceback" in ended.err) == (True, False), ended
        night.shop.sandbox.clear_faults()
        night.status()
        again = night.program("rollback")
        assert again.code == 0, again
    night.assert_survived("blue")


@pytest.mark.control(13)
def test_a_script_that_tries_again_is_refused_for_ever(night: Night, tally: Tally) -> None:
    """The state was stored and the answer lost: Terraform has failed, and its next call finds its own lock."""
    assert night.program("prepare", "--release", "2.0.0").code == 0
    root = edge_pointed_at(night, "green")
    answer(night, "lost", "LOCK", "/state/demo/edge")
    tries = f"for try in 1 2 3; do {APPLY} && exit 0; done; exit 1"
    assert (script(root, tries), night.answered()) == (1, "blue")
    tally.control = "a script that tries three times: one lost answer to a lock, and each try finds its own lock held"
