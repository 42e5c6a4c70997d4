"""Faults and the request log at a real daemon's door, for every API behind it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bluegreen.errors import SandboxError
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import API_PORT, Network
from bluegreen.sandbox.client import Sandbox
from bluegreen.sandbox.faults import Asked, Fault

ADDRESSES = "/compute/v1/projects/p/regions/europe-west1/addresses"


class Place:
    def __init__(self, folder: Path):
        self.folder, self.network = folder / "sandbox", Network.for_path(folder)
        self.sandbox = Sandbox(self.network)

    def ask(self, method: str, path: str, data: object = None) -> tuple[int, http.client.HTTPMessage | None]:
        """Return status and headers; 0 and None when the connection was cut."""
        connection = http.client.HTTPConnection(self.network.api, API_PORT, timeout=20)
        try:
            body = None if data is None else json.dumps(data)
            connection.request(method, path, body, {"Authorization": "Bearer topsecrettoken"})
            response = connection.getresponse()
            response.read()
            return response.status, response.headers
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()

    def asked(self) -> list[tuple[str, str, int]]:
        return [(one.method, one.path, one.status) for one in self.sandbox.requests()]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("faults"))
    lifecycle.up(place.folder, place.network, "shop")
    yield place
    lifecycle.down(place.folder, place.network)


@pytest.fixture
def place(up: Place) -> Place:
    up.sandbox.clear_faults()
    up.sandbox.forget_requests()
    return up


@pytest.mark.parametrize("path", ["/client/v4/zones", f"{ADDRESSES}", "/state/demo"])
def test_each_api_can_be_told_to_refuse(place: Place, path: str) -> None:
    well, _ = place.ask("GET", path)
    place.sandbox.refuse_requests("GET", path, 429, times=2, retry_after=9)
    for _ in range(2):
        status, headers = place.ask("GET", path)
        assert headers is not None
        assert (status, headers["retry-after"]) == (429, "9")
    assert place.ask("GET", path)[0] == well
    assert [status for _, _, status in place.asked()] == [well, 429, 429, well]


def test_a_hanging_request_changes_nothing(place: Place) -> None:
    place.sandbox.hang_requests("POST", ADDRESSES, 0.3)
    begun = time.monotonic()
    assert place.ask("POST", ADDRESSES, {"name": "never"})[0] == 0
    assert time.monotonic() - begun >= 0.3
    assert place.ask("GET", f"{ADDRESSES}/never")[0] == 404


def test_an_api_can_be_far_away(place: Place) -> None:
    place.sandbox.delay_answers("*", "/compute/*", 0.2)
    for _ in range(2):
        begun = time.monotonic()
        assert place.ask("GET", ADDRESSES)[0] == 200
        assert time.monotonic() - begun >= 0.2


def test_a_lost_answer_is_of_a_durable_change(place: Place) -> None:
    place.sandbox.lose_answers("POST", ADDRESSES)
    assert place.ask("POST", ADDRESSES, {"name": "lost"})[0] == 0
    assert place.ask("GET", f"{ADDRESSES}/lost")[0] == 200
    assert 'addresses/lost"' in (place.folder / "world.json").read_text()
    assert place.asked()[0] == ("POST", ADDRESSES, 0)


def test_a_lost_answer_of_a_record_too(place: Place) -> None:
    records = f"/client/v4/zones/{place.sandbox.status().zone_id}/dns_records"
    place.sandbox.lose_answers("POST", "/client/v4/*/dns_records")
    assert place.ask("POST", records, {"name": "a", "type": "A", "content": "127.0.0.9", "ttl": 1})[0] == 0
    assert place.sandbox.status().record("a.shop.test") is not None


def test_faults_are_shown_and_taken_back(place: Place) -> None:
    place.sandbox.refuse_requests("*", "/compute/*", 403, times=None)
    assert place.sandbox.faults() == (Fault("*", "/compute/*", "refuse", None, status=403),)
    assert place.ask("GET", ADDRESSES)[0] == 403
    place.sandbox.clear_faults()
    assert place.ask("GET", ADDRESSES)[0] == 200
    with pytest.raises(SandboxError, match="times is 0"):
        place.sandbox.inject(Fault("*", "*", "hang", times=0))


def test_the_log_names_requests_and_nothing_secret(place: Place) -> None:
    before = time.time()
    place.ask("GET", f"{ADDRESSES}?filter=name=secretquery")
    place.ask("POST", ADDRESSES, {"name": "secret body"})
    found = place.sandbox.requests()
    assert [(one.method, one.path, one.status) for one in found] == [("GET", ADDRESSES, 200), ("POST", ADDRESSES, 400)]
    assert before <= found[0].at <= found[1].at <= time.time()
    assert Asked.__slots__ == ("at", "method", "path", "status")
    place.sandbox.status()
    assert len(place.sandbox.requests()) == 2, "the sandbox's own are not written down"
    place.sandbox.forget_requests()
    assert place.sandbox.requests() == ()


def test_the_sandboxs_own_api_meets_no_fault(place: Place) -> None:
    place.sandbox.refuse_requests("*", "*", 500, times=None)
    assert place.sandbox.status().up
    place.sandbox.clear_faults()


def test_the_pace_has_bounds(place: Place) -> None:
    with pytest.raises(SandboxError, match="operation_seconds is -1"):
        place.sandbox.pace_operations(-1)
