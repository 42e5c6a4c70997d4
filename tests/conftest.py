"""No test talks to anybody but this machine, or takes it for a runner."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

pytest_plugins = ["tally"]

LOCAL_NAMES = {"", "localhost"}


class LeftTheMachine(AssertionError):
    """A test tried to reach another machine. Not an OSError, which the code under test may take for a dead server."""


def _is_local(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse(what: str, host: object) -> None:
    raise LeftTheMachine(f"this test {what} {host!r}; tests may only use 127.0.0.0/8, ::1 and localhost")


@pytest.fixture(autouse=True, scope="session")
def be_nobody_s_runner() -> Iterator[None]:
    """Run as on a laptop where the tests themselves are a step of a workflow: that is told other things."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GITHUB_", "RUNNER_")) or name == "CI"]:
            patch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def stay_on_this_machine() -> Iterator[None]:
    """Refuse, in this process, every connection, datagram and name look-up that would leave the machine."""
    look_up = socket.getaddrinfo

    def guarded(method: str) -> Any:
        original = getattr(socket.socket, method)

        def call(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[-1]  # sendto(data, address), sendto(data, flags, address), connect(address)
            if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
                _refuse("reaches for", address[0])
            return original(self, *arguments)

        return call

    def local_look_up(host: str | bytes | None, *arguments: Any, **options: Any) -> Any:
        if not _is_local(host):
            _refuse("looks up", host)
        return look_up(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, method, guarded(method))
        patch.setattr(socket, "getaddrinfo", local_look_up)
        yield


@pytest.fixture
def stage() -> str:
    """The moment of a shop's life at which a test begins; see worlds.MOMENTS."""
    return "deployed"
