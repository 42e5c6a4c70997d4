"""The Compute API in time: operations end by themselves, whatever happens to the disk and to those who wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from compute_bench import REGION, ZONE, instance

from bluegreen.sandbox.address import Network
from bluegreen.sandbox.call import Call
from bluegreen.sandbox.compute import service
from bluegreen.sandbox.compute.service import Compute
from bluegreen.sandbox.ledger import Ledger, LedgerFile
from bluegreen.sandbox.records import Zone
from bluegreen.sandbox.states import Wants
from bluegreen.sandbox.world import World


class Place:
    """effects: the servers that the fleet was told of, one after another."""

    def __init__(self, folder: Path, seconds: float):
        self.effects: list[dict[str, bool]] = []
        self.world = World(Zone("shop.test"), Network("127.77.12"), LedgerFile(folder / "world.json"), self._effect)
        ledger = self.world.ledger
        self.world.ledger = replace(ledger, compute=replace(ledger.compute, operation_seconds=seconds))
        self.compute = Compute(self.world)

    async def _effect(self, ledger: Ledger, wants: Wants) -> None:
        self.effects.append({address: spec.running for address, spec in wants.servers.items()})

    async def ask(self, method: str, path: str, body: object = None, token: str = "x") -> tuple[int, dict[str, Any]]:
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        call = Call(method, path, body=sent, headers={"authorization": f"Bearer {token}"})
        reply = await self.compute.answer(call)
        return reply.status, json.loads(reply.body)

    async def insert(self) -> str:
        """Begin an instance; return its operation's path."""
        status, operation = await self.ask("POST", f"{ZONE}/instances", instance())
        assert status == 200
        return f"{ZONE}/operations/{operation['name']}"


def run(folder: Path, seconds: float, test: Callable[[Place], Awaitable[None]]) -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Place]:
        place = Place(folder, seconds)
        yield place
        await place.compute.close()

    async def whole() -> None:
        async with opened() as place:
            await test(place)

    asyncio.run(whole())


def test_what_it_does_takes_effect_before_it_says_done(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        path = await place.insert()
        assert place.effects == [{"127.77.12.101": False}]
        status, operation = await place.ask("POST", f"{path}/wait")
        assert (status, operation["status"]) == (200, "DONE")
        assert place.effects[-1] == {"127.77.12.101": True}

    run(tmp_path, 0.05, test)


def test_a_get_waits_for_what_ends_soon(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        assert (await place.ask("GET", await place.insert()))[1]["status"] == "DONE"

    run(tmp_path, 0.2, test)


def test_a_wait_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "WAIT_LIMIT", 0.05)

    async def test(place: Place) -> None:
        path = await place.insert()
        assert (await place.ask("POST", f"{path}/wait"))[1]["status"] == "PENDING"
        assert (await place.ask("GET", path))[1]["status"] == "PENDING"

    run(tmp_path, 60, test)


def test_a_full_disk_delays_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RETRY", 0.01)
    failures = [OSError(28, "No space left on device")] * 3
    save = LedgerFile.save

    def sometimes(self: LedgerFile, ledger: Ledger) -> None:
        if any(operation.ended for operation in ledger.compute.operations.values()) and failures:
            raise failures.pop()
        save(self, ledger)

    monkeypatch.setattr(LedgerFile, "save", sometimes)

    async def test(place: Place) -> None:
        path = await place.insert()
        assert (await place.ask("POST", f"{path}/wait"))[1]["status"] == "DONE"
        assert failures == []

    run(tmp_path, 0.01, test)


def test_the_next_daemon_ends_what_was_under_way(tmp_path: Path) -> None:
    async def begin(place: Place) -> None:
        await place.insert()

    async def end(place: Place) -> None:
        (path,) = place.world.ledger.compute.operations
        place.compute.restore()
        assert (await place.ask("POST", f"{path}/wait"))[1]["status"] == "DONE"
        assert (await place.ask("GET", f"{ZONE}/instances/srv"))[1]["status"] == "RUNNING"

    run(tmp_path, 0.5, begin)
    run(tmp_path, 0.5, end)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"{ZONE}/operations/operation-1", None, 404),
        ("POST", f"{ZONE}/operations/operation-1/wait", None, 404),
        ("DELETE", f"{ZONE}/operations/operation-1", None, 404),
        ("POST", f"{REGION}/addresses", b"{", 400),
        ("POST", f"{REGION}/addresses", [], 400),
    ],
)
def test_refusals_wear_googles_envelope(tmp_path: Path, method: str, path: str, body: object, status: int) -> None:
    async def test(place: Place) -> None:
        found, data = await place.ask(method, path, body)
        assert (found, data["error"]["code"]) == (status, status)

    run(tmp_path, 0.05, test)


def test_an_expired_token_is_refused(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        status, data = await place.ask("GET", "projects/p", token="expired")
        assert (status, data["error"]["errors"][0]["reason"]) == (401, "authError")
        assert (await place.ask("GET", "projects/p"))[0] == 200

    run(tmp_path, 0.05, test)
