"""Whole runs on a town in memory: every route of every table is walked, and each ending has its word and exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from bluegreen.config.schema import Identity, Matcher
from bluegreen.errors import (
    BluegreenError,
    CheckFailed,
    ConfigError,
    Diagnostic,
    DriftFound,
    GuardRefused,
    Interrupted,
    Locked,
    Returned,
    Stuck,
    TargetRefused,
    TerraformError,
    UsageError,
)
from bluegreen.model import Color
from bluegreen.run.engine import DONE, FAILED, INTERRUPTED
from bluegreen.switch.phases import (
    ACCEPTED,
    HELD,
    NO_ORIGIN,
    NOT_BEGUN,
    NOTHING,
    STALE,
    STOPPED,
    TABLES,
    UNANSWERED,
    Phase,
)
from bluegreen.switch.retire import WARM_ENDING

if TYPE_CHECKING:
    from conftest import Town

P = Phase
Start = Callable[..., Any]

BEFORE: Mapping[str, Callable[[Town], None]] = {
    "deploy": lambda town: None,
    "prepare": lambda town: None,
    "switch": lambda town: ended(town, "prepare", "prepared", release="2"),
    "rollback": lambda town: ended(town, "deploy", "switched", release="2"),
    "retire": lambda town: ended(town, "deploy", "switched", release="2"),
    "reconcile": lambda town: edit_by_hand(town),
}
ASKED: Mapping[str, Mapping[str, Any]] = {
    "deploy": {"release": "2"},
    "prepare": {"release": "2"},
    "retire": {"force": True, "reason": "test"},
    "reconcile": {"to": "state"},
}


def edit_by_hand(town: Town) -> None:
    town.refreshes = True
    ended(town, "deploy", "switched", release="2")
    ended(town, "rollback", "rolled-back")
    town.records.point("shop.test", "127.0.0.12")


def ended(town: Town, verb: str, verdict: str, **asked: Any) -> None:
    assert town.run(verb, **asked).verdict == verdict


def stop_the_target(town: Town) -> None:
    ended(town, "retire", "retired", force=True, reason="test")


def fail_plan(town: Town) -> None:
    town.root().fail_plan = TerraformError("terraform plan failed")


def fail_apply(town: Town) -> None:
    town.root().fail_apply = TerraformError("terraform apply failed", applying=True)


def change_the_state(town: Town) -> None:
    """Somebody applies something harmless with Terraform by hand."""
    town.root()._serial += 1


def sicken(color: str) -> Callable[[Town], None]:
    return lambda town: town.moods.update({color: "sick"})


def interrupt(town: Town) -> None:
    town.interruptions.interrupt()


class Trouble:
    """What is done to a run, and when. settings, prepares: of the town; before: the run; at: phase and what to do."""

    def __init__(
        self,
        *at: tuple[str, Callable[[Town], None]],
        before: Callable[[Town], None] = lambda town: None,
        asked: Mapping[str, Any] | None = None,
        first: bool = False,
        prepares: bool = False,
        **settings: Any,
    ) -> None:
        self.at, self.before, self.asked, self.first, self.settings = at, before, asked, first, settings
        self.prepares = prepares

    @contextmanager
    def brought_to(self, town: Town) -> Iterator[None]:
        with ExitStack() as stack:
            for phase, act in self.at:
                event, fields = ("first-answer", {}) if phase == "first-answer" else ("phase-started", {"phase": phase})
                stack.enter_context(town.on(event, lambda act=act: act(town), **fields))  # type: ignore[misc]
            yield


def troubles(verb: str) -> dict[tuple[str, str], Trouble]:
    """Return how each route of a verb is brought about; (phase, outcome) -> trouble."""
    goal = "blue" if verb in ("rollback", "reconcile") else "green"
    hold = {"bake": {"on_failure": "hold"}}
    found = {
        (P.PREFLIGHT, FAILED): Trouble(
            (P.PREFLIGHT, lambda town: setattr(town.root(), "fail_folder", ConfigError("x")))
        ),
        (P.PREFLIGHT, NOTHING): Trouble(asked={"release": "1"}),
        (P.PREPARE, FAILED): Trouble((P.PREPARE, fail_plan)),
        (P.CHECK, FAILED): Trouble((P.CHECK, sicken(goal))),
        (P.SWITCH, FAILED): Trouble((P.SWITCH, fail_apply)),
        (P.SWITCH, NOT_BEGUN): Trouble((P.SWITCH, fail_plan)),
        (P.PROVE, FAILED): Trouble((P.PROVE, sicken(goal))),
        (P.PROVE, HELD): Trouble((P.PROVE, sicken(goal)), **hold),
        (P.BAKE, FAILED): Trouble((P.BAKE, sicken(goal))),
        (P.BAKE, HELD): Trouble((P.BAKE, sicken(goal)), **hold),
        (P.RETURN, DONE): Trouble((P.BAKE, sicken(goal))),
        (P.RETURN, FAILED): Trouble((P.BAKE, sicken(goal)), (P.RETURN, fail_plan)),
        (P.RETURN, NO_ORIGIN): Trouble((P.PROVE, sicken("blue")), first=True, asked={}),
        (P.RETIRE, FAILED): Trouble((P.RETIRE, fail_plan)),
    }
    found |= {(phase, INTERRUPTED): Trouble((phase, interrupt)) for phase in TABLES[verb] if phase != P.RETURN}
    if verb == "rollback":
        found |= {
            (P.PREFLIGHT, NOTHING): Trouble(before=lambda town: ended(town, "rollback", "rolled-back")),
            (P.PREFLIGHT, STOPPED): Trouble(before=stop_the_target),
            (P.PREPARE, DONE): Trouble(before=stop_the_target),
            (P.PREPARE, FAILED): Trouble((P.PREPARE, fail_plan), before=stop_the_target),
            (P.PREPARE, INTERRUPTED): Trouble((P.PREPARE, interrupt), before=stop_the_target),
            (P.PROVE, INTERRUPTED): Trouble(("first-answer", interrupt)),
            (P.PROVE, UNANSWERED): Trouble((P.SWITCH, sicken("blue")), (P.PROVE, interrupt)),
            (P.CHECK, STALE): Trouble((P.CHECK, sicken("blue")), prepares=True),
            (P.SWITCH, STALE): Trouble((P.SWITCH, change_the_state), prepares=True),
        }
    if verb == "reconcile":
        found |= {
            (P.PREFLIGHT, NOTHING): Trouble((P.PREFLIGHT, lambda town: town.records.point("shop.test", "127.0.0.11"))),
            (P.PREFLIGHT, ACCEPTED): Trouble(asked={"to": "live"}),
            (P.RECORD, DONE): Trouble(asked={"to": "live"}),
            (P.RECORD, FAILED): Trouble((P.RECORD, fail_apply), asked={"to": "live"}),
            (P.RECORD, NOT_BEGUN): Trouble((P.RECORD, fail_plan), asked={"to": "live"}),
            (P.RECORD, INTERRUPTED): Trouble((P.RECORD, interrupt), asked={"to": "live"}),
            (P.PROVE, INTERRUPTED): Trouble(("first-answer", interrupt)),
            (P.PROVE, UNANSWERED): Trouble((P.SWITCH, sicken("blue")), (P.PROVE, interrupt)),
        }
    if verb == "retire":
        found[P.PREFLIGHT, NOTHING] = Trouble(before=stop_the_target)
    return found


# Going back is not interrupted: what arrives meanwhile is answered by going back.
NEVER = {(verb, P.RETURN, INTERRUPTED) for verb in TABLES}
# A first deploy is a deploy: `bg switch` is never one.
NEVER |= {("switch", P.RETURN, NO_ORIGIN)}

ROUTES = [
    (verb, phase, outcome)
    for verb, table in TABLES.items()
    for phase, routes in table.items()
    for outcome in routes
    if (verb, phase, outcome) not in NEVER
]


@pytest.mark.parametrize(("verb", "phase", "outcome"), ROUTES)
def test_every_route_can_be_walked_and_leads_where_its_table_says(
    verb: str, phase: str, outcome: str, found: Start, shop: Start
) -> None:
    trouble = troubles(verb).get((phase, outcome), Trouble())
    town: Town = found(**trouble.settings) if trouble.first else shop(**trouble.settings)
    town.prepares = trouble.prepares
    if not trouble.first:
        BEFORE[verb](town)
    trouble.before(town)
    with trouble.brought_to(town):
        town.run(verb, **(ASKED.get(verb, {}) if trouble.asked is None else trouble.asked))
    left = [(one["phase"], one["outcome"], one["following"]) for one in town.told("phase-finished")]
    assert (phase, outcome, TABLES[verb][phase][outcome]) in left
    assert town.place.holder is None
    assert town.told("result")


@pytest.mark.parametrize("layout", ["single", "layers"])
def test_the_day_of_a_town(found: Start, layout: str) -> None:
    town: Town = found(layout)
    day = [
        ("deploy", {}, "switched", "blue", ""),
        ("deploy", {}, "nothing-to-do", "blue", ""),
        ("deploy", {"release": "2"}, "switched", "green", "blue"),
        ("rollback", {}, "rolled-back", "blue", ""),
        ("rollback", {}, "nothing-to-do", "blue", ""),
        ("prepare", {"release": "3"}, "prepared", "blue", ""),
        ("prepare", {"release": "3"}, "prepared", "blue", ""),
        ("switch", {}, "switched", "green", "blue"),
        ("retire", {"due": True}, "nothing-to-do", "green", "blue"),
        ("retire", {"force": True, "reason": "test"}, "retired", "green", "blue"),
        ("rollback", {}, "rolled-back", "blue", ""),
        ("deploy", {"release": "4"}, "switched", "green", "blue"),
        ("retire", {"standby": "destroy", "force": True, "reason": "test"}, "retired", "green", "blue"),
        ("deploy", {"release": "5"}, "switched", "blue", "green"),
    ]
    for verb, asked, verdict, active, previous in day:
        result = town.run(verb, **asked)
        assert (result.verdict, result.exit_code, result.active, result.error) == (verdict, 0, active, None), verb
        assert (town.live, town.output["server_active"]) == (active, active)
        assert town.output["server_previous"] == previous
        assert result.requests["failed"] == result.requests["wrong_release"] == 0


# Endings: verdict, exit code, error

ENDINGS: Mapping[str, tuple[str, Trouble, str, int, type[BluegreenError], str]] = {
    "failed before the switch": ("deploy", Trouble((P.CHECK, sicken("green"))), "failed", 1, CheckFailed, "blue"),
    "no plan": ("deploy", Trouble((P.PREPARE, fail_plan)), "failed", 1, TerraformError, "blue"),
    "not begun": ("deploy", Trouble((P.SWITCH, fail_plan)), "failed", 1, TerraformError, "blue"),
    "bad folder": (
        "deploy",
        Trouble((P.PREFLIGHT, lambda town: setattr(town.root(), "fail_folder", ConfigError("x")))),
        "usage",
        2,
        ConfigError,
        "blue",
    ),
    "drift": (
        "deploy",
        Trouble((P.PREFLIGHT, lambda town: town.records.point("shop.test", "127.0.0.99"))),
        "refused",
        3,
        DriftFound,
        "",
    ),
    "nothing prepared": (
        "switch",
        Trouble(before=lambda t: ended(t, "switch", "switched")),
        "refused",
        3,
        TargetRefused,
        "green",
    ),
    "foreign lock": (
        "deploy",
        Trouble((P.PREPARE, lambda town: setattr(town.root(), "fail_plan", Locked("somebody else")))),
        "locked",
        4,
        Locked,
        "blue",
    ),
    "returned": ("deploy", Trouble((P.PROVE, sicken("green"))), "returned", 6, Returned, "blue"),
    "held": ("deploy", Trouble((P.BAKE, sicken("green")), bake={"on_failure": "hold"}), "stuck", 7, Stuck, "green"),
    "return failed": ("deploy", Trouble((P.BAKE, sicken("green")), (P.RETURN, fail_plan)), "stuck", 7, Stuck, "green"),
    "rollback failed": ("rollback", Trouble((P.SWITCH, fail_apply)), "stuck", 7, Stuck, "green"),
    "rollback unproven": ("rollback", Trouble((P.PROVE, sicken("blue"))), "stuck", 7, Stuck, "blue"),
    "sick target": ("rollback", Trouble((P.CHECK, sicken("blue"))), "refused", 3, TargetRefused, "green"),
    "interrupted": ("deploy", Trouble((P.CHECK, interrupt)), "interrupted", 130, Interrupted, "blue"),
    "interrupted later": ("deploy", Trouble((P.PROVE, interrupt)), "returned", 130, Returned, "blue"),
    "interrupted rollback": (
        "rollback",
        Trouble((P.SWITCH, sicken("blue")), (P.PROVE, interrupt)),
        "stuck",
        130,
        Stuck,
        "blue",
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_each_ending_has_its_word_its_error_and_its_exit_code(name: str, shop: Start) -> None:
    verb, trouble, verdict, exit_code, error, live = ENDINGS[name]
    town: Town = shop(**trouble.settings)
    BEFORE[verb](town)
    trouble.before(town)
    with trouble.brought_to(town):
        result = town.run(verb, **ASKED.get(verb, {}))
    assert (result.verdict, result.exit_code, type(result.error)) == (verdict, exit_code, error)
    assert town.live == live
    told = town.told("result")[-1]
    assert (told["verdict"], told["exit_code"], told["active"]) == (verdict, exit_code, result.active)


def test_a_result_says_where_the_public_and_the_idle_color_answer(found: Start) -> None:
    town: Town = found()
    town.run("deploy")
    told = [town.told("result")[-1]]
    for verb, asked in (("prepare", {"release": "2"}), ("switch", {}), ("retire", ASKED["retire"])):
        town.run(verb, **asked)
        told.append(town.told("result")[-1])
    assert {each["public_url"] for each in told} == {"http://127.0.0.2/"}
    assert [each["idle_url"] for each in told] == ["", "http://127.0.0.12/", "http://127.0.0.11/", ""]


def test_an_interrupted_rollback_that_was_answered_is_done_and_still_ends_with_130(shop: Start) -> None:
    town: Town = shop()
    BEFORE["rollback"](town)
    with Trouble(("first-answer", interrupt)).brought_to(town):
        result = town.run("rollback")
    assert (result.verdict, result.exit_code, result.error) == ("rolled-back", 130, None)
    assert town.live == "blue"


def test_a_signal_while_going_back_is_answered_by_going_back(shop: Start) -> None:
    town: Town = shop()
    with Trouble((P.BAKE, sicken("green")), (P.RETURN, interrupt)).brought_to(town):
        result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code, town.live) == ("returned", 6, "blue")
    assert "going back to blue, please wait" in town.said


@pytest.mark.parametrize("verb", ["deploy", "switch", "rollback", "retire"])
def test_a_held_lock_stops_every_verb_before_it_writes_anything(shop: Start, verb: str) -> None:
    town: Town = shop()
    town.world().lock.acquire("other", "deploy")
    runs = list(town.store.runs())
    with pytest.raises(Locked):
        town.run(verb, **ASKED.get(verb, {}))
    assert list(town.store.runs()) == runs


def test_the_lock_is_released_even_when_the_code_is_wrong(shop: Start) -> None:
    town: Town = shop()

    def wrong() -> None:
        raise ZeroDivisionError

    with town.on("phase-started", wrong, phase=P.CHECK), pytest.raises(ZeroDivisionError):
        town.run("deploy", release="2")
    assert town.place.holder is None
    assert not town.prober._running


# What deploy says and refuses


def test_a_deploy_inside_the_settle_time_is_refused_and_a_rollback_is_not(shop: Start) -> None:
    town: Town = shop(probe={"settle": "20s", "deadline": "20s"})
    with Trouble((P.PROVE, sicken("green"))).brought_to(town):
        town.run("deploy", release="2")  # it went back, and that is the last switch
    moved = town.last().moved_at
    town.settings = town.settings.model_copy(
        update={"probe": town.settings.probe.model_copy(update={"settle": town.clock.time() - moved + 10.0})}
    )
    town.moods.clear()
    result = town.at_once("deploy", release="3")
    assert (result.verdict, result.exit_code) == ("refused", 3)
    assert "10 s more" in result.error.message
    assert town.at_once("rollback").exit_code == 0
    town.pass_time(10.0)
    assert town.at_once("prepare", release="3").verdict == "prepared"


def test_a_deploy_says_what_it_uses_up(shop: Start) -> None:
    town: Town = shop(keep_warm="1h")
    town.run("deploy", release="2")
    town.pass_time(600.0)
    town.at_once("deploy", release="3")
    assert "this run uses up the way back: 1 on blue, warm for 50 more minutes" in town.said


def test_a_prepare_does_not_call_itself_a_deploy(shop: Start) -> None:
    town: Town = shop(keep_warm="1h")
    town.run("deploy", release="2")
    town.run("prepare", release="3")
    assert "uses up the way back: 1 on blue" in town.said
    assert "deploy" not in town.said


def test_a_deploy_uses_up_a_color_kept_for_ever_and_says_so(shop: Start) -> None:
    town: Town = shop(keep_warm="forever")
    town.run("deploy", release="2")
    assert town.last().result["warm_until"] == -1
    town.run("deploy", release="3")
    assert "kept warm" in town.said


def test_a_deploy_may_be_made_to_refuse_using_up_the_way_back(shop: Start) -> None:
    town: Town = shop(keep_warm="1h", warm={"on_deploy": "refuse"})
    town.run("deploy", release="2")
    result = town.run("deploy", release="3")
    assert (result.verdict, result.exit_code, town.live) == ("refused", 3, "green")
    town.pass_time(3600.0)
    assert town.run("deploy", release="3").verdict == "switched"


def test_a_release_that_was_returned_from_needs_retry_and_a_reason(shop: Start) -> None:
    town: Town = shop()
    with Trouble((P.BAKE, sicken("green"))).brought_to(town):
        town.run("deploy", release="2")
    town.moods.clear()
    for asked in ({}, {"retry": True}, {"reason": "because"}):
        assert town.run("deploy", release="2", **asked).verdict == "refused"
    assert town.run("deploy", release="2", retry=True, reason="the disk was full").verdict == "switched"


def test_a_deploy_to_the_idle_color_always_deploys_and_to_the_active_one_never(shop: Start) -> None:
    town: Town = shop()
    assert town.run("deploy", to=Color.BLUE).verdict == "nothing-to-do"
    result = town.run("deploy", to=Color.BLUE, release="2")
    assert isinstance(result.error, UsageError)
    assert "bluegreen deploy --to green --release 2" in result.error.hint
    assert town.run("deploy", to=Color.GREEN).verdict == "switched"


def test_nothing_to_do_needs_all_three_witnesses(shop: Start) -> None:
    town: Town = shop()
    town.moods["blue"] = "sick"
    result = town.run("deploy", to=Color.BLUE)
    assert (result.verdict, result.exit_code) == ("refused", 3)
    town.moods.clear()
    town.records.point("shop.test", "127.0.0.99")
    assert isinstance(town.run("deploy").error, DriftFound)


def test_no_release_from_anywhere_is_a_usage_error(shop: Start) -> None:
    town: Town = shop()
    town.settings = town.settings.model_copy(update={"release": None})
    result = town.run("deploy")
    assert (result.exit_code, type(result.error)) == (2, UsageError)


def test_the_public_is_watched_from_before_the_first_apply(shop: Start) -> None:
    town: Town = shop(check={"healthy": 5})
    with Trouble((P.CHECK, sicken("blue"))).brought_to(town):
        result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code, town.live) == ("failed", 1, "blue")
    assert result.requests["failed"] >= 3
    assert "has failed" in result.error.message


def test_a_public_that_failed_already_is_said_and_stops_nothing(shop: Start) -> None:
    town: Town = shop()
    town.moods["blue"] = "sick"
    result = town.run("deploy", release="2")
    assert (result.verdict, town.live) == ("switched", "green")
    assert "fails already, before this run" in town.said
    assert result.requests["failed"] > 0


def test_one_public_answer_of_the_idle_color_before_the_switch_fails_the_run(shop: Start) -> None:
    town: Town = shop()
    with Trouble((P.CHECK, lambda town: town.records.point("shop.test", "127.0.0.12"))).brought_to(town):
        result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code) == ("failed", 1)
    assert "green answers the public before the switch" in result.error.message


def test_a_failed_check_says_when_the_active_color_is_sick_too(shop: Start) -> None:
    town: Town = shop()
    town.moods["blue"] = "sick"
    with Trouble((P.CHECK, sicken("green"))).brought_to(town):
        result = town.run("deploy", release="2")
    assert "the active color, blue, is sick as well" in result.error.message


def test_the_smoke_command_gets_its_environment_and_may_fail_the_check(shop: Start) -> None:
    town: Town = shop(check={"smoke": {"command": ["./smoke", "-v"], "timeout": "7s"}})
    ((argv, environment, timeout),) = town.commands.asked
    assert (argv, timeout, environment["BLUEGREEN_COLOR"], environment["BLUEGREEN_RELEASE"]) == (
        ("./smoke", "-v"),
        7.0,
        "blue",
        "1",
    )
    town.commands.result = (3, "no stock")
    result = town.run("deploy", release="2")
    assert (result.exit_code, town.live) == (1, "blue")
    assert "ended with 3: no stock" in result.error.message


def test_a_guard_refusal_is_a_refusal(shop: Start) -> None:
    town: Town = shop()
    town.root()._resources["module.network.other"] = {"x": 1}
    result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code, type(result.error)) == ("refused", 3, GuardRefused)
    assert "module.network.other: delete (shared)" in result.error.message


def test_a_blind_machine_neither_returns_nor_is_done(shop: Start) -> None:
    town: Town = shop()
    with Trouble((P.BAKE, lambda town: setattr(town, "blind", True))).brought_to(town):
        result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code, town.live) == ("stuck", 7, "green")
    assert P.RETURN not in town.phases


def test_a_machine_that_sees_again_in_time_goes_on(shop: Start) -> None:
    town: Town = shop()

    def look_away(town: Town) -> None:
        town.blind = True
        town.clock.at(town.clock.monotonic() + 8.0, lambda: setattr(town, "blind", False))

    with Trouble((P.BAKE, look_away)).brought_to(town):
        assert town.run("deploy", release="2").verdict == "switched"


def test_without_identity_records_are_the_proof(found: Start) -> None:
    town: Town = found(identity="none")
    town.run("deploy")
    assert town.run("deploy", release="2").verdict == "switched"
    assert town.told("result")[0]["proof"] == "records-only"
    with Trouble((P.PROVE, lambda town: town.records.point("shop.test", "127.0.0.12"))).brought_to(town):
        result = town.run("deploy", release="3")
    assert (result.verdict, town.live) == ("returned", "green")
    assert "the live records do not point at blue" in result.error.message


# First deploys


@pytest.mark.parametrize("layout", ["single", "layers"])
@pytest.mark.parametrize("phase", [P.PREFLIGHT, P.PREPARE, P.CHECK, P.SWITCH, P.PROVE, P.BAKE])
def test_a_first_deploy_that_was_interrupted_anywhere_goes_on_with_the_next(
    found: Start, layout: str, phase: str
) -> None:
    town: Town = found(layout)
    with Trouble((phase, interrupt)).brought_to(town):
        result = town.run("deploy")
    assert (result.exit_code, result.previous) == (130, "")
    again = town.run("deploy")
    assert (again.exit_code, again.active, town.live) == (0, "blue", "blue")


@pytest.mark.parametrize("name", ["network", "blue", "green", "edge"])
def test_a_first_deploy_that_failed_in_any_layer_goes_on_and_asks_again(found: Start, name: str) -> None:
    town: Town = found("layers")
    town.root(name).fail_apply = TerraformError("quota", applying=True)
    assert town.run("deploy").exit_code == 1
    assert town.run("deploy").verdict == "switched"
    assert len(town.questions) == 2


def test_a_first_deploy_is_asked_for(found: Start) -> None:
    town: Town = found()
    town.refuses_to_ask = True
    result = town.run("deploy")
    assert (result.verdict, result.exit_code) == ("refused", 3)
    assert not town.records.records
    town.refuses_to_ask = False
    assert town.run("deploy", to=Color.GREEN).active == "green"


def test_resources_without_our_output_are_not_adopted(found: Start) -> None:
    town: Town = found()
    town.root()._resources["module.network.ip"] = {}
    result = town.run("deploy")
    assert (result.exit_code, "not adopted yet" in result.error.message) == (3, True)
    assert ("bluegreen adopt" in result.error.hint) is (town.layout == "single")


def test_an_empty_state_beside_earlier_runs_or_live_records_is_refused(shop: Start) -> None:
    town: Town = shop()
    root = town.root()
    root._resources, root._output = {}, None
    result = town.run("deploy")
    assert result.exit_code == 3
    assert "127.0.0.11" in result.error.message
    assert "run-001" in result.error.message


@pytest.mark.parametrize("left", ["records", "runs"])
def test_either_of_them_is_enough_to_refuse(shop: Start, left: str) -> None:
    town: Town = shop()
    root = town.root()
    root._resources, root._output = {}, None
    if left == "records":
        town.store._journals.clear()
    else:
        town.records.records.clear()
    assert town.run("deploy").exit_code == 3
    assert not town.questions[1:]


# What moves the public


def test_a_switch_that_failed_halfway_goes_back_to_where_the_run_came_from(shop: Start) -> None:
    """The output says nothing of it: it is still the one from before the switch, and its previous is empty."""
    town: Town = shop()

    def fail_late(town: Town) -> None:
        town.root().after = True
        town.root().fail_apply = TerraformError("terraform apply failed", applying=True)

    with Trouble((P.SWITCH, fail_late)).brought_to(town):
        result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code, town.live) == ("returned", 6, "blue")
    assert (town.output["server_active"], town.output["server_previous"]) == ("blue", "")


@pytest.mark.parametrize("verb", ["deploy", "rollback"])
def test_a_switch_whose_plan_does_not_end_at_the_target_is_refused(shop: Start, verb: str) -> None:
    town: Town = shop()
    BEFORE[verb](town)
    live, describe = town.live, town.root().world

    def nailed(values: Any) -> Any:
        desired = describe(values)
        kept = {address: dict(what) for address, what in desired.resources.items()}
        kept["module.cdn.terraform_data.root"] = {"content": {"blue": "127.0.0.11", "green": "127.0.0.12"}[live]}
        return type(desired)(kept, desired.output)

    town.root().world = nailed
    result = town.run(verb, **ASKED.get(verb, {}))
    assert (result.verdict, result.exit_code, town.live) == ("refused", 3, live)
    assert "the public record would not point at" in result.error.message


# Rollback


def test_a_rollback_reads_and_plans_the_last_layer_only(shop: Start) -> None:
    town: Town = shop("layers")
    town.run("deploy", release="2")
    for layer in town.layers:
        layer.workspace.calls.clear()  # type: ignore[attr-defined]
    town.run("rollback")
    assert [town.root(name).calls for name in ("network", "blue", "green")] == [[], [], []]
    assert town.root("edge").calls == ["check_folder", "init", "recover", "read", "plan", "apply"]


def test_a_sick_way_back_needs_force_and_a_reason(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.moods["blue"] = "slow"
    assert isinstance(town.run("rollback").error, TargetRefused)
    assert isinstance(town.run("rollback", force=True).error, TargetRefused)
    assert town.run("rollback", force=True, reason="better than nothing").active == "blue"


def test_force_does_not_pass_another_release_than_the_one_left_there(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.moods["blue"] = "0.9"
    result = town.run("rollback", force=True, reason="now")
    assert (result.exit_code, town.live) == (3, "green")
    assert "0.9 instead of 1" in result.error.message


def test_an_unreachable_way_back_is_asked_about(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")

    def lose(town: Town) -> None:
        town.moods["blue"] = "lost"

    with Trouble((P.CHECK, lose), (P.SWITCH, lambda town: town.moods.clear())).brought_to(town):
        assert town.run("rollback").verdict == "rolled-back"
    assert "cannot be reached from here" in town.questions[-1]
    town.run("deploy", release="3")
    town.refuses_to_ask = True
    with Trouble((P.CHECK, lose)).brought_to(town):
        assert town.run("rollback").verdict == "refused"


def test_a_color_whose_preparation_was_begun_is_no_way_back(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    fail_apply(town)
    town.run("deploy", release="3")
    result = town.run("rollback", to=Color.BLUE)
    assert isinstance(result.error, TargetRefused)
    assert "used up by run run-003" in result.error.message


def test_a_target_that_had_to_be_started_gets_the_time_of_a_check(shop: Start) -> None:
    town: Town = shop(check={"deadline": "60s"}, rollback_check={"deadline": "3s"})
    BEFORE["rollback"](town)
    stop_the_target(town)

    def boot(town: Town) -> None:
        town.moods["blue"] = "dead"
        town.clock.at(town.clock.monotonic() + 30.0, town.moods.clear)

    with Trouble((P.CHECK, boot)).brought_to(town):
        assert town.run("rollback").verdict == "rolled-back"
    assert "blue is stopped; it is started first" in town.said


def test_a_rollback_does_not_stop_on_drift_that_it_repairs(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.records.point("shop.test", "127.0.0.99")
    assert town.run("rollback").verdict == "rolled-back"
    assert town.live == "blue"


def test_a_rollback_stops_where_state_and_edge_name_different_colors(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    town.records.point("shop.test", "127.0.0.11")
    assert isinstance(town.run("rollback").error, DriftFound)


def test_without_a_declared_previous_the_journals_say_where_to(found: Start) -> None:
    town: Town = found(previous=False)
    town.run("deploy")
    town.run("deploy", release="2")
    assert "server_previous" not in town.output
    assert town.run("rollback").active == "blue"
    assert town.run("rollback").verdict == "nothing-to-do"


def test_without_a_declared_previous_and_without_journals_a_color_must_be_named(found: Start) -> None:
    town: Town = found(previous=False)
    town.run("deploy")
    town.run("deploy", release="2")
    town.store._journals.clear()
    result = town.run("rollback")
    assert (result.exit_code, result.error.hint) == (3, "bluegreen rollback --to blue")
    assert town.run("rollback", to=Color.BLUE).active == "blue"


# Retire


def test_a_scheduled_retire_says_that_the_warm_time_ends_soon(shop: Start) -> None:
    town: Town = shop(keep_warm="2h")
    town.run("deploy", release="2")
    until = town.last().result["warm_until"]
    town.run("retire", due=True)
    assert town.told("warm-ending") == []
    town.pass_time(until - town.clock.time() - WARM_ENDING)  # and ten minutes more until it runs
    town.run("retire", due=True)
    ((told),) = town.told("warm-ending")
    assert (told["color"], told["release"], told["until"]) == ("blue", "1", pytest.approx(until))


def test_retire_waits_for_the_warm_time(shop: Start) -> None:
    town: Town = shop(keep_warm="2h")
    town.run("deploy", release="2")
    assert town.run("retire").exit_code == 3
    assert town.run("retire", due=True).verdict == "nothing-to-do"
    assert town.run("retire", force=True).exit_code == 3
    town.pass_time(7200.0)
    assert town.run("retire", due=True, dry_run=True).verdict == "nothing-to-do"
    assert "running" not in town.server("blue")
    assert town.run("retire", due=True).verdict == "retired"
    assert town.server("blue")["running"] is False
    assert town.run("retire", standby="destroy").verdict == "retired"
    assert town.server("blue") is None


def test_retire_stops_on_drift(shop: Start) -> None:
    town: Town = shop()
    BEFORE["retire"](town)
    town.records.point("shop.test", "127.0.0.11")
    result = town.run("retire", force=True, reason="sure")
    assert (result.exit_code, type(result.error)) == (3, DriftFound)
    assert "running" not in town.server("blue")


def test_without_a_journal_the_way_back_of_the_output_is_kept(shop: Start) -> None:
    town: Town = shop(keep_warm="1h")
    town.run("deploy", release="2")
    town.store._journals.clear()
    assert town.run("retire", due=True).verdict == "nothing-to-do"
    assert town.run("retire", force=True, reason="sure").verdict == "retired"


def test_nothing_to_do_needs_the_publics_word(shop: Start) -> None:
    town: Town = shop()
    town.moods["blue"] = "sick"
    result = town.run("deploy")
    assert (result.verdict, result.exit_code, town.live) == ("refused", 3, "blue")
    assert "--to green" in result.error.hint


def test_a_public_that_does_not_name_its_origin_is_told_before_anything_is_done(shop: Start) -> None:
    town: Town = shop()
    town.settings = town.settings.model_copy(update={"identity": Identity(color=Matcher(header="X-Colour"))})
    town.run("deploy", release="2")
    assert "does not say which color answers (unmarked)" in town.said


def test_a_stuck_rollback_says_where_and_what_terraform_said_and_is_ended_by_another(shop: Start) -> None:
    town: Town = shop()
    town.run("deploy", release="2")
    detail = Diagnostic("error", "failed to make http request", "403 Invalid access token")
    town.root().fail_apply = TerraformError("terraform apply failed", where="edge", diagnostics=[detail], applying=True)
    error = town.run("rollback").error
    assert isinstance(error, Stuck)
    assert (error.where, error.hint) == ("edge", "bluegreen rollback")
    assert error.details == ("403 Invalid access token",)
    assert town.told("error")[-1]["details"] == ["403 Invalid access token"]
    assert town.run("rollback").verdict == "rolled-back"


@pytest.mark.parametrize(("phase", "verdict", "code"), [(P.CHECK, "failed", 1), (P.PROVE, "returned", 6)])
def test_a_run_that_is_asked_to_go_back_does_so_and_says_who_asked(
    shop: Start, phase: str, verdict: str, code: int
) -> None:
    town: Town = shop()
    with town.on("phase-started", lambda: town.interruptions.interrupt("ana@desk"), phase=phase):
        result = town.run("deploy", release="2")
    assert (result.verdict, result.exit_code, town.live) == (verdict, code, "blue")
    assert "on request of ana@desk" in result.error.message
    assert not town.status().unfinished
