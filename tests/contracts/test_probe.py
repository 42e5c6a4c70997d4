"""What ports.Probe promises, kept by the fake and over a real connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bluegreen.adapters.fakes.http import FakeProbe
from bluegreen.adapters.http import HttpProbe
from bluegreen.ports import Answer, Probe, Question


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.headers['Host']} {self.path}".encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("X-Release", "1.5.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def answer(question: Question) -> Answer:
    """Answer as the page does."""
    host, _, path = question.url.removeprefix("http://").partition("/")
    if path == "refused":
        return Answer(0, error="connection refused")
    port = host.rpartition(":")[2]
    body = f"{f'{question.host}:{port}' if question.host else host} /{path}".encode()
    return Answer(404 if path == "missing" else 200, {"x-release": "1.5.0"}, body)


@pytest.fixture(params=["fake", "network"])
def probe(request: pytest.FixtureRequest) -> Probe:
    return FakeProbe(answer) if request.param == "fake" else HttpProbe()


@pytest.fixture
def page() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_answer_carries_status_headers_in_lower_case_and_body(probe: Probe, page: str) -> None:
    answer = probe.ask(Question(f"{page}/healthz"))
    assert (answer.status, answer.headers["x-release"]) == (200, "1.5.0")
    assert answer.body.endswith(b" /healthz")
    assert (answer.error, answer.reached) == ("", True)


def test_another_status_is_an_answer_too(probe: Probe, page: str) -> None:
    assert probe.ask(Question(f"{page}/missing")).status == 404


def test_the_host_is_the_one_that_was_asked_for(probe: Probe, page: str) -> None:
    answer = probe.ask(Question(f"{page}/", address="127.0.0.1", host="shop.example"))
    assert answer.body.startswith(b"shop.example:")


def test_what_the_network_does_is_an_answer_with_status_0(probe: Probe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    answer = probe.ask(Question(f"http://127.0.0.1:{port}/refused"))
    assert (answer.status, answer.error, answer.reached) == (0, "connection refused", True)
