"""The API's door: each request is written down, and meets the faults that wait for it, before any API sees it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from email.utils import formatdate

from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.compute.cloud import Failure
from bluegreen.sandbox.faults import Asked, Fault, Faults, read_fault, refusal
from bluegreen.sandbox.http import Exchange

REMEMBERED = 5000
"""Requests in the log."""
OWN = "/sandbox"
"""Calls of the sandbox's own API are neither written down nor hindered."""

Answer = Callable[[Exchange, Failure | None], Awaitable[Reply]]


class Door:
    """answer: finds the API and lets it answer; its second argument is what a Compute operation is to fail with."""

    def __init__(self, answer: Answer):
        self._answer = answer
        self._asked: deque[Asked] = deque(maxlen=REMEMBERED)
        self._faults = Faults()

    async def __call__(self, exchange: Exchange) -> None:
        own = f"{exchange.path}/".startswith(f"{OWN}/")
        at, fault = time.time(), None if own else self._faults.take(exchange.method, exchange.path)
        reply = await self._meet(exchange, fault)
        if not own:  # before the answer is sent: whoever has it can also read that it was asked
            self._asked.append(Asked(at, exchange.method, exchange.path, reply.status if reply else 0))
        if reply:
            headers = [("date", formatdate(usegmt=True)), ("content-type", reply.content_type), *reply.headers]
            await exchange.answer(reply.status, reply.body, headers)
        else:
            exchange.peer.abort()

    async def _meet(self, exchange: Exchange, fault: Fault | None) -> Reply | None:
        """Return the answer, None when the connection is to be cut instead."""
        if fault is None:
            return await self._answer(exchange, None)
        if fault.effect == "refuse":
            return refusal(fault, exchange.path)
        if fault.effect == "hang":
            await asyncio.sleep(fault.seconds)
            return None
        if fault.effect == "delay":
            await asyncio.sleep(fault.seconds)
        reply = await self._answer(exchange, fault.failure)
        return None if fault.effect == "lose_answer" else reply

    def control(self, call: Call) -> Reply | None:
        """Answer a call about the door, whose path is what follows /sandbox/; None when it is about something else."""
        match call.method, call.path.strip("/"):
            case "GET", "requests":
                return Reply.json([asdict(asked) for asked in sorted(self._asked, key=lambda asked: asked.at)])
            case "DELETE", "requests":
                self._asked.clear()
            case "GET", "faults/requests":
                return Reply.json(self._faults.as_json())
            case "POST", "faults/requests":
                self._faults.add(read_fault(call.json()))
            case "DELETE", "faults/requests":
                self._faults.clear()
            case _, ("requests" | "faults/requests"):
                raise Rejected(405, f"{call.method} is not for /sandbox/{call.path}")
            case _:
                return None
        return Reply.json({})
