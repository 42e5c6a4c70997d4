"""What ports.Records promises, kept by the fake and by Cloudflare's SDK against a small stand-in of its API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from bluegreen.adapters.cloudflare import CloudflareRecords
from bluegreen.adapters.fakes.records import FakeRecords
from bluegreen.errors import BluegreenError
from bluegreen.ports import Record, Records

ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
WORLD = (
    Record("1", "pro.example.com", "A", "203.0.113.1", proxied=True),
    Record("2", "pro.example.com", "TXT", "hello", ttl=300),
    Record("3", "backend-blue-access.pro.example.com", "A", "203.0.113.1", ttl=60),
    *(Record(f"many-{number}", "many.example.com", "A", f"198.51.100.{number}") for number in range(250)),
)


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
        found = [record for record in WORLD if record.name == asked["name.exact"]]
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


@pytest.fixture(params=["fake", "cloudflare"])
def records(request: pytest.FixtureRequest) -> Iterator[Records]:
    if request.param == "fake":
        yield FakeRecords(ZONE, WORLD)
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield CloudflareRecords(f"http://127.0.0.1:{server.server_port}/client/v4", "a" * 40)
        server.shutdown()
        thread.join()


def by_id(records: list[Record] | tuple[Record, ...]) -> list[Record]:
    return sorted(records, key=lambda record: record.id)


def test_every_record_of_each_name_is_returned_whatever_its_type(records: Records) -> None:
    found = records.named(ZONE, ["pro.example.com", "backend-blue-access.pro.example.com"])
    assert by_id(list(found)) == by_id(WORLD[:3])


def test_a_name_is_the_same_in_capitals(records: Records) -> None:
    assert [record.id for record in records.named(ZONE, ["Backend-Blue-Access.pro.example.com"])] == ["3"]


def test_a_name_without_records_has_none(records: Records) -> None:
    assert list(records.named(ZONE, ["nowhere.example.com"])) == []
    assert list(records.named(ZONE, [])) == []


def test_more_records_than_one_page_holds_are_all_returned(records: Records) -> None:
    assert by_id(list(records.named(ZONE, ["many.example.com"]))) == by_id(WORLD[3:])


def test_a_zone_that_is_not_there_is_an_error_with_a_hint(records: Records) -> None:
    with pytest.raises(BluegreenError) as caught:
        records.named("0" * 32, ["pro.example.com"])
    assert "zone id" in caught.value.hint


def test_the_fake_can_be_moved_and_can_fail() -> None:
    fake = FakeRecords(ZONE, WORLD)
    fake.point("pro.example.com", "203.0.113.2")
    assert {record.content for record in fake.named(ZONE, ["pro.example.com"])} == {"203.0.113.2"}
    fake.error = BluegreenError("no answer")
    with pytest.raises(BluegreenError, match="no answer"):
        fake.named(ZONE, ["pro.example.com"])
