"""A shop in a sandbox of its own, worked on as a person would: by the installed program."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bluegreen.sandbox.address import Network

PROGRAM = Path(sys.executable).with_name("bluegreen")
"""The one that is installed beside the Python which runs this."""

FIRST_RELEASE = "1.0.0"

NO_WAITING: Mapping[str, Any] = {
    "release": FIRST_RELEASE,
    "check": {"healthy": 1, "every": "1ms", "deadline": "30s"},
    "rollback_check": {"healthy": 1, "every": "1ms"},
    "probe": {"healthy": 1, "every": "20ms", "settle": "1ms", "deadline": "30s"},
    "bake": {"for": "1ms", "every": "1ms", "bad": 1, "blind_deadline": "10s"},
}
"""As near to no wait as the configuration allows: each duration must be longer than nothing."""


@dataclass(frozen=True)
class Shop:
    """A project whose sandbox is up. blue serves FIRST_RELEASE."""

    folder: Path
    layout: str

    @property
    def network(self) -> Network:
        return Network.for_path(self.folder)

    def argv(self, *arguments: str) -> list[str]:
        return [str(PROGRAM), "--project", str(self.folder), *arguments]

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        """Run a command to its end. Raises RuntimeError with what it said when it fails."""
        argv = self.argv(*arguments)
        ended = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{' '.join(argv)}: exit {ended.returncode}\n{ended.stdout}{ended.stderr}")

    def last_journal(self) -> list[Mapping[str, Any]]:
        """Return the events of the run that began last."""
        journals = (self.folder / ".bluegreen").glob("*/runs/*.jsonl")
        newest = max(journals, key=lambda path: path.stat().st_ctime)
        return [json.loads(line) for line in newest.read_text().splitlines()]

    def forget_way_back(self) -> None:
        """Delete the prepared plan, as if it had been made on another machine: a rollback makes its own then."""
        for path in (self.folder / ".bluegreen").glob("*/layers/*/kept.*"):
            path.unlink()

    def _configure(self, env: Mapping[str, str]) -> None:
        path = self.folder / "bluegreen.yaml"
        file = yaml.safe_load(path.read_text())
        for environment in file["environments"].values():
            environment |= NO_WAITING
            environment.setdefault("terraform", {}).setdefault("env", {}).update(env)
        path.write_text(yaml.safe_dump(file, sort_keys=False))


@contextmanager
def open_shop(layout: str, providers: Path | None = None) -> Iterator[Shop]:
    """Make a shop in a temporary folder and deploy to it; afterwards nothing of it is left.

    providers: Terraform's settings that say where the real ones are; then it is the cloud's stack, in the sandbox.
    """
    stack = ["sandbox"] if providers is None else ["gcp-cloudflare", "--local"]
    with tempfile.TemporaryDirectory(prefix="bluegreen-bench-") as folder:
        shop = Shop(Path(folder).resolve() / "shop", layout)
        subprocess.run(
            [PROGRAM, "init", "shop", "--layout", layout, "--stack", *stack],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        shop._configure({} if providers is None else {"TF_CLI_CONFIG_FILE": str(providers)})
        shop.run("sandbox", "up")
        try:
            shop.run("deploy", "--yes")
            yield shop
        finally:
            shop.run("sandbox", "down")
