"""What an answer says: of a color's health, and of which color gave it. Good, bad, or no evidence at all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from bluegreen.errors import CheckFailed
from bluegreen.ports import Answer, Clock


class Expected(Protocol):
    """Which status codes are good."""

    def contains(self, code: int) -> bool: ...


class Matcher(Protocol):
    """Where an answer says something: exactly one of header, json (a dotted path) and pattern (a regular
    expression on the body, whose first group it is) is set."""

    @property
    def header(self) -> str | None: ...
    @property
    def json_path(self) -> str | None: ...
    @property
    def pattern(self) -> str | None: ...


class Identity(Protocol):
    """How an answer names its origin."""

    @property
    def color(self) -> Matcher: ...
    @property
    def release(self) -> Matcher | None: ...


class Verdict(StrEnum):
    """What one answer of a color's backend is worth."""

    GOOD = "good"
    NO_ANSWER = "no answer yet"
    WRONG_ANSWER = "wrong answer"
    WRONG_RELEASE = "wrong release"
    SLOW = "too slow"


class Origin(StrEnum):
    """Where one public answer came from, seen from a switch to a new color."""

    NEW = "new"
    OLD = "old"
    UNMARKED = "unmarked"
    FAILED = "failed"
    CACHED = "cached"
    STOPPED = "stopped at the edge"

    @property
    def is_evidence(self) -> bool:
        """It came from an origin, or failed to: a page from a cache and the CDN's own answer say nothing."""
        return self not in (Origin.CACHED, Origin.STOPPED)


@dataclass(frozen=True, slots=True)
class Marks:
    """How an answer named its origin; "" for what it did not say."""

    color: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer of a backend, judged. detail: in words, what was wrong with it."""

    verdict: Verdict
    detail: str
    answer: Answer

    @property
    def good(self) -> bool:
        return self.verdict is Verdict.GOOD


LONGEST_MARK = 200
"""Characters: it is journalled and shown at every answer, and a wrong page may say anything in its place."""

_CACHED = frozenset({"hit", "stale", "updating", "revalidated"})
"""What `cf-cache-status` says of an answer that no origin was asked for: Cloudflare's "Default cache behavior"."""


def without_origin(answer: Answer) -> Origin | None:
    """Return CACHED or STOPPED when no origin gave the answer, else None.

    A challenge says `cf-mitigated`. Cloudflare's own 403 is one without a `cf-cache-status`, which every answer that
    was passed through has.
    """
    headers = answer.headers
    if headers.get("cf-cache-status", "").lower() in _CACHED:
        return Origin.CACHED
    blocked = answer.status == 403 and headers.get("server") == "cloudflare" and "cf-cache-status" not in headers
    return Origin.STOPPED if "cf-mitigated" in headers or answer.status == 429 or blocked else None


def read_marks(answer: Answer, identity: Identity | None) -> Marks:
    """Return which color and release the answer names."""
    if identity is None:
        return Marks()
    release = identity.release
    color, named = _read(answer, identity.color), _read(answer, release) if release else ""
    return Marks(color[:LONGEST_MARK], named[:LONGEST_MARK])


def _read(answer: Answer, matcher: Matcher) -> str:
    if matcher.header is not None:
        return answer.headers.get(matcher.header.lower(), "")
    text = answer.body.decode("utf-8", "replace")
    if matcher.json_path is not None:
        return _dig(text, matcher.json_path)
    found = re.search(matcher.pattern or "", text)
    return (found[1] or "") if found else ""


def _dig(text: str, path: str) -> str:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Health:
    """What a good answer of one color looks like. latency: seconds it may take; release "": any will do."""

    expect: Expected
    latency: float
    identity: Identity | None
    color: str
    release: str

    def judge(self, answer: Answer) -> Judged:
        verdict, detail = self._verdict(answer)
        return Judged(verdict, detail, answer)

    def _verdict(self, answer: Answer) -> tuple[Verdict, str]:
        if answer.status == 0:
            return Verdict.NO_ANSWER, answer.error
        if not self.expect.contains(answer.status):
            return Verdict.WRONG_ANSWER, f"HTTP {answer.status}"
        marks = read_marks(answer, self.identity)
        if self.identity is not None and marks.color != self.color:
            return Verdict.WRONG_ANSWER, f"it says it is {marks.color or 'nobody'}"
        if self._names_release and marks.release != self.release:
            return Verdict.WRONG_RELEASE, f"{marks.release or 'none'} instead of {self.release}"
        if answer.certificate_days is not None and answer.certificate_days < 1:
            return Verdict.WRONG_ANSWER, "its certificate ends in less than a day"
        if answer.seconds > self.latency:
            return Verdict.SLOW, f"{answer.seconds:.1f} s, allowed are {self.latency:g} s"
        return Verdict.GOOD, ""

    @property
    def _names_release(self) -> bool:
        return bool(self.release) and self.identity is not None and self.identity.release is not None


@dataclass(frozen=True, slots=True)
class Public:
    """How public answers are told apart while traffic goes to `color` with `release`."""

    expect: Expected
    identity: Identity | None
    color: str
    release: str

    def origin(self, answer: Answer) -> Origin:
        """Return where the answer came from. Without an identity every good answer is unmarked."""
        if answer.status and (nobody := without_origin(answer)):
            return nobody
        if answer.status == 0 or not self.expect.contains(answer.status):
            return Origin.FAILED
        marks = read_marks(answer, self.identity)
        if not marks.color:
            return Origin.UNMARKED
        return Origin.NEW if marks.color == self.color and self.right_release(marks) else Origin.OLD

    def right_release(self, marks: Marks) -> bool:
        return not marks.release or not self.release or marks.release == self.release


def await_good(
    ask: Callable[[], Judged],
    *,
    needed: int,
    every: float,
    deadline: float,
    clock: Clock,
    seen: Callable[[Judged, int], None],
) -> None:
    """Return after `needed` good answers in a row, asked `every` seconds apart.

    deadline: monotonic seconds. seen: told of every answer and how many good ones in a row that makes.
    Raises CheckFailed when the deadline passes first.
    """
    row = 0
    while True:
        judged = ask()
        row = row + 1 if judged.good else 0
        seen(judged, row)
        if row >= needed:
            return
        if clock.monotonic() + every > deadline:
            last = f"{judged.verdict}{': ' if judged.detail else ''}{judged.detail}"
            raise CheckFailed(f"not {needed} good answers in a row before the deadline; the last was: {last}")
        clock.sleep(every)
