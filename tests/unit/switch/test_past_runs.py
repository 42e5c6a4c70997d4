from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bluegreen.adapters.fakes.state import MemoryStore
from bluegreen.model import Color
from bluegreen.ports import DeadTerraform, JournalEntry
from bluegreen.switch.history import History, PastRun, read_run
from bluegreen.switch.phases import Phase

BLUE, GREEN = Color.BLUE, Color.GREEN
P = Phase


class Diary:
    """Journals, oldest first."""

    def __init__(self) -> None:
        self.store = MemoryStore()

    def wrote(
        self,
        verb: str = "deploy",
        origin: str = "blue",
        target: str = "green",
        release: str = "2",
        verdict: str = "",
        *,
        origin_release: str = "1",
        phase: str = P.BAKE,
        touched: str | None = None,
        moved_at: float = 0.0,
        **result: Any,
    ) -> Diary:
        run = f"run-{len(self.store.runs()) + 1}"
        events: list[Mapping[str, Any]] = [{"event": "run-started", "verb": verb, "time": 10.0}]
        if target:
            route = {"origin": origin, "target": target, "release": release, "origin_release": origin_release}
            events.append(
                {"event": "route-chosen", **route, "inputs": {"release": release}, "first_deploy": not origin}
            )
        events.append({"event": "phase-started", "phase": phase})
        if touched is not None:
            events.append({"event": "apply-started", "phase": P.PREPARE, "color": touched, "time": 11.0})
        if verb == "retire" and verdict == "retired":
            events.append({"event": "apply-started", "phase": P.RETIRE, "color": "", "time": 11.0})
        if verdict in ("switched", "returned", "rolled-back", "stuck"):
            moved_at = moved_at or 20.0
        if moved_at:
            events.append({"event": "apply-started", "phase": P.SWITCH, "color": "", "time": moved_at})
        if verdict:
            events.append({"event": "result", "verdict": verdict, **result})
        for event in events:
            self.store.append(run, event, durable=True)
        return self

    @property
    def history(self) -> History:
        return History(self.store)


def test_a_journal_is_read_whole() -> None:
    diary = Diary().wrote(touched="green", moved_at=20.0, verdict="switched", previous="blue", warm_until=99.0)
    diary.store.append("run-1", {"event": "first-answer", "color": "green", "time": 22.5}, durable=False)
    (run,) = diary.history.runs()
    assert run == PastRun(
        id="run-1",
        verb="deploy",
        began=10.0,
        origin=BLUE,
        origin_release="1",
        target=GREEN,
        release="2",
        inputs={"release": "2"},
        phase=P.BAKE,
        touched=frozenset({GREEN}),
        applied=True,
        moved_at=20.0,
        answered_after=12.5,
        result=run.result,
    )
    assert (run.verdict, run.cut_off) == ("switched", False)


def test_an_empty_journal_says_nothing() -> None:
    assert read_run("run-1", ()) == PastRun("run-1")


def test_another_colors_answer_is_not_the_targets() -> None:
    diary = Diary().wrote()
    diary.store.append("run-1", {"event": "first-answer", "color": "blue", "time": 22.5}, durable=False)
    assert next(diary.history.runs()).answered_after == 0.0


@pytest.mark.parametrize(
    ("verdict", "unfinished"), [("", True), ("abandoned", True), ("failed", False), ("switched", False)]
)
def test_a_run_without_an_end_is_unfinished(verdict: str, unfinished: bool) -> None:
    history = Diary().wrote(verdict=verdict).history
    assert (history.unfinished is not None) is unfinished


def test_runs_that_did_nothing_tell_nothing() -> None:
    diary = Diary().wrote(verdict="prepared").wrote(verdict="nothing-to-do").wrote(target="", verdict="refused")
    assert [run.id for run in diary.history.telling()] == ["run-1"]
    assert diary.history.last.verdict == "prepared"  # type: ignore[union-attr]


def test_the_run_that_asks_is_left_out() -> None:
    diary = Diary().wrote(verdict="switched").wrote()
    assert History(diary.store, without="run-2").unfinished is None


@pytest.mark.parametrize(
    ("runs", "until"),
    [
        ([], None),
        ([{"verdict": "switched", "touched": "green", "previous": "blue", "warm_until": 99.0}], 99.0),
        ([{"verdict": "switched", "touched": "green", "previous": "blue", "warm_until": -1.0}], -1.0),
        ([{"verdict": "switched", "touched": "blue", "target": "blue", "previous": "green", "warm_until": 99.0}], 0.0),
        (
            [
                {"verdict": "switched", "touched": "green", "previous": "blue", "warm_until": 99.0},
                {"verdict": "failed", "touched": "blue", "origin": "green", "target": "blue"},
            ],
            0.0,
        ),
        (
            [
                {"verdict": "switched", "touched": "green", "previous": "blue", "warm_until": 99.0},
                {"verdict": "failed", "origin": "green", "target": "blue"},
            ],
            99.0,
        ),
        (
            [
                {"verdict": "switched", "touched": "green", "previous": "blue", "warm_until": 99.0},
                {"verb": "retire", "verdict": "retired", "origin": "green", "target": "blue", "phase": P.RETIRE},
            ],
            0.0,
        ),
    ],
    ids=["no journal", "warm", "for ever", "it is active", "touched since", "planned only", "retired"],
)
def test_how_long_blue_is_warm(runs: list[dict[str, Any]], until: float | None) -> None:
    diary = Diary()
    for run in runs:
        diary.wrote(**run)
    assert diary.history.warm_until(BLUE) == until


@pytest.mark.parametrize(
    ("runs", "used_up_by"),
    [
        ([], None),
        ([{"verdict": "switched", "touched": "green", "moved_at": 1.0}], None),
        ([{"verdict": "failed", "touched": "green", "phase": P.CHECK}], "run-1"),
        ([{"verdict": "", "touched": "green", "phase": P.PREPARE}], "run-1"),
        ([{"verdict": "prepared", "touched": "green", "phase": P.CHECK}], "run-1"),
        ([{"verdict": "returned", "touched": "green", "moved_at": 1.0, "phase": P.RETURN}], "run-1"),
        ([{"verdict": "failed", "touched": "", "phase": P.PREPARE}], None),
        (
            [
                {"verdict": "failed", "touched": "green", "phase": P.CHECK},
                {"verdict": "switched", "origin": "green", "target": "blue", "touched": "blue", "moved_at": 2.0},
            ],
            None,
        ),
    ],
    ids=["none", "switched", "failed", "killed", "prepared", "returned", "nothing of it touched", "served since"],
)
def test_who_used_green_up(runs: list[dict[str, Any]], used_up_by: str | None) -> None:
    diary = Diary()
    for run in runs:
        diary.wrote(**run)
    found = diary.history.used_up_by(GREEN)
    assert (found.id if found else None) == used_up_by


def test_a_release_was_returned_from_until_it_was_deployed_well() -> None:
    diary = Diary().wrote(verdict="returned", release="2")
    assert diary.history.returned_from("2").id == "run-1"  # type: ignore[union-attr]
    assert diary.history.returned_from("1") is None
    assert diary.wrote(verdict="switched", release="2").history.returned_from("2") is None
    diary.wrote("rollback", "green", "blue", "1", "rolled-back", origin_release="2")
    assert diary.history.returned_from("2").id == "run-3"  # type: ignore[union-attr]


def test_a_terraform_that_may_have_left_its_lock_is_remembered() -> None:
    left = {"layer": "edge", "command": "plan", "pid": 7, "started": 1.0, "ended": 2.0}
    run = read_run("run-1", [JournalEntry({"event": "lock-left", "time": 2.0, **left})])
    assert run.failed == DeadTerraform("edge", "plan", 7, 1.0, 2.0)
    assert run.terraform is None


@pytest.mark.parametrize("birth", [{}, {"birth": 4711}])
def test_a_terraform_that_may_still_run_is_known_by_its_birth(birth: Mapping[str, int]) -> None:
    began = {"layer": "edge", "command": "apply", "pid": 7, "started": 1.0, **birth}
    run = read_run("run-1", [JournalEntry({"event": "terraform-started", "time": 1.0, **began})])
    assert run.terraform == DeadTerraform("edge", "apply", 7, 1.0, birth=birth.get("birth", 0))
