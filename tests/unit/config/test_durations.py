from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.config.durations import format_duration, parse_duration, parse_duration_or_forever
from bluegreen.config.wording import Wrong


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("90s", 90), ("10m", 600), ("1h", 3600), ("24h", 86400), ("7d", 604800), ("1.5s", 1.5)],
)
def test_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("bad", ["", "90", "s", "-1s", "1 s", "1w", "0s", "400d", "9" * 400 + "d", "forever", "٣s"])
def test_what_is_no_duration_is_refused(bad: object) -> None:
    with pytest.raises(Wrong):
        parse_duration(bad)


@pytest.mark.parametrize("bad", [True, None, [], {}])
def test_other_types_are_refused(bad: object) -> None:
    with pytest.raises(Wrong, match="must be a duration"):
        parse_duration(bad)


def test_a_plain_number_is_refused_with_what_to_write() -> None:
    with pytest.raises(Wrong) as caught:
        parse_duration(90)
    assert caught.value.hint == "write 90s for seconds"


def test_forever_is_a_word_of_its_own_place() -> None:
    assert parse_duration_or_forever("forever") == math.inf
    assert parse_duration_or_forever("1h") == 3600
    assert format_duration(math.inf) == "forever"
    with pytest.raises(Wrong) as caught:
        parse_duration_or_forever("never")
    assert "or forever" in caught.value.hint


@given(st.integers(min_value=1, max_value=366 * 86_400_000))
def test_written_back_it_means_the_same(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize("text", ["50ms", "1500ms", "90s", "10m", "1h", "24h", "2d"])
def test_people_find_what_they_wrote(text: str) -> None:
    assert format_duration(parse_duration(text)) == text
