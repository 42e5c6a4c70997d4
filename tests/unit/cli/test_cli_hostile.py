"""What servers, APIs and commands say is shown without what a terminal would obey, wherever it is shown."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bluegreen.cli.console import ask, data, lines, tell, tell_error
from bluegreen.cli.frame import Screen, draw
from bluegreen.cli.narrate import VERBOSE, Narrator
from bluegreen.cli.past import run_lines
from bluegreen.cli.summary import summarize
from bluegreen.cli.timeline import Timeline
from bluegreen.errors import BluegreenError, ConfigError, Problem
from bluegreen.ports import JournalEntry

HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\r\nall is well\x9b8m"
"""A window's title, a wiped screen, reversed text, hidden text, and what looks like a line of ours."""

OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
FROM_OUTSIDE = frozenset({"detail", "text", "address", "message", "where", "hint", "release", "origin_release", "who"})


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


Events = list[dict[str, Any]]
Recorded = Callable[[str], Events]


def poisoned(value: Any, name: str = "") -> Any:
    """Return an event in which all that comes from outside says HOSTILE too."""
    if isinstance(value, dict):
        keys = "%s" if name not in ("changes", "records") else f"%s{HOSTILE}"
        return {keys % key: poisoned(item, key) for key, item in value.items()}
    return value + HOSTILE if name in FROM_OUTSIDE else value


@pytest.fixture(params=["deploy", "returned"])
def events(request: pytest.FixtureRequest, recorded: Recorded) -> Events:
    return [poisoned(event) for event in recorded(request.param)]


def assert_tame(*told: str) -> None:
    for line in told:
        assert not OBEYED.search(line), line
        assert not line.startswith("all is well"), line


def test_a_run_told_line_by_line(events: Events) -> None:
    narrator = Narrator(VERBOSE)
    told = [line for event in events for line in narrator.tell(event)]
    assert any("all is well" in line for line in told), "nothing was said from outside"
    assert_tame(*told)
    assert not [line for line in told if "\n" in line]


def test_a_run_drawn(events: Events) -> None:
    timeline = Timeline()
    for event in events:
        timeline.take(event)
        for line in draw(timeline, 0.0, Screen(width=200)):
            assert_tame(*(text for text, _ in line))
            assert not [text for text, _ in line if "\n" in text]


def test_what_is_printed_of_a_run(events: Events, capsys: pytest.CaptureFixture[str]) -> None:
    timeline = Timeline()
    for event in events:
        timeline.take(event)
    lines(run_lines("20261122-192803-2945", [JournalEntry(event) for event in events]))
    for line in summarize(timeline, hint=HOSTILE):
        tell(line)
    shown, told = capsys.readouterr()
    assert_tame(*shown.splitlines(), *told.splitlines())


def test_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    error = BluegreenError(f"it said {HOSTILE}", where=HOSTILE, hint=HOSTILE)
    error.details = (HOSTILE,)
    tell_error(error, color=False)
    tell_error(ConfigError([Problem(HOSTILE, "", HOSTILE, HOSTILE)] * 2), color=False)
    assert_tame(*capsys.readouterr().err.splitlines())


def test_our_own_colors_stay(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda stream, color: False)
    tell_error(BluegreenError(f"red {HOSTILE}"))
    tell(HOSTILE, style="yellow")
    told = capsys.readouterr().err
    assert "\x1b[31m\x1b[1merror:\x1b[0m red" in told
    assert set(re.findall(r"\x1b\S*?[a-zA-Z]", told)) == {"\x1b[31m", "\x1b[1m", "\x1b[33m", "\x1b[0m"}


def test_data_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    data("one\n\ttwo\x1b[2J")
    assert capsys.readouterr().out == "one\n\ttwo\n"


def test_a_question(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    ask(f"Go on with {HOSTILE}?", yes=False)
    assert capsys.readouterr().err == "Go on with all is well? [y/N] "
