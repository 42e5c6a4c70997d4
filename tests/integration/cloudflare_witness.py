"""A second opinion on the Cloudflare stand-in: a proxy that holds each answer against the SDK's own types."""

from __future__ import annotations

import functools
import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bluegreen.sandbox.address import API_PORT, Network

PREFIX = "/client/v4/"
PORT = 8501


@dataclass(frozen=True, slots=True)
class Seen:
    """One call and its answer. path: below /client/v4/, ids written as {id}."""

    method: str
    path: str
    body: Any
    status: int
    answer: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def shape(path: str) -> str:
    """Return a path below /client/v4/ with every id, setting and phase as {id}."""
    path = path.partition("?")[0].removeprefix(PREFIX)
    path = re.sub(r"(?<=/)([0-9a-f]{32}|[0-9]{30,})(?=/|$)", "{id}", path)
    return re.sub(r"(?<=/settings/)[^/]+|(?<=/phases/)[^/]+", "{id}", path)


def complaints(method: str, path: str, status: int, text: bytes) -> list[str]:
    """Return what the SDK would not expect of this answer; nothing is well."""
    where = f"{method} {shape(path)}: {status}"
    if status == 204:
        return [] if not text and (method, shape(path)) in NO_BODY else [f"{where} without a body"]
    data = json.loads(text)
    found = [f"{where}: envelope: {reason}" for reason in _envelope(data, status)]
    if not found and status < 400:
        found = [f"{where}: {reason}" for reason in _result(method, shape(path), data["result"])]
    return found


def _envelope(data: Any, status: int) -> Iterator[str]:
    if set(data) - {"result_info"} != {"success", "errors", "messages", "result"}:
        yield f"fields are {', '.join(data)}"
    elif data["success"] is not (status < 400) or bool(data["errors"]) is data["success"]:
        yield f"success is {data['success']}, errors are {data['errors']}"
    for error in data.get("errors", ()):
        if not isinstance(error.get("code"), int) or error["code"] < 1000 or not error.get("message"):
            yield f"{error} is no error"
    info = data.get("result_info")
    if info is not None and not all(isinstance(info.get(key), int) for key in ("page", "per_page", "count")):
        yield f"{info} is no paging"


def _result(method: str, path: str, result: Any) -> Iterator[str]:
    import pydantic

    if (method, path) not in sdk_types():
        yield "no type of the SDK is known for it"
        return
    try:
        found = _adapter(method, path).validate_json(json.dumps(result), strict=True)
    except pydantic.ValidationError as error:
        yield str(error)
        return
    yield from _unknown(found, "result")


@functools.cache
def _adapter(method: str, path: str) -> Any:
    import pydantic

    return pydantic.TypeAdapter(sdk_types()[method, path])


def _unknown(value: Any, where: str) -> Iterator[str]:
    """Yield every field, at any depth, that the SDK's model does not have."""
    import pydantic

    if isinstance(value, pydantic.BaseModel):
        for name in value.model_extra or {}:
            yield f"{where} has {name!r}, which {type(value).__name__} does not"
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _unknown(item, f"{where}[{index}]")


NO_BODY = {("DELETE", "zones/{id}/rulesets/{id}")}


@functools.cache
def sdk_types() -> dict[tuple[str, str], Any]:
    """Return the SDK's type of the result of each call that the stand-in answers."""
    from cloudflare.types import cache, dns, ips, origin_ca_certificates, origin_tls_client_auth, rulesets, user, zones
    from cloudflare.types.zones import Zone

    record, pulls = "zones/{id}/dns_records", "zones/{id}/origin_tls_client_auth/settings"
    ruleset, entrypoint = "zones/{id}/rulesets", "zones/{id}/rulesets/phases/{id}/entrypoint"
    certificate = origin_ca_certificates.OriginCACertificate
    return {
        ("GET", "user/tokens/verify"): user.TokenVerifyResponse,
        ("GET", "ips"): ips.IPListResponse,
        ("GET", "certificates"): list[certificate],
        ("POST", "certificates"): certificate,
        ("GET", "certificates/{id}"): certificate,
        ("DELETE", "certificates/{id}"): origin_ca_certificates.OriginCACertificateDeleteResponse,
        ("GET", "zones"): list[Zone],
        ("POST", "zones"): Zone,
        ("GET", "zones/{id}"): Zone,
        ("PATCH", "zones/{id}"): Zone,
        ("DELETE", "zones/{id}"): zones.ZoneDeleteResponse,
        ("GET", record): list[dns.RecordResponse],
        ("POST", record): dns.RecordResponse,
        ("POST", f"{record}/batch"): dns.RecordBatchResponse,
        ("GET", f"{record}/{{id}}"): dns.RecordResponse,
        ("PUT", f"{record}/{{id}}"): dns.RecordResponse,
        ("PATCH", f"{record}/{{id}}"): dns.RecordResponse,
        ("DELETE", f"{record}/{{id}}"): dns.RecordDeleteResponse,
        ("GET", "zones/{id}/settings/{id}"): zones.SettingGetResponse,
        ("PATCH", "zones/{id}/settings/{id}"): zones.SettingEditResponse,
        ("GET", pulls): origin_tls_client_auth.SettingGetResponse,
        ("PUT", pulls): origin_tls_client_auth.SettingUpdateResponse,
        ("POST", "zones/{id}/purge_cache"): cache.CachePurgeResponse,
        ("GET", ruleset): list[rulesets.RulesetListResponse],
        ("POST", ruleset): rulesets.RulesetCreateResponse,
        ("GET", entrypoint): rulesets.PhaseGetResponse,
        ("PUT", entrypoint): rulesets.PhaseUpdateResponse,
        ("GET", f"{ruleset}/{{id}}"): rulesets.RulesetGetResponse,
        ("PUT", f"{ruleset}/{{id}}"): rulesets.RulesetUpdateResponse,
    }


class Witness:
    """Stands between a client and the sandbox's API at its own `base_url`. complaints: of all answers so far."""

    def __init__(self, network: Network):
        self.base_url = f"http://{network.address(3)}:{PORT}{PREFIX.rstrip('/')}"
        self.seen: list[Seen] = []
        self.complaints: list[str] = []
        self._network = network

    def take(self) -> list[Seen]:
        """Return what was seen since the last time."""
        seen, self.seen = self.seen, []
        return seen

    def forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._network.api, API_PORT, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        self.complaints.extend(complaints(method, path, response.status, text))
        sent, answer = (json.loads(part) if part else None for part in (body, text))
        self.seen.append(Seen(method, shape(path), sent, response.status, answer))
        return response.status, text


@contextmanager
def witness(network: Network) -> Iterator[Witness]:
    """Run one; at the end, no answer may have been a surprise to the SDK."""
    found = Witness(network)

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            kept = {name: self.headers[name] for name in ("authorization", "content-type") if name in self.headers}
            status, text = found.forward(self.command, self.path, body, kept)
            self.send_response(status)
            if status != 204:
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer((network.address(3), PORT), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not found.complaints, "\n".join(found.complaints)
