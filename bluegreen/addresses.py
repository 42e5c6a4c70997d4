"""Judges IP addresses: which of them nobody connects to, whatever name, state or configuration led there."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

METADATA = frozenset(
    map(
        ip_address,
        (
            "169.254.169.254",  # Amazon, Google, Microsoft and most others
            "fd00:ec2::254",  # Amazon, over IPv6
            "fd20:ce::254",  # Google, over IPv6
            "100.100.100.200",  # Alibaba
            "168.63.129.16",  # Microsoft's wire server
            "192.0.0.192",  # Oracle
        ),
    )
)
"""Where machines in a cloud ask who they are, and are given credentials."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""Each of its addresses stands for the IPv4 one in its last four bytes."""


def refusal(address: str, *, private: bool) -> str:
    """Return why nobody connects to an IP address, as in "10.0.0.7 is a private address"; "" when it may be done.

    private: whether it may be one that only this machine or its network can reach.
    """
    ip = _meant(address)
    if ip in METADATA:
        return f"{address} is the metadata service of a cloud"
    if ip.is_link_local:
        return f"{address} is a link-local address"
    return "" if private or ip.is_global else f"{address} is a private address"


def is_public(address: str) -> bool:
    """Return whether `address` is an IP address that the whole Internet can reach; a host name is none."""
    try:
        return _meant(address).is_global
    except ValueError:
        return False


def _meant(address: str) -> IPv4Address | IPv6Address:
    """Return the address that packets are sent to. Raises ValueError for what is no IP address."""
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return ip
    inside = IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip.ipv4_mapped
    return inside or IPv6Address(int(ip))  # without the zone, which tells where it is and not what
