"""A stand-in for Cloud Storage that the real client talks to: fake-gcs-server, where `make` has built it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / ".tools"
NAME = "fake-gcs-server"
BUCKET = "kept"
DEADLINE = 30.0
"""Seconds until it must answer."""


@dataclass(frozen=True, slots=True)
class Storage:
    """url: of its API, which STORAGE_EMULATOR_HOST is set to."""

    process: subprocess.Popen[bytes]
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {"STORAGE_EMULATOR_HOST": self.url}


@contextmanager
def storage_server() -> Iterator[Storage]:
    """Run it with one empty bucket; skip the test where it is not there."""
    program = shutil.which(NAME, path=str(TOOLS)) or shutil.which(NAME)
    if program is None:
        pytest.skip(f"{NAME} is not there: `make tools` builds it where Go is")
    port = free_port()
    address = f"127.0.0.1:{port}"
    argv = [program, "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    process = subprocess.Popen([*argv, "-public-host", address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        storage = Storage(process, f"http://{address}")
        make_bucket(storage)
        yield storage
    finally:
        process.kill()
        process.wait()


def make_bucket(storage: Storage) -> None:
    """Make the bucket, as soon as the server answers."""
    request = urllib.request.Request(
        f"{storage.url}/storage/v1/b?project=none",
        data=json.dumps({"name": BUCKET}).encode(),
        headers={"content-type": "application/json"},
    )
    end = time.monotonic() + DEADLINE
    while True:
        try:
            urllib.request.urlopen(request, timeout=5).close()
            return
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert time.monotonic() < end, f"{NAME} does not answer"
            time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
