from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bluegreen.errors import SandboxError
from bluegreen.sandbox.address import API_PORT, Network
from bluegreen.sandbox.presence import refuse_unless_up


def test_a_sandbox_is_up_when_its_api_listens(tmp_path: Path) -> None:
    network = Network.for_path(tmp_path)
    with pytest.raises(SandboxError, match="does not answer") as raised:
        refuse_unless_up(network)
    assert (raised.value.where, raised.value.exit_code) == (network.api_url, 2)
    assert "bluegreen sandbox up" in raised.value.hint
    with socket.create_server((network.api, API_PORT)):
        refuse_unless_up(network)
