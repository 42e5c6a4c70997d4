"""What the name server says, message by message."""

from __future__ import annotations

from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

from bluegreen.sandbox.address import Network
from bluegreen.sandbox.dns import NameServer, by_name
from bluegreen.sandbox.records import Record, Zone

NETWORK = Network("127.77.12")
ZONE = Zone("shop.test")


def record(name: str, content: str, kind: str = "A", **fields: Any) -> Record:
    return Record(f"{name}{kind}{content}", f"{name}.shop.test".removeprefix("@."), kind, content, **fields)


RECORDS = (
    record("@", "127.77.12.11", proxied=True),
    record("backend-blue-access.pro", "127.77.12.11", ttl=60),
    record("two", "127.77.12.11"),
    record("two", "127.77.12.12"),
    record("six", "2001:db8::1", "AAAA"),
    record("www", "shop.test", "CNAME"),
    record("chain", "www.shop.test", "CNAME"),
    record("proxied", "elsewhere.example", "CNAME", proxied=True),
    record("away", "elsewhere.example", "CNAME"),
    record("loop", "loop.shop.test", "CNAME"),
    record("text", 'say "hi"', "TXT"),
    record("quoted", '"a" "b"', "TXT"),
    record("long", "x" * 600, "TXT"),
    record("sub", "ns.elsewhere.example", "NS"),
)
SERVER = NameServer(ZONE, NETWORK, by_name(RECORDS))


def ask(name: str, kind: str = "A", server: NameServer = SERVER) -> dns.message.Message:
    wire = server.reply(dns.message.make_query(name, kind).to_wire())
    assert wire
    return dns.message.from_wire(wire)


def answers(name: str, kind: str = "A") -> list[str]:
    return [f"{rrset.ttl} {text}" for rrset in ask(name, kind).answer for text in sorted(i.to_text() for i in rrset)]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("shop.test", "A", ["300 127.77.12.2"]),
        ("SHOP.test", "A", ["300 127.77.12.2"]),
        ("backend-blue-access.pro.shop.test", "A", ["60 127.77.12.11"]),
        ("two.shop.test", "A", ["300 127.77.12.11", "300 127.77.12.12"]),
        ("six.shop.test", "AAAA", ["300 2001:db8::1"]),
        ("www.shop.test", "A", ["300 shop.test.", "300 127.77.12.2"]),
        ("chain.shop.test", "A", ["300 www.shop.test.", "300 shop.test.", "300 127.77.12.2"]),
        ("www.shop.test", "CNAME", ["300 shop.test."]),
        ("proxied.shop.test", "A", ["300 127.77.12.2"]),
        ("proxied.shop.test", "CNAME", []),
        ("away.shop.test", "A", ["300 elsewhere.example."]),
        ("text.shop.test", "TXT", ['300 "say \\"hi\\""']),
        ("quoted.shop.test", "TXT", ['300 "a" "b"']),
        ("sub.shop.test", "NS", ["300 ns.elsewhere.example."]),
        ("shop.test", "NS", ["1800 ns1.shop.test.", "1800 ns2.shop.test."]),
        ("ns1.shop.test", "A", ["1800 127.77.12.1"]),
        ("shop.test", "SOA", ["1800 ns1.shop.test. dns.shop.test. 1 10000 2400 604800 1800"]),
    ],
)
def test_answers(name: str, kind: str, expected: list[str]) -> None:
    assert answers(name, kind) == expected
    assert ask(name, kind).flags & dns.flags.AA


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("nothing.shop.test", "A", dns.rcode.NXDOMAIN),
        ("shop.test", "AAAA", dns.rcode.NOERROR),
        ("pro.shop.test", "A", dns.rcode.NOERROR),  # nothing itself, but names below it
    ],
)
def test_what_is_not_there_comes_with_the_soa(name: str, kind: str, expected: int) -> None:
    found = ask(name, kind)
    assert (found.rcode(), found.answer) == (expected, [])
    assert [rrset.rdtype for rrset in found.authority] == [dns.rdatatype.SOA]


def test_other_zones_are_refused() -> None:
    found = ask("example.com")
    assert (found.rcode(), found.flags & dns.flags.AA) == (dns.rcode.REFUSED, 0)
    assert ask("nshop.test").rcode() == dns.rcode.REFUSED


def test_a_loop_ends() -> None:
    assert ask("loop.shop.test").answer


def test_long_answers_are_cut_for_udp_only() -> None:
    query = dns.message.make_query("long.shop.test", "TXT").to_wire()
    short, whole = SERVER.reply(query, room=512), SERVER.reply(query)
    assert short
    assert whole
    assert len(short) <= 512
    assert dns.message.from_wire(short).flags & dns.flags.TC
    assert dns.message.from_wire(whole).answer
    roomy = SERVER.reply(dns.message.make_query("long.shop.test", "TXT", payload=1232).to_wire(), room=512)
    assert roomy
    assert dns.message.from_wire(roomy).answer


def test_what_is_no_question_gets_no_answer() -> None:
    assert SERVER.reply(b"") is None
    assert SERVER.reply(b"nonsense that is longer than a header") is None
    assert SERVER.reply(SERVER.reply(dns.message.make_query("shop.test", "A").to_wire()) or b"") is None
    other = dns.message.make_query("shop.test", "A")
    other.set_opcode(dns.opcode.STATUS)
    assert dns.message.from_wire(SERVER.reply(other.to_wire()) or b"").rcode() == dns.rcode.NOTIMP
