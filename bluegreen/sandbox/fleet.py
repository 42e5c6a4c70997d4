"""The servers' processes: made equal to what is wanted, one process an address."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bluegreen.sandbox.address import PUBLIC_PORT
from bluegreen.sandbox.ledger import Behavior
from bluegreen.sandbox.states import ServerSpec

OBEY_TIMEOUT = 10.0
"""Seconds that a server has to confirm an order; it may still be booting."""

log = logging.getLogger(__name__)


class Member:
    """One server's process."""

    def __init__(self, spec: ServerSpec, process: asyncio.subprocess.Process):
        self.spec = spec
        self.process = process
        self.behavior: Behavior | None = None
        self._seq = 0
        self._log = asyncio.create_task(self._copy_errors())

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    async def tell(self, behavior: Behavior, *, wait: bool) -> None:
        """Order a behavior. wait: until it is in force."""
        assert self.process.stdin is not None
        self._seq += 1
        self.behavior = behavior
        order = {"seq": self._seq, "behavior": behavior.name, "seconds": behavior.seconds}
        with contextlib.suppress(OSError, TimeoutError):
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            await self.process.stdin.drain()
            if wait:
                async with asyncio.timeout(OBEY_TIMEOUT):
                    await self._confirmed()

    async def _confirmed(self) -> None:
        assert self.process.stdout is not None
        while (line := await self.process.stdout.readline()) and json.loads(line)["seq"] != self._seq:
            pass

    async def _copy_errors(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            log.warning("server %s: %s", self.spec.address, line.decode("utf-8", "replace").rstrip())

    async def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self._log


class Fleet:
    """folder: where the servers' pid files lie. service: what they say they are."""

    def __init__(self, folder: Path, service: str):
        self._folder = folder
        self._service = service
        self._members: dict[str, Member] = {}

    async def follow(self, specs: Mapping[str, ServerSpec], behaviors: Mapping[str, Behavior]) -> None:
        """Stop, start and order until the processes are those wanted; their boot is not awaited."""
        wanted = {
            address: (spec, behaviors.get(spec.color, Behavior()))
            for address, spec in specs.items()
            if spec.running and behaviors.get(spec.color, Behavior()).name != "dead"
        }
        for address, member in tuple(self._members.items()):
            if not member.alive or address not in wanted or wanted[address][0] != member.spec:
                await member.stop()
                del self._members[address]
                log.info("server %s (%s %s) stopped", address, member.spec.color, member.spec.release)
        for address, (spec, behavior) in wanted.items():
            if address not in self._members:
                await self._start(spec, behavior)
            elif self._members[address].behavior != behavior:
                await self._members[address].tell(behavior, wait=True)

    async def _start(self, spec: ServerSpec, behavior: Behavior) -> None:
        pid_file = self._folder / f"server-{spec.address}.pid"
        argv = [sys.executable, "-m", "bluegreen.sandbox.server", f"--service={spec.service or self._service}"]
        argv += ["--address", spec.address, "--port", str(PUBLIC_PORT), "--pid-file", str(pid_file)]
        argv += [f"--color={spec.color}", f"--release={spec.release}"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, stderr=pipe)
        member = self._members[spec.address] = Member(spec, process)
        await member.tell(behavior, wait=False)
        log.info("server %s (%s %s) started, pid %d", spec.address, spec.color, spec.release, process.pid)

    async def stop(self) -> None:
        """Leave no process."""
        await asyncio.gather(*(member.stop() for member in self._members.values()))
        self._members.clear()

    def describe(self, specs: Mapping[str, ServerSpec], behaviors: Mapping[str, Behavior]) -> list[dict[str, Any]]:
        """Return what each server is, for the status document."""
        return [
            {
                "color": spec.color,
                "address": spec.address,
                "release": spec.release,
                "environment": spec.environment,
                "running": spec.running,
                "behavior": behaviors.get(spec.color, Behavior()).name,
                "alive": (member := self._members.get(spec.address)) is not None and member.alive,
                "pid": member.process.pid if member and member.alive else None,
            }
            for spec in specs.values()
        ]
