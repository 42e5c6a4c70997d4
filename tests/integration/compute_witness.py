"""A proxy before the sandbox's Compute API that holds all that passes against Google's discovery document; and eyes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from compute_discovery import BASE, check

from bluegreen.sandbox.address import API_PORT, PUBLIC_PORT, Network

HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Witness:
    """Listens on its own port beside the API. problems: what the document says against what was seen."""

    def __init__(self, network: Network):
        self.network = network
        self.problems: list[str] = []
        self.seen: list[tuple[str, str, int]] = []
        witness = self

        class Handler(_Handler):
            owner = witness

        self._server = ThreadingHTTPServer((network.api, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://{self.network.api}:{self._server.server_port}"

    @property
    def compute_url(self) -> str:
        """What the provider takes as its endpoint."""
        return f"{self.url}{BASE}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner: Witness
    protocol_version = "HTTP/1.1"
    timeout = 5

    def do_any(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = http.client.HTTPConnection(self.owner.network.api, API_PORT, timeout=130)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            connection.request(self.command, self.path, sent or None, headers)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.close_connection = True
            self.owner.seen.append((self.command, self.path, 0))
            return
        finally:
            connection.close()
        self.owner.seen.append((self.command, self.path, answer.status))
        self.owner.problems += check(self.command, self.path, sent, answer.status, body)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


def release_at(address: str) -> str:
    """Return the release that answers at `address`, "" when nobody does."""
    return served_at(address).get("release", "")


def served_at(address: str) -> dict[str, str]:
    """Return what the server at `address` says of itself: service, color, release; {} when nobody answers."""
    connection = http.client.HTTPConnection(address, PUBLIC_PORT, timeout=5)
    try:
        connection.request("GET", "/")
        found: dict[str, str] = json.loads(connection.getresponse().read())
        return found
    except OSError:
        return {}
    finally:
        connection.close()


def eventually(condition: Callable[[], object], timeout: float = 15.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
