"""The edge, in this process, between raw sockets: what each side gets to see."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from bluegreen.model import Color
from bluegreen.sandbox import edge as edge_module
from bluegreen.sandbox.address import PUBLIC_PORT, Network
from bluegreen.sandbox.edge import Edge, meant, routes_of
from bluegreen.sandbox.http import Listener
from bluegreen.sandbox.records import Record

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NETWORK = Network.for_path(Path(f"{__file__}-{os.getpid()}"))
NUMBERS = count(20)
DEADLINE = 10.0


@asynccontextmanager
async def origin(talk: Talk) -> AsyncIterator[str]:
    """A server that speaks raw bytes; yields its address."""
    address = NETWORK.address(next(NUMBERS))

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(accept, address, PUBLIC_PORT)
    yield address
    server.close()


@asynccontextmanager
async def front(**routes: str) -> AsyncIterator[Edge]:
    edge, listener = Edge(NETWORK.edge_addresses), None
    edge.routes = routes
    listener = Listener(edge)
    await listener.open(NETWORK.edge, PUBLIC_PORT)
    yield edge
    await listener.close()


@asynccontextmanager
async def client() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(NETWORK.edge, PUBLIC_PORT)
    yield reader, writer
    writer.close()


async def head(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode().lower()


def says(text: str) -> Talk:
    """A server whose every answer has this body."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
        await writer.drain()

    return talk


def run(test: Awaitable[None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE):
            await test

    asyncio.run(bounded())


def request(path: str = "/", method: str = "GET", host: str = "a", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def record(name: str, content: str, *, proxied: bool = True, kind: str = "A") -> Record:
    return Record(f"{name}{content}", name, kind, content, proxied)


def test_only_proxied_a_records_are_routes() -> None:
    records = [
        record("shop.test", "1"),
        record("backend.shop.test", "2", proxied=False),
        record("x", "3", kind="CNAME"),
    ]
    assert routes_of(records, "shop.test", NETWORK) == {"shop.test": "1", NETWORK.edge: "1"}
    assert routes_of([], "shop.test", NETWORK) == {}


@pytest.mark.parametrize(
    ("names", "public"),
    [(("ab", "shop.test"), "shop.test"), (("abc", "de"), "de"), (("check-blue.a", "longer.a.b"), "longer.a.b")],
)
def test_the_literal_address_means_the_apex_else_the_shortest_name(names: tuple[str, ...], public: str) -> None:
    assert meant(names, "shop.test", NETWORK)[NETWORK.edge] == public


def test_each_color_has_a_literal_address_for_its_own_name() -> None:
    names = [
        "check-green-pro.shop.test",
        "check-bluebell.shop.test",
        "check-blue-stage.shop.test",
        "check-blue.shop.test",
    ]
    records = [record(name, str(number)) for number, name in enumerate(names)]
    routes = routes_of(records, "shop.test", NETWORK)
    assert (routes[NETWORK.check(Color.BLUE)], routes[NETWORK.check(Color.GREEN)]) == ("3", "0")
    assert NETWORK.check(Color.GREEN) not in routes_of(records[1:], "shop.test", NETWORK)
    assert not any(NETWORK.owns(address) for address in NETWORK.edge_addresses)


def test_a_kept_connection_takes_the_new_color_with_its_next_request() -> None:
    async def test() -> None:
        async with (
            origin(says("blue")) as blue,
            origin(says("green")) as green,
            front(a=blue) as edge,
            client() as (reader, writer),
        ):
            for address, name in ((blue, b"blue"), (green, b"green"), (blue, b"blue")):
                edge.routes = {"a": address}
                writer.write(request())
                await head(reader)
                assert await reader.readexactly(len(name)) == name

    run(test())


def test_an_answer_in_flight_finishes_where_it_began() -> None:
    async def test() -> None:
        flipped = asyncio.Event()

        async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbl")
            await flipped.wait()
            writer.write(b"ue")

        async with (
            origin(slowly) as blue,
            origin(says("green")) as green,
            front(a=blue) as edge,
            client() as (reader, writer),
        ):
            writer.write(request())
            await head(reader)
            assert await reader.readexactly(2) == b"bl"
            edge.routes = {"a": green}
            flipped.set()
            assert await reader.readexactly(2) == b"ue"

    run(test())


def test_headers_of_one_hop_stay_there() -> None:
    async def test() -> None:
        seen: list[str] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await head(reader))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x-b, close\r\nX-B: 1\r\nX-C: 2\r\n\r\n")

        async with origin(talk) as address, front(a=address), client() as (reader, writer):
            writer.write(request(Connection="X-A, keep-alive", X_A="1", X_Kept="2", X_Forwarded_For="9.9.9.9"))
            answer = await head(reader)
            writer.write(request())
            await head(reader)
        assert "x-a:" not in seen[0]
        assert "keep-alive" not in seen[0]
        assert "x-kept: 2" in seen[0]
        assert "host: a" in seen[0]
        assert "x-forwarded-for: 9.9.9.9, 127." in seen[0]
        assert "x-forwarded-for: 127." in seen[1]
        assert "x-b:" not in answer
        assert "x-c: 2" in answer
        assert "close" not in answer

    run(test())


def test_chunks_go_both_ways_as_they_come() -> None:
    async def test() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert "transfer-encoding: chunked" in await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while (line := await reader.readuntil(b"\r\n")) != b"0\r\n":
                data = await reader.readexactly(int(line, 16) + 2)
                writer.write(line + data)
            writer.write(b"0\r\n\r\n")

        async with origin(talk) as address, front(a=address), client() as (reader, writer):
            writer.write(request(method="POST", Transfer_Encoding="chunked"))
            assert "transfer-encoding: chunked" in await head(reader)
            for word in (b"one", b"three"):
                writer.write(b"%x\r\n%b\r\n" % (len(word), word))
                assert await reader.readuntil(word) == b"%x\r\n%b" % (len(word), word), "before the request has ended"
                await reader.readexactly(2)
            writer.write(b"0\r\n\r\n")
            assert await reader.readexactly(5) == b"0\r\n\r\n"

    run(test())


def test_expect_100_continue_is_the_servers_to_answer() -> None:
    async def test() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            text = await head(reader)
            assert "expect: 100-continue" in text
            if "/no " in text:
                writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
                return
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(3)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + body)

        async with origin(talk) as address, front(a=address):
            async with client() as (reader, writer):
                writer.write(request("/yes", "POST", Expect="100-continue", Content_Length="3"))
                assert "100" in (await head(reader)).split("\r\n")[0]
                writer.write(b"abc")
                assert "200" in (await head(reader)).split("\r\n")[0]
                assert await reader.readexactly(3) == b"abc"
            async with client() as (reader, writer):
                writer.write(request("/no", "POST", Expect="100-continue", Content_Length="3"))
                assert "413" in (await head(reader)).split("\r\n")[0], "and no body was sent"
                assert await reader.readexactly(2) == b"no"

    run(test())


def test_head_has_no_body() -> None:
    async def test() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")

        async with origin(talk) as address, front(a=address), client() as (reader, writer):
            for _ in range(2):
                writer.write(request(method="HEAD"))
                assert "content-length: 1000" in await head(reader)

    run(test())


def test_an_old_client_gets_a_body_that_ends_with_the_connection() -> None:
    async def test() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

        async with origin(talk) as address, front(a=address), client() as (reader, writer):
            writer.write(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
            assert "chunked" not in await head(reader)
            assert await reader.read() == b"abc"

    run(test())


def test_a_tunnel_closes_one_way_at_a_time_and_outlives_a_flip() -> None:
    async def test() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert "upgrade: chat" in await head(reader)
            writer.write(b"HTTP/1.1 101 Switching\r\nUpgrade: chat\r\nConnection: upgrade\r\n\r\nearly")
            writer.write(b"all:" + await reader.read())

        async with origin(talk) as address, front(a=address) as edge, client() as (reader, writer):
            writer.write(request(Connection="Upgrade", Upgrade="chat") + b"eager ")
            assert "upgrade: chat" in await head(reader)
            assert await reader.readexactly(5) == b"early"
            edge.routes = {}
            writer.write(b"late")
            writer.write_eof()
            assert await reader.read() == b"all:eager late"

    run(test())


def test_a_refused_upgrade_is_an_ordinary_answer() -> None:
    async def test() -> None:
        async with origin(says("no")) as address, front(a=address), client() as (reader, writer):
            for _ in range(2):
                writer.write(request(Connection="Upgrade", Upgrade="chat"))
                await head(reader)
                assert await reader.readexactly(2) == b"no"

    run(test())


async def status(data: bytes) -> tuple[int, str]:
    async with client() as (reader, writer):
        writer.write(data)
        text = await head(reader)
        size = int(text.split("content-length: ")[1].split("\r\n")[0])
        return int(text.split()[1]), (await reader.readexactly(size)).decode()


def test_what_cannot_be_served_says_why() -> None:
    async def test() -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)

        refused = NETWORK.address(9)
        routes = {"refused": refused, "outside": "192.0.2.1", "loop": NETWORK.edge}
        async with origin(hang_up) as address, front(**routes, hangs=address):
            assert (await status(request(host="nobody")))[0] == 530
            assert (await status(request(host="refused")))[0] == 521
            assert (await status(request(host="hangs")))[0] == 520
            for host in ("outside", "loop"):
                code, text = await status(request(host=host))
                assert (code, "1000" in text) == (403, True)
            assert (await status(request("refused:1", "CONNECT", "refused")))[0] == 405
            assert (await status(b"nonsense\r\n\r\n"))[0] == 400

    run(test())


def test_a_server_that_does_not_answer_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async def never(*_: object) -> None:
            await asyncio.Event().wait()

        async with front(a=NETWORK.address(9)), client() as (reader, writer):
            monkeypatch.setattr(edge_module, "CONNECT_TIMEOUT", 0.05)
            monkeypatch.setattr(asyncio, "open_connection", never)
            writer.write(request())
            assert " 522 " in (await head(reader)).split("\r\n")[0]

    run(test())


def test_a_host_with_port_and_in_capitals_is_the_same() -> None:
    async def test() -> None:
        async with origin(says("x")) as address, front(**{"shop.test": address}):
            for host in ("SHOP.test", "shop.test:8080", "shop.test."):
                assert await status(request(host=host)) == (200, "x")

    run(test())


def test_a_broken_answer_is_seen_as_broken() -> None:
    async def test() -> None:
        async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")

        async with origin(half) as address, front(a=address), client() as (reader, writer):
            writer.write(request())
            await head(reader)
            try:
                rest = await reader.read()
            except ConnectionError:
                rest = b""
            assert not rest.endswith(b"0\r\n\r\n")

    run(test())


def test_a_client_that_leaves_in_the_middle_is_noticed_by_the_server() -> None:
    async def test() -> None:
        began, ended = asyncio.Event(), asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            await reader.readexactly(3)
            began.set()
            with suppress(ConnectionError):
                await reader.read()
            ended.set()

        async with origin(talk) as address, front(a=address):
            async with client() as (_, writer):
                writer.write(request(method="POST", Content_Length="10") + b"abc")
                await began.wait()
            await ended.wait()

    run(test())


def test_an_early_answer_ends_a_long_upload() -> None:
    async def test() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")

        async with origin(talk) as address, front(a=address), client() as (reader, writer):
            writer.write(request(method="POST", Content_Length="1000000") + b"x" * 1000)
            assert "413" in (await head(reader)).split("\r\n")[0]
            assert await reader.read() == b"no", "and then the connection is closed"

    run(test())


def test_a_client_that_does_not_read_holds_its_server_back_and_nobody_else() -> None:
    async def test() -> None:
        sent, block, whole = 0, bytes(2**20), 96

        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await head(reader)
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {whole * len(block)}\r\n\r\n".encode())
            for _ in range(whole):
                writer.write(block)
                await writer.drain()
                sent += 1

        async with (
            origin(pour) as address,
            origin(says("x")) as other,
            front(a=address, b=other),
            client() as (reader, writer),
        ):
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(request())
            before, quiet = -1, 0
            while quiet < 50:
                before, quiet = sent, quiet + 1 if sent and sent == before else 0
                assert await status(request(host="b")) == (200, "x")
            assert sent < whole / 2, "MiB: what sockets hold, not the edge"

    run(test())


def test_closing_waits_for_nobody() -> None:
    async def test() -> None:
        async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(bytes(2**20))
                await writer.drain()

        edge = Edge(NETWORK.edge_addresses)
        listener = Listener(edge)
        await listener.open(NETWORK.edge, PUBLIC_PORT)
        async with origin(pour) as address, client() as (reader, writer):
            edge.routes = {"a": address}
            writer.write(request())
            await head(reader)
            reader._transport.pause_reading()  # type: ignore[attr-defined]
            await listener.close()

    run(test())


def test_the_edges_own_headers_replace_a_servers() -> None:
    async def test() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await head(reader)
            spoken = "Server: nginx\r\nCF-Ray: 1\r\nCF-Cache-Status: HIT\r\nX-Color: blue\r\nContent-Length: 0\r\n\r\n"
            writer.write(f"HTTP/1.1 200 OK\r\n{spoken}".encode())

        async with origin(talk) as address, front(a=address), client() as (reader, writer):
            writer.write(request())
            answer = (await head(reader)).split("\r\n")
        own = [line for line in answer if line.startswith(("server:", "cf-ray:", "cf-cache-status:"))]
        assert len(own) == 3
        assert {"server: cloudflare", "cf-cache-status: dynamic", "x-color: blue"} <= set(answer)

    run(test())
