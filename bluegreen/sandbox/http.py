"""HTTP/1.1 over asyncio streams: the protocol is h11's, moving the bytes is ours.

The API, the edge and the servers all stand on this module.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from urllib.parse import unquote, urlsplit

import h11

CHUNK = 64 * 1024
HEAD_LIMIT = 64 * 1024
"""Bytes that a request's or response's head may have."""
LINGER = 2.0
"""Seconds for which a client that still sends is listened to before its connection is closed."""

Handler = Callable[["Exchange"], Awaitable[None]]
GONE = (OSError, EOFError, h11.RemoteProtocolError)
"""What happens when the other side goes away or does not speak HTTP."""

log = logging.getLogger(__name__)


class TooLarge(Exception):
    """A body is longer than its reader allows."""


class Peer:
    """One end of one connection: what h11 says is sent, what arrives is h11's."""

    def __init__(
        self,
        role: type[h11.CLIENT] | type[h11.SERVER],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ):
        self.protocol = h11.Connection(role, max_incomplete_event_size=HEAD_LIMIT)
        self.reader = reader
        self.writer = writer

    async def receive(self) -> h11.Event | type[h11.PAUSED]:
        """Return the next event. Raises one of GONE when the other side breaks off."""
        while (event := self.protocol.next_event()) is h11.NEED_DATA:
            self.protocol.receive_data(await self.reader.read(CHUNK))
        return event  # type: ignore[return-value]

    async def send(self, *events: h11.Event) -> None:
        """Send events; returns once the other side keeps up (backpressure)."""
        self.writer.write(b"".join(self.protocol.send(event) or b"" for event in events))
        await self.writer.drain()

    def abort(self) -> None:
        """Cut the connection, so that the other side cannot take what it has for whole."""
        self.writer.transport.abort()

    async def close(self) -> None:
        """Close the connection once the other side has taken what was sent; at once when our task is cancelled."""
        task = asyncio.current_task()
        if task and task.cancelling():
            self.abort()
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


class Exchange:
    """One request and its answer."""

    def __init__(self, peer: Peer, request: h11.Request):
        self.peer = peer
        self.request = request
        self.method = request.method.decode("ascii")
        self.target = request.target.decode("latin-1")
        parts = urlsplit(self.target)
        self.path = unquote(parts.path)
        self.query = parts.query

    def header(self, name: str) -> str:
        """Return the first value of a header, "" when it is missing."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.request.headers if key == wanted), "")

    @property
    def client(self) -> str:
        """The client's address."""
        return str(self.peer.writer.get_extra_info("peername", ("",))[0])

    @property
    def begun(self) -> bool:
        """Whether the head of an answer has been sent."""
        return self.peer.protocol.our_state not in (h11.IDLE, h11.SEND_RESPONSE)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read the request's body as it arrives, once."""
        if self.peer.protocol.they_are_waiting_for_100_continue:
            await self.peer.send(h11.InformationalResponse(status_code=100, headers=[]))
        while isinstance(event := await self.peer.receive(), h11.Data):
            yield bytes(event.data)

    async def body(self, limit: int) -> bytes:
        """Read the whole body. Raises TooLarge when it has more than `limit` bytes."""
        parts, size = [], 0
        async for part in self.chunks():
            size += len(part)
            if size > limit:
                raise TooLarge
            parts.append(part)
        return b"".join(parts)

    async def answer(self, status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send a whole answer."""
        head = [*headers, ("content-length", str(len(body)))]
        events: list[h11.Event] = [h11.Response(status_code=status, headers=head)]
        if self.method != "HEAD" and body:
            events.append(h11.Data(data=body))
        await self.peer.send(*events, h11.EndOfMessage())

    async def stream(self, status: int, parts: AsyncIterator[bytes], headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send an answer part by part; without a content-length among `headers` it is chunked."""
        await self.peer.send(h11.Response(status_code=status, headers=list(headers)))
        if self.method != "HEAD":
            async for part in parts:
                await self.peer.send(h11.Data(data=part))
        await self.peer.send(h11.EndOfMessage())


class Listener:
    """A listening socket and the connections that came through it."""

    def __init__(self, handler: Handler):
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, address: str, port: int) -> None:
        """Listen. Raises OSError when the address is taken or not of this machine."""
        self._server = await asyncio.start_server(self._accept, address, port, backlog=1024)

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._converse(Peer(h11.SERVER, reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _converse(self, peer: Peer) -> None:
        try:
            while await self._exchange(peer):
                peer.protocol.start_next_cycle()
            await _linger(peer)
        except GONE as error:
            await _complain(peer, error)
        except Exception:
            log.exception("a request could not be answered")
            peer.abort()
        finally:
            await peer.close()

    async def _exchange(self, peer: Peer) -> bool:
        """Answer one request; return whether the connection can carry another."""
        request = await peer.receive()
        if not isinstance(request, h11.Request):
            return False
        await self._handler(Exchange(peer, request))
        protocol = peer.protocol
        if protocol.our_state is h11.DONE and protocol.their_state is h11.SEND_BODY:
            await _finish_reading(peer)
        return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE


async def _finish_reading(peer: Peer) -> None:
    """Read what is left of a body that nobody asked for, if all of it has already arrived."""
    while peer.protocol.their_state is h11.SEND_BODY and not peer.protocol.they_are_waiting_for_100_continue:
        if peer.protocol.next_event() is h11.NEED_DATA:
            return


async def _linger(peer: Peer) -> None:
    """Let a client that still sends read our answer: closing at once would reset it away."""
    if peer.protocol.their_state is not h11.SEND_BODY or not peer.writer.can_write_eof():
        return
    with contextlib.suppress(TimeoutError, *GONE):
        peer.writer.write_eof()
        async with asyncio.timeout(LINGER):
            while await peer.reader.read(CHUNK):
                pass


async def _complain(peer: Peer, error: Exception) -> None:
    """Answer a request that is no HTTP with a 4xx, when nothing has been answered yet."""
    if not isinstance(error, h11.RemoteProtocolError) or peer.protocol.our_state not in (
        h11.IDLE,
        h11.SEND_RESPONSE,
    ):
        peer.abort()
        return
    text = f"{error}\n".encode()
    head = [("content-type", "text/plain"), ("content-length", str(len(text))), ("connection", "close")]
    with contextlib.suppress(h11.LocalProtocolError, *GONE):
        response = h11.Response(status_code=error.error_status_hint, headers=head)
        await peer.send(response, h11.Data(data=text), h11.EndOfMessage())
