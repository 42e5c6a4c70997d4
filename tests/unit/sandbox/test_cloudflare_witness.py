"""The second opinion, which must see a mistake when there is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cloudflare_witness import complaints, sdk_types, shape

from bluegreen.sandbox.cloudflare.api import ROUTES
from bluegreen.sandbox.cloudflare.exchange import envelope
from bluegreen.sandbox.records import Record, Zone
from bluegreen.sandbox.world import timestamp

ZONE = Zone("shop.test")
PATH = f"zones/{ZONE.id}/dns_records/{'a' * 32}"


def answer(spoil: Callable[[dict[str, Any]], object]) -> bytes:
    now = timestamp()
    record = Record("a" * 32, "shop.test", "A", "127.77.12.11", True, 1, None, now, now)
    data = json.loads(envelope(200, record.as_json()).body)
    spoil(data)
    return json.dumps(data).encode()


def test_a_good_answer_is_good() -> None:
    assert complaints("GET", PATH, 200, answer(lambda data: None)) == []


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda data: data["result"].pop("id"), "id"),
        (lambda data: data["result"].pop("modified_on"), "modified_on"),
        (lambda data: data["result"].update(type="X"), "type"),
        (lambda data: data["result"].update(ttl="1"), "ttl"),
        (lambda data: data["result"].update(proxied="yes"), "proxied"),
        (lambda data: data["result"].update(created_on="yesterday"), "created_on"),
        (lambda data: data["result"].update(colour="blue"), "colour"),
        (lambda data: data["result"]["settings"].update(colour="blue"), "colour"),
        (lambda data: data.update(result=[]), "input_type=list"),
        (lambda data: data.update(success=False), "success"),
        (lambda data: data.update(errors=[{"code": 1000, "message": "x"}]), "errors"),
        (lambda data: data.pop("messages"), "fields"),
        (lambda data: data.update(result_info={"page": "1"}), "paging"),
    ],
)
def test_a_planted_mistake_is_seen(spoil: Callable[[dict[str, Any]], object], word: str) -> None:
    found = complaints("GET", PATH, 200, answer(spoil))
    assert found
    assert word in " ".join(found)


def test_errors_without_a_code_and_calls_without_a_type_are_seen() -> None:
    error = {"success": False, "errors": [{"message": "no"}], "messages": [], "result": None}
    assert complaints("GET", PATH, 400, json.dumps(error).encode())
    assert complaints("GET", "zones/x/unheard-of", 200, envelope(200, {}).body)
    assert complaints("GET", PATH, 204, b"")


def test_every_route_of_the_stand_in_has_a_type() -> None:
    named = {(method, path.replace("{zone}", "{id}")) for method, path in ROUTES}
    assert named - set(sdk_types()) == {("DELETE", "zones/{id}/rulesets/{id}")}, "which answers 204"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/client/v4/zones/{'a' * 32}/settings/ssl?x=1", "zones/{id}/settings/{id}"),
        (f"zones/{'a' * 32}/rulesets/phases/p/entrypoint", "zones/{id}/rulesets/phases/{id}/entrypoint"),
        (f"zones/{'a' * 32}/origin_tls_client_auth/settings", "zones/{id}/origin_tls_client_auth/settings"),
        (f"certificates/{'1' * 38}", "certificates/{id}"),
    ],
)
def test_shapes(path: str, expected: str) -> None:
    assert shape(path) == expected
