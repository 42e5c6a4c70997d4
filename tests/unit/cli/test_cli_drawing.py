"""What a run looks like, drawn from the events of real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bluegreen.cli.frame import ASCII, UNICODE, Screen, draw, expected
from bluegreen.cli.live import Picture, shows_unicode
from bluegreen.cli.narrate import NORMAL, QUIET, VERBOSE, Narrator
from bluegreen.cli.summary import summarize
from bluegreen.cli.timeline import Timeline
from bluegreen.cli.words import at, moment, never_noticed, took, until

Events = list[dict[str, Any]]
Recorded = Callable[[str], Events]


def lines(events: Events, level: int = NORMAL) -> list[str]:
    narrator = Narrator(level)
    return [line for event in events for line in narrator.tell(event)]


def timeline_of(events: Events) -> Timeline:
    timeline = Timeline()
    for event in events:
        timeline.take(event)
    return timeline


def until_event(events: Events, name: str, **fields: Any) -> Events:
    """Return the events up to and with the last one of that name and these fields."""
    found = [n for n, event in enumerate(events) if event["event"] == name and fields.items() <= event.items()]
    return events[: found[-1] + 1]


def text(picture: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(part for part, _ in line) for line in picture]


def test_plain_lines_tell_the_deploy_one_fact_each(recorded: Recorded) -> None:
    told = lines(recorded("deploy"))
    assert told[0] == "deploy of shop in demo: run 20261122-192845-a754, by ana@desk"
    for fact in (
        "blue (1.4.2) is active; the target is green (1.7.0)",
        "network: the plan changes nothing",
        "  update module.server[0].terraform_data.server",
        "CHECK begins",
        "green: good 5/5",
        "public answers green after 0.2 s",
        "waiting for green to bake (3.0 s)",
    ):
        assert fact in told
    assert "BAKE done in 3.0 s" in told
    assert told.count("green: good") == 1, "what says nothing new is not said again"
    assert not [line for line in told if "terraform plan" in line]


def test_quiet_tells_warnings_only_and_verbose_every_call(recorded: Recorded) -> None:
    assert lines(recorded("deploy"), QUIET) == [line for line in lines(recorded("deploy")) if line[:8] == "warning:"]
    told = lines(recorded("deploy"), VERBOSE)
    assert told[0].endswith("by ana@desk, with Terraform 1.11.4")
    assert [line for line in told if line.startswith("edge: terraform apply took ")]
    assert "the live records point at blue" in told


def test_what_is_gone_back_from_is_told_when_it_happens(recorded: Recorded) -> None:
    told = lines(recorded("returned"))
    assert "BAKE interrupted after 1.9 s: interrupted while waiting; going back" in told
    assert "warning: going back to blue, please wait" in told


def probe(verdict: str, detail: str = "", row: int = 0) -> dict[str, Any]:
    return {
        "event": "probed",
        "color": "green",
        "verdict": verdict,
        "detail": detail,
        "good_in_a_row": row,
        "needed": 5,
    }


def test_what_reconcile_finds_in_preflight_is_no_failure() -> None:
    accepted = {"event": "phase-finished", "phase": "PREFLIGHT", "outcome": "accepted", "following": "RECORD"}
    assert lines([{**accepted, "seconds": 0.3}]) == ["PREFLIGHT done in 0.3 s"]


def test_probes_are_condensed() -> None:
    refused = probe("no answer yet", "connection refused")
    told = lines([refused, refused, refused, probe("good", "good", 1), probe("good", "", 2), refused])
    assert told == [
        "green: no answer yet (connection refused)",
        "green: good 1/5",
        "green: good 2/5",
        "green: no answer yet (connection refused)",
    ]


def test_a_failing_public_is_told_once_not_ten_times_a_second() -> None:
    failed = {"event": "public-answered", "origin": "failed", "color": "", "release": "", "detail": "HTTP 502"}
    assert lines([failed, failed, failed]) == ["public: failed answer (HTTP 502)"]


@pytest.mark.parametrize("width", [1, 10, 40, 80, 120])
@pytest.mark.parametrize("marks", [UNICODE, ASCII])
def test_no_line_is_ever_wider_than_the_screen(width: int, marks: Any, recorded: Recorded) -> None:
    timeline = Timeline()
    for event in recorded("returned"):
        timeline.take(event)
        drawn = text(draw(timeline, event["time"], Screen(width, marks)))
        assert max(map(len, drawn)) <= width
        assert marks is UNICODE or "".join(drawn).isascii()


def test_the_picture_shows_where_the_run_is(recorded: Recorded) -> None:
    events = until_event(recorded("deploy"), "waiting-for", what="green to bake")
    now = events[-1]["time"]
    drawn = text(draw(timeline_of(events), now, Screen(80)))
    assert drawn[0] == "deploy shop demo  blue (1.4.2) -> green (1.7.0)"
    assert [line.split()[:2] for line in drawn[1:7]] == [
        ["✓", "PREFLIGHT"],
        ["✓", "PREPARE"],
        ["✓", "CHECK"],
        ["✓", "SWITCH"],
        ["✓", "PROVE"],
        ["▸", "BAKE"],
    ]
    assert [line for line in drawn if line.startswith("   waiting    until ") and line.endswith("for green to bake")]
    assert [line for line in drawn if "public answers green after 0.2 s" in line]
    assert [line for line in drawn if "asked, 0 failed" in line and "% green" in line]


def test_proving_says_until_when_also_after_it_began_anew(recorded: Recorded) -> None:
    events = until_event(recorded("deploy"), "waiting-for", what="the public to be answered by green alone")
    timeline = timeline_of(events)
    for later, told in ((-0.4, "(0.4 s left)"), (2.0, "(2.0 s over)")):
        drawn = text(draw(timeline, timeline.waiting_until + later, Screen(80)))
        (waiting,) = (line for line in drawn if line.startswith("   waiting    until "))
        assert f" {told} for the public" in waiting


def test_a_wait_without_an_end_names_none() -> None:
    timeline = timeline_of([{"event": "waiting-for", "what": "a human", "seconds": 0.0, "time": 1.0}])
    assert "   waiting    for a human" in text(draw(timeline, 9.0, Screen(80)))


def test_every_warning_stays_in_the_picture_and_whole() -> None:
    warned = [{"event": "said", "level": "warning", "text": said} for said in ("one " * 30, "two", "two")]
    drawn = text(draw(timeline_of(warned), 0.0, Screen(80)))
    assert [line[3:10] for line in drawn if "one" in line or "two" in line] == ["warning", " " * 7, "warning"]
    assert " ".join(drawn).split().count("one") == 30


def test_the_picture_shows_the_resource_that_terraform_is_on(recorded: Recorded) -> None:
    events = until_event(recorded("deploy"), "resource", stage="start")
    drawn = text(draw(timeline_of(events), events[-1]["time"] + 2.0, Screen(120)))
    address = events[-1]["address"]
    assert [line for line in drawn if line.startswith("   terraform") and line.endswith(address) and "2.0 s," in line]
    narrow = text(draw(timeline_of(events), events[-1]["time"] + 2.0, Screen(40)))
    assert [line for line in narrow if line.startswith("   terraform") and "2.0 s," in line]


def test_a_retire_sends_nobody_anywhere() -> None:
    drawn = text(draw(Timeline("retire", "R", "demo", "shop", "green", "2", "blue", "1"), 0.0, Screen()))
    assert drawn[0] == "retire shop demo  blue (1)"


def test_phases_still_ahead_are_shown_and_none_after_the_end(recorded: Recorded) -> None:
    events = recorded("deploy")
    beginning = text(draw(timeline_of(until_event(events, "route-chosen")), events[0]["time"], Screen()))
    assert [line.split()[-1] for line in beginning if line.startswith(" · ")] == expected("deploy")[1:]
    assert not [line for line in text(draw(timeline_of(events), 0.0, Screen())) if line.startswith((" · ", " ▸ "))]


def test_a_failed_phase_is_marked(recorded: Recorded) -> None:
    events = recorded("returned")
    drawn = text(draw(timeline_of(events), 0.0, Screen()))
    assert [line for line in drawn if line.startswith(" ✗ BAKE")]
    assert [line for line in drawn if line.startswith(" ✓ RETURN")]


def test_the_share_is_that_of_the_last_answers() -> None:
    timeline = Timeline()
    counted = {"event": "public-counted", "failed": 0, "slow": 0, "wrong_release": 0}
    timeline.take({**counted, "time": 10.0, "sent": 100, "by_color": {"blue": 100}})
    timeline.take({**counted, "time": 11.0, "sent": 104, "by_color": {"blue": 101, "green": 3}})
    assert timeline.share == {"blue": 0.25, "green": 0.75}
    timeline.take({**counted, "time": 13.0, "sent": 114, "by_color": {"blue": 101, "green": 13}})
    assert timeline.share == {"blue": 0.0, "green": 1.0}


def test_rich_draws_it_anew_for_each_frame(recorded: Recorded) -> None:
    events = until_event(recorded("deploy"), "phase-started", phase="BAKE")
    clock = iter([events[-1]["time"] + 1.0, events[-1]["time"] + 2.0])
    picture = Picture(timeline_of(events), lambda: next(clock))
    assert "BAKE          1.0 s" in picture.text(Screen()).plain
    assert "BAKE          2.0 s" in picture.text(Screen()).plain


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False),
        ({}, False),
    ],
)
def test_a_c_locale_gets_ascii(environment: dict[str, str], shown: bool) -> None:
    assert shows_unicode(environment, "utf-8") is shown
    assert not shows_unicode(environment, "iso-8859-1")


def test_three_lines_after_a_switch(recorded: Recorded) -> None:
    timeline = timeline_of(recorded("deploy"))
    warm = timeline.result["warm_until"]
    assert summarize(timeline, now=warm) == [
        "switched: green (1.7.0) serves the public, after 5.8 s",
        "public: 26 requests, 0 failed: the public never noticed",
        f"next: way back: bluegreen rollback (blue 1.4.2 warm until {at(warm, warm)})",
    ]


def test_three_lines_after_a_return(recorded: Recorded) -> None:
    told = summarize(timeline_of(recorded("returned")), hint="bluegreen show X")
    assert told[0].startswith("returned: green (1.6.0) was interrupted in BAKE after ")
    assert told[0].endswith("; blue (1.4.2) serves the public again")
    assert told[2] == "hint: bluegreen show X"


RESULT: dict[str, Any] = {
    "event": "result",
    "verdict": "switched",
    "exit_code": 0,
    "active": "green",
    "previous": "blue",
    "release": "2",
    "seconds": 4.0,
    "requests": {"sent": 10, "failed": 0, "slow": 0, "wrong_release": 0},
    "overlap_seconds": 0.0,
    "warm_until": -1,
    "proof": "answers",
}


def ended(**fields: Any) -> Timeline:
    timeline = Timeline("deploy", "R", "demo", "shop", "blue", "1", "green", "2")
    timeline.take({"event": "apply-started"})
    timeline.take({**RESULT, **fields})
    return timeline


def test_a_run_that_did_nothing_claims_nothing() -> None:
    timeline = Timeline("deploy", "R", "demo", "shop", "blue", "1", "green", "2")
    timeline.take({**RESULT, "verdict": "refused", "active": "", "exit_code": 3})
    assert summarize(timeline)[:2] == [
        "refused in PREFLIGHT after 4.0 s; nothing was changed",
        "public: 10 requests, 0 failed",
    ]


def test_without_a_way_back_none_is_offered() -> None:
    timeline = ended()
    timeline.no_way_back = "it rewrites a table"
    timeline.take(RESULT)
    assert summarize(timeline)[2] == "next: bluegreen status; there is no way back: it rewrites a table"


def test_under_drift_nobody_says_where_the_public_was() -> None:
    timeline = ended()
    timeline.take({"event": "witnessed", "detail": "shop.test points at nobody"})
    timeline.take({**RESULT, "verdict": "failed", "active": "blue", "exit_code": 1})
    assert summarize(timeline)[:2] == ["failed in PREFLIGHT after 4.0 s", "public: 10 requests, 0 failed"]


@pytest.mark.parametrize(
    ("fields", "happened", "following"),
    [
        (
            {},
            "switched: green (2) serves the public, after 4.0 s",
            "next: way back: bluegreen rollback (blue 1 warm for ever)",
        ),
        (
            {"verdict": "prepared", "active": "blue"},
            "prepared: green (2) is healthy, after 4.0 s; blue (1) serves the public",
            "next: bluegreen switch",
        ),
        (
            {"verdict": "nothing-to-do", "active": "blue"},
            "nothing to do: blue (1) serves the public",
            "next: bluegreen status",
        ),
        (
            {"verdict": "rolled-back"},
            "rolled back: green (2) serves the public again, after 4.0 s",
            "next: when it is mended: bluegreen deploy --release VERSION",
        ),
        (
            {"verdict": "rolled-back-directly"},
            "rolled back past Terraform: green (2) serves the public again, after 4.0 s",
            "next: once Terraform works again: bluegreen resume",
        ),
        (
            {"verdict": "failed", "active": "blue", "exit_code": 1},
            "failed in PREFLIGHT after 4.0 s; the public never left blue (1)",
            "hint: bluegreen show R",
        ),
        (
            {"verdict": "usage", "active": "", "exit_code": 2},
            "not begun, stopped in PREFLIGHT after 4.0 s",
            "hint: bluegreen show R",
        ),
        (
            {"verdict": "stuck", "exit_code": 7},
            "stuck in PREFLIGHT after 4.0 s: the live record says green (2); a human is needed",
            "hint: bluegreen show R",
        ),
    ],
)
def test_three_lines_for_each_verdict(fields: dict[str, Any], happened: str, following: str) -> None:
    told = summarize(ended(**fields))
    assert (len(told), told[0], told[2]) == (3, happened, following)


@pytest.mark.parametrize(
    ("requests", "told"),
    [
        ({"sent": 0}, "public: not asked, so nothing is known"),
        ({"sent": 9, "failed": 1}, "public: 9 requests, 1 failed"),
        ({"sent": 9, "failed": 0, "slow": 2}, "public: 9 requests, 0 failed, 2 slow"),
        ({"sent": 9, "failed": 0, "wrong_release": 1}, "public: 9 requests, 0 failed, 1 of a wrong release"),
        (
            {"sent": 9, "failed": 0, "cached": 2, "stopped": 1},
            "public: 9 requests, 0 failed, 2 cached, 1 stopped at the edge: the public never noticed",
        ),
        ({"sent": 9, "failed": 0}, "public: 9 requests, 0 failed: the public never noticed"),
    ],
)
def test_the_public_never_noticed_only_when_that_was_measured(requests: dict[str, int], told: str) -> None:
    assert summarize(ended(requests=requests))[1] == told
    assert never_noticed(requests) is told.endswith("never noticed")


def test_the_first_deploy_has_no_public_that_could_notice() -> None:
    timeline = Timeline("deploy", "R", "demo", "shop", "", "", "green", "2")
    timeline.take(RESULT)
    assert summarize(timeline) == [
        "deployed: green (2) serves the public, after 4.0 s; it is the first here",
        "public: 10 requests, 0 failed",
        "next: bluegreen status",
    ]


def test_records_only_and_overlap_are_said() -> None:
    assert summarize(ended(proof="records-only"))[1].endswith("; proof: records-only")
    assert "both colors answered for 0.2 s" in summarize(ended(overlap_seconds=0.2))[1]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.04, "0.0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (125, "2 min 05 s"),
        (300, "5 min"),
        (3780, "1 h 03 min"),
        (7200, "2 h"),
    ],
)
def test_durations(seconds: float, written: str) -> None:
    assert took(seconds) == written


def test_times_have_their_date_when_it_is_another_day() -> None:
    assert len(at(1_800_000_000, 1_800_000_000)) == len("14:05")
    assert at(1_800_000_000, 1_800_200_000)[:6] == "01-15 "
    assert at(1_800_000_000, 1_900_000_000)[:11] == "2027-01-15 "
    assert len(moment(1_800_000_000)) == len("2027-01-15 14:05:00")
    assert until(-1) == "for ever"


def test_a_console_is_told_line_by_line_also_when_quiet() -> None:
    event = {"event": "console", "color": "green", "text": "booting\nkernel panic\n"}
    assert Narrator(QUIET).tell(event) == [
        "the console of green's machine ends with:",
        "  | booting",
        "  | kernel panic",
    ]
    assert Narrator(QUIET).tell({**event, "text": ""})[-1] == "  | (nothing)"


def test_the_plan_of_the_way_back_is_not_taken_for_a_change() -> None:
    narrator = Narrator(NORMAL)
    planned = {"event": "planned", "layer": "edge", "phase": "RETURN", "changes": {"root": "update"}, "allowed": True}
    narrator.tell({"event": "phase-started", "phase": "SWITCH"})
    assert narrator.tell(planned) == ["edge: the way back is planned, for a rollback to apply"]
    narrator.tell({"event": "phase-started", "phase": "RETURN"})
    assert narrator.tell(planned)[0] == "edge: the plan changes 1"
