from __future__ import annotations

import pytest

from bluegreen.addresses import is_public, refusal


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("169.254.169.254", "the metadata service of a cloud"),
        ("fd00:ec2::254", "the metadata service of a cloud"),
        ("fd20:ce::254", "the metadata service of a cloud"),
        ("100.100.100.200", "the metadata service of a cloud"),
        ("168.63.129.16", "the metadata service of a cloud"),
        ("::ffff:169.254.169.254", "the metadata service of a cloud"),
        ("64:ff9b::a9fe:a9fe", "the metadata service of a cloud"),
        ("fd00:ec2::254%eth0", "the metadata service of a cloud"),
        ("169.254.0.1", "a link-local address"),
        ("::ffff:169.254.0.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("fe80::1%eth0", "a link-local address"),
    ],
)
def test_link_local_addresses_and_metadata_services_are_always_refused(address: str, what: str) -> None:
    assert refusal(address, private=True) == f"{address} is {what}"
    assert refusal(address, private=False) == f"{address} is {what}"
    assert not is_public("169.254.0.1")


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.7",
        "172.16.1.1",
        "192.168.1.1",
        "127.0.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "::",
        "::1",
        "fd12::1",
        "::ffff:10.0.0.7",
        "64:ff9b::a00:7",
    ],
)
def test_private_addresses_are_refused_where_they_are_not_wanted(address: str) -> None:
    assert refusal(address, private=True) == ""
    assert refusal(address, private=False) == f"{address} is a private address"
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_public_addresses_are_refused_nowhere(address: str) -> None:
    assert refusal(address, private=True) == refusal(address, private=False) == ""
    assert is_public(address)


@pytest.mark.parametrize("address", ["", "shop.example", "localhost"])
def test_what_is_no_address_is_not_called_public(address: str) -> None:
    assert not is_public(address)
