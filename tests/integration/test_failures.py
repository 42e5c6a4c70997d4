"""What goes wrong, brought about for real: the public stays on one healthy color, and the way on is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from shop import QUICK, Shop, terraform

from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.http import HttpProbe
from bluegreen.adapters.state.journal import LocalStore
from bluegreen.errors import BluegreenError, CheckFailed, DriftFound, GuardRefused, Interrupted, Returned, TargetRefused
from bluegreen.ports import Answer, Log, Question


def when(event: str, act: Any, **fields: str) -> Any:
    """Return a listener that acts once, at the first event of that name with these fields."""
    done = threading.Event()

    def listen(data: Mapping[str, Any]) -> None:
        if data["event"] == event and fields.items() <= data.items() and not done.is_set():
            done.set()
            act()

    return listen


def fail_while(shop: Shop, verb: str, listen: Any, **arguments: Any) -> BluegreenError:
    with pytest.raises(BluegreenError) as caught:
        getattr(shop.environment(listen), verb)(**arguments)
    return caught.value


def assert_on_blue(shop: Shop) -> None:
    """The public is on blue, the state says so too, and a bare plan finds nothing."""
    assert shop.live_color() == "blue"
    status = shop.environment().status()
    assert (status.active, status.public, list(status.drift)) == ("blue", "blue", [])
    shop.assert_nothing_to_plan()


@pytest.mark.parametrize("layout", ["single"])
def test_a_log_that_cannot_be_kept_costs_no_run(empty_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(store: LocalStore, run: str, log: Log) -> None:
        raise BluegreenError("cannot keep a log: no")

    monkeypatch.setattr(LocalStore, "keep_log", refuse)
    assert empty_shop.run("deploy").verdict == "switched"
    warned = [said["text"] for said in empty_shop.told("said") if said["level"] == "warning"]
    assert warned == ["cannot keep a log: no; what Terraform says in this run is not kept"]


@pytest.mark.fault(8)
def test_a_sick_new_color_never_sees_the_public(shop: Shop) -> None:
    shop.configure(check={"deadline": "1500ms", "timeout": "500ms"})
    shop.sandbox.behave("green", "sick")
    with shop.traffic() as traffic:
        error = shop.fail("deploy", release="1.5.0")
    assert isinstance(error, CheckFailed)
    assert "wrong answer" in error.message
    assert (traffic.report.failed, traffic.report.by_color.keys()) == (0, {"blue"})
    assert_on_blue(shop)
    shop.sandbox.behave("green", "ok")
    shop.configure(**QUICK)
    assert shop.run("deploy", release="1.5.0").active == "green"


@pytest.mark.fault(8)
def test_when_both_colors_are_sick_it_says_so(shop: Shop) -> None:
    shop.configure(check={"deadline": "1s", "timeout": "500ms"})
    shop.sandbox.behave("green", "sick")
    error = fail_while(
        shop, "deploy", when("phase-started", lambda: shop.sandbox.behave("blue", "sick"), phase="CHECK"), release="2"
    )
    assert "the active color, blue, is sick as well" in error.message or "failed" in error.message
    assert error.exit_code == 1
    assert shop.live_color() == "blue"


@pytest.mark.fault(8)
def test_a_color_with_another_release_than_deployed_is_not_switched_to(shop: Shop) -> None:
    shop.configure(check={"deadline": "1500ms", "timeout": "500ms"})
    shop.sandbox.behave("green", "wrong_release")
    error = shop.fail("deploy", release="1.5.0")
    assert "wrong release" in error.message
    assert_on_blue(shop)


@pytest.mark.fault(6)
def test_a_failed_create_leaves_the_public_where_it_was(shop: Shop) -> None:
    shop.sandbox.refuse_state("main" if shop.layout == "single" else "green", "quota exceeded")
    error = shop.fail("deploy", release="1.5.0")
    shop.sandbox.accept_states()
    assert error.exit_code == 1
    assert_on_blue(shop)
    assert shop.run("deploy", release="1.5.0").active == "green"


@pytest.mark.fault(6)
def test_a_failed_record_does_not_make_the_output_lie(shop: Shop) -> None:
    refuse = when("phase-started", lambda: shop.sandbox.refuse_state(shop.edge_state), phase="SWITCH")
    accept = when("phase-started", shop.sandbox.accept_states, phase="RETURN")

    def listen(data: Mapping[str, Any]) -> None:
        refuse(data)
        accept(data)

    with shop.traffic() as traffic:
        error = fail_while(shop, "deploy", listen, release="1.5.0")
    assert isinstance(error, Returned)
    assert (traffic.report.failed, traffic.report.by_color.keys()) == (0, {"blue"})
    assert_on_blue(shop)


@pytest.mark.fault(8)
def test_a_new_color_that_goes_bad_after_the_switch_is_returned_from(shop: Shop) -> None:
    shop.configure(bake={"for": "5s", "blind_deadline": "10s"})
    sicken = when("phase-started", lambda: shop.sandbox.behave("green", "sick"), phase="BAKE")
    error = fail_while(shop, "deploy", sicken, release="1.5.0")
    assert isinstance(error, Returned)
    assert error.result.verdict == "returned"  # type: ignore[attr-defined]
    assert [one["phase"] for one in shop.told("planned")].count("RETURN") == 1  # beforehand; then it is only applied
    assert_on_blue(shop)
    assert shop.fail("deploy", release="1.5.0").exit_code == 3  # it was returned from
    shop.sandbox.behave("green", "ok")
    assert shop.run("deploy", release="1.5.1").active == "green"


@pytest.mark.fault(8)
def test_hold_leaves_the_public_where_it_is_and_calls_a_human(shop: Shop) -> None:
    shop.configure(bake={"for": "5s", "blind_deadline": "10s", "on_failure": "hold"})
    sicken = when("phase-started", lambda: shop.sandbox.behave("green", "sick"), phase="BAKE")
    error = fail_while(shop, "deploy", sicken, release="1.5.0")
    assert (error.exit_code, error.hint) == (7, "bluegreen rollback")
    assert shop.live_color() == "green"
    assert shop.run("rollback").active == "blue"


@pytest.mark.fault(8)
def test_a_sick_way_back_is_refused_unless_forced(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0")
    shop.sandbox.behave("blue", "sick")
    status = shop.environment().status()
    assert (status.rollback.ready, "sick" in status.rollback.reason) == (False, True)
    assert status.alarms
    assert isinstance(shop.fail("rollback"), TargetRefused)
    assert shop.live_color() == "green"
    shop.sandbox.behave("blue", "ok")
    assert shop.run("rollback").active == "blue"


@pytest.mark.fault(8)
def test_a_color_that_was_used_up_is_no_way_back(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0")
    shop.configure(check={"deadline": "1s", "timeout": "500ms"})
    shop.sandbox.behave("blue", "sick")
    shop.fail("deploy", release="1.6.0")
    shop.sandbox.behave("blue", "ok")
    error = shop.fail("rollback", to="blue")
    assert "used up by run" in error.message
    assert shop.live_color() == "green"


@pytest.mark.fault(9)
@pytest.mark.parametrize(
    "edit",
    [{"content": "green"}, {"proxied": False}, {"content": "127.255.255.1"}],
    ids=["other color", "not proxied", "nobody"],
)
def test_a_record_edited_by_hand_stops_a_deploy(shop: Shop, edit: dict[str, Any]) -> None:
    record = shop.sandbox.status().record("shop.test")
    assert record is not None
    if edit.get("content") == "green":
        edit = {"content": shop.network.green}
    before = shop.facts()
    shop.sandbox.edit_record(record.id, **edit)
    assert isinstance(shop.fail("deploy", release="1.5.0"), DriftFound)
    assert shop.facts() == before
    assert shop.environment().status().drift
    shop.sandbox.edit_record(record.id, content=shop.network.blue, proxied=True)
    assert shop.run("deploy", release="1.5.0").active == "green"


@pytest.mark.fault(9)
def test_a_second_record_of_the_public_name_is_drift(shop: Shop) -> None:
    shop.sandbox.add_record("shop.test", "::1", type="AAAA", proxied=True)
    error = shop.fail("deploy", release="1.5.0")
    assert isinstance(error, DriftFound)
    assert "2 live records" in error.message


def test_a_shared_edit_reaches_the_idle_color_only_or_is_refused(shop: Shop) -> None:
    module = shop.folder / "modules" / "sandbox_server" / "main.tf"
    text = module.read_text()
    assert "sandbox" in text
    module.write_text(text.replace('sandbox     = "server"', 'sandbox     = "server"\n      patched     = true', 1))
    assert module.read_text() != text
    blue = shop.sandbox.status().server("blue")
    if shop.layout == "single":
        error = shop.fail("deploy", release="1.5.0")
        assert isinstance(error, GuardRefused)
        assert "module.blue_server[0].terraform_data.server: update" in error.message
        assert "layer" in error.hint
        assert shop.live_color() == "blue"
    else:
        assert shop.run("deploy", release="1.5.0").active == "green"
    after = shop.sandbox.status().server("blue")
    assert blue is not None
    assert after is not None
    assert blue.pid == after.pid


def test_a_plan_of_the_public_record_is_refused_in_prepare(shop: Shop) -> None:
    module = shop.folder / "modules" / "sandbox_cdn" / "main.tf"
    module.write_text(module.read_text().replace("ttl     = 1\n", "ttl     = 2\n", 1))
    error = shop.fail("deploy", release="1.5.0")
    # In layers the idle color has been brought up by then, so that "nothing was applied" would be untrue.
    assert error.exit_code == (3 if shop.layout == "single" else 1)
    assert "terraform_data.root: update (public)" in error.message
    assert shop.live_color() == "blue"


def test_a_blind_prober_neither_returns_nor_calls_it_done(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nothing answers, not even the old color, it is this machine that cannot see."""
    blind = threading.Event()
    see = HttpProbe.ask

    def ask(self: HttpProbe, question: Question) -> Answer:
        if blind.is_set():
            return Answer(0, error="no route to host", reached=False, asked=time.monotonic())
        return see(self, question)

    monkeypatch.setattr(HttpProbe, "ask", ask)
    error = fail_while(shop, "deploy", when("phase-started", blind.set, phase="BAKE"), release="1.5.0")
    assert (error.exit_code, shop.live_color()) == (7, "green")
    assert "not even a control" in error.message


PHASES_BEFORE = ["PREFLIGHT", "PREPARE", "CHECK"]
PHASES_AFTER = ["SWITCH", "PROVE", "BAKE"]


@pytest.mark.parametrize("phase", [*PHASES_BEFORE, *PHASES_AFTER])
def test_an_interrupted_deploy_stays_on_or_goes_back_to_the_old_color(shop: Shop, phase: str) -> None:
    shop.configure(bake={"for": "5s", "blind_deadline": "10s"})
    interruptions = FakeInterruptions()
    environment = shop.environment(when("phase-started", interruptions.interrupt, phase=phase))
    environment.interruptions = interruptions
    with shop.traffic() as traffic, pytest.raises(BluegreenError) as caught:
        environment.deploy(release="1.5.0")
    assert traffic.report.failed == 0
    result = caught.value.result
    assert result.exit_code == 130  # type: ignore[attr-defined]
    assert result.verdict in (("interrupted",) if phase in PHASES_BEFORE else ("returned", "interrupted"))  # type: ignore[attr-defined]
    assert_on_blue(shop)
    assert shop.run("deploy", release="1.6.0").active == "green"


def test_an_interrupted_rollback_before_its_switch_changes_nothing(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0")
    interruptions = FakeInterruptions()
    environment = shop.environment(when("phase-started", interruptions.interrupt, phase="CHECK"))
    environment.interruptions = interruptions
    with pytest.raises(Interrupted):
        environment.rollback()
    assert shop.live_color() == "green"
    assert shop.run("rollback").active == "blue"


def test_settling_after_a_rollback_can_be_left_without_harm(shop: Shop) -> None:
    shop.run("deploy", release="1.5.0")
    shop.configure(probe={"settle": "30s"}, keep_warm="2m")
    interruptions = FakeInterruptions()
    environment = shop.environment(when("first-answer", interruptions.interrupt, color="blue"))
    environment.interruptions = interruptions
    result = environment.rollback()
    assert (result.verdict, result.exit_code, result.active) == ("rolled-back", 130, "blue")
    shop.configure(probe={"settle": "300ms"})
    assert_on_blue(shop)


def test_a_stack_without_the_output_is_not_adopted(empty_shop: Shop) -> None:
    empty_shop.run("deploy")
    root = empty_shop.roots()[-1]
    (root / "outputs.tf").write_text("")
    main = root / "main.tf"
    main.write_text(main.read_text().replace('"terraform_data" "bluegreen"', '"terraform_data" "other"'))
    assert terraform(root, "init", "-input=false") == 0
    assert terraform(root, "apply", "-auto-approve", "-input=false") == 0
    for journal in (empty_shop.folder / ".bluegreen" / "demo" / "runs").iterdir():
        journal.unlink()
    error = empty_shop.fail("deploy", release="1.5.0")
    assert error.exit_code == 3


@pytest.mark.fault(6)
def test_a_first_deploy_that_failed_goes_on_with_the_next(empty_shop: Shop) -> None:
    empty_shop.sandbox.refuse_state(empty_shop.edge_state, "not today")
    assert empty_shop.fail("deploy").exit_code == 1
    empty_shop.sandbox.accept_states()
    assert empty_shop.run("deploy").active == "blue"
    empty_shop.assert_nothing_to_plan()
