"""Asks one HTTP question: h11 speaks the protocol, the connection is ours.

So it goes to a given address under another name, is a fresh one each time, and ends by a deadline for the whole answer,
however slowly its bytes come.
"""

from __future__ import annotations

import re
import secrets
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

import h11

from bluegreen import __version__
from bluegreen.adapters.names import Resolver, SocketAddress
from bluegreen.addresses import refusal
from bluegreen.errors import ConfigError
from bluegreen.ports import Answer, Question

BODY_KEPT = 64 * 1024
"""Bytes of a body that an Answer carries."""

BODY_READ = 1024 * 1024
"""Bytes of a body after which we hang up: by then it is an answer, and downloading is not what a probe is for."""

UNIQUE = "bluegreen"
"""Name of the query parameter that makes a question one that no cache has the answer of."""

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[A-Za-z0-9_:%][A-Za-z0-9._:%-]*", re.ASCII)
"""Characters of a host name, or of an IPv6 address with its zone."""

_DAY = 86_400


class HttpProbe:
    """ports.Probe over the network. May be used from many threads. folder: what a ca_file is relative to."""

    def __init__(self, folder: Path = Path()) -> None:
        self._folder = folder
        self._resolver = Resolver()

    def ask(self, question: Question) -> Answer:
        """Ask once. Raises ConfigError for a question that cannot be put: its URL or its ca_file is wrong.

        A body of more than 1 MiB is not read to its end, and still counts as a whole answer.
        """
        target = Target.of(question)
        ca_file = str(self._folder / question.ca_file) if question.ca_file else ""
        tls = _tls(question.verify, ca_file) if target.scheme == "https" else None
        asked = time.monotonic()
        deadline = asked + question.timeout
        exchange = _Exchange(target, tls, question.headers, self._resolver, deadline, question.private)
        error, refused = "", False
        try:
            exchange.run()
        except (OSError, h11.RemoteProtocolError) as failure:
            refused = isinstance(failure, _AddressRefused)
            error = _in_words(failure, exchange, question.timeout)
        return Answer(
            status=0 if error else exchange.status,
            headers={} if error else exchange.headers,
            body=b"" if error else bytes(exchange.body),
            error=error,
            reached=exchange.reached,
            seconds=time.monotonic() - asked,
            asked=asked,
            certificate_days=exchange.certificate_days,
            refused=refused,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """Where a question goes. connect: host name or address to connect to; name: for SNI; host: the Host header."""

    scheme: str
    connect: str
    port: int
    name: str
    host: str
    path: str

    @classmethod
    def of(cls, question: Question) -> Target:
        """Raises ConfigError when the URL is not a whole http or https URL."""
        try:
            url = urlsplit(question.url)
            port = url.port or _PORTS.get(url.scheme, 0)
            name = (question.host or url.hostname or "").encode("idna").decode("ascii")
        except ValueError:
            raise _bad_url(question.url) from None
        if (
            url.scheme not in _PORTS
            or not _NAME.fullmatch(name)
            or url.username is not None
            or url.password is not None
        ):
            raise _bad_url(question.url)
        bracketed = f"[{name}]" if ":" in name else name
        query = "&".join(filter(None, (url.query, f"{UNIQUE}={secrets.token_hex(8)}" if question.unique else "")))
        return cls(
            scheme=url.scheme,
            connect=question.address or url.hostname or "",
            port=port,
            name=name,
            host=bracketed if port == _PORTS[url.scheme] else f"{bracketed}:{port}",
            path=quote(f"{url.path or '/'}{'?' if query else ''}{query}", safe="/%:@!$&'()*+,;=~?-._"),
        )


class _AddressRefused(OSError):
    """A name leads only to addresses to which no probe goes."""


@dataclass
class _Exchange:
    """One connection, one request, and what of its answer has come so far."""

    target: Target
    tls: ssl.SSLContext | None
    extra: Mapping[str, str]
    resolver: Resolver
    deadline: float
    private: bool
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    reached: bool = False
    ended: bool = False
    certificate_days: float | None = None

    def run(self) -> None:
        """Raises OSError, TimeoutError among them, and h11.RemoteProtocolError."""
        with self._connect() as plain:
            self.reached = True
            if self.tls is None:
                self._talk(plain)
                return
            plain.settimeout(self._left())
            with self.tls.wrap_socket(plain, server_hostname=self.target.name) as secure:
                self.certificate_days = _days_left(secure)
                self._talk(secure)

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _connect(self) -> socket.socket:
        """Connect to the first address that lets us. Each gets its share of the time, so none can use it all up."""
        addresses = self._addresses()
        for number, (family, address) in enumerate(addresses):
            connection = socket.socket(family, socket.SOCK_STREAM)
            try:
                connection.settimeout(self._left() / (len(addresses) - number))
                connection.connect(address)
                return connection
            except OSError as failure:
                connection.close()
                self.reached = self.reached or isinstance(failure, ConnectionRefusedError)
                last = failure
        raise last

    def _addresses(self) -> list[SocketAddress]:
        """Resolve once, and judge what is then connected to: another look-up could say something else."""
        found = self.resolver.resolve(self.target.connect, self.target.port, self._left())
        why = [refusal(str(address[0]), private=self.private) for _, address in found]
        if all(why):
            raise _AddressRefused(f"refused: {why[0]}")
        return [one for one, refused in zip(found, why, strict=True) if not refused]

    def _talk(self, connection: socket.socket) -> None:
        protocol = h11.Connection(h11.CLIENT)
        request = h11.Request(
            method="GET",
            target=self.target.path,
            headers=[
                ("Host", self.target.host),
                ("User-Agent", f"bluegreen/{__version__}"),
                ("Accept", "*/*"),
                ("Connection", "close"),
                *self.extra.items(),
            ],
        )
        connection.settimeout(self._left())
        connection.sendall((protocol.send(request) or b"") + (protocol.send(h11.EndOfMessage()) or b""))
        read = 0
        while read <= BODY_READ:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                connection.settimeout(self._left())
                data = connection.recv(65_536)
                self.ended = not data
                protocol.receive_data(data)
            elif isinstance(event, h11.Response):
                self._keep_head(event)
            elif isinstance(event, h11.Data):
                read += len(event.data)
                self.body += event.data[: BODY_KEPT - len(self.body)]
            elif isinstance(event, h11.EndOfMessage):
                return

    def _keep_head(self, response: h11.Response) -> None:
        self.status = response.status_code
        for name, value in response.headers:
            key, text = name.decode("ascii"), value.decode("latin-1")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text


def _in_words(failure: Exception, exchange: _Exchange, timeout: float) -> str:
    match failure:
        case TimeoutError():
            return f"no answer in {timeout:g} s"
        case ssl.SSLCertVerificationError():
            return f"certificate: {failure.verify_message}"
        case socket.gaierror():
            return f"name does not resolve: {exchange.target.connect}"
        case ConnectionRefusedError():
            return "connection refused"
        case h11.RemoteProtocolError() if not exchange.ended:
            return f"not an HTTP answer: {failure}"
        case h11.RemoteProtocolError() | ConnectionError() | ssl.SSLEOFError():
            return "answer broke off"
        case ssl.SSLError():
            return f"TLS: {(failure.reason or str(failure)).lower().replace('_', ' ')}"
        case OSError():
            return (failure.strerror or str(failure)).lower()
    return str(failure)


@lru_cache
def _tls(verify: bool, ca_file: str) -> ssl.SSLContext:
    """Return how to speak TLS. Kept, since reading the system's certificates takes longer than many an answer."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:  # ssl.SSLError among them
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no certificate in PEM form"
        hint = "name a file of CA certificates"
        raise ConfigError(f"ca_file cannot be used: {reason}", where=ca_file, hint=hint) from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _days_left(connection: ssl.SSLSocket) -> float | None:
    """Return days until the certificate ends; None when it was not verified, for then it is not even read."""
    end = (connection.getpeercert() or {}).get("notAfter")
    return (ssl.cert_time_to_seconds(end) - time.time()) / _DAY if isinstance(end, str) else None


def _bad_url(url: str) -> ConfigError:
    shown = url if "@" not in url else f"...@{url.rpartition('@')[2]}"  # what stands before it may be a password
    return ConfigError(f"{shown!r} is not a URL that can be probed", hint="write http://HOST/PATH or https://HOST/PATH")
