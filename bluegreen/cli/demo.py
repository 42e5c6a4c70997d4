"""All of it, with the public asking all the time: first deploy, deploy, rollback, in a sandbox that is then gone."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bluegreen.app import Environment, Project, load
from bluegreen.errors import Interrupted
from bluegreen.ports import Interruptions
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.project import create_project, sandbox_folder
from bluegreen.sandbox.traffic import Traffic
from bluegreen.switch.conduct import RunResult

SERVICE = "shop"
FIRST, SECOND = "1.4.2", "1.5.0"
RATE = 200.0
"""Public requests a second: a gap of 20 ms would be seen, and a small machine has enough left for the rest."""

Act = Callable[[Environment], RunResult]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the public saw. stale: answers of the color left, to requests sent after the new one had answered.

    p99: seconds. switch, rollback: seconds from the apply to the first public answer of the color switched to.
    """

    sent: int
    failed: int
    slow: int
    stale: int
    by_color: Mapping[str, int]
    p99: float
    switch: float
    rollback: float
    first_failure: str


@dataclass(frozen=True, slots=True)
class Demo:
    """One demonstration. say: is told each step. show: does one run and returns the seconds to its first answer.

    interruptions: looked at between two steps.
    """

    say: Callable[[str], None]
    show: Callable[[Environment, Act], float]
    interruptions: Interruptions

    def perform(self, keep: bool) -> Numbers:
        """Do all of it in a temporary folder. Raises BluegreenError when a step fails, Interrupted between two."""
        with _temporary_folder(keep) as folder:
            self._step(f"a project, made by: bluegreen init {SERVICE} --stack sandbox   (in {folder})")
            create_project(folder, SERVICE)
            project = load(folder)
            network = project.network
            assert network is not None, "the example has a sandbox"
            self._step("the world that it lives in: bluegreen sandbox up")
            with _sandbox(folder, network):
                return self._switch_and_return(project, network)

    def _switch_and_return(self, project: Project, network: Network) -> Numbers:
        self._step(f"the first deploy: bluegreen deploy --release {FIRST}")
        self.show(project.environment(), lambda environment: environment.deploy(release=FIRST))
        with Traffic(network.public_url, rate=RATE) as traffic:
            self._step(f"a new release, with {RATE:.0f} requests a second: bluegreen deploy --release {SECOND}")
            began = time.monotonic()
            switch = self.show(project.environment(), lambda environment: environment.deploy(release=SECOND))
            stale = traffic.stale("green", began)
            self._step("and back: bluegreen rollback")
            began = time.monotonic()
            back = self.show(project.environment(), lambda environment: environment.rollback())
            stale += traffic.stale("blue", began)
        seen = traffic.report
        return Numbers(
            seen.sent, seen.failed, seen.slow, stale, seen.by_color, seen.p99, switch, back, seen.first_failure
        )

    def _step(self, text: str) -> None:
        if self.interruptions.requested:
            raise Interrupted("interrupted; everything was cleaned up")
        self.say(text)


@contextmanager
def _temporary_folder(keep: bool) -> Iterator[Path]:
    """Give the path of a folder that is not there yet."""
    parent = Path(tempfile.mkdtemp(prefix="bluegreen-demo-"))
    try:
        yield parent / SERVICE
    finally:
        if not keep:
            shutil.rmtree(parent)


@contextmanager
def _sandbox(folder: Path, network: Network) -> Iterator[None]:
    try:
        lifecycle.up(sandbox_folder(folder), network, SERVICE)
        yield
    finally:
        lifecycle.down(sandbox_folder(folder), network)
