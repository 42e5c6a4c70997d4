"""The second opinion itself: it must see a planted mistake, or its silence says nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from compute_bench import REGION, ZONE, Bench
from compute_discovery import check

PATH = f"/compute/v1/{ZONE}/instances/srv"


def plant(change: Callable[[Any], Any], data: Any) -> bytes:
    changed = copy.deepcopy(data)
    change(changed)
    return json.dumps(changed).encode()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: data.update(colour="blue"), "response.colour is no field"),
        (lambda data: data.update(status="BOOTED"), "response.status is 'BOOTED', not one of"),
        (lambda data: data.update(id=41), "response.id is 41, not string"),
        (lambda data: data.update(id="41.5"), "response.id is '41.5', not uint64"),
        (lambda data: data.update(deletionProtection="false"), "not boolean"),
        (lambda data: data["disks"][0].update(index=True), "response.disks[0].index is True, not integer"),
        (lambda data: data["labels"].update(count=3), "response.labels.count is 3, not string"),
        (lambda data: data["networkInterfaces"][0].update(ip="x"), "response.networkInterfaces[0].ip is no field"),
    ],
)
def test_a_mistake_in_an_answer_is_seen(bench: Bench, change: Callable[[Any], Any], problem: str) -> None:
    found = bench.boot()
    assert check("GET", PATH, b"", 200, json.dumps(found).encode()) == []
    (seen,) = check("GET", PATH, b"", 200, plant(change, found))
    assert problem in seen


def test_a_mistake_in_a_request_is_seen() -> None:
    operation = json.dumps({"kind": "compute#operation"}).encode()
    target = f"/compute/v1/{REGION}/addresses"
    assert check("POST", target, b'{"name": "a"}', 200, operation) == []
    assert "request.nom is no field" in check("POST", target, b'{"nom": "a"}', 200, operation)[0]
    assert "no parameter 'when'" in check("POST", f"{target}?when=now", b"{}", 200, operation)[0]
    assert "no such method" in check("PUT", target, b"{}", 200, operation)[0]
    assert "no such method" in check("GET", f"/compute/v1/{REGION}/adresses", b"", 200, b"{}")[0]


def test_a_mistake_in_an_error_is_seen() -> None:
    error = {"code": 404, "message": "gone", "errors": [{"message": "gone", "domain": "global", "reason": "notFound"}]}
    assert check("GET", PATH, b"", 404, json.dumps({"error": error}).encode()) == []
    assert "error.code is 404, the status 400" in check("GET", PATH, b"", 400, json.dumps({"error": error}).encode())[0]
    del error["errors"][0]["reason"]  # type: ignore[index]
    assert (
        "error.errors has ['domain', 'message']"
        in check("GET", PATH, b"", 404, json.dumps({"error": error}).encode())[0]
    )
    assert len(check("GET", PATH, b"", 404, b"{}")) == 4
