"""What ports.Cache promises, kept by the fake, and by Cloudflare's SDK against a stand-in that has a cache."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bluegreen.adapters.cloudflare import CloudflareCache
from bluegreen.adapters.fakes.records import FakeCache
from bluegreen.errors import BluegreenError
from bluegreen.ports import Cache

ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
CACHED = frozenset({"shop.test", "www.shop.test", "pro.shop.test"})


class StandIn(BaseHTTPRequestHandler):
    """The one path that is needed."""

    cached: set[str]

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != f"/client/v4/zones/{ZONE}/purge_cache":
            self._send(404, {"success": False, "errors": [{"code": 7003, "message": "No route"}], "result": None})
            return
        self.cached -= self.cached if asked.get("purge_everything") is True else set(asked["hosts"])
        self._send(200, {"success": True, "errors": [], "messages": [], "result": {"id": ZONE}})

    def _send(self, status: int, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


Cached = tuple[Cache, set[str]]


@pytest.fixture(params=["fake", "stand_in"])
def cached(request: pytest.FixtureRequest) -> Iterator[Cached]:
    """Yield a cache and the hostnames of which it keeps answers."""
    if request.param == "fake":
        fake = FakeCache(ZONE, CACHED)
        yield fake, fake.cached
        return
    held = set(CACHED)
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Held", (StandIn,), {"cached": held})) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield CloudflareCache(f"http://127.0.0.1:{server.server_port}/client/v4", "a" * 40), held
        server.shutdown()
        thread.join()


def test_the_named_hosts_are_forgotten_and_no_other(cached: Cached) -> None:
    cache, held = cached
    cache.purge_hosts(ZONE, ["shop.test", "WWW.shop.test", "unknown.shop.test"])
    assert held == {"pro.shop.test"}


def test_no_host_named_is_none_forgotten(cached: Cached) -> None:
    cache, held = cached
    cache.purge_hosts(ZONE, [])
    assert held == CACHED


def test_everything_can_be_forgotten(cached: Cached) -> None:
    cache, held = cached
    cache.purge_everything(ZONE)
    assert held == set()


def test_a_zone_that_is_not_there_is_an_error_with_a_hint(cached: Cached) -> None:
    cache, held = cached
    with pytest.raises(BluegreenError) as caught:
        cache.purge_everything("0" * 32)
    assert "zone id" in caught.value.hint
    assert held == CACHED


def test_the_fake_can_fail() -> None:
    fake = FakeCache(ZONE, CACHED)
    fake.error = BluegreenError("no answer")
    with pytest.raises(BluegreenError, match="no answer"):
        fake.purge_everything(ZONE)
    assert fake.cached == CACHED
