"""Whether a sandbox is up: a look that a run can afford, for it imports no client and asks for nothing."""

from __future__ import annotations

import socket

from bluegreen.errors import SandboxError
from bluegreen.sandbox.address import API_PORT, Network

NOT_UP = "start it with `bluegreen sandbox up`"
_PATIENCE = 5.0
"""Seconds for a connection on loopback; the daemon may be busy."""


def refuse_unless_up(network: Network) -> None:
    """Raise SandboxError when nothing listens where the sandbox's API belongs."""
    try:
        socket.create_connection((network.api, API_PORT), timeout=_PATIENCE).close()
    except OSError as error:
        reason = error.strerror or "no answer"
        raise SandboxError(f"the sandbox does not answer ({reason})", where=network.api_url, hint=NOT_UP) from None
