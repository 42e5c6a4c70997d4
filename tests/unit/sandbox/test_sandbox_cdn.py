"""What the edge answers by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bluegreen.sandbox.cdn import STORED_BYTES, Cdn, Copy
from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.cloudflare.expressions import Facts
from bluegreen.sandbox.cloudflare.rulesets import CACHE, FIREWALL
from bluegreen.sandbox.ledger import Ledger

SECRET = 'any(http.request.headers["x-probe"][*] eq "secret")'


def facts(path: str = "/healthz", host: str = "shop.test", **headers: str) -> Facts:
    return Facts(host, path, {name.replace("_", "-"): [value] for name, value in headers.items()})


def rule(action: str, expression: str, enabled: bool = True, **parameters: Any) -> dict[str, Any]:
    return {
        "action": action,
        "expression": expression,
        "enabled": enabled,
        "action_parameters": parameters,
        "ref": "mine",
    }


def cdn(answers: Mapping[str, str], phase: str = FIREWALL, *rules: dict[str, Any]) -> Cdn:
    found = Cdn()
    found.follow(Ledger(edge_answers=answers, account=Account(rulesets={"r": {"phase": phase, "rules": rules}})))
    return found


def status(found: Cdn, asked: Facts) -> int:
    """0: the origin's to answer."""
    page = found.judge(asked).page
    return page[0] if page else 0


@pytest.mark.parametrize(
    ("kind", "code", "header"),
    [
        ("challenged", 403, ("cf-mitigated", "challenge")),
        ("limited", 429, ("retry-after", "10")),
        ("blocked", 403, ("server", "cloudflare")),
    ],
)
def test_pages_of_the_edge(kind: str, code: int, header: tuple[str, str]) -> None:
    found = cdn({"/health": kind})
    page = found.judge(facts()).page
    assert page
    assert page[0] == code
    assert header in page[2]
    assert ("server", "cloudflare") in page[2]
    assert {name for name, _ in page[2]} >= {"cf-ray"}
    assert not {name for name, _ in page[2]} & {"x-color", "x-release", "cf-cache-status"}
    assert page[1].startswith(b"<!DOCTYPE html>")
    assert status(found, facts("/")) == 0, "other paths"


def test_the_longest_beginning_counts() -> None:
    found = cdn({"/": "limited", "/healthz": "cached"})
    assert (status(found, facts("/")), status(found, facts())) == (429, 0)
    assert found.judge(facts()).cached


def test_a_skip_rule_with_the_secret_lets_probes_through() -> None:
    skip = rule("skip", SECRET, phases=["http_request_sbfm"], products=["rateLimit", "waf"])
    for kind, expected in (("challenged", 403), ("limited", 429), ("blocked", 403)):
        found = cdn({"/": kind}, FIREWALL, skip)
        assert status(found, facts(x_probe="secret")) == 0
        assert status(found, facts(x_probe="wrong")) == expected
        assert status(found, facts()) == expected


def test_a_skip_rule_skips_only_what_it_names() -> None:
    assert status(cdn({"/": "limited"}, FIREWALL, rule("skip", SECRET, ruleset="current")), facts(x_probe="secret"))
    only = rule("skip", SECRET, phases=["http_ratelimit"])
    assert status(cdn({"/": "limited"}, FIREWALL, only), facts(x_probe="secret")) == 0
    assert status(cdn({"/": "challenged"}, FIREWALL, only), facts(x_probe="secret")) == 403


def test_a_block_rule_closes_a_name_but_for_the_secret() -> None:
    closed = rule("block", f'http.host eq "check-blue.shop.test" and not {SECRET}')
    found = cdn({}, FIREWALL, closed)
    assert status(found, facts(host="check-blue.shop.test")) == 403
    assert status(found, facts(host="check-blue.shop.test", x_probe="secret")) == 0
    assert status(found, facts()) == 0
    assert status(cdn({}, FIREWALL, {**closed, "enabled": False}), facts(host="check-blue.shop.test")) == 0


def test_rules_count_in_their_order() -> None:
    skip, block = rule("skip", SECRET, ruleset="current"), rule("block", 'http.host eq "shop.test"')
    assert status(cdn({}, FIREWALL, skip, block), facts(x_probe="secret")) == 0
    assert status(cdn({}, FIREWALL, block, skip), facts(x_probe="secret")) == 403
    elsewhere = rule("skip", SECRET, phases=["http_ratelimit"])
    assert status(cdn({}, FIREWALL, elsewhere, block), facts(x_probe="secret")) == 403, "not the rules after it"


def test_what_is_not_understood_is_not_in_force_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert status(cdn({}, FIREWALL, rule("block", "ip.src eq 1.2.3.4")), facts()) == 0
    assert "the rule mine is not in force here" in caplog.text


def test_a_cache_bypass_for_one_path() -> None:
    bypass = rule("set_cache_settings", 'http.request.uri.path eq "/healthz"', cache=False)
    found = cdn({"/": "cached"}, CACHE, bypass)
    assert (found.judge(facts()).cached, found.judge(facts("/")).cached) == (False, True)
    again = rule("set_cache_settings", 'http.host eq "shop.test"', cache=True)
    assert cdn({"/": "cached"}, CACHE, bypass, again).judge(facts()).cached, "the last one counts"


def keep(found: Cdn, asked: Facts, body: bytes = b"blue", code: int = 200) -> None:
    copy = found.keep(asked)
    copy.begin(code, [(b"x-color", b"blue"), (b"content-length", b"4")])
    assert found.stored(asked) is None, "not whole yet"
    copy.add(body)
    copy.end()


def test_the_last_whole_answer_is_stored() -> None:
    found = cdn({"/": "cached"})
    keep(found, facts())
    copy = found.stored(facts())
    assert copy
    assert bytes(copy.body) == b"blue"
    assert {("x-color", "blue"), ("cf-cache-status", "HIT")} <= set(copy.as_hit())
    assert "content-length" not in dict(copy.as_hit())
    assert found.stored(facts("/")) is None
    keep(found, facts("/bad"), code=500)
    keep(found, facts("/long"), b"x" * (STORED_BYTES + 1))
    assert (found.stored(facts("/bad")), found.stored(facts("/long"))) == (None, None)


@pytest.mark.parametrize(
    ("asked", "emptied"),
    [
        ({"purge_everything": True}, True),
        ({"hosts": ["shop.test"]}, True),
        ({"hosts": ["www.shop.test"]}, False),
        ({"files": ["https://shop.test/healthz"]}, True),
        ({"files": ["https://shop.test/"]}, False),
        ({"prefixes": ["shop.test/health"]}, True),
    ],
)
def test_a_purge_empties_it_once(asked: dict[str, Any], emptied: bool) -> None:
    found = cdn({"/": "cached"})
    keep(found, facts())
    ledger = Ledger(edge_answers={"/": "cached"}, account=Account(purges=({"id": "1", "asked": asked},)))
    found.follow(ledger)
    assert (found.stored(facts()) is None) is emptied
    keep(found, facts())
    found.follow(ledger)
    assert found.stored(facts()), "the same purge does not come twice"


def test_what_is_no_longer_cached_is_forgotten() -> None:
    found = cdn({"/": "cached"})
    keep(found, facts())
    found.follow(Ledger())
    found.follow(Ledger(edge_answers={"/": "cached"}))
    assert found.stored(facts()) is None


def test_a_copy_that_broke_off_is_not_whole() -> None:
    copy = Copy()
    copy.begin(200, [])
    copy.add(b"half")
    assert not copy.whole
