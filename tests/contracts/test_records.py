"""What ports.Records promises, kept by the fake, and by Cloudflare's SDK against two APIs.

One is a small stand-in that answers as Cloudflare does, the other the sandbox, whose records are made through its API.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bluegreen.adapters.cloudflare import CloudflareRecords
from bluegreen.adapters.fakes.records import FakeRecords
from bluegreen.errors import BluegreenError
from bluegreen.ports import Record, Records
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.records import Zone

ZONE = Zone("shop.test").id
TOKEN = "a" * 40
SENT = ("name", "type", "content", "proxied", "ttl")
WORLD = (
    Record("1", "pro.shop.test", "A", "203.0.113.1", proxied=True),
    Record("2", "pro.shop.test", "TXT", "hello", ttl=300),
    Record("3", "backend-blue-access.pro.shop.test", "A", "203.0.113.1", ttl=60),
    *(Record(f"many-{number}", "many.shop.test", "A", f"198.51.100.{number}") for number in range(250)),
)


FILTERS: Mapping[str, Callable[[str, str], bool]] = {
    "name.exact": str.__eq__,
    "name.startswith": str.startswith,
    "name.endswith": str.endswith,
    "name.contains": str.__contains__,
}


class StandIn(BaseHTTPRequestHandler):
    """The one path that is needed, with Cloudflare's paging."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path != f"/client/v4/zones/{ZONE}/dns_records":
            self._send(
                404, {"success": False, "errors": [{"code": 7003, "message": "Could not route"}], "result": None}
            )
            return
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        page, size = int(float(asked.get("page", "1"))), int(float(asked.get("per_page", "100")))
        joined = any if asked.get("match") == "any" else all
        tests = [(FILTERS[key], value) for key, value in asked.items() if key in FILTERS]
        found = [record for record in WORLD if joined(test(record.name, value) for test, value in tests)]
        result = [
            {"id": r.id, "name": r.name, "type": r.type, "content": r.content, "proxied": r.proxied, "ttl": r.ttl}
            for r in found[(page - 1) * size : page * size]
        ]
        info = {"page": page, "per_page": size, "count": len(result), "total_count": len(found)}
        self._send(200, {"success": True, "errors": [], "messages": [], "result": result, "result_info": info})

    def _send(self, status: int, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Records]:
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield CloudflareRecords(f"http://127.0.0.1:{server.server_port}/client/v4", TOKEN)
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Records]:
    import cloudflare

    folder = tmp_path_factory.mktemp("sandbox")
    network = Network.for_path(folder)
    lifecycle.up(folder / "sandbox", network, "shop")
    try:
        with cloudflare.Cloudflare(api_token=TOKEN, base_url=network.records_api_url) as client:
            posts: Any = [{key: getattr(record, key) for key in SENT} for record in WORLD]
            client.dns.records.batch(zone_id=ZONE, posts=posts)
        yield CloudflareRecords(network.records_api_url, TOKEN)
    finally:
        lifecycle.down(folder / "sandbox", network)


@pytest.fixture(params=["fake", "stand_in", "sandbox"])
def records(request: pytest.FixtureRequest) -> Records:
    if request.param == "fake":
        return FakeRecords(ZONE, WORLD)
    made: Records = request.getfixturevalue(request.param)
    return made


def told(records: Iterable[Record]) -> list[Record]:
    """Return the records in a settled order, without their ids, which the API chooses."""
    return sorted((replace(record, id="") for record in records), key=lambda record: (record.name, record.content))


def test_every_record_of_each_name_is_returned_whatever_its_type(records: Records) -> None:
    found = records.named(ZONE, ["pro.shop.test", "backend-blue-access.pro.shop.test"])
    assert told(found) == told(WORLD[:3])
    assert len({record.id for record in found}) == 3


def test_any_number_of_names_is_told_in_their_order_and_each_once(records: Records) -> None:
    names = ["many.shop.test", "nowhere.shop.test", "pro.shop.test", "shop.test", "a.shop.test", WORLD[2].name]
    found = records.named(ZONE, [*names, "PRO.shop.test"])
    assert told(found) == told(WORLD)
    assert list(dict.fromkeys(record.name for record in found)) == [names[0], names[2], names[5]]


def test_a_name_is_the_same_in_capitals(records: Records) -> None:
    assert told(records.named(ZONE, ["Backend-Blue-Access.pro.shop.test"])) == told(WORLD[2:3])


def test_a_name_without_records_has_none(records: Records) -> None:
    assert list(records.named(ZONE, ["nowhere.shop.test"])) == []
    assert list(records.named(ZONE, [])) == []


def test_more_records_than_one_page_holds_are_all_returned(records: Records) -> None:
    assert told(records.named(ZONE, ["many.shop.test"])) == told(WORLD[3:])


def test_a_zone_that_is_not_there_is_an_error_with_a_hint(records: Records) -> None:
    with pytest.raises(BluegreenError) as caught:
        records.named("0" * 32, ["pro.shop.test"])
    assert "zone id" in caught.value.hint


def test_the_fake_can_be_moved_and_can_fail() -> None:
    fake = FakeRecords(ZONE, WORLD)
    fake.point("pro.shop.test", "203.0.113.2")
    assert {record.content for record in fake.named(ZONE, ["pro.shop.test"])} == {"203.0.113.2"}
    fake.error = BluegreenError("no answer")
    with pytest.raises(BluegreenError, match="no answer"):
        fake.named(ZONE, ["pro.shop.test"])
