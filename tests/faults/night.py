"""A shop on a bad night: real runs with quick waits, and what must hold whatever happened to them."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import killed
import pytest
from documented import event_misfits
from planted import found_in, leaks
from program import DEADLINE, Ended, Program, Running, read_journal
from shop import Shop

from bluegreen.sandbox.traffic import Traffic

QUICK: Mapping[str, Any] = {
    "probe": {"settle": "100ms", "every": "100ms", "deadline": "10s"},
    "bake": {"for": "200ms", "every": "100ms", "bad": 2, "blind_deadline": "2s"},
}
"""Shorter waits than other tests have: some of these make hundreds of runs."""

SWITCHED = pytest.mark.parametrize("stage", ["switched"])
"""The test begins when release 1.5.0 serves from green, and 1.4.2 is warm on blue."""


class Night:
    """A shop, and the program that is called in its folder.

    scratch: the program's folder for temporary files. secretive: names of files that are meant to hold secrets, such as
    a state.
    """

    def __init__(self, shop: Shop, scratch: Path) -> None:
        self.shop, self.scratch = shop, scratch
        scratch.mkdir()
        self.program = Program(shop.folder, {"TMPDIR": str(scratch)})
        self.secretive: Collection[str] = ()
        self._checked: dict[Path, tuple[int, int]] = {}
        self._releases = iter(range(2, 10_000))

    @property
    def data(self) -> Path:
        """The folder of everything that is kept of the environment."""
        return self.shop.folder / ".bluegreen" / self.shop.ENVIRONMENT

    def release(self) -> str:
        """Return a release that was never deployed."""
        return f"{next(self._releases)}.0.0"

    def status(self) -> Mapping[str, Any]:
        """What `status` says, held against the records and against what the public is answered.

        Asked in this process: a program of its own spends most of a status on its start.
        """
        said: Mapping[str, Any] = json.loads(json.dumps(self.shop.environment().status().as_dict()))
        live, answered = self.shop.live_color(), self.answered()
        public = said["public"].partition(",")[0]  # "green, and not as blue should"
        assert public == answered == live, (said, answered, live)
        assert bool(said["drift"]) == (said["active"] != live), said
        return said

    def await_terraform(self) -> None:
        """Wait for the end of the Terraform that a killed run has left alive, be it one that no journal tells of."""
        wait_until(lambda: not any(map(self._is_our_terraform, Path("/proc").glob("[0-9]*"))))

    def _is_our_terraform(self, process: Path) -> bool:
        try:
            folder = Path(os.readlink(process / "cwd"))
            return folder.is_relative_to(self.shop.folder) and (process / "comm").read_text() == "terraform\n"
        except OSError:  # it has ended, or only waits to be buried
            return False

    def answered(self) -> str:
        """The color that answers the public; "" when nobody does well."""
        try:
            with urllib.request.urlopen(self.shop.network.public_url, timeout=5) as answer:
                return str(answer.headers.get("x-color", ""))
        except (urllib.error.URLError, OSError):
            return ""

    def states(self) -> Mapping[str, bytes]:
        """What each state holds."""
        held = {}
        for path in self.shop.sandbox.status().states:
            with urllib.request.urlopen(f"{self.shop.network.api_url}/state/{path}", timeout=5) as answer:
                held[path] = answer.read()
        return held

    def write_state(self, layer: str) -> None:
        """Store a layer's state anew, as somebody else's apply does that changed nothing of ours."""
        url = f"{self.shop.network.api_url}/state/demo/{layer}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            state = json.load(answer)
        state["serial"] += 1
        assert f"demo/{layer}" not in self.shop.sandbox.locks()
        request = urllib.request.Request(url, json.dumps(state).encode(), method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def assert_survived(self, active: str, *, plan: bool = True) -> None:
        """All is as it should be after the fault has been answered: on one color, and nothing hangs over.

        plan: a bare plan is made as well, which takes seconds.
        """
        said = self.status()
        assert (said["active"], said["drift"], said["unfinished"]) == (active, [], ""), said
        assert said["lock"] is None, said
        self._assert_way_back_known(said)
        self.assert_journals_whole()
        self.assert_nothing_left_over()
        if plan:
            self.shop.assert_nothing_to_plan()

    def _assert_way_back_known(self, said: Mapping[str, Any]) -> None:
        """It leads to the other color, or is told not to be there."""
        way, other = said["rollback"], {"blue": "green", "green": "blue"}[said["active"]]
        assert (said["history"], bool(way["reason"])) == ("", True), said
        assert way["target"] in ((other,) if way["ready"] else ("", other)), said

    def assert_way_back(self) -> None:
        """The other color is ready to be gone back to."""
        said = self.status()
        assert said["rollback"]["ready"], said["rollback"]

    def assert_journals_whole(self) -> None:
        """Every journal is documented events; a last line that was torn counts for nothing."""
        for journal in sorted((self.data / "runs").glob("*.jsonl")):
            found = journal.stat()
            if self._checked.get(journal) == (found.st_size, found.st_mtime_ns):
                continue
            events = [{name: one[name] for name in one if name != "journal"} for one in read_journal(journal)]
            assert event_misfits(events) == [], journal
            self._checked[journal] = (found.st_size, found.st_mtime_ns)

    def assert_nothing_left_over(self) -> None:
        """No scratch folder, no saved plan but the kept one, and no values lie about: they may hold secrets."""
        left = [*self.data.glob("layers/*/run-*"), *self.data.glob("layers/*/plans/*")]
        left += self.shop.folder.rglob("errored.tfstate")
        assert left == []

    def assert_nothing_leaked(self) -> None:
        """No planted secret is in what the program said, or in a file that anybody has written here."""
        said = [one for one in self.program.said if found_in(one)]
        left = [path for path in leaks(self.shop.folder, self.scratch) if path.name not in self.secretive]
        assert (said, left) == ([], []), (said, left)

    @contextmanager
    def traffic(self) -> Iterator[Traffic]:
        """Public traffic while the context lasts, of which no request may fail."""
        with Traffic(self.shop.network.public_url, workers=2, rate=15) as traffic:
            yield traffic
        assert traffic.report.failed == 0, traffic.report

    def killed_at(self, when: str, line: int, *arguments: str) -> Ended:
        """Call the program so that it is killed `before` or `after` it writes that line (0: first) of its journal."""
        how = [sys.executable, "-P", killed.__file__, when, str(line)]
        return replace(self.program, how=how, first=partial(killed.arrange, when, line))(*arguments)


def wait_until(holds: Callable[[], bool]) -> None:
    """Return as soon as that holds. Raises AssertionError when it does not within the deadline."""
    end = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def kill_after(running: Running, seconds: float, *, with_children: bool = False) -> None:
    """Kill a call that many seconds after now, unless it has ended by then; with_children: and all that it started."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and running.process.poll() is None:
        time.sleep(0.005)
    children = children_of(running.process.pid) if with_children else []
    running.process.kill()
    for pid in children:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # Terraform has a group of its own, in which its providers are
    running.wait()


def children_of(pid: int) -> list[int]:
    listing = Path(f"/proc/{pid}/task").glob("*/children")
    with suppress(OSError):
        return [int(child) for children in listing for child in children.read_text().split()]
    return []
