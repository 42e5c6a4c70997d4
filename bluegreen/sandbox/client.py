"""A small client of the sandbox's API, for the command line and for tests."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from bluegreen.errors import SandboxError
from bluegreen.model import EMPTY
from bluegreen.ports import Record
from bluegreen.sandbox.address import API_PORT, Network

TIMEOUT = 15.0
"""Seconds for one call: longer than a server has to confirm an order."""
TOKEN = "sandbox"
NOT_UP = "start it with `bluegreen sandbox up`"


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
