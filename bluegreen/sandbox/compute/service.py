"""The Compute API in the daemon: requests become edits of the world, and operations end when their time has come."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.compute import api
from bluegreen.sandbox.compute.cloud import Cloud, Failure, Operation
from bluegreen.sandbox.compute.collection import Request
from bluegreen.sandbox.compute.names import Place
from bluegreen.sandbox.compute.operations import finish, shown
from bluegreen.sandbox.compute.refusals import Refused, not_found
from bluegreen.sandbox.ledger import Ledger
from bluegreen.sandbox.world import World

WAIT_LIMIT = 120.0
"""Seconds after which `wait` answers with what there is: Google's two minutes."""
HOLD = 1.0
"""Seconds for which a `get` waits for an operation that ends so soon. Terraform's provider asks at once and then only
every 10 s (measured with 7.45.0), so that each change would take 10 s."""
RETRY = 1.0
"""Seconds until an operation that the disk would not let end is tried again."""
EXPIRED = "expired"
"""The one token that is refused; every other one, and none, will do."""

log = logging.getLogger(__name__)


class Compute:
    """clock: seconds since 1970."""

    def __init__(self, world: World, clock: Callable[[], float] = time.time):
        self._world = world
        self._clock = clock
        self._endings: dict[str, asyncio.Task[None]] = {}

    def restore(self) -> None:
        """Take up the operations that were under way when the last daemon ended."""
        for operation in self._cloud.unfinished:
            self._end_in_time(operation)

    async def close(self) -> None:
        """Leave the unfinished operations to the next daemon."""
        for task in self._endings.values():
            task.cancel()
        await asyncio.gather(*self._endings.values(), return_exceptions=True)

    async def answer(self, call: Call, failure: Failure | None = None) -> Reply:
        """Answer one call; `call.path` is what follows /compute/v1/. failure: what its operation is to end with."""
        try:
            check_token(call.headers.get("authorization", ""))
            place = api.place_of(call.method, call.path.rstrip("/"))
            if place.collection == "operations":
                return await self._operation(place, call)
            if call.method == "GET":
                return Reply.json(api.look(self._request(self._cloud, place, call)))
            return await self._accept(place, call, failure)
        except Refused as error:
            log.info("refused %s /compute/v1/%s: %s", call.method, call.path, error.message)
            return error.reply()
        except Rejected as error:
            return Refused(error.status, "parseError", error.text).reply()

    @property
    def _cloud(self) -> Cloud:
        return self._world.ledger.compute

    def _request(self, cloud: Cloud, place: Place, call: Call, taken: frozenset[str] = frozenset()) -> Request:
        body = call.json() if call.body.strip() else {}
        return Request(cloud, place, body, call.parameters, self._clock(), self._world.network, taken)

    async def _accept(self, place: Place, call: Call, failure: Failure | None) -> Reply:
        accepted: list[Operation] = []

        def edit(ledger: Ledger) -> Ledger:
            request = self._request(ledger.compute, place, call, frozenset(self._world.wants().servers))
            cloud, operation = api.accept(call.method, request, failure)
            accepted[:] = [operation]
            return replace(ledger, compute=cloud)

        await self._world.change(edit)
        log.info("%s /compute/v1/%s: %s", call.method, call.path, accepted[0].name)
        self._end_in_time(accepted[0])
        return Reply.json(shown(accepted[0], self._clock()))

    async def _operation(self, place: Place, call: Call) -> Reply:
        if (call.method, place.verb) not in (("GET", ""), ("POST", "wait")):
            raise api.no_route(call.method, call.path)
        operation = self._cloud.operations.get(place.path)
        if operation is None:
            raise not_found(place.path)
        if task := self._endings.get(place.path):
            if place.verb == "wait":
                await asyncio.wait([task], timeout=WAIT_LIMIT)
            elif operation.due - self._clock() < HOLD:
                await asyncio.wait([task], timeout=HOLD)
        return Reply.json(shown(self._cloud.operations[place.path], self._clock()))

    def _end_in_time(self, operation: Operation) -> None:
        if operation.ended is None and operation.path not in self._endings:
            task = asyncio.create_task(self._end(operation))
            self._endings[operation.path] = task
            task.add_done_callback(lambda _: self._endings.pop(operation.path, None))

    async def _end(self, operation: Operation) -> None:
        await asyncio.sleep(max(0.0, operation.due - self._clock()))
        while True:
            try:
                return await self._world.change(
                    lambda ledger: replace(ledger, compute=finish(ledger.compute, operation.path, self._clock()))
                )
            except OSError as error:
                log.error("operation %s cannot end: %s", operation.name, error)
                await asyncio.sleep(RETRY)


def check_token(authorization: str) -> None:
    """Raise Refused for the token that Google refuses."""
    if authorization.partition(" ")[2].strip() == EXPIRED:
        raise Refused(401, "authError", "Invalid Credentials", ("Authorization", "header"))
