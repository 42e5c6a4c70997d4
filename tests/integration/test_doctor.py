"""`doctor` of a shop in the sandbox: what it sees, and that nothing is changed by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from documented import misfits, schema
from program import Program
from shop import Shop


@pytest.fixture
def layout() -> str:
    return "layers"


@contextmanager
def locked(shop: Shop, layer: str) -> Iterator[None]:
    """Hold a layer's state lock, as somebody else's Terraform would."""
    lock = {"ID": "8e3f", "Operation": "OperationTypeApply", "Who": "bob@elsewhere", "Created": "2026-01-01T00:00:00Z"}
    state = shop.network.state_url(f"demo/{layer}")
    urlopen(Request(state, json.dumps(lock).encode(), method="LOCK")).close()
    shop.sandbox.forget_requests()
    yield
    shop.sandbox.break_lock(f"demo/{layer}")


def project(folder: Path) -> dict[str, bytes]:
    """Return the project's own files."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".bluegreen" not in path.parts)
    return {str(path): path.read_bytes() for path in files}


def test_doctor_looks_at_everything_and_changes_nothing(shop: Shop) -> None:
    program, before = Program(shop.folder), project(shop.folder)
    shop.sandbox.forget_requests()
    told = program("doctor", "--json")
    assert (told.code, told.err) == (0, "")
    found = json.loads(told.out)
    assert list(misfits(found, schema("doctor"), "doctor")) == []
    levels = {one["check"]: one["level"] for one in found["findings"]}
    assert {check for check, level in levels.items() if level == "skipped"} == {"colors", "google", "green"}
    assert set(levels.values()) == {"ok", "skipped"}
    assert {one.method for one in shop.sandbox.requests()} == {"GET"}, "no lock is taken, and nothing written"
    assert project(shop.folder) == before

    shop.sandbox.refuse_requests("*", "/client/v4/*", 403, times=None)
    with locked(shop, "blue"):
        told = program("doctor")
        assert {one.method for one in shop.sandbox.requests()} == {"GET"}
    assert told.code == 3
    lines = told.out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("failure")] == ["token", "records"]
    (held,) = [line for line in lines if line.startswith("warning")]
    assert "the state of blue is locked: apply of bob@elsewhere" in held
    assert lines[-1] == "2 failures, 1 warning, 5 skipped, 11 ok"
