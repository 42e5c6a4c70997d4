from __future__ import annotations

import pytest

from bluegreen.adapters.fakes.clock import FakeClock
from bluegreen.config.schema import Identity, Statuses
from bluegreen.errors import CheckFailed, Interrupted
from bluegreen.health import Health, Judged, Marks, Origin, Public, Verdict, await_good, read_marks, without_origin
from bluegreen.ports import Answer

EXPECT = Statuses.model_validate(["200-299"])
BY_HEADER = Identity.model_validate({"color": {"header": "X-Color"}, "release": {"header": "X-Release"}})
BY_JSON = Identity.model_validate({"color": {"json": "app.color"}, "release": {"json": "app.release"}})
BY_PATTERN = Identity.model_validate({"color": {"pattern": "color=(\\w+)"}, "release": {"pattern": "(r[0-9.]+)"}})
EITHER = Identity.model_validate({"color": {"pattern": "color=(\\w+)|color"}})
COLOR_ONLY = Identity.model_validate({"color": {"header": "X-Color"}})


def answer(status: int = 200, color: str = "green", release: str = "2", **fields: object) -> Answer:
    headers = {name: value for name, value in (("x-color", color), ("x-release", release)) if value}
    return Answer(status, **{"headers": headers, "seconds": 0.1, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("identity", "given", "marks"),
    [
        (BY_HEADER, answer(), Marks("green", "2")),
        (BY_HEADER, answer(color="", release=""), Marks()),
        (BY_JSON, Answer(200, body=b'{"app": {"color": "blue", "release": 1.5}}'), Marks("blue", "1.5")),
        (BY_JSON, Answer(200, body=b'{"app": {"color": null}}'), Marks()),
        (BY_JSON, Answer(200, body=b'{"app": ["color"]}'), Marks()),
        (BY_JSON, Answer(200, body=b"<html>"), Marks()),
        (BY_JSON, Answer(200, body=b"[" * 60_000), Marks()),
        (BY_JSON, Answer(200, body=b"\xff\xfe"), Marks()),
        (BY_PATTERN, Answer(200, body=b"color=blue r1.2"), Marks("blue", "r1.2")),
        (BY_PATTERN, Answer(200, body=b"nothing"), Marks()),
        (EITHER, Answer(200, body=b"color"), Marks()),
        (BY_HEADER, answer(color="x" * 9_999), Marks("x" * 200, "2")),
        (COLOR_ONLY, answer(), Marks("green", "")),
        (None, answer(), Marks()),
    ],
)
def test_an_answer_names_its_origin(identity: Identity | None, given: Answer, marks: Marks) -> None:
    assert read_marks(given, identity) == marks


@pytest.mark.parametrize(
    ("headers", "status", "origin"),
    [
        ({}, 200, None),
        ({}, 500, None),
        ({}, 403, None),
        ({}, 429, Origin.STOPPED),
        ({"cf-mitigated": "challenge"}, 403, Origin.STOPPED),
        ({"server": "cloudflare"}, 403, Origin.STOPPED),
        ({"server": "cloudflare", "cf-cache-status": "DYNAMIC"}, 403, None),
        ({"server": "cloudflare"}, 522, None),
        *[({"cf-cache-status": word}, 200, Origin.CACHED) for word in ("HIT", "STALE", "UPDATING", "REVALIDATED")],
        ({"cf-cache-status": "DYNAMIC"}, 200, None),
        ({"cf-cache-status": "MISS"}, 200, None),
    ],
)
def test_what_no_origin_answered_is_no_evidence(headers: dict[str, str], status: int, origin: Origin | None) -> None:
    assert without_origin(Answer(status, headers=headers)) is origin
    assert origin is None or not origin.is_evidence


@pytest.mark.parametrize(
    ("given", "verdict", "detail"),
    [
        (answer(), Verdict.GOOD, ""),
        (answer(0, error="refused"), Verdict.NO_ANSWER, "refused"),
        (answer(503), Verdict.WRONG_ANSWER, "HTTP 503"),
        (answer(color="blue"), Verdict.WRONG_ANSWER, "it says it is blue"),
        (answer(color=""), Verdict.WRONG_ANSWER, "it says it is nobody"),
        (answer(release="1"), Verdict.WRONG_RELEASE, "1 instead of 2"),
        (answer(release=""), Verdict.WRONG_RELEASE, "none instead of 2"),
        (answer(seconds=2.0), Verdict.GOOD, ""),
        (answer(seconds=2.01), Verdict.SLOW, "2.0 s, allowed are 2 s"),
        (answer(certificate_days=1.0), Verdict.GOOD, ""),
        (answer(certificate_days=0.9), Verdict.WRONG_ANSWER, "its certificate ends in less than a day"),
    ],
)
def test_a_backend_is_judged_in_words(given: Answer, verdict: Verdict, detail: str) -> None:
    judged = Health(EXPECT, 2.0, BY_HEADER, "green", "2").judge(given)
    assert (judged.verdict, judged.detail, judged.good) == (verdict, detail, verdict is Verdict.GOOD)


def test_without_an_identity_or_a_release_less_is_asked() -> None:
    assert Health(EXPECT, 2.0, None, "green", "2").judge(answer(color="blue", release="9")).good
    assert Health(EXPECT, 2.0, BY_HEADER, "green", "").judge(answer(release="9")).good
    assert Health(EXPECT, 2.0, COLOR_ONLY, "green", "2").judge(answer(release="9")).good


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        (answer(), Origin.NEW),
        (answer(color="blue", release="1"), Origin.OLD),
        (answer(release="1"), Origin.OLD),
        (answer(color=""), Origin.UNMARKED),
        (answer(0), Origin.FAILED),
        (answer(500), Origin.FAILED),
        (answer(429), Origin.STOPPED),
        (Answer(200, headers={"x-color": "green", "cf-cache-status": "HIT"}), Origin.CACHED),
        (Answer(0, headers={"cf-cache-status": "HIT"}), Origin.FAILED),
    ],
)
def test_public_answers_are_told_apart(given: Answer, origin: Origin) -> None:
    assert Public(EXPECT, BY_HEADER, "green", "2").origin(given) is origin


def test_without_an_identity_a_public_answer_is_unmarked_or_failed() -> None:
    public = Public(EXPECT, None, "green", "2")
    assert (public.origin(answer()), public.origin(answer(500))) == (Origin.UNMARKED, Origin.FAILED)


GOOD = Judged(Verdict.GOOD, "", answer())
BAD = Judged(Verdict.WRONG_ANSWER, "HTTP 500", answer(500))


class Asked:
    def __init__(self, answers: list[Judged], deadline: float = 100.0) -> None:
        self.clock, self.seen, self._left = FakeClock(), list[tuple[bool, int]](), iter(answers)
        await_good(
            lambda: next(self._left),
            needed=3,
            every=2.0,
            deadline=deadline,
            clock=self.clock,
            seen=lambda judged, row: self.seen.append((judged.good, row)),
        )


def test_good_answers_must_come_in_a_row() -> None:
    asked = Asked([GOOD, GOOD, BAD, GOOD, GOOD, GOOD])
    assert asked.seen == [(True, 1), (True, 2), (False, 0), (True, 1), (True, 2), (True, 3)]
    assert asked.clock.slept == [2.0] * 5


def test_the_last_answer_that_fits_before_the_deadline_counts() -> None:
    assert Asked([BAD, GOOD, GOOD, GOOD], deadline=6.0).clock.monotonic() == 6.0


def test_the_deadline_ends_it_and_the_error_says_how_it_stood() -> None:
    with pytest.raises(CheckFailed, match=r"not 3 good answers in a row before the deadline.*wrong answer: HTTP 500"):
        Asked([BAD] * 9, deadline=5.0)


def test_an_interruption_ends_the_wait() -> None:
    clock = FakeClock()
    clock.at(3.0, clock.interruptions.interrupt)
    with pytest.raises(Interrupted):
        await_good(lambda: BAD, needed=1, every=2.0, deadline=99.0, clock=clock, seen=lambda judged, row: None)
