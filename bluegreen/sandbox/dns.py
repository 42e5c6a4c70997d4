"""The zone's name server, on loopback: answers from the records, as far as their changes have arrived."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from bluegreen.sandbox.address import Network
from bluegreen.sandbox.records import AUTOMATIC, Record, Zone

if TYPE_CHECKING:
    import dns.message
    import dns.name
    import dns.rrset

AUTOMATIC_TTL = 300
"""Seconds; Cloudflare's own, of every proxied record and of those with an automatic TTL."""
SOA_TTL = 1800
SOA = "ns1.{zone}. dns.{zone}. 1 10000 2400 604800 1800"
"""Cloudflare's own times: refresh, retry, expire, and for how long a missing name may be remembered."""
LONGEST_CHAIN = 8
"""CNAMEs followed within the zone for one question."""

log = logging.getLogger(__name__)


def by_name(records: Iterable[Record]) -> dict[str, tuple[Record, ...]]:
    """Return full name -> its records."""
    names: dict[str, tuple[Record, ...]] = {}
    for record in records:
        names[record.name] = (*names.get(record.name, ()), record)
    return names


class NameServer:
    """Authoritative for the zone and nothing else. names: full name -> its records, read at every question.

    Not here: wildcards, CNAMEs at the apex, DNSSEC. A proxied name has an IPv4 address only, the edge's.
    """

    def __init__(self, zone: Zone, network: Network, names: Mapping[str, tuple[Record, ...]]):
        self._zone = zone
        self._network = network
        self._names = names
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> None:
        """Listen by UDP and TCP. Raises OSError when the address is taken."""
        self._server = await asyncio.start_server(self._converse, address, port)  # first: its error names the address
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), (address, port))

    def close(self) -> None:
        if self._transport:
            self._transport.close()
        if self._server:
            self._server.close()

    def reply(self, wire: bytes, *, room: int | None = None) -> bytes | None:
        """Answer one message; None when it is no question. room: bytes that the answer may have, truncated if more."""
        import dns.exception
        import dns.flags
        import dns.message
        import dns.opcode
        import dns.rcode

        try:
            query = dns.message.from_wire(wire)
            response = dns.message.make_response(query)
        except (dns.exception.DNSException, ValueError):
            return None
        if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
            response.set_rcode(dns.rcode.NOTIMP)
        else:
            self._answer(response, query.question[0])
        try:
            return response.to_wire(max_size=max(room, query.payload) if room else 65535)
        except dns.exception.TooBig:
            response.answer.clear()
            response.authority.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()

    def _answer(self, response: dns.message.Message, question: dns.rrset.RRset) -> None:
        import dns.flags
        import dns.name
        import dns.rcode
        import dns.rdatatype

        name, zone = question.name, dns.name.from_text(self._zone.name)
        if not name.is_subdomain(zone):
            response.set_rcode(dns.rcode.REFUSED)
            return
        response.flags |= dns.flags.AA
        wanted = dns.rdatatype.to_text(question.rdtype)
        for _ in range(LONGEST_CHAIN):
            found = self._sets(_text(name))
            if wanted in found or "CNAME" not in found:
                break
            response.answer.append(_rrset(_text(name), "CNAME", found["CNAME"]))
            name = response.answer[-1][0].target
            if not name.is_subdomain(zone):
                return
        if wanted in found:
            response.answer.append(_rrset(_text(name), wanted, found[wanted]))
            return
        if not found and not any(known.endswith(f".{_text(name)}") for known in self._names):
            response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(_rrset(self._zone.name, "SOA", self._soa))

    @property
    def _soa(self) -> list[tuple[int, str]]:
        return [(SOA_TTL, SOA.format(zone=self._zone.name))]

    def _sets(self, name: str) -> dict[str, list[tuple[int, str]]]:
        """Return type -> TTL and text of each record that is answered for `name`."""
        found: dict[str, list[tuple[int, str]]] = {}
        servers = [f"{label}.{self._zone.name}" for label in ("ns1", "ns2")]
        if name == self._zone.name:
            found = {"SOA": self._soa, "NS": [(SOA_TTL, f"{server}.") for server in servers]}
        if name in servers:
            found = {"A": [(SOA_TTL, self._network.api)]}
        for record in self._names.get(name, ()):
            if record.proxied:
                found["A"] = [(AUTOMATIC_TTL, self._network.edge)]
            else:
                ttl = AUTOMATIC_TTL if record.ttl == AUTOMATIC else record.ttl
                found.setdefault(record.type, []).append((ttl, _presented(record)))
        return found

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                size = int.from_bytes(await reader.readexactly(2))
                answer = self.reply(await reader.readexactly(size))
                if answer is None:
                    break
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer):
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if answer := self._server.reply(data, room=512):
            self._transport.sendto(answer, address)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _presented(record: Record) -> str:
    """Return a record's content as a zone file writes it."""
    if record.type == "TXT" and not record.content.startswith('"'):
        parts = [record.content[start : start + 255] for start in range(0, len(record.content), 255)]
        return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
    return f"{record.content.rstrip('.')}." if record.type in ("CNAME", "NS") else record.content


def _rrset(name: str, kind: str, items: list[tuple[int, str]]) -> dns.rrset.RRset:
    import dns.rrset

    return dns.rrset.from_text(f"{name}.", min(ttl for ttl, _ in items), "IN", kind, *(text for _, text in items))
