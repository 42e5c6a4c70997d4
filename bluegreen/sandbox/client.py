"""A small client of the sandbox's API, for the command line and for tests."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote

from bluegreen.errors import SandboxError
from bluegreen.model import EMPTY
from bluegreen.ports import Record
from bluegreen.sandbox.address import API_PORT, TOKEN, Network
from bluegreen.sandbox.faults import Asked, Fault
from bluegreen.sandbox.presence import NOT_UP

TIMEOUT = 15.0
"""Seconds for one call: longer than a server has to confirm an order."""


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server. running: wanted by the state; alive: there is a process, whose id is pid; behavior: as told."""

    color: str
    address: str
    release: str
    environment: str
    running: bool
    behavior: str
    alive: bool
    pid: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """What there is. up: whether the daemon answers; if not, the rest is empty.

    states: their paths. locks: state path -> Terraform's lock info. refuse_state: state path -> the reason given.
    """

    up: bool
    pid: int | None = None
    folder: str = ""
    service: str = ""
    zone_id: str = ""
    servers: tuple[ServerStatus, ...] = ()
    records: tuple[Record, ...] = ()
    states: tuple[str, ...] = ()
    locks: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    refuse_state: Mapping[str, str] = field(default_factory=lambda: EMPTY)

    def server(self, color: str) -> ServerStatus | None:
        return next((server for server in self.servers if server.color == color), None)

    def record(self, name: str) -> Record | None:
        return next((record for record in self.records if record.name == name), None)


class Sandbox:
    """The sandbox at one network. Every method raises SandboxError when it is not up or refuses."""

    def __init__(self, network: Network):
        self._network = network

    def status(self) -> Status:
        data = self._call("GET", "/sandbox")
        return Status(
            up=True,
            pid=data["pid"],
            folder=data["folder"],
            service=data["service"],
            zone_id=data["zone"]["id"],
            servers=tuple(ServerStatus(**server) for server in data["servers"]),
            records=tuple(_record(record) for record in data["records"]),
            states=tuple(data["states"]),
            locks=data["locks"],
            refuse_state=data["faults"]["refuse_state"],
        )

    def behave(self, color: str, behavior: str, *, seconds: float = 2.0) -> None:
        """Tell a color's server to be ok, slow (`seconds` late), sick, dead or wrong_release; holds until told ok."""
        self._call("PUT", f"/sandbox/servers/{quote(color)}", {"behavior": behavior, "seconds": seconds})

    def refuse_state(self, path: str, reason: str = "") -> None:
        """Refuse every write of the states whose path ends with `path`, until `accept_states`."""
        refusals = {**self.status().refuse_state, path: reason or f"the sandbox was told to refuse {path}"}
        self._call("PUT", "/sandbox/faults", {"refuse_state": refusals})

    def accept_states(self) -> None:
        self._call("DELETE", "/sandbox/faults")

    def locks(self) -> Mapping[str, Mapping[str, Any]]:
        """Return state path -> Terraform's lock info (ID, Operation, Who, Created)."""
        locks: Mapping[str, Mapping[str, Any]] = self._call("GET", "/sandbox/locks")
        return locks

    def break_lock(self, path: str) -> None:
        self._call("DELETE", f"/sandbox/locks/{quote(path)}")

    def edit_record(self, record_id: str, **fields: Any) -> Record:
        """Change fields of a record behind Terraform's back, as a hand in the dashboard would."""
        return _record(self._call("PATCH", self._records(record_id), fields)["result"])

    def add_record(self, name: str, content: str, **fields: Any) -> Record:
        """Add an A record, or one of another `type`."""
        data = {"type": "A", **fields, "name": name, "content": content}
        return _record(self._call("POST", self._records(), data)["result"])

    def delete_record(self, record_id: str) -> None:
        self._call("DELETE", self._records(record_id))

    def answer_at_edge(self, path: str, kind: str) -> None:
        """Let the edge answer every path that begins with `path` by itself, until `well_again`.

        kind: "cached" (the first answer is the origin's, then that one for ever), "challenged" (403), "limited" (429)
        or "blocked" (403). What a cache or firewall rule of the zone exempts is answered as ever.
        """
        self._call("PUT", "/sandbox/cloudflare/answers", {**self.cloudflare()["answers"], path: kind})

    def delay(self, name: str, seconds: float, *, share: float = 0.0, at: Sequence[str] = ("dns", "edge")) -> None:
        """Let later changes of `name` arrive after `seconds`, until `well_again`.

        share: of the answers meanwhile, that are new (0.5: old and new alternate). at: where, "dns" and "edge".
        """
        delay = {"seconds": seconds, "share": share, "at": list(at)}
        self._call("PUT", "/sandbox/cloudflare/delays", {**self.cloudflare()["delays"], name: delay})

    def expire_token(self) -> None:
        """Refuse every token of the Cloudflare API, until `well_again`; edits by this client go on."""
        self._call("PUT", "/sandbox/cloudflare/token", {"expired": True})

    def well_again(self) -> None:
        """End what `answer_at_edge`, `delay` and `expire_token` began; changes on their way arrive."""
        self._call("DELETE", "/sandbox/cloudflare")

    def cloudflare(self) -> Mapping[str, Any]:
        """Return answers (path -> kind), delays (name -> how late), token_expired, purges (id, at, asked), origin_ca.

        origin_ca: the certificate, PEM, that signed the origin certificates; "" before the first of them.
        """
        found: Mapping[str, Any] = self._call("GET", "/sandbox/cloudflare")
        return found

    def refuse_requests(
        self, method: str, path: str, status: int, *, times: int | None = 1, retry_after: int | None = None
    ) -> None:
        """Answer requests with an error status, in the words of the API that they are for; see `inject`."""
        self.inject(Fault(method, path, "refuse", times, status=status, retry_after=retry_after))

    def delay_answers(self, method: str, path: str, seconds: float, *, times: int | None = None) -> None:
        """Begin to answer after `seconds`, as an API does that is far away."""
        self.inject(Fault(method, path, "delay", times, seconds=seconds))

    def hang_requests(self, method: str, path: str, seconds: float, *, times: int | None = 1) -> None:
        """Say nothing for `seconds`, then cut the connection; nothing is changed."""
        self.inject(Fault(method, path, "hang", times, seconds=seconds))

    def lose_answers(self, method: str, path: str, *, times: int | None = 1) -> None:
        """Do what is asked, durably, and cut the connection instead of answering."""
        self.inject(Fault(method, path, "lose_answer", times))

    def fail_operations(self, method: str, path: str, code: str, *, times: int | None = 1) -> None:
        """Accept Compute requests whose operations then end with an error; code: one of `faults.FAILURES`."""
        self.inject(Fault(method, path, "fail_operation", times, code=code))

    def inject(self, fault: Fault) -> None:
        """Let a fault meet the next requests that match it, of any API but the sandbox's own."""
        self._call("POST", "/sandbox/faults/requests", asdict(fault))

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults that still wait."""
        return tuple(Fault(**fault) for fault in self._call("GET", "/sandbox/faults/requests"))

    def clear_faults(self) -> None:
        """Take back every fault that still waits."""
        self._call("DELETE", "/sandbox/faults/requests")

    def requests(self) -> tuple[Asked, ...]:
        """Return the API requests since `forget_requests`, oldest first, the last 5000; without the sandbox's own."""
        return tuple(Asked(**asked) for asked in self._call("GET", "/sandbox/requests"))

    def forget_requests(self) -> None:
        self._call("DELETE", "/sandbox/requests")

    def pace_operations(self, seconds: float) -> None:
        """Let later Compute operations take `seconds` from their acceptance to their end."""
        self._call("PUT", "/sandbox/compute", {"operation_seconds": seconds})

    def _records(self, record_id: str = "") -> str:
        path = f"/client/v4/zones/{self.status().zone_id}/dns_records"
        return f"{path}/{quote(record_id)}" if record_id else path

    def _call(self, method: str, path: str, data: object = None) -> Any:
        connection = http.client.HTTPConnection(self._network.api, API_PORT, timeout=TIMEOUT)
        body = None if data is None else json.dumps(data)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}"})
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            message = f"the sandbox does not answer ({error})"
            raise SandboxError(message, where=self._network.api_url, hint=NOT_UP) from None
        finally:
            connection.close()
        if response.status >= 400:
            raise SandboxError(f"the sandbox refuses {method} {path}: {text.decode('utf-8', 'replace').strip()}")
        try:
            return json.loads(text)
        except ValueError:
            message = "something else than a sandbox answers"
            raise SandboxError(message, where=self._network.api_url, hint="set another network") from None


def _record(data: Mapping[str, Any]) -> Record:
    return Record(data["id"], data["name"], data["type"], data["content"], data["proxied"], data["ttl"])
