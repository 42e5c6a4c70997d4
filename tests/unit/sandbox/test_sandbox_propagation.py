"""Changes that arrive late, under a clock of our own."""

from __future__ import annotations

from bluegreen.sandbox.ledger import Delay
from bluegreen.sandbox.propagation import View


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_change_arrives_at_once_unless_told_otherwise() -> None:
    view: View[str] = View(Clock())
    view.follow({"a": "blue"}, {})
    view.follow({"a": "green"}, {"b": Delay(5)})
    assert dict(view) == {"a": "green"}


def test_a_late_change_arrives_after_its_time() -> None:
    view: View[str] = View(clock := Clock())
    view.follow({"a": "blue", "b": "blue"}, {})
    view.follow({"a": "green", "b": "green"}, {"a": Delay(5)})
    assert (view["a"], view["b"]) == ("blue", "green")
    clock.now += 4.9
    assert view["a"] == "blue"
    clock.now += 0.1
    assert view["a"] == "green"


def test_old_and_new_alternate_by_their_share() -> None:
    view: View[str] = View(clock := Clock())
    view.follow({"a": "blue"}, {})
    view.follow({"a": "green"}, {"a": Delay(5, share=0.5)})
    assert [view["a"] for _ in range(6)] == ["blue", "green"] * 3
    clock.now += 5
    assert [view["a"] for _ in range(3)] == ["green"] * 3


def test_a_share_of_one_in_four() -> None:
    view: View[str] = View(Clock())
    view.follow({"a": "blue"}, {})
    view.follow({"a": "green"}, {"a": Delay(5, share=0.25)})
    assert [view["a"] for _ in range(100)].count("green") == 25


def test_new_and_deleted_names_are_late_too() -> None:
    view: View[str] = View(clock := Clock())
    delays = {"new": Delay(5), "gone": Delay(5)}
    view.follow({"gone": "blue"}, {})
    view.follow({"new": "green"}, delays)
    assert view.get("new") is None
    assert view["gone"] == "blue"
    assert set(view) == set(), "neither is there whichever answer comes"
    clock.now += 5
    assert dict(view) == {"new": "green"}


def test_a_change_of_mind_on_the_way_starts_from_what_was_known() -> None:
    view: View[str] = View(clock := Clock())
    view.follow({"a": "blue"}, {})
    view.follow({"a": "green"}, {"a": Delay(5)})
    clock.now += 3
    view.follow({"a": "red"}, {"a": Delay(5)})
    clock.now += 4
    assert view["a"] == "blue"
    clock.now += 1
    assert view["a"] == "red"


def test_an_unrelated_edit_does_not_bring_it_forward() -> None:
    view: View[str] = View(clock := Clock())
    delays = {"a": Delay(5)}
    view.follow({"a": "blue"}, {})
    view.follow({"a": "green"}, delays)
    clock.now += 1
    view.follow({"a": "green", "other": "x"}, delays)
    assert view["a"] == "blue"
    clock.now += 4
    assert view["a"] == "green"


def test_all_well_again_brings_everything() -> None:
    view: View[str] = View(Clock())
    view.follow({"a": "blue"}, {})
    view.follow({"a": "green"}, {"a": Delay(5)})
    view.follow({"a": "green"}, {})
    assert view["a"] == "green"
