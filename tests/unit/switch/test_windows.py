"""What the public saw, by time, in a bounded number of windows."""

from __future__ import annotations

from bluegreen.switch.windows import ALIKE, Answered, Windows


def windows(*times: float, color: str = "blue") -> Windows:
    taken = Windows()
    for at in times:
        taken.take(Answered(at, 0.0123, False, color))
    return taken


def test_a_window_begins_with_its_first_answer_and_none_is_empty() -> None:
    taken = windows(10.9, 10.2, 10.5, 11.3, 500.0)
    assert [(one.began, one.sent) for one in taken.closed(501.0)] == [(10.2, 3), (11.3, 1), (500.0, 1)]
    assert list(taken.closed(9_999.0)) == []


def test_what_goes_on_waits() -> None:
    taken = windows(10.0, 10.9)
    assert list(taken.closed(10.99)) == []
    assert [one.sent for one in taken.closed(11.0)] == [2]


def test_milliseconds_have_two_digits() -> None:
    taken = Windows()
    for seconds in (0.00123, 0.00118, 0.01, 1.26, 12.0):
        taken.take(Answered(0.0, seconds, False, ""))
    taken.take(Answered(0.0, 0.5, True, "green"))
    (measured,) = taken.rest()
    assert measured.milliseconds == {"1.2": 2, "10": 1, "1300": 1, "12000": 1}
    assert (measured.sent, measured.failed, measured.by_color) == (6, 1, {})


def test_a_week_makes_a_bounded_number_of_windows_and_a_switch_narrow_ones_again() -> None:
    week = 7 * 24 * 3600
    taken = windows(*range(0, week, 4))
    measured = list(taken.closed(float(week)))
    assert len(measured) < 1_500
    assert [one.seconds for one in measured[ALIKE - 1 : ALIKE + 1]] == [1.0, 2.0]
    list(taken.rest())
    taken.take(Answered(float(week), 0.1, False, "green"))
    assert [one.seconds for one in taken.rest()] == [1.0]
