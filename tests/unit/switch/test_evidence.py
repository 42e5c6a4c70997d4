from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from bluegreen.adapters.fakes.clock import FakeClock
from bluegreen.adapters.fakes.commands import FakeCommands
from bluegreen.adapters.fakes.http import FakeProbe, FakeProber
from bluegreen.config.schema import EnvironmentSettings
from bluegreen.errors import BluegreenError, CheckFailed, ConfigError, Interrupted
from bluegreen.events import Event, FirstAnswer, Probed, PublicAnswered, PublicCounted, PublicMeasured, Said
from bluegreen.health import Origin, Public, Verdict
from bluegreen.model import Color, ColorFacts, StackFacts
from bluegreen.ports import Answer, Question
from bluegreen.switch.audience import Audience
from bluegreen.switch.check import Check
from bluegreen.switch.evidence import Blind, LastResort, Looks, Witness

BLUE, GREEN = Color.BLUE, Color.GREEN
SETTINGS: Mapping[str, Any] = {
    "identity": {"color": {"header": "X-Color"}, "release": {"header": "X-Release"}},
    "check": {"every": "1s", "path": "/healthz"},
    "probe": {"every": "100ms", "settle": "2s", "deadline": "5s", "healthy": 3},
    "bake": {"for": "10s", "every": "1s", "bad": 3, "blind_deadline": "20s"},
}
TARGET = ColorFacts(GREEN, True, {"release": "2"}, "127.0.0.12", "green.test", "http://green.test/app/")
OTHER = ColorFacts(BLUE, True, {"release": "1"}, "127.0.0.11", "blue.test", "http://blue.test/")

NEW, OLD, UNMARKED, FAILED, CACHED, BUSY = ["new", "old", "unmarked", "failed", "cached", "busy"]


def answer(kind: str, asked: float, seconds: float = 0.01) -> Answer:
    status = {FAILED: 0, BUSY: 429}.get(kind, 200)
    color, release = {NEW: ("green", "2"), OLD: ("blue", "1"), CACHED: ("green", "2")}.get(kind, ("", ""))
    headers = {"x-color": color, "x-release": release, **({"cf-cache-status": "HIT"} if kind == CACHED else {})}
    return Answer(status, {k: v for k, v in headers.items() if v}, asked=asked, seconds=seconds)


class Bench:
    """A witness, an audience and a clock. The answers of the public come when they were asked, and what they took."""

    def __init__(self, ask: Callable[[Question], Answer] = lambda question: answer(NEW, 0.0), **settings: Any) -> None:
        merged = {
            k: {**v, **settings.get(k, {})} if k != "identity" else settings.get(k, v) for k, v in SETTINGS.items()
        }
        self.settings = EnvironmentSettings.model_validate(merged)
        self.clock, self.prober, self.events = FakeClock(), FakeProber(), list[Event]()
        self.probe = FakeProbe(ask)
        self.commands = FakeCommands()
        self.check = Check(self.settings, self.probe, self.commands, "https://shop.test/")
        self.witness = Witness(self.settings, self.probe, self.check, self.clock, self.events.append)
        self.audience = Audience(self.prober, self.clock, self.events.append, 2.0)
        self.public = self.witness.public(GREEN, "2")
        self.audience.start(
            Question("http://public/"),
            0.1,
            Public(self.public.expect, self.public.identity, "blue", "1"),
            goal=GREEN,
            was_good=True,
        )

    def come(self, answers: Iterable[Answer]) -> None:
        for one in answers:
            self.clock.at(one.asked + one.seconds, lambda one=one: self.prober.come([one]))  # type: ignore[misc]

    def switch(self) -> None:
        self.audience.expect(self.public)

    def prove(self, *answers: Answer, last_resort: bool = False) -> float:
        self.switch()
        self.come(answers)
        looks = LastResort(self.witness, TARGET) if last_resort else Looks(self.witness, TARGET, OTHER)
        self.witness.prove(self.audience, self.public, self.settings.settle(), looks)
        return self.clock.monotonic()

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def every(kind: str, start: float, end: float, step: float = 0.1) -> list[Answer]:
    return [answer(kind, start + step * n) for n in range(round((end - start) / step))]


# PROVE


def test_proof_is_new_answers_in_a_row_and_then_silence_of_all_others() -> None:
    took = Bench().prove(*every(OLD, 0, 1), *every(NEW, 1, 9))
    assert 1.2 + 2.0 <= took <= 1.2 + 2.0 + 0.2


@pytest.mark.parametrize("kind", [OLD, UNMARKED, FAILED])
def test_any_other_answer_starts_the_settle_time_anew(kind: str) -> None:
    took = Bench().prove(*every(NEW, 0, 1), answer(kind, 1.0), *every(NEW, 1.1, 9))
    assert 1.0 + 2.0 <= took <= 1.0 + 2.0 + 0.2


@pytest.mark.parametrize("kind", [CACHED, BUSY])
def test_an_answer_without_evidence_neither_proves_nor_disturbs(kind: str) -> None:
    took = Bench().prove(*every(NEW, 0, 1), *every(kind, 1, 1.5), *every(NEW, 1.5, 9))
    assert 2.2 <= took <= 2.5


def test_no_evidence_at_all_is_no_proof() -> None:
    bench = Bench()
    with pytest.raises(CheckFailed, match="no evidence"):
        bench.prove(*every(CACHED, 0, 20))
    assert 7.0 <= bench.clock.monotonic() <= 7.1


def test_silence_of_the_prober_is_no_proof_either() -> None:
    with pytest.raises(CheckFailed, match="no evidence"):
        Bench().prove()


def test_an_old_answer_now_and_then_never_settles() -> None:
    bench = Bench()
    with pytest.raises(CheckFailed, match="did not settle on green in time: the last other answer was old"):
        bench.prove(
            *(one for second in range(20) for one in (*every(NEW, second, second + 0.9), answer(OLD, second + 0.9)))
        )


def test_new_answers_must_come_in_a_row() -> None:
    bench = Bench(probe={"healthy": 4, "deadline": "1s"})
    pattern = [NEW, NEW, NEW, OLD]
    with pytest.raises(CheckFailed):
        bench.prove(*(answer(pattern[n % 4], n / 10) for n in range(100)))


def test_a_bad_answer_that_comes_late_does_not_shorten_the_settling() -> None:
    late = answer(FAILED, 0.0, seconds=1.8)  # asked before the first new answer, timed out after it
    took = Bench().prove(late, *every(NEW, 0.5, 9))
    assert took >= 0.7 + 2.0


def test_after_the_settle_time_the_row_must_be_whole_too() -> None:
    took = Bench().prove(*every(NEW, 0, 1), answer(OLD, 1.0), *(answer(NEW, at) for at in (2.0, 3.1, 3.5)))
    assert 3.5 <= took <= 3.6


def test_settling_is_asked_more_slowly() -> None:
    bench = Bench(probe={"settle": "300s", "deadline": "600s"})
    bench.prove(*every(NEW, 0, 400, step=1.0))
    assert bench.prober.paces[-1] == 3.0


def test_an_interruption_ends_the_proof() -> None:
    bench = Bench()
    bench.clock.at(1.0, bench.clock.interruptions.interrupt)
    with pytest.raises(Interrupted):
        bench.prove(*every(NEW, 0, 9))


def test_without_an_identity_good_answers_settle_it() -> None:
    assert 2.0 <= Bench(identity="none").prove(*every(UNMARKED, 0, 9)) <= 2.4


def test_without_an_identity_failures_still_start_the_settling_anew() -> None:
    took = Bench(identity="none").prove(*every(UNMARKED, 0, 1), answer(FAILED, 1.0), *every(UNMARKED, 1.1, 9))
    assert took >= 3.0


# BAKE


def bake(bench: Bench) -> float:
    bench.switch()
    bench.witness.bake(TARGET, OTHER, bench.audience)
    return bench.clock.monotonic()


def minds(
    bench_clock: Callable[[], float], green: Callable[[float], Answer], blue: Answer
) -> Callable[[Question], Answer]:
    return lambda question: green(bench_clock()) if question.address == TARGET.address else blue


GOOD_BLUE = answer(OLD, 0.0)
LOST = Answer(0, error="no route", reached=False)
SICK = Answer(500, {"x-color": "green", "x-release": "2"})


def baking(green: Callable[[float], Answer], blue: Answer = GOOD_BLUE, **settings: Any) -> Bench:
    bench = Bench(**settings)
    bench.probe._answer = minds(bench.clock.monotonic, green, blue)
    return bench


def test_a_good_color_bakes_for_its_time_and_both_are_asked() -> None:
    bench = baking(lambda now: answer(NEW, now))
    assert bake(bench) == 10.0
    colors = [event.color for event in bench.told(Probed)]
    assert colors.count("green") == colors.count("blue") == 11


@pytest.mark.parametrize("hangs", ["green", "the control"])
def test_what_hangs_keeps_no_bake_from_being_interrupted(hangs: str) -> None:
    bench, ended = baking(lambda now: LOST, blue=LOST, probe={"control": "http://control.test/"}), threading.Event()
    address = TARGET.address if hangs == "green" else ""

    def hang(question: Question) -> Answer:
        if question.address == address:
            bench.clock.interruptions.interrupt()
            assert ended.wait(30.0), "it was waited for"
        return LOST

    bench.probe._answer = hang
    try:
        with pytest.raises(Interrupted):
            bake(bench)
    finally:
        ended.set()


def test_bad_answers_in_a_row_end_the_bake() -> None:
    bench = baking(lambda now: SICK if now >= 4 else answer(NEW, now))
    with pytest.raises(CheckFailed, match="green went bad: 3 times in a row"):
        bake(bench)
    assert bench.clock.monotonic() == 6.0


def test_fewer_bad_answers_than_that_are_forgotten() -> None:
    assert bake(baking(lambda now: SICK if now in (4, 5) else answer(NEW, now))) == 10.0


def test_a_bake_does_not_end_on_a_bad_answer() -> None:
    assert bake(baking(lambda now: SICK if now in (9, 10) else answer(NEW, now))) == 11.0


def test_a_dead_color_is_bad_as_long_as_a_control_answers() -> None:
    with pytest.raises(CheckFailed):
        bake(baking(lambda now: LOST))


def test_when_nothing_answers_this_machine_is_blind() -> None:
    bench = baking(lambda now: LOST, blue=LOST)
    with pytest.raises(Blind):
        bake(bench)
    assert bench.clock.monotonic() == 30.0


def test_blindness_extends_the_bake_and_counts_for_nothing() -> None:
    assert bake(baking(lambda now: LOST if 2 <= now < 15 else answer(NEW, now), blue=LOST)) == 15.0


def test_a_configured_control_decides_about_blindness() -> None:
    bench = baking(lambda now: LOST, blue=answer(NEW, 0.0), probe={"control": "http://127.0.0.9/"})
    with pytest.raises(CheckFailed):
        bake(bench)
    assert "http://127.0.0.9/" in {question.url for question in bench.probe.questions}


def test_both_colors_are_asked_with_a_control_too() -> None:
    bench = baking(lambda now: answer(NEW, now), probe={"control": "http://127.0.0.9/"})
    bake(bench)
    assert {event.color for event in bench.told(Probed)} == {"blue", "green"}


def test_public_answers_that_all_fail_make_a_good_color_bad() -> None:
    bench = baking(lambda now: answer(NEW, now))
    bench.come(every(FAILED, 0.5, 30))
    with pytest.raises(CheckFailed, match="its public answers fail"):
        bake(bench)


# PROVE, with both colors watched


def test_a_color_that_goes_bad_as_soon_as_it_serves_is_not_waited_for() -> None:
    bench = baking(lambda now: SICK if now >= 1 else answer(NEW, now))
    with pytest.raises(CheckFailed, match="green went bad: 3 times in a row"):
        bench.prove(*every(NEW, 0, 1), *every(FAILED, 1, 20))
    assert bench.clock.monotonic() == pytest.approx(3.0, abs=0.1)


def test_nor_is_one_whose_public_answers_all_fail() -> None:
    bench = baking(lambda now: answer(NEW, now))
    with pytest.raises(CheckFailed, match="its public answers fail"):
        bench.prove(*every(FAILED, 0, 20))
    assert bench.clock.monotonic() == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("good", [True, False])
def test_a_broken_public_is_mended_by_a_deploy_however_long_it_takes_to_hear_of_it(good: bool) -> None:
    """Until then it is the old color, or a name that is new, that fails."""
    bench = baking(lambda now: answer(NEW, now), probe={"settle": "2s", "deadline": "30s"})
    bench.audience.was_good = good
    answers = [*every(FAILED, 0, 10), *every(NEW, 10, 20)]
    if good:
        with pytest.raises(CheckFailed, match="its public answers fail"):
            bench.prove(*answers)
    else:
        assert 12.0 <= bench.prove(*answers) <= 12.6


def test_failures_count_once_the_new_color_has_answered() -> None:
    bench = baking(lambda now: answer(NEW, now), probe={"settle": "2s", "deadline": "30s"})
    bench.audience.was_good = False
    with pytest.raises(CheckFailed, match="its public answers fail"):
        bench.prove(*every(FAILED, 0, 5), *every(NEW, 5, 5.3), *every(FAILED, 5.3, 30))


def test_an_old_color_that_still_answers_the_public_is_waited_for() -> None:
    bench = baking(lambda now: answer(NEW, now))
    with pytest.raises(CheckFailed, match="did not settle on green in time"):
        bench.prove(*(answer((OLD, FAILED)[n % 2], n / 10) for n in range(200)))


def test_bad_looks_now_and_then_leave_the_proof_alone() -> None:
    bench = baking(lambda now: SICK if now % 3 >= 1 else answer(NEW, now), probe={"settle": "8s", "deadline": "20s"})
    assert 8.0 <= bench.prove(*every(NEW, 0, 20)) <= 8.6
    assert {event.color for event in bench.told(Probed)} == {"blue", "green"}


def test_who_is_blind_waits_for_the_deadline() -> None:
    with pytest.raises(CheckFailed, match="no evidence"):
        baking(lambda now: LOST, blue=LOST).prove()


def test_where_there_is_no_better_color_a_dead_one_is_not_waited_for() -> None:
    bench = baking(lambda now: SICK if now >= 1 else answer(NEW, now))
    with pytest.raises(CheckFailed, match="green went bad: 3 times in a row"):
        bench.prove(*every(NEW, 0, 1), *every(FAILED, 1, 20), last_resort=True)
    assert bench.clock.monotonic() == pytest.approx(4.0, abs=0.1)


def test_where_there_is_no_better_color_one_that_hangs_delays_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bluegreen.switch.evidence.in_background", lambda name, work: Future())
    bench = Bench(probe={"settle": "4s"})
    assert 4.0 <= bench.prove(*every(NEW, 0, 9), last_resort=True) <= 4.6


def test_where_there_is_no_better_color_no_command_is_left_behind() -> None:
    bench = Bench(probe={"settle": "4s"}, check={"via": "command", "command": ["look"]})
    bench.prove(*every(NEW, 0, 9), last_resort=True)
    assert bench.commands.asked == []


@pytest.mark.parametrize(
    ("green", "public"),
    [
        pytest.param(lambda now: SICK, every(NEW, 0, 20), id="the public is answered"),
        pytest.param(lambda now: answer(NEW, now), [*every(FAILED, 0, 10), *every(NEW, 10, 20)], id="it answers well"),
        pytest.param(lambda now: LOST, [*every(FAILED, 0, 10), *every(NEW, 10, 20)], id="it is not reached from here"),
    ],
)
def test_where_there_is_no_better_color_one_that_may_be_well_is_waited_for(
    green: Callable[[float], Answer], public: Sequence[Answer]
) -> None:
    bench = baking(green, probe={"settle": "8s", "deadline": "20s"})
    assert 8.0 <= bench.prove(*public, last_resort=True) <= 18.6
    assert "green" in {event.color for event in bench.told(Probed)}


# CHECK


def test_a_color_is_asked_by_its_backend_at_its_own_address() -> None:
    bench = Bench(check={"ca_file": "ca.pem", "timeout": "3s", "verify": False})
    bench.witness.ask(TARGET, "2")
    assert bench.probe.questions == [Question("http://green.test/healthz", "127.0.0.12", "", 3.0, False, "ca.pem")]


def test_the_servers_address_may_be_asked_by_the_public_name() -> None:
    bench = Bench(check={"host": "public"})
    bench.witness.ask(TARGET, "2")
    assert bench.probe.questions[0].host == "shop.test"


def test_through_the_edge_a_color_is_asked_by_a_name_of_its_own_with_the_secret_header() -> None:
    bench = Bench(check={"via": "edge"}, probe={"headers": {"X-Probe": "secret"}})
    bench.witness.ask(replace(TARGET, echo={"check_url": "https://check-green.test/"}), "2")
    (question,) = bench.probe.questions
    assert (question.url, question.address) == ("https://check-green.test/healthz", "")
    assert (dict(question.headers), question.unique) == ({"X-Probe": "secret"}, True)
    assert "secret" not in repr(question)


@pytest.mark.parametrize(
    ("addresses", "private"),
    [
        (("127.0.0.11", "127.0.0.12"), True),  # the sandbox
        (("10.0.0.1", ""), True),
        (("", ""), True),
        (("1.1.1.1", "1.1.1.2"), False),
        (("1.1.1.1", "127.0.0.1"), False),  # the second is reserved for nobody yet
    ],
)
def test_the_public_may_lead_to_a_private_address_only_where_no_color_has_a_public_one(
    addresses: tuple[str, str], private: bool
) -> None:
    colors = {color: ColorFacts(color, address=address) for color, address in zip(Color, addresses, strict=True)}
    question = Bench().witness.public_question(StackFacts(colors, public_url="https://shop.test/"))
    assert (question.url, question.private) == ("https://shop.test/", private)


@pytest.mark.parametrize(("address", "private"), [("10.0.0.1", True), ("1.1.1.1", False)])
def test_through_the_edge_a_public_color_is_not_asked_at_a_private_address(address: str, private: bool) -> None:
    color = replace(TARGET, address=address, echo={"check_url": "https://check-green.test/"})
    bench = Bench(check={"via": "edge"})
    bench.witness.ask(color, "2")
    assert bench.probe.questions[-1].private is private


def test_a_stack_without_a_name_for_each_color_cannot_be_checked_through_the_edge() -> None:
    with pytest.raises(ConfigError, match="no check_url for green"):
        Bench(check={"via": "edge"}).witness.ask(TARGET, "2")


@pytest.mark.parametrize(
    ("code", "said", "verdict", "detail"),
    [
        (0, "fine", Verdict.GOOD, ""),
        (3, "one\nqueue is full\n", Verdict.WRONG_ANSWER, "the command ended with 3: queue is full"),
        (3, "", Verdict.WRONG_ANSWER, "the command ended with 3: and it said nothing"),
        (-1, "", Verdict.NO_ANSWER, "the command did not end in 10 s"),
    ],
)
def test_a_command_may_judge_a_color(code: int, said: str, verdict: Verdict, detail: str) -> None:
    bench = Bench(check={"via": "command", "command": ["./check", "--all"]})
    bench.commands.result = (code, said)
    judged = bench.witness.ask(TARGET, "2")
    assert (judged.verdict, judged.detail) == (verdict, detail)
    ((argv, environment, timeout),) = bench.commands.asked
    assert (argv, timeout) == (("./check", "--all"), 10.0)
    assert environment["BLUEGREEN_RELEASE"] == "2"
    assert environment["BLUEGREEN_PUBLIC_URL"] == "https://shop.test/"


@pytest.mark.parametrize(("status", "hinted"), [(421, True), (301, True), (400, True), (403, True), (500, False)])
def test_an_answer_to_the_wrong_name_hints_at_the_name(status: int, hinted: bool) -> None:
    bench = Bench(lambda question: Answer(status))
    with pytest.raises(CheckFailed) as failed:
        bench.witness.await_healthy(TARGET, "2", needed=1, every=1.0, deadline=2.0)
    assert ("check.host: public" in failed.value.hint) is hinted


@pytest.mark.parametrize(
    ("via", "reached", "hinted"), [("direct", False, True), ("direct", True, False), ("edge", False, False)]
)
def test_a_color_that_is_not_reached_hints_at_the_firewall(via: str, reached: bool, hinted: bool) -> None:
    bench = Bench(lambda question: Answer(0, error="timed out", reached=reached), check={"via": via})
    color = replace(TARGET, echo={"check_url": "https://check-green.test/"})
    with pytest.raises(CheckFailed) as failed:
        bench.witness.await_healthy(color, "2", needed=1, every=1.0, deadline=2.0)
    assert ("health_check_source_ranges" in failed.value.hint) is hinted


def test_healthy_means_good_answers_in_a_row_each_of_them_told() -> None:
    bench = Bench()
    bench.probe._answer = lambda question: SICK if bench.clock.monotonic() < 2 else answer(NEW, 0.0)
    asked = []
    bench.witness.await_healthy(
        TARGET, "2", needed=3, every=1.0, deadline=99.0, meanwhile=lambda: asked.append(bench.clock.monotonic())
    )
    assert [(e.verdict, e.good_in_a_row, e.needed) for e in bench.told(Probed)] == [
        (Verdict.WRONG_ANSWER, 0, 3),
        (Verdict.WRONG_ANSWER, 0, 3),
        (Verdict.GOOD, 1, 3),
        (Verdict.GOOD, 2, 3),
        (Verdict.GOOD, 3, 3),
    ]
    assert len(asked) == 5


@pytest.mark.parametrize(("days", "warned"), [(13.9, True), (14.0, False)])
def test_a_certificate_that_ends_soon_is_told_once(days: float, warned: bool) -> None:
    bench = Bench(lambda question: Answer(200, {"x-color": "green", "x-release": "2"}, certificate_days=days))
    bench.witness.await_healthy(TARGET, "2", needed=3, every=1.0, deadline=99.0)
    assert len(bench.told(Said)) == warned


# The audience


def test_answers_are_counted_and_told_apart() -> None:
    bench = Bench()
    bench.switch()
    wrong = Answer(200, {"x-color": "green", "x-release": "1"}, asked=0.4, seconds=0.1)
    bench.prober.come(
        [answer(OLD, 0.1), answer(NEW, 0.2, seconds=3.0), answer(FAILED, 0.3), wrong, answer(CACHED, 0.5)]
    )
    seen = bench.audience.read()
    assert [one.origin for one in seen] == [Origin.OLD, Origin.NEW, Origin.FAILED, Origin.OLD, Origin.CACHED]
    counted = {"sent": 5, "failed": 1, "slow": 1, "wrong_release": 1, "cached": 1, "stopped": 0}
    assert bench.audience.requests == counted
    assert bench.told(PublicCounted)[-1].by_color == {"blue": 1, "green": 3}
    assert bench.audience.read() == []


def test_after_a_429_the_public_is_asked_no_faster_than_once_a_second() -> None:
    bench = Bench()
    bench.prober.come([answer(OLD, 0.1), answer(BUSY, 0.2)])
    bench.audience.read()
    assert bench.prober.paces[-1] == 1.0
    bench.audience.pace(0.1)
    assert bench.prober.paces[-1] == 1.0
    bench.audience.pace(5.0)
    assert bench.prober.paces[-1] == 5.0
    assert (bench.audience.stopped, bench.audience.failed) == (1, 0)


def test_only_a_change_or_a_failure_is_told_of_public_answers() -> None:
    bench = Bench()
    bench.prober.come([answer(OLD, n) for n in range(5)] + [answer(FAILED, 6), answer(FAILED, 7), answer(OLD, 8)])
    bench.audience.read()
    assert len(bench.told(PublicAnswered)) == 4


def test_the_first_answer_is_told_once_and_counted_from_the_switch() -> None:
    bench = Bench()
    bench.clock.sleep(10.0)
    bench.switch()
    bench.prober.come([answer(OLD, 10.5), answer(NEW, 11.0, seconds=0.25), answer(OLD, 11.5), answer(NEW, 12.0)])
    bench.audience.read()
    ((first),) = bench.told(FirstAnswer)
    assert (first.color, first.seconds, bench.audience.answered) == ("green", 1.25, True)
    assert bench.audience.overlap == 0.5


def test_what_was_asked_before_the_switch_is_no_answer_to_it() -> None:
    bench = Bench()
    bench.clock.sleep(10.0)
    bench.switch()
    bench.prober.come([answer(NEW, 9.9)])
    bench.audience.read()
    assert not bench.audience.answered


def test_without_an_identity_nothing_is_called_the_targets_first_answer() -> None:
    bench = Bench(identity="none")
    bench.switch()
    bench.prober.come([answer(UNMARKED, 0.1)])
    bench.audience.read()
    assert bench.told(FirstAnswer) == []


def test_three_failures_in_a_row_disturb_if_the_public_was_good() -> None:
    bench = Bench()
    bench.prober.come([answer(FAILED, 1), answer(FAILED, 2), answer(OLD, 3), answer(FAILED, 4), answer(FAILED, 5)])
    bench.audience.check_undisturbed(GREEN)
    bench.prober.come([answer(FAILED, 6)])
    with pytest.raises(BluegreenError, match="failed 3 times in a row"):
        bench.audience.check_undisturbed(GREEN)
    bench.audience.was_good = False
    bench.audience.check_undisturbed(GREEN)


def test_one_answer_of_the_idle_color_disturbs_whatever_its_status() -> None:
    bench = Bench()
    bench.prober.come([Answer(500, {"x-color": "green"})])
    with pytest.raises(BluegreenError, match="green answers the public before the switch"):
        bench.audience.check_undisturbed(GREEN)


def test_what_the_public_saw_is_measured_by_the_time_of_its_answers() -> None:
    bench = Bench()
    bench.prober.come([answer(OLD, 0.1), answer(OLD, 0.4, seconds=0.25), answer(FAILED, 0.2, seconds=0.5)])
    bench.audience.read()
    assert bench.told(PublicMeasured) == []  # its second is not over
    bench.clock.sleep(1.2)
    bench.audience.read()
    began = bench.clock.time() - 1.2 + 0.11
    (measured,) = bench.told(PublicMeasured)
    assert measured.began == pytest.approx(began)
    assert (measured.sent, measured.failed, measured.by_color) == (3, 1, {"blue": 2})
    assert measured.milliseconds == {"10": 1, "250": 1}


def test_a_switch_begins_a_window_of_its_own_and_the_last_one_is_not_lost() -> None:
    bench = Bench()
    bench.prober.come([answer(OLD, 0.1)])
    bench.switch()
    bench.prober.come([answer(OLD, 0.2), answer(NEW, 0.3), answer(CACHED, 0.4), Answer(200, {"x-color": "red"})])
    bench.audience.stop()
    before, after = bench.told(PublicMeasured)
    assert before.by_color == {"blue": 1}
    assert (after.sent, after.failed, after.by_color) == (4, 0, {"blue": 1, "green": 1})
