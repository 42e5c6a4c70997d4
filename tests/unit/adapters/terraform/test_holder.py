from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.state.objects import Objects
from bluegreen.adapters.terraform.holder import find_holder
from bluegreen.errors import EngineError

RECORD = {
    "ID": "8e3f",
    "Operation": "OperationTypeApply",
    "Who": "ana@desk",
    "Created": "2026-11-22T19:49:30.1Z",
}
TITLE = "apply of ana@desk since 2026-11-22 19:49:30 UTC, lock 8e3f"


class Service:
    """The server of states. record: of the one lock that it knows."""

    def __init__(self, record: Mapping[str, Any] | None) -> None:
        self.record = record

    def lock(self, address: str) -> Mapping[str, Any] | None:
        return self.record if address == "http://127.0.0.1/state" else None

    def break_lock(self, address: str) -> None:
        raise AssertionError("nothing is changed")

    def acts_on(self, state: bytes) -> bool:
        raise AssertionError("nothing is stored")


def initialised(folder: Path, kind: str, **config: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "terraform.tfstate").write_text(json.dumps({"backend": {"type": kind, "config": config}}))
    return folder


def nowhere(bucket: str, prefix: str) -> Objects:
    raise AssertionError("no bucket is opened")


def test_of_a_local_state(tmp_path: Path) -> None:
    assert find_holder(tmp_path, tmp_path / "data", "", None, nowhere) == ""
    (tmp_path / ".terraform.tfstate.lock.info").write_text(json.dumps(RECORD))
    assert find_holder(tmp_path, tmp_path / "data", "", None, nowhere) == TITLE


@pytest.mark.parametrize(("record", "told"), [(None, ""), (RECORD, TITLE)])
def test_of_a_server_that_can_be_asked(tmp_path: Path, record: Mapping[str, Any] | None, told: str) -> None:
    data = initialised(tmp_path / "data", "http", address="http://127.0.0.1/state")
    assert find_holder(tmp_path, data, "", Service(record), nowhere) == told


def test_a_server_that_answers_terraform_alone_tells_nobody(tmp_path: Path) -> None:
    data = initialised(tmp_path / "data", "s3", bucket="b")
    assert find_holder(tmp_path, data, "", None, nowhere) is None


@pytest.mark.parametrize(
    ("workspace", "prefix", "name"),
    [("", "shop/pro", "default.tflock"), ("blue", "/shop/pro/", "blue.tflock"), ("", "", "default.tflock")],
)
def test_of_a_bucket_the_object_beside_the_state_tells(tmp_path: Path, workspace: str, prefix: str, name: str) -> None:
    data = initialised(tmp_path / "data", "gcs", bucket="b", prefix=prefix)
    objects = MemoryObjects()
    opened: list[tuple[str, str]] = []

    def bucket(name: str, prefix: str) -> Objects:
        opened.append((name, prefix))
        return objects

    assert find_holder(tmp_path, data, workspace, None, bucket) == ""
    objects.write(name, json.dumps(RECORD).encode())
    assert find_holder(tmp_path, data, workspace, None, bucket) == TITLE
    objects.write(name, b"[]")
    assert find_holder(tmp_path, data, workspace, None, bucket) == "somebody whom the lock does not name"
    assert set(opened) == {("b", "shop/pro/" if prefix else "")}


def test_without_the_client_a_bucket_tells_nobody(tmp_path: Path) -> None:
    class Missing(MemoryObjects):
        def read(self, name: str, *, quick: bool = False) -> bytes | None:
            raise EngineError("no client")

    data = initialised(tmp_path / "data", "gcs", bucket="b")
    assert find_holder(tmp_path, data, "", None, lambda bucket, prefix: Missing()) is None
