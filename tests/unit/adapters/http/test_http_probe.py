from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bluegreen.adapters import names
from bluegreen.adapters.http import BODY_KEPT, BODY_READ, HttpProbe, Target
from bluegreen.errors import ConfigError
from bluegreen.ports import Answer, Question

HERE = Path(__file__).parent
AUTHORITY, SERVER = str(HERE / "authority.pem"), str(HERE / "server.pem")
NAME = "backend-blue-access.pro.example.com"
"""The only name in the certificate; nothing resolves it."""

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Color: blue\r\nX-Color: new\r\n\r\nhello"


class Server:
    """A server of bytes on 127.0.0.1: answers each connection as it is told, and keeps the requests' heads."""

    def __init__(self, reply: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self.over = threading.Event()
        self._reply, self._tls = reply, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(20)
        with suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    received = connection.recv(4096)
                    if not received:
                        return
                    head += received
                self.requests.append(head.decode())
                self._reply(connection)

    def close(self) -> None:
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(reply: bytes | Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Server:
        servers.append(
            Server((lambda connection: connection.sendall(reply)) if isinstance(reply, bytes) else reply, tls)
        )
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def ask(url: str, **fields: object) -> Answer:
    return HttpProbe().ask(Question(url, **{"timeout": 10.0, **fields}))  # type: ignore[arg-type]


def test_an_answer_says_what_came_back(serve: Serve) -> None:
    before = time.monotonic()
    server = serve(HELLO)
    answer = ask(f"http://127.0.0.1:{server.port}/healthz?deep=1#part")
    assert (answer.status, answer.body, answer.error, answer.reached) == (200, b"hello", "", True)
    assert answer.headers["x-color"] == "blue, new"
    assert before <= answer.asked
    assert answer.asked + answer.seconds <= time.monotonic()
    assert answer.certificate_days is None
    head = server.requests[0]
    assert head.startswith("GET /healthz?deep=1 HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head
    assert "\r\nConnection: close\r\n" in head


def test_headers_are_sent_besides_our_own(serve: Serve) -> None:
    server = serve(HELLO)
    ask(f"http://127.0.0.1:{server.port}/", headers={"X-Probe-Secret": "let me in"})
    assert "\r\nX-Probe-Secret: let me in\r\n" in server.requests[0]


@pytest.mark.parametrize(("asked", "before"), [("/a?b=1", "/a?b=1&bluegreen="), ("/a", "/a?bluegreen=")])
def test_a_unique_question_is_another_one_each_time(serve: Serve, asked: str, before: str) -> None:
    server = serve(HELLO)
    for _ in range(2):
        ask(f"http://127.0.0.1:{server.port}{asked}", unique=True)
    paths = [head.split(" ")[1] for head in server.requests]
    assert len(set(paths)) == 2
    assert all(path.startswith(before) for path in paths)


def test_it_connects_to_the_address_under_another_name(serve: Serve) -> None:
    server = serve(HELLO)
    answer = ask(f"http://pro.example.com:{server.port}", address="127.0.0.1", host=NAME)
    assert answer.status == 200
    assert server.requests[0].startswith("GET / HTTP/1.1\r\n")
    assert f"\r\nHost: {NAME}:{server.port}\r\n" in server.requests[0]


def test_a_redirect_is_an_answer_and_not_followed(serve: Serve) -> None:
    server = serve(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
    assert ask(f"http://127.0.0.1:{server.port}/").status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + HELLO, b"hello"),
    ],
)
def test_every_way_to_end_a_body_is_understood(serve: Serve, reply: bytes, body: bytes) -> None:
    answer = ask(f"http://127.0.0.1:{serve(reply).port}/")
    assert (answer.status, answer.body) == (200, body)


def test_of_a_large_body_the_beginning_is_kept_and_what_is_endless_is_left(serve: Serve) -> None:
    sent = []

    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:  # until it hangs up
            connection.sendall(b"x" * 65_536)
            sent.append(65_536)

    answer = ask(f"http://127.0.0.1:{serve(endless).port}/", timeout=30.0)
    assert (answer.status, answer.body) == (200, b"x" * BODY_KEPT)
    assert sum(sent) < 50 * BODY_READ


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", "answer broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "answer broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "answer broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "answer broke off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not an HTTP answer"),
    ],
)
def test_a_broken_answer_is_none_and_says_how(serve: Serve, reply: bytes, error: str) -> None:
    answer = ask(f"http://127.0.0.1:{serve(reply).port}/")
    assert (answer.status, answer.body, dict(answer.headers), answer.reached) == (0, b"", {}, True)
    assert answer.error.startswith(error)


def test_a_connection_that_is_reset_is_an_answer_that_broke_off(serve: Serve) -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    answer = ask(f"http://127.0.0.1:{serve(reset).port}/")
    assert (answer.status, answer.error, answer.reached) == (0, "answer broke off", True)


def test_a_refused_connection_was_still_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    answer = ask(f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.error, answer.reached) == (0, "connection refused", True)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"])
def test_the_deadline_is_for_the_whole_answer_and_not_for_each_byte(serve: Serve, head: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        while not server.over.wait(0.02):
            connection.sendall(b"x" if head else b"")

    server = serve(drip)
    answer = ask(f"http://127.0.0.1:{server.port}/", timeout=0.25)
    assert (answer.status, answer.error, answer.reached) == (0, "no answer in 0.25 s", True)


def test_a_name_that_does_not_resolve_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(host: str, port: int, flags: int = 0) -> list[names.SocketAddress]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(names, "_look_up", look_up)
    answer = ask("http://nowhere.example/")
    assert (answer.status, answer.error, answer.reached) == (0, "name does not resolve: nowhere.example", False)


def test_a_resolver_that_hangs_is_asked_once_and_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, over = [], threading.Event()

    def look_up(host: str, port: int, flags: int = 0) -> list[names.SocketAddress]:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "not numeric")
        asked.append(host)
        over.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(names, "_look_up", look_up)
    probe = HttpProbe()
    answers = [probe.ask(Question("http://slow.example/", timeout=0.05)) for _ in range(3)]
    over.set()
    for thread in threading.enumerate():
        if thread.name == "resolve slow.example":
            thread.join(20)
    assert [(answer.error, answer.reached) for answer in answers] == [("no answer in 0.05 s", False)] * 3
    assert asked == ["slow.example"]


def test_when_the_first_address_is_dead_the_next_one_answers(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(HELLO)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    found = [(socket.AF_INET, dead), (socket.AF_INET, ("127.0.0.1", server.port))]
    monkeypatch.setattr(names, "_look_up", lambda host, port, flags=0: found)
    assert ask("http://two.example/").status == 200


def found_at(monkeypatch: pytest.MonkeyPatch, *found: tuple[str, int]) -> list[str]:
    """Let every name be found at these places; return the list that notes each look-up."""
    asked: list[str] = []

    def look_up(host: str, port: int, flags: int = 0) -> list[names.SocketAddress]:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "not numeric")
        asked.append(host)
        return [(socket.AF_INET, place) for place in found]

    monkeypatch.setattr(names, "_look_up", look_up)
    return asked


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.1.1", "fe80::1", "fd00:ec2::254"])
def test_a_link_local_address_and_a_metadata_service_are_never_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(names, "_look_up", lambda host, port, flags=0: [(family, (host, port))])  # read, not resolved
    written = f"[{address}]" if ":" in address else address
    for answer in (ask(f"http://{written}/"), ask("http://h.example/", address=address)):
        assert (answer.status, answer.reached) == (0, False)
        assert answer.error.startswith(f"refused: {address} is ")


def test_a_name_that_leads_to_such_an_address_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found_at(monkeypatch, ("169.254.169.254", 80))
    answer = ask("http://rebound.example/")
    assert answer.error == "refused: 169.254.169.254 is the metadata service of a cloud"


def test_a_private_address_is_refused_where_none_is_wanted(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(HELLO)
    found_at(monkeypatch, ("127.0.0.1", server.port))
    assert ask("http://shop.example/", private=True).status == 200
    answer = ask("http://shop.example/", private=False)
    assert (answer.status, answer.error, answer.reached) == (0, "refused: 127.0.0.1 is a private address", False)
    assert answer.refused
    assert len(server.requests) == 1


def test_a_name_is_resolved_once_and_that_address_is_connected_to(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(HELLO)
    asked = found_at(monkeypatch, ("169.254.169.254", 80), ("127.0.0.1", server.port))
    answer = ask("http://two.example/")
    assert (answer.status, asked) == (200, ["two.example"])  # a connect by name would have looked it up once more


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://h/",
        "file:///etc/passwd",
        "http://",
        "http:///x",
        "http://h:99999/",
        "http://h:x/",
        "http://a b/",
        "http://a\r\nX: y/",
        "http://.x/",
        f"http://{'x' * 64}.com/",
        "http://[::1/",
        "http://u@h/",
    ],
)
def test_what_is_no_url_is_an_error_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match="is not a URL") as caught:
        ask(url)
    assert caught.value.hint


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        ask("http://ada:pa@ss@example.com/")
    assert "pa@ss" not in str(caught.value)
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "connect", "port", "host"),
    [
        ("http://[::1]:81/", "::1", 81, "[::1]:81"),
        ("https://[::1]/", "::1", 443, "[::1]"),
        ("http://Shop.Example/", "shop.example", 80, "shop.example"),
        ("https://shop.example:443/", "shop.example", 443, "shop.example"),
        ("http://bücher.example/", "bücher.example", 80, "xn--bcher-kva.example"),
    ],
)
def test_the_host_header_names_the_port_only_where_it_must(url: str, connect: str, port: int, host: str) -> None:
    target = Target.of(Question(url))
    assert (target.connect, target.port, target.host) == (connect, port, host)


def test_a_path_is_sent_as_a_server_can_read_it() -> None:
    assert Target.of(Question("http://h/a b/ü%20?q=ä&r=1#x")).path == "/a%20b/%C3%BC%20?q=%C3%A4&r=1"


@pytest.fixture
def secure() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SERVER)
    return context


def test_tls_is_verified_by_the_name_and_the_certificates_end_is_told(serve: Serve, secure: ssl.SSLContext) -> None:
    asked_for: list[str | None] = []
    secure.sni_callback = lambda connection, name, context: asked_for.append(name)
    server = serve(HELLO, secure)
    answer = ask(f"https://pro.example.com:{server.port}/", address="127.0.0.1", host=NAME, ca_file=AUTHORITY)
    assert (answer.status, answer.error) == (200, "")
    assert answer.certificate_days is not None
    assert 10_000 < answer.certificate_days < 36_500
    assert asked_for == [NAME]


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"host": NAME}, "self-signed"), ({"host": "pro.example.com", "ca_file": AUTHORITY}, "not valid for")],
)
def test_a_certificate_that_does_not_hold_is_no_answer(
    serve: Serve, secure: ssl.SSLContext, fields: dict[str, str], error: str
) -> None:
    server = serve(HELLO, secure)
    answer = ask(f"https://pro.example.com:{server.port}/", address="127.0.0.1", **fields)
    assert (answer.status, answer.reached) == (0, True)
    assert answer.error.startswith("certificate: ")
    assert error in answer.error
    assert server.requests == []


def test_unverified_is_possible_when_asked_for(serve: Serve, secure: ssl.SSLContext) -> None:
    server = serve(HELLO, secure)
    answer = ask(f"https://127.0.0.1:{server.port}/", verify=False)
    assert (answer.status, answer.certificate_days) == (200, None)


def test_a_handshake_that_hangs_ends_with_the_deadline(serve: Serve) -> None:
    plain = serve(HELLO)  # it waits for a head, which does not come before the handshake is over
    assert ask(f"https://127.0.0.1:{plain.port}/", timeout=0.2).error == "no answer in 0.2 s"


def test_tls_spoken_to_a_plain_server_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with suppress(OSError), connection:
                connection.sendall(HELLO)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        said = ask(f"https://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join(20)
    assert (said.status, said.error) == (0, "TLS: wrong version number")


def test_a_ca_file_is_looked_for_in_the_projects_folder_wherever_we_are_called(
    serve: Serve, secure: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(HELLO, secure)
    monkeypatch.chdir(tmp_path)
    url = f"https://{NAME}:{server.port}/"
    asked = Question(url, address="127.0.0.1", ca_file=Path(AUTHORITY).name)
    assert HttpProbe(HERE).ask(asked).status == 200


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_none_is_an_error_of_the_configuration(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match="ca_file") as caught:
        ask("https://127.0.0.1:1/", ca_file=str(path))
    assert caught.value.where == str(path)
