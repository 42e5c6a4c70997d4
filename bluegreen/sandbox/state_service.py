"""What the sandbox answers about states beyond what Terraform asks: their locks, and whether storing one is a deed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bluegreen.sandbox.address import Network

if TYPE_CHECKING:  # slow to import, and only what a Terraform left behind that died is asked about
    from bluegreen.sandbox.client import Sandbox


class SandboxStates:
    """The states of the sandbox at one network; see adapters.terraform.holder.StateService."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def lock(self, address: str) -> Mapping[str, Any] | None:
        return self._sandbox.locks().get(_path(address))

    def break_lock(self, address: str) -> None:
        self._sandbox.break_lock(_path(address))

    def acts_on(self, state: bytes) -> bool:
        from bluegreen.sandbox.call import Rejected
        from bluegreen.sandbox.states import acts_on_world

        try:
            return acts_on_world(state.decode())
        except (Rejected, UnicodeDecodeError):
            return False

    @cached_property
    def _sandbox(self) -> Sandbox:
        from bluegreen.sandbox.client import Sandbox

        return Sandbox(self._network)


def _path(address: str) -> str:
    return urlsplit(address).path.removeprefix("/state/")
