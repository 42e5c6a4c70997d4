"""The sandbox's one daemon: API, edge and fleet around one world. `lifecycle` starts and ends it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from bluegreen import __version__
from bluegreen.errors import SandboxError
from bluegreen.sandbox import control_api, permissions, pidfile, state_api
from bluegreen.sandbox.address import API_PORT, DNS_PORT, PUBLIC_PORT, Network
from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.cloudflare import api as cloudflare
from bluegreen.sandbox.compute.cloud import Failure
from bluegreen.sandbox.compute.service import Compute
from bluegreen.sandbox.dns import NameServer, by_name
from bluegreen.sandbox.door import Door
from bluegreen.sandbox.edge import Edge, meant, routes_of
from bluegreen.sandbox.fleet import Fleet
from bluegreen.sandbox.http import Exchange, Listener, TooLarge
from bluegreen.sandbox.ledger import PLACES, Ledger, LedgerFile
from bluegreen.sandbox.propagation import View
from bluegreen.sandbox.records import Record, Zone
from bluegreen.sandbox.states import Wants
from bluegreen.sandbox.world import World

LOG_BYTES = 1_000_000
"""Of one log file; there are two at most, the current and the one before."""
APIS = ("/state/", "/client/v4/", "/compute/v1/", "/cloudresourcemanager/v1/")
"""Below which paths the world is spoken to, as Terraform, Cloudflare and Google have it."""
BODY_LIMIT = 16 * 2**20
"""Bytes that a call of the API may carry."""

log = logging.getLogger(__name__)


class Daemon:
    """folder: where everything is kept. service: also the zone's first label."""

    def __init__(self, folder: Path, network: Network, service: str):
        self._folder = folder
        self._network = network
        self._service = service
        self._fleet = Fleet(folder, service)
        self._edge = Edge(network.edge_addresses)
        self._routes: View[str] = View()
        self._edge.routes = self._routes
        self._world = World(Zone(f"{service}.test"), network, LedgerFile(folder / "world.json"), self._follow)
        self._names: View[tuple[Record, ...]] = View()
        self._compute = Compute(self._world)
        self._door = Door(self._reply)
        self._name_server = NameServer(self._world.zone, network, self._names)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT. Raises OSError when an address is taken."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        edges = [(address, Listener(self._edge)) for address in self._network.edge_addresses]
        api = Listener(self._door)
        try:
            await self._world.restore()
            self._compute.restore()
            for address, edge in edges:
                await edge.open(address, PUBLIC_PORT)
            await self._name_server.open(self._network.api, DNS_PORT)
            await api.open(self._network.api, API_PORT)  # last: once it answers, all of the world is there
            log.info("up: %s at %s", self._service, self._network.api_url)
            await stop.wait()
        finally:
            await api.close()
            await self._compute.close()
            self._name_server.close()
            for _, edge in edges:
                await edge.close()
            await self._fleet.stop()
            log.info("down")

    async def _follow(self, ledger: Ledger, wants: Wants) -> None:
        self._propagate(ledger)
        self._edge.cdn.follow(ledger)
        await self._fleet.follow(wants.servers, ledger.behaviors)

    def _propagate(self, ledger: Ledger) -> None:
        """Let the edge and the name server learn of the records, as late as they were told to."""
        apex = self._world.zone.name
        late = {place: {n: each for n, each in ledger.delays.items() if place in each.at} for place in PLACES}
        routes = routes_of(ledger.records.values(), apex, self._network)
        self._edge.stands_for = meant(routes.keys() - {*self._network.edge_addresses}, apex, self._network)
        for address, name in self._edge.stands_for.items():
            if name in late["edge"]:
                late["edge"][address] = late["edge"][name]
        self._routes.follow(routes, late["edge"])
        self._names.follow(by_name(ledger.records.values()), late["dns"])

    def _describe(self) -> Mapping[str, Any]:
        servers = self._fleet.describe(self._world.wants().servers, self._world.ledger.behaviors)
        return {
            "version": __version__,
            "pid": os.getpid(),
            "folder": str(self._folder),
            "service": self._service,
            "zone": {"id": self._world.zone.id, "name": self._world.zone.name},
            "servers": servers,
        }

    async def _reply(self, exchange: Exchange, failure: Failure | None) -> Reply:
        try:
            return await self._answer(exchange, failure)
        except TooLarge:
            return Reply.text(f"a call may carry {BODY_LIMIT} bytes", 413)
        except Rejected as error:
            log.info("refused %s %s: %s", exchange.method, exchange.path, error.text)
            return Reply.text(error.text, error.status)
        except OSError as error:
            log.error("%s %s: %s", exchange.method, exchange.path, error)
            return Reply.text(f"the sandbox cannot write to its disk: {error}", 500)

    async def _answer(self, exchange: Exchange, failure: Failure | None) -> Reply:
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in exchange.request.headers}
        body = await exchange.body(BODY_LIMIT)
        for prefix in (*APIS, "/sandbox/"):
            if f"{exchange.path}/".startswith(prefix):
                path = exchange.path.removeprefix(prefix.rstrip("/")).removeprefix("/")
                call = Call(exchange.method, path, exchange.query, body, headers)
                if prefix == "/state/":
                    return await state_api.answer(self._world, call)
                if prefix == "/client/v4/":
                    return await cloudflare.answer(self._world, call)
                if prefix == "/compute/v1/":
                    return await self._compute.answer(call, failure)
                if prefix == "/cloudresourcemanager/v1/":
                    return permissions.answer(call)
                own = self._door.control(call)
                return own or await control_api.answer(self._world, call, self._describe)
        raise Rejected(404, f"there is {', '.join(APIS)} and /sandbox here")


def log_handler(path: Path) -> logging.Handler:
    """Return what writes the log to `path` and keeps it from growing."""
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bluegreen.sandbox.daemon")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--network", type=Network, required=True)
    parser.add_argument("--service", required=True)
    options = parser.parse_args()
    if os.fork():
        os._exit(0)  # the parent's caller waits for the API instead; the child is nobody's and outlives everybody
    os.umask(0o077)
    if pidfile.claim(options.folder / "daemon.pid") is None:
        sys.exit("another daemon serves this folder")
    logging.basicConfig(level=logging.INFO, handlers=[log_handler(options.folder / "daemon.log")])
    try:
        asyncio.run(Daemon(options.folder, options.network, options.service).run())
    except SandboxError as error:
        sys.exit(f"{error}; {error.hint}")
    except (Rejected, OSError) as error:
        log.error("%s", error)
        sys.exit(str(error))


if __name__ == "__main__":
    main()
