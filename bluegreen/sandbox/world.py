"""The world: the ledger, and what must follow from it. Every change is one edit, durable before it takes effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

from bluegreen.sandbox.address import Network
from bluegreen.sandbox.call import Rejected
from bluegreen.sandbox.compute.addresses import held
from bluegreen.sandbox.compute.boots import servers as instance_servers
from bluegreen.sandbox.ledger import Ledger, LedgerFile
from bluegreen.sandbox.records import RecordError, Records, Zone, dated, put, without
from bluegreen.sandbox.states import Wants, read_wants

Edit = Callable[[Ledger], Ledger]
Effect = Callable[[Ledger, Wants], Awaitable[None]]


class World:
    """zone: the one zone. effect: makes edge and servers follow a ledger; awaited before a change is answered."""

    def __init__(self, zone: Zone, network: Network, file: LedgerFile, effect: Effect):
        self.zone = zone
        self.network = network
        self.ledger = file.load()
        self._file = file
        self._effect = effect
        self._changing = asyncio.Lock()

    async def restore(self) -> None:
        """Bring about what the ledger says, after a start."""
        await self._effect(self.ledger, self.wants())

    def wants(self) -> Wants:
        return self._wants(self.ledger)

    def _wants(self, ledger: Ledger) -> Wants:
        """Return what the states and the Compute API want. Raises Rejected when both want one address."""
        states = read_wants(ledger.states, self.zone, self.network)
        for address in held(ledger.compute) & states.servers.keys():
            raise Rejected(400, f"{address} belongs to a Compute address or instance already")
        return Wants({**states.servers, **instance_servers(ledger.compute)}, states.records)

    async def change(self, edit: Edit) -> None:
        """Apply one edit, wholly or not at all; edits are serialised.

        edit: pure; raises Rejected or RecordError to refuse. OSError when the disk refuses: then nothing has changed.
        """
        async with self._changing:
            new = edit(self.ledger)
            wants = self._wants(new)
            await asyncio.to_thread(self._file.save, new)
            self.ledger = new
            await self._effect(new, wants)

    def with_state(self, ledger: Ledger, path: str, body: str | None) -> Ledger:
        """Return the ledger with the state stored (None: deleted) and the records equal to the union of all states.

        Records that no state knows stay; a hand edit of one that a state knows is overwritten. Raises Rejected.
        """
        states = {**ledger.states, path: body or ""}
        if body is None:
            del states[path]
        before = read_wants(ledger.states, self.zone, self.network).records
        wanted = read_wants(states, self.zone, self.network).records
        return replace(ledger, states=states, records=_follow(ledger.records, before, wanted))


def _follow(records: Records, before: Records, wanted: Records) -> Records:
    """Return `records` with those of `wanted` in it, and without those that only `before` had."""
    result: Records = without(records, {*before, *wanted})
    now = timestamp()
    for record in wanted.values():
        try:
            result = {**put(result, record, now), record.id: dated(record, records.get(record.id), now)}
        except RecordError as error:
            raise Rejected(400, f"record {record.name}: {error.message} (error {error.code})") from None
    return result


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
