"""What the edge answers by itself: from its cache, by the zone's rules, or as it was told to misbehave."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bluegreen.model import EMPTY
from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.cloudflare.expressions import Facts, NotUnderstood, Test, understand
from bluegreen.sandbox.cloudflare.rulesets import CACHE, FIREWALL
from bluegreen.sandbox.ledger import Ledger

Header = tuple[bytes, bytes]
STORED_BYTES = 2**20
"""The longest body that is kept."""
RETRY_AFTER = 10
CHALLENGES = ("challenge", "js_challenge", "managed_challenge")
SKIPPED_BY: Mapping[str, frozenset[str]] = {
    "challenged": frozenset(("http_request_sbfm", "http_request_firewall_managed", "bic", "securityLevel")),
    "limited": frozenset(("http_ratelimit", "rateLimit")),
    "blocked": frozenset(("http_request_firewall_managed", "waf")),
}
"""Misbehaviour -> the phases and products of which a skip rule must name one."""
PAGES = {
    "challenged": (403, "Just a moment...", (("cf-mitigated", "challenge"),)),
    "limited": (429, "error code: 1015", (("retry-after", str(RETRY_AFTER)),)),
    "blocked": (403, "error code: 1020", ()),
}

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Copy:
    """An answer of an origin while it passes. whole: its end was seen, and it is worth keeping."""

    headers: list[Header] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    status: int = 0
    whole: bool = False
    born: float = field(default_factory=time.monotonic)

    def begin(self, status: int, headers: Iterable[Header]) -> None:
        self.status = status
        self.headers = [each for each in headers if each[0] not in (b"content-length", b"transfer-encoding")]

    def add(self, data: bytes) -> None:
        if len(self.body) <= STORED_BYTES:
            self.body += data

    def end(self) -> None:
        self.whole = self.status == 200 and len(self.body) <= STORED_BYTES

    def as_hit(self) -> list[tuple[str, str]]:
        """Return the headers with which it is answered again."""
        kept = [(name.decode("ascii"), value.decode("latin-1")) for name, value in self.headers]
        return [*kept, *headers("HIT"), ("age", str(int(time.monotonic() - self.born)))]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a request. page: status, body, headers of an answer without the origin; cached: use the cache."""

    page: tuple[int, bytes, list[tuple[str, str]]] | None = None
    cached: bool = False


class Cdn:
    """Follows the ledger; asked once for each request that has a route."""

    def __init__(self) -> None:
        self._account = Account()
        self._answers: Mapping[str, str] = EMPTY
        self._rules: Mapping[str, Sequence[tuple[Mapping[str, Any], Test]]] = EMPTY
        self._store: dict[tuple[str, str], Copy] = {}

    def follow(self, ledger: Ledger) -> None:
        purged = [entry for entry in ledger.account.purges if entry not in self._account.purges]
        if ledger.account.rulesets != self._account.rulesets:
            self._rules = {each["phase"]: _in_force(each["rules"]) for each in ledger.account.rulesets.values()}
        self._account, self._answers = ledger.account, ledger.edge_answers
        self._store = {
            (host, path): copy
            for (host, path), copy in self._store.items()
            if self._told(path) == "cached" and not any(_covers(entry["asked"], host, path) for entry in purged)
        }

    def judge(self, facts: Facts) -> Verdict:
        told = self._told(facts.path)
        stopped, skipped = self._firewall(facts)
        if not stopped and told in PAGES and not SKIPPED_BY[told] & skipped:
            stopped = told
        if stopped:
            return Verdict(page=_page(stopped))
        return Verdict(cached=told == "cached" and not self._bypassed(facts))

    def stored(self, facts: Facts) -> Copy | None:
        """Return the last whole answer to this path; the query is no part of the key, the worst case for a probe."""
        copy = self._store.get((facts.host, facts.path))
        return copy if copy and copy.whole else None

    def keep(self, facts: Facts) -> Copy:
        """Return where the answer that is about to come is kept."""
        copy = self._store[facts.host, facts.path] = Copy()
        return copy

    def _told(self, path: str) -> str:
        """Return the misbehaviour for `path`, by the longest beginning that was named; "" for none."""
        return self._answers.get(max(filter(path.startswith, self._answers), key=len, default=""), "")

    def _firewall(self, facts: Facts) -> tuple[str, frozenset[str]]:
        """Return what the zone's own rules make of a request, and which phases and products it skips."""
        skipped: set[str] = set()
        for rule in self._matching(FIREWALL, facts):
            if rule["action"] == "block":
                return "blocked", frozenset()
            if rule["action"] in CHALLENGES:
                return "challenged", frozenset()
            if rule["action"] == "skip":
                skips = rule["action_parameters"]
                skipped.update(skips.get("phases", ()), skips.get("products", ()))
                if skips.get("ruleset") == "current":
                    break
        return "", frozenset(skipped)

    def _bypassed(self, facts: Facts) -> bool:
        """Return whether the last matching cache rule says that this is not to be cached."""
        verdicts = [rule["action_parameters"].get("cache") for rule in self._matching(CACHE, facts)]
        return next((verdict is False for verdict in reversed(verdicts) if verdict is not None), False)

    def _matching(self, phase: str, facts: Facts) -> Iterator[Mapping[str, Any]]:
        return (rule for rule, test in self._rules.get(phase, ()) if test(facts))


def headers(cache_status: str = "") -> list[tuple[str, str]]:
    """Return what every answer of the edge carries; no cache_status on those that it makes itself."""
    common = [("server", "cloudflare"), ("cf-ray", f"{secrets.token_hex(8)}-SBX")]
    return [*common, ("cf-cache-status", cache_status)] if cache_status else common


def _page(kind: str) -> tuple[int, bytes, list[tuple[str, str]]]:
    status, title, extra = PAGES[kind]
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>\n".encode()
    return status, body, [*headers(), *extra, ("content-type", "text/html; charset=UTF-8")]


def _in_force(rules: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Test]]:
    """Return the rules that are on and understood, in their order."""
    found = []
    for rule in rules:
        try:
            if rule["enabled"]:
                found.append((rule, understand(rule["expression"])))
        except NotUnderstood as error:
            log.warning("the rule %s is not in force here, for want of understanding: %s", rule["ref"], error)
    return found


def _covers(asked: Mapping[str, Any], host: str, path: str) -> bool:
    """Return whether a purge means what is stored of `host` and `path`."""
    names = [f"{host}{path}", *(f"{scheme}://{host}{path}" for scheme in ("http", "https"))]
    return bool(
        asked.get("purge_everything")
        or host in asked.get("hosts", ())
        or any(name in asked.get("files", ()) for name in names)
        or any(names[0].startswith(prefix) for prefix in asked.get("prefixes", ()))
    )
