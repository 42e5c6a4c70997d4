"""A server that stands at a color's address, in place of the color's own, and answers as none should."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType

from night import Night

from bluegreen.sandbox.address import PUBLIC_PORT

LARGE = 100_000_000
"""Bytes of an answer."""

BLOCK = bytes(65536)


class Impostor:
    """Takes a color's address while the context lasts. how: one of ANSWERS.

    asked: the latest request; ever_asked: all of them. sent: bytes of the longest answer. followed: how often somebody
    came to where a redirect points.
    """

    def __init__(self, night: Night, color: str, how: str) -> None:
        self._night, self._color = night, color
        self._answer = ANSWERS[how]
        self.address = getattr(night.shop.network, color)
        self.elsewhere = night.shop.network.address(200)
        self.asked = self.ever_asked = b""
        self.sent = self.followed = 0

    def __enter__(self) -> Impostor:
        self._night.shop.sandbox.behave(self._color, "dead")
        self._servers = [_listen(self.address, self._take), _listen(self.elsewhere, self._follow)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._night.shop.sandbox.behave(self._color, "ok")

    def _take(self, connection: socket.socket) -> None:
        before = [0]
        with suppress(OSError):
            self.asked = asked = connection.recv(65536)
            self.ever_asked += asked
            self._answer(self, connection, before)
        self.sent = max(self.sent, before[0])

    def _follow(self, connection: socket.socket) -> None:
        self.followed += 1


def _listen(address: str, take: Callable[[socket.socket], None]) -> socketserver.ThreadingTCPServer:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            take(self.request)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    server = Server((address, PUBLIC_PORT), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


Answer = Callable[[Impostor, socket.socket, "list[int]"], None]


def _hang(impostor: Impostor, connection: socket.socket, sent: list[int]) -> None:
    while connection.recv(65536):
        pass


def _redirect(impostor: Impostor, connection: socket.socket, sent: list[int]) -> None:
    there = f"http://{impostor.elsewhere}:{PUBLIC_PORT}/"
    connection.sendall(f"HTTP/1.1 302 Found\r\nlocation: {there}\r\ncontent-length: 0\r\n\r\n".encode())


def _flood(impostor: Impostor, connection: socket.socket, sent: list[int]) -> None:
    connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n".encode())
    while sent[0] < LARGE:
        sent[0] += connection.send(BLOCK)


def _drip(impostor: Impostor, connection: socket.socket, sent: list[int]) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-slow: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def _garbage(impostor: Impostor, connection: socket.socket, sent: list[int]) -> None:
    connection.sendall(b"\x00\xff\r\n" * 1000)


def _echo(impostor: Impostor, connection: socket.socket, sent: list[int]) -> None:
    """Say back what was asked, and call that a color and a release."""
    said = b",".join(impostor.asked.splitlines())
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nx-color: %b\r\nx-release: %b\r\ncontent-length: %d\r\n\r\n%b"
        % (said, said, len(impostor.asked), impostor.asked)
    )


ANSWERS: Mapping[str, Answer] = {
    "hangs": _hang,
    "redirects": _redirect,
    "floods": _flood,
    "drips": _drip,
    "says garbage": _garbage,
    "echoes": _echo,
}
