"""One Compute API a test."""

from __future__ import annotations

import pytest
from compute_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()
