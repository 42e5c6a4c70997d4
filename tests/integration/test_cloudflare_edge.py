"""The daemon as Cloudflare: what its name server says, how late changes arrive, what the edge answers by itself."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest

from bluegreen.errors import SandboxError
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import API_PORT, DNS_PORT, PUBLIC_PORT, Network
from bluegreen.sandbox.client import Sandbox

LONG = 500.0
"""Seconds: longer than any test; what arrives in the meantime arrives too early."""


class Shop:
    """A zone whose apex and www are public, with a server for each color and no Terraform."""

    def __init__(self, folder: Path):
        self.folder = folder / "sandbox"
        self.network = Network.for_path(folder)
        self.sandbox = Sandbox(self.network)

    def up(self) -> None:
        lifecycle.up(self.folder, self.network, "shop")

    def fill(self) -> None:
        here = {"blue": self.network.blue, "green": self.network.green}
        inputs = [{"sandbox": "server", "color": color, "address": here[color], "release": "1"} for color in here]
        instances = [{"index_key": i, "attributes": {"input": {"value": value}}} for i, value in enumerate(inputs)]
        resource = {"mode": "managed", "type": "terraform_data", "name": "server", "instances": instances}
        assert self.call("POST", "/state/demo/servers", {"version": 4, "resources": [resource]})[0] == 200
        for name in ("shop.test", "www.shop.test"):
            self.sandbox.add_record(name, self.network.blue, proxied=True)
        self.sandbox.add_record("backend.shop.test", self.network.blue, ttl=60)
        for address in here.values():
            eventually(lambda address=address: listens(address))

    def call(self, method: str, path: str, data: object = None) -> tuple[int, Any]:
        with closing(http.client.HTTPConnection(self.network.api, API_PORT, timeout=20)) as connection:
            body = None if data is None else json.dumps(data)
            connection.request(method, path, body, {"Authorization": "Bearer x"})
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None

    def zone(self, method: str, path: str, data: object = None) -> tuple[int, Any]:
        return self.call(method, f"/client/v4/zones/{self.sandbox.status().zone_id}/{path}", data)

    def ask(self, path: str = "/", host: str = "shop.test") -> tuple[int, dict[str, str]]:
        with closing(http.client.HTTPConnection(self.network.edge, PUBLIC_PORT, timeout=20)) as connection:
            connection.request("GET", path, headers={"Host": host} if host else {})
            response = connection.getresponse()
            response.read()
            return response.status, {name.lower(): value for name, value in response.getheaders()}

    def colors(self, times: int, host: str = "shop.test") -> list[str]:
        return [self.ask(host=host)[1]["x-color"] for _ in range(times)]

    def look_up(self, name: str, kind: str = "A", by: Callable[..., dns.message.Message] = dns.query.udp) -> list[str]:
        found = by(dns.message.make_query(name, kind), self.network.api, timeout=20, port=DNS_PORT)
        if found.rcode() != dns.rcode.NOERROR:
            return [dns.rcode.to_text(found.rcode())]
        return [item.to_text() for rrset in found.answer for item in rrset]

    def point(self, name: str, content: str) -> None:
        record = self.sandbox.status().record(name)
        assert record
        self.sandbox.edit_record(record.id, content=content)


def listens(address: str) -> bool:
    try:
        socket.create_connection((address, PUBLIC_PORT), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def eventually(condition: Callable[[], object], timeout: float = 20.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    shop.up()
    try:
        shop.fill()
        yield shop
    finally:
        lifecycle.down(shop.folder, shop.network)


def test_the_name_server_follows_the_records(shop: Shop) -> None:
    network = shop.network
    for by in (dns.query.udp, dns.query.tcp):
        assert shop.look_up("shop.test", by=by) == [network.edge]
        assert shop.look_up("backend.shop.test", by=by) == [network.blue]
        assert shop.look_up("nothing.shop.test", by=by) == ["NXDOMAIN"]
    shop.point("backend.shop.test", network.green)
    assert shop.look_up("backend.shop.test") == [network.green]
    with socket.create_connection((network.api, DNS_PORT), timeout=20) as connection:
        connection.sendall(b"\x00\x04abcd")
        assert connection.recv(100) == b"", "nonsense ends the conversation"
    assert shop.look_up("shop.test") == [network.edge]


def test_changes_can_be_late_for_each_vantage_point(shop: Shop) -> None:
    network, sandbox = shop.network, shop.sandbox
    sandbox.delay("shop.test", LONG, at=["edge"])
    sandbox.delay("backend.shop.test", LONG, at=["dns"])
    for name in ("shop.test", "www.shop.test", "backend.shop.test"):
        shop.point(name, network.green)
    assert shop.colors(3) == ["blue"] * 3
    assert shop.colors(3, host="") == ["blue"] * 3, "the edge's literal address is the same name"
    assert shop.colors(3, host="www.shop.test") == ["green"] * 3
    assert shop.look_up("backend.shop.test") == [network.blue]
    shop.sandbox.well_again()
    assert shop.colors(3) == ["green"] * 3
    assert shop.look_up("backend.shop.test") == [network.green]


def test_old_and_new_alternate_until_the_change_has_arrived(shop: Shop) -> None:
    shop.sandbox.delay("@", LONG, share=0.5)
    shop.point("shop.test", shop.network.green)
    assert shop.colors(6) == ["blue", "green"] * 3
    shop.sandbox.well_again()
    shop.sandbox.delay("@", 0.3)
    shop.point("shop.test", shop.network.blue)
    eventually(lambda: shop.colors(5) == ["blue"] * 5)


def test_every_answer_of_the_edge_says_whose_it_is(shop: Shop) -> None:
    status, headers = shop.ask()
    assert (status, headers["server"], headers["cf-cache-status"]) == (200, "cloudflare", "DYNAMIC")
    assert len(headers["cf-ray"]) == len("0123456789abcdef-SBX")
    assert shop.ask()[1]["cf-ray"] != headers["cf-ray"]
    status, headers = shop.ask(host="nobody.shop.test")
    assert (status, headers["server"]) == (530, "cloudflare")
    assert "cf-cache-status" not in headers


def test_cached_answers_survive_a_switch_but_not_a_purge(shop: Shop) -> None:
    shop.sandbox.answer_at_edge("/", "cached")
    first = shop.ask("/?a=1")[1]
    shop.point("shop.test", shop.network.green)
    status, again = shop.ask("/?a=2")
    assert (first["cf-cache-status"], again["cf-cache-status"]) == ("MISS", "HIT")
    assert (status, again["x-color"]) == (200, "blue"), "an old answer, for a query that was never asked before"
    assert "age" in again
    assert shop.zone("POST", "purge_cache", {"hosts": ["shop.test"]})[0] == 200
    assert shop.ask()[1]["x-color"] == "green"
    assert [purge["asked"] for purge in shop.sandbox.cloudflare()["purges"]] == [{"hosts": ["shop.test"]}]
    shop.sandbox.well_again()
    assert shop.ask()[1]["cf-cache-status"] == "DYNAMIC"


@pytest.mark.parametrize(("kind", "status"), [("challenged", 403), ("limited", 429), ("blocked", 403)])
def test_answers_without_the_origin(shop: Shop, kind: str, status: int) -> None:
    shop.sandbox.answer_at_edge("/healthz", kind)
    found, headers = shop.ask("/healthz")
    assert (found, headers["server"], "x-color" in headers) == (status, "cloudflare", False)
    assert ("cf-mitigated" in headers) == (kind == "challenged")
    assert shop.ask("/")[0] == 200
    shop.sandbox.well_again()
    assert shop.ask("/healthz")[0] == 200


def test_everything_is_there_after_a_restart(shop: Shop) -> None:
    sandbox = shop.sandbox
    assert shop.zone("PATCH", "settings/ssl", {"value": "strict"})[0] == 200
    sandbox.answer_at_edge("/healthz", "limited")
    sandbox.delay("www", 5, share=0.25, at=["dns"])
    sandbox.expire_token()
    before = sandbox.cloudflare()
    lifecycle.down(shop.folder, shop.network)
    shop.up()
    assert sandbox.cloudflare() == before
    assert before["delays"] == {"www.shop.test": {"seconds": 5.0, "share": 0.25, "at": ["dns"]}}
    assert shop.zone("GET", "settings/ssl")[0] == 403
    sandbox.well_again()
    assert shop.zone("GET", "settings/ssl")[1]["result"]["value"] == "strict"


def test_what_cannot_be_meant_is_refused(shop: Shop) -> None:
    with pytest.raises(SandboxError, match="cached, challenged, limited, blocked"):
        shop.sandbox.answer_at_edge("/", "tired")
    with pytest.raises(SandboxError, match="seconds"):
        shop.sandbox.delay("shop.test", -1)
