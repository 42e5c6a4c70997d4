"""Faults: which request they meet, how often, and what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bluegreen.sandbox.call import Rejected
from bluegreen.sandbox.faults import FAILURES, Fault, Faults, read_fault, refusal

REFUSE = {"method": "GET", "path": "/compute/*", "effect": "refuse", "status": 503}


def test_a_fault_meets_the_next_requests_that_match_and_is_then_gone() -> None:
    faults = Faults()
    faults.add(Fault("POST", "/compute/v1/*/instances", "lose_answer", times=2))
    faults.add(Fault("*", "/compute/*", "hang"))
    path = "/compute/v1/projects/p/zones/z/instances"
    assert faults.take("GET", "/client/v4/zones") is None
    effects = [fault.effect if (fault := faults.take("POST", path)) else "" for _ in range(4)]
    assert effects == ["lose_answer", "lose_answer", "hang", ""]
    assert faults.as_json() == []


def test_a_fault_can_stay_until_taken_back() -> None:
    faults = Faults()
    faults.add(Fault("*", "/state/*", "refuse", times=None, status=403))
    assert all(faults.take("GET", "/state/demo") for _ in range(50))
    faults.clear()
    assert faults.take("GET", "/state/demo") is None


def test_what_stays_lets_what_is_counted_go_first() -> None:
    faults = Faults()
    faults.add(Fault("*", "*", "delay", times=None, seconds=0.1))
    faults.add(Fault("*", "*", "refuse", status=429))
    faults.add(Fault("*", "*", "refuse", status=503))
    taken = [faults.take("GET", "/state/demo") for _ in range(4)]
    assert [(one.effect, one.status) for one in taken if one] == [
        ("refuse", 429),
        ("refuse", 503),
        ("delay", 0),
        ("delay", 0),
    ]


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/compute/v1/projects/p", 429, ("rateLimitExceeded", "usageLimits")),
        ("/compute/v1/projects/p", 503, ("backendError", "global")),
        ("/compute/v1/projects/p", 418, ("unknown", "global")),
        ("/client/v4/zones", 429, 971),
        ("/client/v4/zones", 500, 500),
    ],
)
def test_a_refusal_is_in_the_words_of_its_api(path: str, status: int, expected: object) -> None:
    reply = refusal(Fault("*", "*", "refuse", status=status, retry_after=30), path)
    assert (reply.status, reply.headers) == (status, (("retry-after", "30"),))
    data = json.loads(reply.body)
    if path.startswith("/compute/"):
        (one,) = data["error"]["errors"]
        assert ((one["reason"], one["domain"]), data["error"]["code"]) == (expected, status)
    else:
        assert (data["success"], data["errors"][0]["code"]) == (False, expected)


def test_a_refusal_elsewhere_is_plain() -> None:
    reply = refusal(Fault("*", "*", "refuse", status=500), "/state/demo")
    assert (reply.status, reply.content_type[:10], reply.headers) == (500, "text/plain", ())


@pytest.mark.parametrize("path", ["/compute/v1/projects/p", "/client/v4/zones", "/state/demo"])
def test_a_refusal_can_be_given_its_words(path: str) -> None:
    assert (
        b"no, says the vendor"
        in refusal(Fault("*", "*", "refuse", status=403, message="no, says the vendor"), path).body
    )


def test_what_is_sent_is_what_is_read() -> None:
    assert read_fault(REFUSE) == Fault("GET", "/compute/*", "refuse", status=503)
    for code in FAILURES:
        assert read_fault({"method": "*", "path": "*", "effect": "fail_operation", "code": code}).failure is not None


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "explode"},
        {"status": 200},
        {"status": 700},
        {"times": 0},
        {"times": "often"},
        {"seconds": -1},
        {"seconds": 1e9},
        {"effect": "fail_operation", "code": "NO_SUCH"},
        {"method": 3},
        {"when": "now"},
        {"status": "503"},
        {"seconds": "long"},
    ],
)
def test_nonsense_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        read_fault({**REFUSE, **change})
