"""Which process lives."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bluegreen.adapters.state import host

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing tells a birth")


def test_a_clock_that_is_set_kills_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = host.find_process(os.getpid())
    assert ours is not None
    known = (host.host(), ours.pid, ours.started)
    corrected = host._boot_time() + 5
    monkeypatch.setattr(host, "_boot_time", lambda: corrected)
    assert host.lives(*known, ours.birth)
    assert not host.lives(*known, ours.birth + 1)
    assert not host.lives(*known), "where a birth is not known"


def test_one_that_ends_while_it_is_looked_at_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_: object, **__: object) -> str:
        raise ProcessLookupError(3, "No such process")

    monkeypatch.setattr(Path, "read_text", end)
    assert host.find_process(os.getpid()) is None
