"""Looks names up in the DNS, by dnspython: as this machine sees them, and as their own zone says they are."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from bluegreen.ports import Resolution

if TYPE_CHECKING:  # imported by whoever looks a name up
    import dns.name
    import dns.resolver

IN_ALL = 3.0
"""Seconds for one hostname, all questions together: a check is shown beside it, and does not wait for it."""

SHARE = 1.0
"""Seconds for one question to one server, so that a dead one leaves time for the next."""


class DnsResolver:
    """ports.Resolver over the network.

    nameserver: an address to ask in place of those in /etc/resolv.conf. port: of it, and of the zone's own servers.
    """

    def __init__(self, nameserver: str = "", port: int = 53) -> None:
        self._nameserver = nameserver
        self._port = port

    def resolve(self, hostname: str) -> Resolution:
        """Return what `hostname` resolves to. An address is its own answer, without a question."""
        import dns.exception
        import dns.inet
        import dns.name

        if dns.inet.is_address(hostname):
            return Resolution((hostname,), (hostname,))
        try:
            name = dns.name.from_text(hostname)
        except dns.exception.DNSException:
            name = dns.name.root
        if name == dns.name.root:
            return Resolution(error=f"{hostname!r} is no host name")
        return _LookUp(name, self._nameserver, self._port).run()

    def name_servers(self, zone: str) -> tuple[str, ...]:
        """Return the name servers that this machine is told for a zone, within 3 s."""
        import dns.exception
        import dns.name

        try:
            return _LookUp(dns.name.from_text(zone), self._nameserver, self._port).name_servers()
        except dns.exception.DNSException:
            return ()


class _LookUp:
    """One hostname, until its deadline."""

    def __init__(self, name: dns.name.Name, nameserver: str, port: int) -> None:
        self._name = name
        self._nameserver = nameserver
        self._port = port
        self._deadline = time.monotonic() + IN_ALL
        self._errors: list[str] = []

    def run(self) -> Resolution:
        seen = self._told("system", lambda: self._system)
        owned = self._told("authoritative", self._own_server)
        return Resolution(seen, owned, "; ".join(self._errors))

    def name_servers(self) -> tuple[str, ...]:
        """Raises dns.exception.DNSException."""
        found = self._system.resolve(self._name, "NS", lifetime=self._left())
        return tuple(sorted(server.target.to_text(omit_final_dot=True).lower() for server in found))

    def _told(self, whose: str, server: Callable[[], dns.resolver.Resolver]) -> tuple[str, ...]:
        """Return the addresses that a server tells; note why, when there are none."""
        import dns.exception

        try:
            found = server().resolve_name(self._name, lifetime=self._left())
        except dns.exception.DNSException as error:
            self._errors.append(f"{whose}: {_in_words(error)}")
            return ()
        both = sorted(found.addresses_and_families(), key=lambda one: one[1])  # AF_INET is less than AF_INET6
        return tuple(address for address, _ in both)

    @cached_property
    def _system(self) -> dns.resolver.Resolver:
        return self._server([self._nameserver] if self._nameserver else [])

    def _own_server(self) -> dns.resolver.Resolver:
        """Return what asks the first of the zone's own servers."""
        import dns.resolver

        zone = dns.resolver.zone_for_name(self._name, resolver=self._system, lifetime=self._left())
        first = min(server.target for server in self._system.resolve(zone, "NS", lifetime=self._left()))
        # IPv4 only: many a machine has no way to the others.
        return self._server([one.address for one in self._system.resolve(first, "A", lifetime=self._left())])

    def _server(self, addresses: list[str]) -> dns.resolver.Resolver:
        """Return what asks these servers; without any, those of this machine."""
        import dns.resolver

        server = dns.resolver.Resolver(configure=not addresses)
        server.timeout = SHARE
        if addresses:
            server.nameservers, server.port = addresses, self._port
        return server

    def _left(self) -> float:
        """Raises dns.exception.Timeout when nothing is left."""
        import dns.exception

        left = self._deadline - time.monotonic()
        if left <= 0:
            raise dns.exception.Timeout
        return left


def _in_words(error: Exception) -> str:
    import dns.exception
    import dns.resolver

    match error:
        case dns.resolver.NXDOMAIN():
            return "no such name"
        case dns.resolver.NoAnswer():
            return "the name has no address"
        case dns.exception.Timeout():
            return f"no answer in {IN_ALL:g} s"
        case dns.resolver.NoNameservers():
            return "no name server gave an answer"
        case dns.resolver.NoRootSOA():
            return "no zone of this name was found"
        case dns.resolver.NoResolverConfiguration():
            return "this machine names no name server"
    return type(error).__name__
