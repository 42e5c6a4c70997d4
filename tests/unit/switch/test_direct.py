"""A rollback past Terraform: what it reads, what it changes, how it ends, and who has Terraform catch up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from bluegreen.adapters.fakes.http import FakeProbe
from bluegreen.errors import (
    BluegreenError,
    ConfigError,
    Interrupted,
    Locked,
    Refused,
    Stuck,
    TargetRefused,
    TerraformError,
    UsageError,
)
from bluegreen.model import Color
from bluegreen.ports import Answer, Freeze, Question, Record
from bluegreen.switch.phases import Phase
from bluegreen.switch.request import DirectRequest

Start = Callable[..., Any]
P = Phase
BLUE, GREEN, NOWHERE = "127.0.0.11", "127.0.0.12", "127.0.0.99"
EDGE = {"zone": "shop.test", "hostnames": ["shop.test"]}


def own(color: str, address: str, below: str = "shop.test") -> Record:
    return Record(f"own-{color}-{below}", f"backend-{color}-access.{below}", "A", address, ttl=60)


def publish(town: Any, *records: Record) -> None:
    town.records.records |= {record.id: record for record in records}


@pytest.fixture(params=["single", "layers"])
def town(shop: Start, request: Any) -> Any:
    """Green is active with release 2; blue is warm with 1. Terraform works again when somebody resumes."""
    town = shop(request.param, edge=EDGE)
    town.refreshes = True
    assert town.run("deploy", release="2").verdict == "switched"
    publish(town, own("blue", BLUE), own("green", GREEN))
    return town


def assert_agreed(town: Any, color: str, release: str = "3") -> None:
    """State and live edge say the same, nobody is owed anything, and the way on is open."""
    assert (town.live, town.output["server_active"]) == (color, color)
    status = town.status()
    assert (list(status.drift), status.unfinished, town.history.past_terraform) == ([], "", None)
    assert town.run("deploy", release=release).verdict == "switched"


def test_it_moves_the_public_without_terraform_and_proves_it(town: Any) -> None:
    applies = town.applies
    result = town.run("direct", to=Color.BLUE)
    assert (result.verdict, result.exit_code, result.active) == ("rolled-back-directly", 0, "blue")
    assert (town.live, town.output["server_active"], town.applies) == ("blue", "green", applies)
    assert town.phases == [P.PREFLIGHT, P.SWITCH, P.PROVE]
    assert town.records.switched == [{"r1": BLUE}]
    assert result.requests["sent"] > 20
    assert town.questions[-1] == "Point shop.test at blue (127.0.0.11), past Terraform?"


WWW = "www.shop.test"


@pytest.fixture
def two(shop: Start) -> Any:
    """The same with a second public hostname, which the stack does not know."""
    town = shop(edge={**EDGE, "hostnames": ["shop.test", WWW]})
    town.run("deploy", release="2")
    publish(town, own("blue", BLUE), own("green", GREEN), Record("r2", WWW, "A", GREEN, proxied=True))
    return town


def asked_at(town: Any, hostname: str) -> int:
    return sum(question.host == hostname for question in town.probe.questions)


def test_every_hostname_that_was_moved_is_proven(two: Any) -> None:
    assert two.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"
    assert two.records.switched == [{"r1": BLUE, "r2": BLUE}]
    assert asked_at(two, WWW) == two.settings.probe.healthy
    assert "www" not in two.said


def test_one_that_the_other_color_goes_on_answering_is_not_done(two: Any) -> None:
    two.stuck[WWW] = "green"
    result = two.run("direct", to=Color.BLUE)
    assert (type(result.error), result.exit_code, two.phases[-1]) == (Stuck, 7, P.PROVE)
    assert f"{WWW} did not settle on blue in time" in result.error.message
    assert result.error.hint.startswith("bluegreen rollback --direct")


def test_one_that_follows_late_is(two: Any) -> None:
    def answer(question: Question) -> Answer:
        if asked_at(two, WWW) > 2:
            two.stuck.clear()
        return cast(Answer, two.answer(question))

    two.stuck[WWW] = "green"
    two.probe = FakeProbe(answer)
    assert two.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"
    assert asked_at(two, WWW) == 2 + two.settings.probe.healthy


def test_one_that_does_not_say_who_answers_is_said(two: Any) -> None:
    two.stuck[WWW] = ""
    assert two.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"
    assert f"{WWW} does not say who answers there: failed (refused)" in two.said


def test_resume_has_terraform_say_the_same_and_changes_the_marker_only(town: Any) -> None:
    town.run("direct", to=Color.BLUE)
    assert "done past Terraform" in town.status().unfinished
    result = town.resume()
    assert (result.verdict, result.active) == ("rolled-back", "blue")
    assert [one["changes"].keys() for one in town.told("planned")] == [{"terraform_data.bluegreen"}]
    assert town.output["server_previous"] == ""
    assert_agreed(town, "blue")


def test_what_was_taken_out_of_service_is_remembered(town: Any) -> None:
    town.run("direct", to=Color.BLUE)
    town.resume()
    assert "--retry" in town.run("deploy", release="2").error.hint


@pytest.mark.parametrize(
    ("verb", "asked"),
    [
        ("deploy", {"release": "3"}),
        ("prepare", {"release": "3"}),
        ("switch", {}),
        ("retire", {}),
        ("reconcile", {"to": "state"}),
        ("reconcile", {"to": "live"}),
    ],
)
def test_until_then_no_other_verb_goes_on(town: Any, verb: str, asked: Any) -> None:
    town.run("direct", to=Color.BLUE)
    result = town.run(verb, **asked)
    assert (type(result.error), result.exit_code, result.error.hint) == (Refused, 3, "bluegreen resume")
    assert "past Terraform" in result.error.message
    assert town.live == "blue"
    town.resume()
    assert_agreed(town, "blue")


def test_a_plain_rollback_brings_terraform_along_too(town: Any) -> None:
    town.prepares = True
    town.run("direct", to=Color.BLUE)
    assert town.status().rollback.ready
    assert (town.run("rollback").verdict, "done past Terraform; this ends it" in town.said) == ("rolled-back", True)
    assert_agreed(town, "blue")


def test_again_is_harmless(town: Any) -> None:
    town.run("direct", to=Color.BLUE)
    assert town.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"
    assert len(town.records.switched) == 1
    town.resume()
    assert_agreed(town, "blue")


def test_what_was_moved_back_past_terraform_leaves_nothing_to_record(town: Any) -> None:
    town.run("direct", to=Color.BLUE)
    town.run("direct", to=Color.GREEN)
    assert (town.live, town.resume().exit_code) == ("green", 0)
    assert_agreed(town, "green")


def test_without_zone_or_hostnames_nothing_can_be_done(shop: Start) -> None:
    town = shop()
    result = town.run("direct", to=Color.BLUE)
    assert (type(result.error), result.exit_code) == (ConfigError, 2)
    assert "edge.zone and edge.hostnames" in result.error.message


def test_the_target_is_never_taken_from_another_environment(town: Any) -> None:
    del town.records.records["own-blue-shop.test"]
    publish(town, own("blue", BLUE, "pro.shop.test"))
    result = town.run("direct", to=Color.BLUE)
    assert (type(result.error), result.exit_code, town.live) == (TargetRefused, 3, "green")
    publish(town, own("blue", BLUE, "demo.shop.test"))
    assert town.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"


def test_an_address_given_needs_no_record(town: Any) -> None:
    del town.records.records["own-blue-shop.test"]
    assert "--address IP" in town.run("direct", to=Color.BLUE).error.hint
    assert town.run("direct", to=Color.BLUE, address=BLUE).verdict == "rolled-back-directly"
    assert town.live == "blue"


def test_the_other_colors_address_is_refused(town: Any) -> None:
    result = town.run("direct", to=Color.BLUE, address=GREEN)
    assert (type(result.error), town.live) == (TargetRefused, "green")


def test_an_address_that_earlier_runs_knew_otherwise_is_refused_unless_given(town: Any) -> None:
    assert town.history.last_address(Color.BLUE) == BLUE
    publish(town, own("blue", NOWHERE))
    result = town.run("direct", to=Color.BLUE)
    assert (type(result.error), town.live) == (TargetRefused, "green")
    assert f"{NOWHERE}, and when it last served it was at {BLUE}" in result.error.message
    publish(town, own("blue", BLUE))
    assert town.run("direct", to=Color.BLUE, address=NOWHERE).verdict == "stuck"


def test_a_journal_that_cannot_be_read_is_said_and_stops_nothing(town: Any) -> None:
    def damaged(run: str) -> Any:
        raise UsageError("the journal is damaged")

    journal, town.store.journal = town.store.journal, damaged
    result = town.run("direct", to=Color.BLUE)
    assert (result.verdict, "the journal is damaged" in town.said) == ("rolled-back-directly", True)
    town.store.journal = journal
    town.resume()
    assert_agreed(town, "blue")


@pytest.mark.parametrize("strange", [None, Record("r2", "shop.test", "AAAA", "::1", proxied=True)])
def test_a_public_hostname_has_one_a_record(town: Any, strange: Record | None) -> None:
    if strange is None:
        del town.records.records["r1"]
    else:
        publish(town, strange)
    result = town.run("direct", to=Color.BLUE)
    assert (type(result.error), result.exit_code, town.records.switched) == (Refused, 3, [])


def test_other_records_of_a_public_hostname_do_not_matter(town: Any) -> None:
    publish(town, Record("t1", "shop.test", "TXT", "v=spf1"))
    assert town.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"


def test_no_is_no(town: Any) -> None:
    town.refuses_to_ask = True
    result = town.run("direct", to=Color.BLUE)
    assert (result.verdict, result.exit_code, town.records.switched) == ("refused", 3, [])
    assert town.history.past_terraform is None


def test_the_hooks_of_a_return_belong_to_it_and_none_to_what_catches_up(shop: Start) -> None:
    names = ("before_return", "after_return", "before_switch", "after_done")
    town = shop(edge=EDGE, hooks={name: [{"command": [name]}] for name in names})
    town.refreshes = True
    town.run("deploy", release="2")
    publish(town, own("blue", BLUE))
    town.commands.asked.clear()
    town.run("direct", to=Color.BLUE)
    town.resume()
    assert [argv for argv, _, _ in town.commands.asked] == [("before_return",), ("after_return",)]


def test_a_frozen_environment_does_not_stop_it(town: Any) -> None:
    town.store.set_freeze(Freeze("audit", "ana", 0.0))
    assert town.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"


def test_an_answer_that_was_lost_is_found_to_have_been_done(town: Any) -> None:
    town.records.refusal, town.records.late = BluegreenError("no answer"), True
    result = town.run("direct", to=Color.BLUE)
    assert (result.verdict, town.live) == ("rolled-back-directly", "blue")
    assert "no answer; looking whether it was done all the same" in town.said


def test_what_was_refused_has_changed_nothing_and_owes_nothing(town: Any) -> None:
    town.records.refusal = BluegreenError("not this token")
    result = town.run("direct", to=Color.BLUE)
    assert (result.verdict, result.exit_code, result.error.message) == ("failed", 1, "not this token")
    assert (town.live, town.status().unfinished) == ("green", "")
    assert_agreed(town, "green")


def test_where_the_edge_cannot_be_read_back_it_is_stuck(town: Any) -> None:
    def silence() -> None:
        town.records.error = town.records.refusal = BluegreenError("no answer")

    with town.on("apply-started", silence):
        result = town.run("direct", to=Color.BLUE)
    assert (type(result.error), result.exit_code) == (Stuck, 7)
    assert result.error.hint == "bluegreen rollback --direct --to blue --reason TEXT, again"
    town.records.error = town.records.refusal = None
    assert town.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"


def test_a_target_that_does_not_answer_is_a_matter_for_a_human(town: Any) -> None:
    town.moods["blue"] = "sick"
    result = town.run("direct", to=Color.BLUE)
    assert (type(result.error), result.exit_code, town.live) == (Stuck, 7, "blue")
    town.moods.clear()
    assert town.resume().verdict == "rolled-back"
    assert_agreed(town, "blue")


def test_once_the_target_answers_it_can_be_left(town: Any) -> None:
    with town.on("first-answer", town.interruptions.interrupt):
        result = town.run("direct", to=Color.BLUE)
    assert (result.verdict, result.exit_code, town.live) == ("rolled-back-directly", 130, "blue")
    town.resume()
    assert_agreed(town, "blue")


def test_interrupted_before_the_switch_it_changes_nothing(town: Any) -> None:
    with town.on("route-chosen", town.interruptions.interrupt):
        result = town.run("direct", to=Color.BLUE)
    assert (type(result.error), result.exit_code, town.live) == (Interrupted, 130, "green")


def test_the_lock_of_a_run_that_lives_is_gone_past(town: Any) -> None:
    world = town.world("run-900")
    world.lock.acquire("run-900", "deploy")
    result = town.run("direct", to=Color.BLUE)
    assert (result.verdict, "holds the lock; going past that" in town.said) == ("rolled-back-directly", True)
    assert "may move the public again. Point shop.test" in town.questions[-1]
    assert town.store.called_back("run-900") == f"run {result.run}"
    holder = world.lock.holder()
    assert (holder is not None, holder and holder.run) == (True, "run-900")
    with pytest.raises(Locked):
        town.resume()


def test_a_deploy_that_got_stuck_is_behind_it(town: Any) -> None:
    town.kill("deploy", "phase-started", fields={"phase": P.PROVE}, release="3")
    assert town.live == "blue"
    assert town.run("direct", to=Color.GREEN).verdict == "rolled-back-directly"
    assert town.resume().verdict == "rolled-back"
    assert_agreed(town, "green", "4")


def lines_of_one(town: Any) -> int:
    town.run("direct", to=Color.BLUE)
    return len(town.store.journal(town.last().id))


@pytest.mark.parametrize("way", ["direct", "resume", "rollback"])
def test_killed_anywhere_the_next_command_goes_on(shop: Start, way: str) -> None:
    def start() -> Any:
        town = shop("layers", edge=EDGE)
        town.refreshes = True
        assert town.run("deploy", release="2").verdict == "switched"
        publish(town, own("blue", BLUE), own("green", GREEN))
        return town

    for number in range(1, lines_of_one(start()) + 1):
        for before in (True, False):
            town = start()
            town.kill_at(number, "direct", before=before, to=Color.BLUE)
            moved = town.live
            if way == "direct":
                assert town.run("direct", to=Color.BLUE).verdict == "rolled-back-directly"
            elif way == "rollback":
                assert town.run("rollback").verdict == "rolled-back"
            if town.history.unfinished is not None:
                assert town.resume().exit_code == 0
            assert_agreed(town, moved if way == "resume" else "blue")


@pytest.mark.parametrize("phase", [P.PREFLIGHT, P.RECORD])
@pytest.mark.parametrize("event", ["phase-started", "phase-finished"])
def test_a_resume_that_is_killed_is_done_again(town: Any, event: str, phase: str) -> None:
    def die() -> None:
        raise town._killed

    town.run("direct", to=Color.BLUE)
    with town.on(event, die, phase=phase), town.cut_off():
        town.resume()
    if town.history.unfinished is not None:
        assert town.resume().exit_code == 0
    assert_agreed(town, "blue")


@pytest.mark.parametrize("trouble", ["fail_plan", "fail_apply", "the edge"])
def test_a_resume_that_fails_leaves_it_owed(town: Any, trouble: str) -> None:
    town.run("direct", to=Color.BLUE)
    if trouble == "the edge":
        town.records.error = BluegreenError("no answer")
    else:
        setattr(town.root(), trouble, TerraformError("no permission", applying=trouble == "fail_apply"))
    assert town.resume().exit_code in (1, 7)
    town.records.error = town.root().fail_plan = town.root().fail_apply = None
    assert "done past Terraform" in town.status().unfinished
    assert town.run("deploy", release="3").error.hint == "bluegreen resume"
    assert town.resume().verdict == "rolled-back"
    assert_agreed(town, "blue")


@pytest.mark.parametrize("address", ["example.com", "::1", "300.1.1.1"])
def test_only_an_ipv4_address_will_do(address: str) -> None:
    with pytest.raises(UsageError, match="no IPv4 address"):
        DirectRequest(Color.BLUE, "why", address)
    with pytest.raises(UsageError, match="needs a reason"):
        DirectRequest(Color.BLUE, "")
