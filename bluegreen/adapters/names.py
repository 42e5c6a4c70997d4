"""Host names to addresses, with a deadline, which the system's own resolver has not."""

from __future__ import annotations

import socket
import threading
from typing import TypeAlias

SocketAddress: TypeAlias = "tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]"
"""What a socket is made with, and what it connects to."""


class _LookUp:
    """One look-up under way. It cannot be stopped, only left behind, so all who want the same name share it."""

    def __init__(self, host: str, port: int) -> None:
        self.found: list[SocketAddress] = []
        self.error: OSError | None = None
        self.done = threading.Event()
        self._wanted = (host, port)

    def run(self) -> None:
        try:
            self.found = _look_up(*self._wanted)
        except UnicodeError:  # a label that is empty or too long for DNS
            self.error = socket.gaierror(socket.EAI_NONAME, "not a host name")
        except OSError as error:
            self.error = error
        finally:
            self.done.set()


class Resolver:
    """Resolves names afresh each time, but no name twice at the same time."""

    def __init__(self) -> None:
        self._under_way: dict[tuple[str, int], _LookUp] = {}
        self._lock = threading.Lock()

    def resolve(self, host: str, port: int, timeout: float) -> list[SocketAddress]:
        """Return where `host` may be reached, at least one place.

        Raises OSError: socket.gaierror for a name that does not resolve, TimeoutError after `timeout` seconds.
        """
        try:
            return _look_up(host, port, socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            pass  # a name
        look_up = self._join(host, port)
        if not look_up.done.wait(timeout):
            raise TimeoutError
        if look_up.error:
            raise look_up.error
        return look_up.found

    def _join(self, host: str, port: int) -> _LookUp:
        with self._lock:
            standing = self._under_way.get((host, port))
            if standing and not standing.done.is_set():
                return standing
            look_up = self._under_way[host, port] = _LookUp(host, port)
        threading.Thread(target=look_up.run, name=f"resolve {host}", daemon=True).start()
        return look_up


def _look_up(host: str, port: int, flags: int = 0) -> list[SocketAddress]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _, _, _, address in found]
