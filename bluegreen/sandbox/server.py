"""One color's server: a process of its own that says which color and release it is.

    GET / , /healthz    color, release and service as JSON, and as headers x-color and x-release
    GET /bytes/N        N bytes, streamed        POST /echo    the body, streamed back        GET /slow/SECONDS    late

Started by the daemon, which tells it on stdin, a JSON line each, how to behave, and reads each line's `seq` back from
stdout once it is in force. The end of stdin is the end of the daemon, and of the server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from bluegreen.sandbox import pidfile
from bluegreen.sandbox.http import CHUNK, Exchange, Listener
from bluegreen.sandbox.ledger import Behavior

LONGEST_WAIT = 60.0
MOST_BYTES = 4 * 2**30
WRONG_RELEASE = "0.0.0-wrong"
"""What a server says it is when told to be of the wrong release."""


class Server:
    """Answers requests as its behavior has it."""

    def __init__(self, service: str, color: str, release: str):
        self._service = service
        self._color = color
        self._release = release
        self.behavior = Behavior()

    async def __call__(self, exchange: Exchange) -> None:
        behavior = self.behavior
        if behavior.name == "slow":
            await asyncio.sleep(behavior.seconds)
        release = WRONG_RELEASE if behavior.name == "wrong_release" else self._release
        headers = [("x-color", self._color), ("x-release", release), ("cache-control", "no-store")]
        _, first, *rest = exchange.path.split("/")
        if behavior.name == "sick":
            await _say(exchange, 500, {"error": "told to be sick", "color": self._color}, headers)
        elif first == "bytes" and rest and rest[0].isdecimal() and int(rest[0]) <= MOST_BYTES:
            size = int(rest[0])
            await exchange.stream(200, _bytes(size), [*headers, ("content-length", str(size))])
        elif first == "echo" and exchange.method == "POST":
            await exchange.stream(200, exchange.chunks(), headers)
        elif first in ("", "healthz", "slow"):
            await asyncio.sleep(min(float(rest[0]), LONGEST_WAIT) if rest and rest[0].isdecimal() else 0)
            await _say(exchange, 200, {"service": self._service, "color": self._color, "release": release}, headers)
        else:
            await _say(exchange, 404, {"error": f"no {exchange.method} {exchange.path} here"}, headers)


async def _say(exchange: Exchange, status: int, data: dict[str, str], headers: list[tuple[str, str]]) -> None:
    await exchange.answer(status, json.dumps(data).encode() + b"\n", [*headers, ("content-type", "application/json")])


async def _bytes(size: int) -> AsyncIterator[bytes]:
    block = bytes(CHUNK)
    for start in range(0, size, CHUNK):
        yield block[: size - start]


async def _obey(server: Server, orders: asyncio.StreamReader) -> bool:
    """Take one order; return False when there is nobody left to give any."""
    line = await orders.readline()
    if not line:
        return False
    order = json.loads(line)
    server.behavior = Behavior(order["behavior"], order["seconds"])
    print(json.dumps({"seq": order["seq"]}), flush=True)  # noqa: T201  stdout is the daemon's pipe
    return True


async def _serve(server: Server, address: str, port: int) -> None:
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    listener = Listener(server)
    if await _obey(server, orders):  # before the first request: it may be told to be sick from the beginning
        await listener.open(address, port)
        while await _obey(server, orders):
            pass
    await listener.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bluegreen.sandbox.server")
    for name in ("address", "service", "color", "release"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid-file", type=Path, required=True)
    options = parser.parse_args()
    if pidfile.claim(options.pid_file) is None:
        sys.exit(f"another server lives at {options.address}")
    asyncio.run(_serve(Server(options.service, options.color, options.release), options.address, options.port))


if __name__ == "__main__":
    main()
