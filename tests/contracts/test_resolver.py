"""What ports.Resolver promises, kept by the fake, and by dnspython against a small DNS server on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cloudflare
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from bluegreen.adapters import resolver as module
from bluegreen.adapters.fakes.resolver import FakeResolver
from bluegreen.adapters.resolver import DnsResolver
from bluegreen.ports import Resolution, Resolver
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import DNS_PORT, Network
from bluegreen.sandbox.records import Zone

BLUE = "backend-blue-access.pro.shop.test"
BOTH = "both.shop.test"
MISSING = "nowhere.shop.test"
SHARED = {
    ("shop.test.", "SOA"): ["ns1.shop.test. root.shop.test. 1 60 60 60 60"],
    ("shop.test.", "NS"): ["ns2.shop.test.", "ns1.shop.test."],
    ("ns1.shop.test.", "A"): ["127.0.0.2"],
}


class NameServer:
    """Answers over UDP from a table; a name that is not in it does not exist. silent: it answers nothing."""

    def __init__(self, address: str, port: int, table: dict[tuple[str, str], list[str]]) -> None:
        self.table = table
        self.silent = False
        self.rcode = dns.rcode.NOERROR
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(4096)
            if wire == b"stop":
                return
            if not self.silent:
                self._socket.sendto(self._answer(dns.message.from_wire(wire)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        (question,) = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        reply = dns.message.make_response(query)
        reply.set_rcode(self.rcode)
        if values := self.table.get((name, kind)):
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        elif not self.rcode and name not in {known for known, _ in self.table}:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"stop", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


@pytest.fixture
def servers() -> Iterator[tuple[NameServer, NameServer]]:
    """Yield this machine's name server, and one of the zone's own, on the same port of two addresses."""
    system = NameServer("127.0.0.1", 0, {**SHARED, (BLUE + ".", "A"): ["192.0.2.1"]})
    own = NameServer("127.0.0.2", system.port, {**SHARED, (BLUE + ".", "A"): ["192.0.2.2"]})
    for server in (system, own):
        server.table[BOTH + ".", "A"] = ["192.0.2.3"]
        server.table[BOTH + ".", "AAAA"] = ["2001:db8::3"]
    yield system, own
    system.close()
    own.close()


@pytest.fixture(params=["fake", "network"])
def resolver(request: pytest.FixtureRequest) -> Resolver:
    if request.param == "fake":
        both = ("192.0.2.3", "2001:db8::3")
        known = {BLUE: Resolution(("192.0.2.1",), ("192.0.2.2",)), BOTH: Resolution(both, both)}
        return FakeResolver(known, {"shop.test": ("ns2.shop.test", "ns1.shop.test")})
    return made(request.getfixturevalue("servers"))


def made(servers: tuple[NameServer, NameServer]) -> Resolver:
    return DnsResolver("127.0.0.1", servers[0].port)


def test_both_views_are_told(resolver: Resolver) -> None:
    assert resolver.resolve(BLUE) == Resolution(("192.0.2.1",), ("192.0.2.2",))


def test_capitals_and_a_final_dot_are_the_same_name(resolver: Resolver) -> None:
    assert resolver.resolve("Backend-Blue-Access.pro.shop.test.").system == ("192.0.2.1",)


def test_addresses_of_ipv4_come_first(resolver: Resolver) -> None:
    assert resolver.resolve(BOTH).system == ("192.0.2.3", "2001:db8::3")


def test_the_name_servers_of_a_zone(resolver: Resolver) -> None:
    assert resolver.name_servers("Shop.test.") == ("ns1.shop.test", "ns2.shop.test")
    assert resolver.name_servers("elsewhere.test") == resolver.name_servers("no..name") == ()


def test_a_name_that_is_not_there_is_an_error_of_both(resolver: Resolver) -> None:
    found = resolver.resolve(MISSING)
    assert (found.system, found.authoritative) == ((), ())
    assert found.error == "system: no such name; authoritative: no such name"


def test_a_name_that_only_its_zone_knows_yet_is_told(servers: tuple[NameServer, NameServer]) -> None:
    del servers[0].table[BLUE + ".", "A"]
    assert made(servers).resolve(BLUE) == Resolution((), ("192.0.2.2",), "system: no such name")


def test_an_own_server_that_is_down_hides_nothing_else(
    servers: tuple[NameServer, NameServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_ALL", 0.2)
    servers[1].silent = True
    assert made(servers).resolve(BLUE) == Resolution(("192.0.2.1",), (), "authoritative: no answer in 0.2 s")


def test_a_dns_that_is_down_is_an_error_and_not_waited_for(
    servers: tuple[NameServer, NameServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_ALL", 0.2)
    servers[0].silent = True
    error = "system: no answer in 0.2 s; authoritative: no answer in 0.2 s"
    assert made(servers).resolve(BLUE) == Resolution(error=error)


def test_a_server_that_refuses_is_an_error(servers: tuple[NameServer, NameServer]) -> None:
    servers[1].rcode = dns.rcode.REFUSED
    assert made(servers).resolve(BLUE).error == "authoritative: no name server gave an answer"


def test_a_name_without_an_address_says_so(servers: tuple[NameServer, NameServer]) -> None:
    assert made(servers).resolve("shop.test").error == (
        "system: the name has no address; authoritative: the name has no address"
    )


def test_a_name_of_no_known_zone_says_so(servers: tuple[NameServer, NameServer]) -> None:
    assert "authoritative: no zone of this name was found" in made(servers).resolve("shop.invalid").error


def test_the_sandbox_has_a_dns_that_tells_both_views(tmp_path: Path) -> None:
    network = Network.for_path(tmp_path)
    lifecycle.up(tmp_path / "sandbox", network, "shop")
    try:
        with cloudflare.Cloudflare(api_token="a" * 40, base_url=network.records_api_url) as client:
            client.dns.records.create(zone_id=Zone("shop.test").id, name=BLUE, type="A", content="192.0.2.1", ttl=60)
        sandbox = DnsResolver(network.api, DNS_PORT)
        assert sandbox.resolve(BLUE) == Resolution(("192.0.2.1",), ("192.0.2.1",))
        assert sandbox.resolve(MISSING).error == "system: no such name; authoritative: no such name"
    finally:
        lifecycle.down(tmp_path / "sandbox", network)


@pytest.mark.parametrize("text", ["a..b", "x" * 64 + ".test", ""])
def test_what_is_no_host_name_is_asked_of_nobody(servers: tuple[NameServer, NameServer], text: str) -> None:
    assert made(servers).resolve(text).error == f"{text!r} is no host name"
    assert servers[0].asked == []


def test_an_address_is_its_own_answer(servers: tuple[NameServer, NameServer]) -> None:
    assert made(servers).resolve("192.0.2.9") == Resolution(("192.0.2.9",), ("192.0.2.9",))
    assert servers[0].asked == []


def test_the_library_is_loaded_by_whoever_asks_and_by_nobody_else() -> None:
    code = "import sys, bluegreen.adapters.resolver as r; r.DnsResolver(); print('dns' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"
