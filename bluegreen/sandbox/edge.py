"""The edge: a streaming reverse proxy that sends each request to where the proxied record points.

A switch is one assignment of `Edge.routes`. A request keeps the color it began with, a tunnel too; the next request,
on the same connection or not, takes the new one. Connections to servers are never reused, so none is ever stale.
What it answers without a server, and what it adds to each answer, is `cdn`'s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address

import h11

from bluegreen.model import Color
from bluegreen.sandbox import cdn
from bluegreen.sandbox.address import PUBLIC_PORT, Network
from bluegreen.sandbox.cdn import Cdn, Copy
from bluegreen.sandbox.cloudflare.expressions import Facts
from bluegreen.sandbox.http import CHUNK, GONE, Exchange, Peer
from bluegreen.sandbox.records import Record

CONNECT_TIMEOUT = 19.0
"""Seconds until a server that does not answer a connection is given up; Cloudflare's own number."""

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    )
)  # but for transfer-encoding, which tells h11 how to frame the same body on the other side


ADDED = (b"server", b"cf-ray", b"cf-cache-status")
"""Headers of an answer that are the edge's own; a server's are replaced."""


def routes_of(records: Iterable[Record], apex: str, network: Network) -> dict[str, str]:
    """Return hostname, or literal address of the edge -> server address, from the proxied A records."""
    routes: dict[str, str] = {}
    for record in records:
        if record.proxied and record.type == "A":
            routes.setdefault(record.name, record.content)
    return {**routes, **{address: routes[name] for address, name in meant(routes, apex, network).items()}}


def meant(names: Iterable[str], apex: str, network: Network) -> dict[str, str]:
    """Return literal address of the edge -> the proxied name that it stands for, of those that there are.

    apex: the zone's name, which the edge's own address stands for; else it is the shortest name that is no color's. A
    color's address stands for the shortest name `check-<color>`, or `check-<color>-...`.
    """
    ordered = sorted(names, key=lambda name: (name != apex, len(name), name))
    own = {name: color for name in ordered for color in Color if _is_own(name, color)}
    candidates = {network.edge: [name for name in ordered if name not in own]}
    for color in Color:
        candidates[network.check(color)] = [name for name in ordered if own.get(name) == color]
    return {address: found[0] for address, found in candidates.items() if found}


def _is_own(name: str, color: Color) -> bool:
    return f"{name.partition('.')[0]}-".startswith(f"check-{color}-")


class Edge:
    """Handles the requests of the public.

    addresses: where it listens. routes: hostname, or one of them -> server address. stands_for: of them -> the hostname
    that is meant. cdn: what else it knows.
    """

    def __init__(self, addresses: Collection[str]) -> None:
        self._addresses = addresses
        self.routes: Mapping[str, str] = {}
        self.stands_for: Mapping[str, str] = {}
        self.cdn = Cdn()

    async def __call__(self, exchange: Exchange) -> None:
        host = _hostname(exchange.header("host"))
        address = self.routes.get(host)
        if exchange.method == "CONNECT":
            await _fail(exchange, 405, "CONNECT is not for a reverse proxy")
        elif address is None:
            await _fail(exchange, 530, f"error 1016: no proxied A record is named {host or '(no Host)'}")
        elif address in self._addresses or not ip_address(address).is_loopback:
            await _fail(exchange, 403, f"error 1000: {host} points at {address}, which is no server of this sandbox")
        else:
            await self._serve(
                exchange, address, Facts(self.stands_for.get(host, host), exchange.path, _headers(exchange))
            )

    async def _serve(self, exchange: Exchange, address: str, facts: Facts) -> None:
        verdict = self.cdn.judge(facts)
        if verdict.page:
            await exchange.answer(*verdict.page)
        elif not verdict.cached or exchange.method not in ("GET", "HEAD"):
            await _proxy(exchange, address)
        elif copy := self.cdn.stored(facts):
            await exchange.answer(200, bytes(copy.body), copy.as_hit())
        else:
            await _proxy(exchange, address, self.cdn.keep(facts) if exchange.method == "GET" else None)


async def _proxy(exchange: Exchange, address: str, copy: Copy | None = None) -> None:
    """Let the server at `address` answer. copy: takes a copy of its answer."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            streams = await asyncio.open_connection(address, PUBLIC_PORT)
    except TimeoutError:
        return await _fail(exchange, 522, f"error 522: {address}:{PUBLIC_PORT} did not answer in {CONNECT_TIMEOUT:g} s")
    except OSError as error:
        return await _fail(
            exchange, 521, f"error 521: {address}:{PUBLIC_PORT} refused the connection ({error.strerror})"
        )
    server = Peer(h11.CLIENT, *streams)
    try:
        await _forward(exchange, server, copy)
    except (*GONE, h11.LocalProtocolError) as error:
        if exchange.begun:
            exchange.peer.abort()
        else:
            await _fail(exchange, 520, f"error 520: {address}:{PUBLIC_PORT} broke off without an answer ({error})")
    finally:
        await server.close()


async def _forward(exchange: Exchange, server: Peer, copy: Copy | None) -> None:
    headers = [*_end_to_end(exchange.request.headers, (b"x-forwarded-for",)), *_forwarded(exchange)]
    await server.send(h11.Request(method=exchange.request.method, target=exchange.request.target, headers=headers))
    upload = asyncio.create_task(_upload(exchange.peer, server))
    try:
        if await _download(server, exchange, copy):
            await upload
            await _tunnel(exchange.peer, server)
    finally:
        upload.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await upload


def _forwarded(exchange: Exchange) -> list[tuple[bytes, bytes]]:
    """Return the headers that the edge adds to a request."""
    came_through = exchange.header("x-forwarded-for")
    chain = f"{came_through}, {exchange.client}" if came_through else exchange.client
    upgrade = exchange.header("upgrade") if "upgrade" in exchange.header("connection").lower() else ""
    added = [
        ("x-forwarded-for", chain),
        ("x-forwarded-proto", "http"),
        ("connection", "upgrade" if upgrade else "close"),
    ]
    if upgrade:
        added.append(("upgrade", upgrade))
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in added]


async def _upload(client: Peer, server: Peer) -> None:
    """Hand the request's body on. A server that answers early and hangs up is the download's matter."""
    while True:
        try:
            event = await client.receive()
        except GONE:
            return server.abort()
        try:
            if not isinstance(event, h11.Data):
                return await server.send(h11.EndOfMessage())
            await server.send(h11.Data(data=event.data))
        except (OSError, h11.LocalProtocolError):
            return


async def _download(server: Peer, exchange: Exchange, copy: Copy | None) -> bool:
    """Hand the answer on; return whether it was 101, after which the connection is a tunnel."""
    client = exchange.peer
    while True:
        event = await server.receive()
        if isinstance(event, h11.InformationalResponse):
            if event.status_code == 101:
                await client.send(h11.InformationalResponse(status_code=101, headers=event.headers))
                return True
            if exchange.request.http_version >= b"1.1":
                await client.send(h11.InformationalResponse(status_code=event.status_code, headers=event.headers))
        elif isinstance(event, h11.Response):
            headers = _end_to_end(event.headers, ADDED)
            if copy:
                copy.begin(event.status_code, headers)
            headers += [(name.encode(), value.encode()) for name, value in cdn.headers("MISS" if copy else "DYNAMIC")]
            await client.send(h11.Response(status_code=event.status_code, headers=headers))
        elif isinstance(event, h11.Data):
            if copy:
                copy.add(event.data)
            await client.send(h11.Data(data=event.data))
        elif isinstance(event, h11.EndOfMessage):
            if copy:
                copy.end()
            await client.send(h11.EndOfMessage())
            return False
        else:
            raise EOFError("the connection was closed")


async def _tunnel(client: Peer, server: Peer) -> None:
    await asyncio.gather(_pipe(client, server), _pipe(server, client))


async def _pipe(source: Peer, target: Peer) -> None:
    """Move bytes one way until their sender is done; the other way goes on (half-close)."""
    try:
        target.writer.write(source.protocol.trailing_data[0])
        while data := await source.reader.read(CHUNK):
            target.writer.write(data)
            await target.writer.drain()
        target.writer.write_eof()
    except OSError:
        source.abort()
        target.abort()


def _end_to_end(headers: Iterable[tuple[bytes, bytes]], without: Iterable[bytes] = ()) -> list[tuple[bytes, bytes]]:
    """Return the headers that are meant for the other end."""
    headers = list(headers)
    named = {name.strip().lower() for key, value in headers if key == b"connection" for name in value.split(b",")}
    dropped = HOP_BY_HOP | named | set(without)
    return [(key, value) for key, value in headers if key not in dropped]


def _headers(exchange: Exchange) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in exchange.request.headers:
        headers.setdefault(name.decode("ascii"), []).append(value.decode("latin-1"))
    return headers


def _hostname(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if name and port.isdecimal() else host).lower().rstrip(".")


async def _fail(exchange: Exchange, status: int, text: str) -> None:
    body = json.dumps({"error": text}).encode() + b"\n"
    await exchange.answer(status, body, [*cdn.headers(), ("content-type", "application/json")])
