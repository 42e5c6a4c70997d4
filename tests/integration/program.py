"""The real program, as a process of its own in a shop's folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from warm import WARM, Forked

import bluegreen

DEADLINE = 60.0
"""Seconds for whatever is waited for."""

Event = Mapping[str, Any]


def command() -> list[str]:
    """Return how the installed program is called; where only the checkout is there, the same by its entry point."""
    installed = Path(sys.executable).with_name("bluegreen")
    if installed.exists():
        return [str(installed)]
    return [sys.executable, "-c", "from bluegreen.cli.entry import main; main()"]


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process's variables and `more`, so that a child finds the bluegreen that is under test.

    A process of pytest-xdist has a COLUMNS, which a program believes more than its terminal.
    """
    ours = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**ours, "PYTHONPATH": str(Path(bluegreen.__file__).parents[1]), "TERM": "dumb", **more}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[Event]:
        """stdout as JSON lines. Raises ValueError when it holds anything else."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> Event:
        return self.events[-1]


@dataclass(frozen=True, slots=True)
class Running:
    """A call under way. runs: the folder of journals. before: the runs that were there when it was begun."""

    process: subprocess.Popen[bytes] | Forked
    out: IO[bytes]
    err: IO[bytes]
    runs: Path
    before: frozenset[Path]

    @property
    def journal(self) -> list[Event]:
        """What this call's journal holds so far, without a line that is just being written."""
        new = sorted(set(self.runs.glob("*.jsonl")) - self.before)
        return read_journal(new[0]) if new else []

    @property
    def run(self) -> str:
        return str(self.journal[0]["run"])

    def wait_for(self, event: str, **fields: str) -> Event:
        """Return the first event of that name with these fields, as soon as the journal has it."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            over = self.process.poll() is not None
            for found in self.journal:
                if found["event"] == event and fields.items() <= found.items():
                    return found
            if over:
                raise AssertionError(f"it ended without {event} {fields}: {self.wait()}")
            time.sleep(0.02)
        raise AssertionError(f"no {event} {fields} in {DEADLINE:g} s")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> Ended:
        code = self.process.wait(DEADLINE)
        return Ended(code, _text(self.out), _text(self.err))


@dataclass(frozen=True, slots=True)
class Program:
    """Calls the program in a project's folder. Files take what it writes: no pipe can fill up and stop it.

    how: argv of the program itself. said: all that it has written to its streams so far. first: what `how` does before
    the program begins, None for nothing; for a process that is forked.
    """

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    how: Sequence[str] = field(default_factory=command)
    said: list[bytes] = field(default_factory=list)
    first: Callable[[], None] | None = None

    def __call__(self, *arguments: str, **env: str) -> Ended:
        with self.start(*arguments, **env) as running:
            return running.wait()

    @contextmanager
    def start(self, *arguments: str, **env: str) -> Iterator[Running]:
        """Begin a call; it is killed where the test leaves it behind."""
        runs = self.folder / ".bluegreen" / "demo" / "runs"
        before = frozenset(runs.glob("*.jsonl"))
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self._begin(arguments, environment({**self.env, **env}), out, err)
            try:
                yield Running(process, out, err, runs, before)
            finally:
                process.kill()
                process.wait()
                self.said.extend(map(_content, (out, err)))

    def _begin(
        self, arguments: Sequence[str], env: Mapping[str, str], out: IO[bytes], err: IO[bytes]
    ) -> subprocess.Popen[bytes] | Forked:
        if WARM and (self.first or self.how == command()):
            return Forked(arguments, self.folder, env, out, err, self.first)
        return subprocess.Popen(
            [*self.how, *arguments], cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )


def read_journal(path: Path) -> list[Event]:
    """Return the events of a journal, without a last line that is not whole."""
    *lines, _torn = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines]


def _text(file: IO[bytes]) -> str:
    return _content(file).decode(errors="surrogateescape")


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
