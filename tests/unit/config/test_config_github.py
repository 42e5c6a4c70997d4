"""The section from which workflows are generated."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bluegreen.config.github import Hours
from bluegreen.config.load import Config
from bluegreen.errors import Problem

ACTION = f"example/bluegreen@{'0123456789' * 4}"

Load = Callable[[str], Config]


def with_section(minimal: str, section: str) -> str:
    return f"{minimal}github: {{action: {ACTION}{', ' if section else ''}{section}}}\n"


def test_a_runner_of_githubs_has_no_address_of_its_own(load: Load, minimal: str) -> None:
    hosted, ours = (
        load(with_section(minimal, section)).github for section in ("runner: macos-15", "runner: [self-hosted, near]")
    )
    assert hosted is not None
    assert ours is not None
    assert (hosted.runner, hosted.hosted) == (("macos-15",), True)
    assert (ours.runner, ours.hosted) == (("self-hosted", "near"), False)
    assert load(minimal).github is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon-Fri 09:00-16:00 Europe/Berlin", Hours("Mon", "Fri", "09:00", "16:00", "Europe/Berlin")),
        ("Sun 00:00-24:00 UTC", Hours("Sun", "Sun", "00:00", "24:00", "UTC")),
        ("Tue-Tue 22:30-23:59 America/Argentina/Buenos_Aires", None),
    ],
)
def test_hours_name_days_times_and_a_zone(load: Load, minimal: str, written: str, read: Hours | None) -> None:
    github = load(with_section(minimal, f"hours: {written}")).github
    assert github is not None
    assert github.hours is not None
    assert read in (None, github.hours)


@pytest.mark.parametrize(
    ("section", "path", "message"),
    [
        ("hours: Mon-Fri 09:00-16:00", "hours", "must be days, hours and a time zone"),
        ("hours: Mon-Fri 09:00-16:00 CET-ish", "hours", "must be days, hours and a time zone"),
        ("hours: Mon-Fri 9-16 Europe/Berlin", "hours", "must be days, hours and a time zone"),
        ("hours: 7", "hours", "must be days, hours and a time zone"),
        ("hours: Fri-Mon 09:00-16:00 Europe/Berlin", "hours", "ends before it begins"),
        ("hours: Mon 16:00-09:00 Europe/Berlin", "hours", "ends before it begins"),
        ("hours: Mon 09:00-25:00 Europe/Berlin", "hours", "ends before it begins"),
        ("hours: Mon 09:00-16:00 Europe/Berlim", "hours", "names no time zone: Europe/Berlim"),
        ("runner: []", "runner", "must not be empty"),
        ("runner: 'a b'", "runner", "must be a runner's label, or a list of them"),
        ("branch: '*'", "branch", "must be the name of a branch"),
        ("queue: all", "queue", 'must be newest or max, not "all"'),
    ],
)
def test_what_cannot_be_meant(
    problems: Callable[[str], list[Problem]], minimal: str, section: str, path: str, message: str
) -> None:
    (problem,) = problems(with_section(minimal, section))
    assert (problem.path, problem.message) == (f"github.{path}", message)


@pytest.mark.parametrize("action", ["example/bluegreen@v1", "bluegreen@" + "0" * 40, "a/b@" + "0" * 39, "./here"])
def test_the_action_is_pinned_by_a_full_commit(
    problems: Callable[[str], list[Problem]], minimal: str, action: str
) -> None:
    (problem,) = problems(f"{minimal}github: {{action: {action}}}\n")
    assert problem.message == "must be a repository at a full commit"


def test_who_runs_nothing_needs_no_variable(load: Load, minimal: str) -> None:
    config = load(f"{minimal}    probe: {{headers: {{X-S: 'a ${{B_SECRET}}'}}}}\n    edge: {{token: '${{A_TOKEN}}'}}\n")
    assert config.references("pro") == ["A_TOKEN", "B_SECRET"]
    assert config.described("pro").probe.secrets == {"X-S": "a ${B_SECRET}"}
