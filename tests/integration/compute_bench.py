"""A Compute API without daemon and sockets, whose every answer is held against Google's discovery document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from compute_discovery import BASE, check

from bluegreen.sandbox.address import Network
from bluegreen.sandbox.compute import api
from bluegreen.sandbox.compute.cloud import Cloud, Failure
from bluegreen.sandbox.compute.collection import Request
from bluegreen.sandbox.compute.operations import finish, shown
from bluegreen.sandbox.compute.refusals import Refused

REGION, ZONE = "projects/p/regions/europe-west1", "projects/p/zones/europe-west1-b"
GLOBAL = "projects/p/global"


class Bench:
    """cloud: what there is; now: seconds since 1970, moved by hand; taken: addresses of others.

    failure: what the next operations end with.
    """

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.now = 1_800_000_000.0
        self.taken: frozenset[str] = frozenset()
        self.failure: Failure | None = None

    def ask(self, method: str, path: str, body: Any = None, **parameters: str) -> tuple[int, dict[str, Any]]:
        """Answer one request, whose operation has not ended yet; return status and JSON."""
        status, data = self._answer(method, path, body or {}, parameters)
        sent = b"" if body is None else json.dumps(body).encode()
        target = f"{BASE}{path}?{urlencode(parameters)}"
        assert check(method, target, sent, status, json.dumps(data).encode()) == []
        return status, data

    def _answer(
        self, method: str, path: str, body: Mapping[str, Any], parameters: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        try:
            place = api.place_of(method, path)
            request = Request(self.cloud, place, body, parameters, self.now, Network("127.77.12"), self.taken)
            if method == "GET":
                return 200, api.look(request)
            self.cloud, operation = api.accept(method, request, self.failure)
            return 200, shown(operation, self.now)
        except Refused as error:
            data: dict[str, Any] = json.loads(error.reply().body)
            return error.status, data

    def end(self) -> None:
        """Let every operation end."""
        self.now += 1
        for operation in self.cloud.unfinished:
            self.cloud = finish(self.cloud, operation.path, self.now)

    def do(self, method: str, path: str, body: Any = None, **parameters: str) -> dict[str, Any]:
        """Answer one request that is accepted, and let its operation end; return the operation."""
        status, data = self.ask(method, path, body, **parameters)
        assert status == 200, data
        self.end()
        return data

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        status, data = self.ask("GET", path, **parameters)
        assert status == 200, data
        return data

    def refused(self, method: str, path: str, body: Any = None, **parameters: str) -> tuple[int, str, str]:
        """Answer one request that is refused and changes nothing; return status, reason and message."""
        before = self.cloud
        status, data = self.ask(method, path, body, **parameters)
        assert status >= 400, data
        assert self.cloud == before
        return status, data["error"]["errors"][0]["reason"], data["error"]["message"]

    def reserve(self, name: str = "a") -> str:
        self.do("POST", f"{REGION}/addresses", {"name": name})
        return str(self.get(f"{REGION}/addresses/{name}")["address"])

    def boot(self, name: str = "srv", **fields: Any) -> dict[str, Any]:
        self.do("POST", f"{ZONE}/instances", instance(name, **fields))
        return self.get(f"{ZONE}/instances/{name}")


def instance(name: str = "srv", address: str = "", release: str = "1.4.2", **fields: Any) -> dict[str, Any]:
    """Return what a client sends to make an instance of blue."""
    config = {"natIP": address} if address else {}
    image = "projects/debian-cloud/global/images/family/debian-12"
    return {
        "name": name,
        "machineType": "zones/europe-west1-b/machineTypes/e2-small",
        "labels": {"color": "blue", "service": "shop", "environment": "pro"},
        "metadata": {"items": [{"key": "release", "value": release}]},
        "disks": [{"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": image}}],
        "networkInterfaces": [{"network": "global/networks/default", "accessConfigs": [config]}],
        **fields,
    }
