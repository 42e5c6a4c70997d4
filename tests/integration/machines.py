"""Several machines at one shop, whose store is a bucket: each with its own checkout, home and host name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from program import Program, Running, command
from shop import Shop
from storage import BUCKET, Storage

from bluegreen.adapters.cloud_storage import CloudStorage
from bluegreen.adapters.state.bucket_store import BucketStore
from bluegreen.errors import UsageError

SCALED = Path(__file__).with_name("scaled.py")
TTL, HEARTBEAT = 3.0, 0.5
"""Seconds on scaled machines, where they are 60 and 15."""

DEADLINE = 90.0
"""Seconds for whatever is waited for; each step asks a bucket."""

FILE = "bluegreen.yaml"
AS_ANOTHER = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"')
"""Runs a command on a machine of that name, as far as host names go."""


class Machines:
    """Makes machines. scaled: their leases last for TTL only."""

    def __init__(self, shop: Shop, storage: Storage, folder: Path) -> None:
        self.shop, self.storage, self.folder = shop, storage, folder
        shop.configure(store=f"gs://{BUCKET}/{folder.name}")
        if subprocess.run([*AS_ANOTHER, "x", "true"], capture_output=True, check=False).returncode:
            pytest.skip("a host name of its own cannot be had here: unshare needs root")

    def machine(self, name: str, *, scaled: bool = True, **env: str) -> Program:
        checkout, home = self.folder / name / "shop", self.folder / name / "home"
        ours = shutil.ignore_patterns(".bluegreen", ".terraform*", "zz-*")
        shutil.copytree(self.shop.folder, checkout, ignore=ours)
        home.mkdir()
        how: Sequence[str] = [sys.executable, "-P", str(SCALED), str(TTL), str(HEARTBEAT)] if scaled else command()
        return Program(checkout, {"HOME": str(home), **self.storage.environment, **env}, [*AS_ANOTHER, name, *how])

    def configure(self, *programs: Program, **settings: Any) -> None:
        """Lay settings over those of the shop, in the checkouts of these machines too."""
        self.shop.configure(**settings)
        for program in programs:
            (program.folder / FILE).write_bytes((self.shop.folder / FILE).read_bytes())

    def store(self) -> BucketStore:
        """The journals, as they are in the bucket. The environment must name the server."""
        prefix = f"{self.folder.name}/shop/{self.shop.ENVIRONMENT}/"
        return BucketStore(CloudStorage(BUCKET, prefix), f"gs://{BUCKET}/{prefix}")

    def events(self, run: str) -> list[Mapping[str, Any]]:
        try:
            return [entry.data for entry in self.store().journal(run)]
        except UsageError:
            return []

    def wait_for(self, running: Running, event: str, **fields: str) -> str:
        """Wait until the newest run has told that; return its id."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            over = running.process.poll() is not None
            for run in self.store().runs()[:1]:
                if any(one["event"] == event and fields.items() <= one.items() for one in self.events(run)):
                    return run
            assert not over, running.wait()
            time.sleep(0.05)
        raise AssertionError(f"no {event} {fields} in {DEADLINE:g} s")
