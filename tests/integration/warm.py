"""The program in a process forked from one that has imported it already, for suites that call it thousands of times.

It is a process like any other: killed, signalled, with an environment, a folder and streams of its own. What it lacks
is the third of a call in which Python imports, and nothing is done yet. Only where WARM is set: see `make faults`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

WARM = "WARM" in os.environ

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "bluegreen.cli.main",
        "bluegreen.cli.session",
        *(f"bluegreen.cli.commands.{verb}" for verb in ("deploy", "resume", "rollback", "retire", "status")),
        "cloudflare",
        "jinja2",
    ]
)


class Forked:
    """As much of a subprocess.Popen as tests need of the program. first: called in its process before it begins."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        out: IO[bytes],
        err: IO[bytes],
        first: Callable[[], None] | None,
    ) -> None:
        streams = [f"/proc/{os.getpid()}/fd/{stream.fileno()}" for stream in (out, err)]
        self.args = ["bluegreen", *arguments]
        self._process = _FORKS.Process(target=_run, args=(self.args, folder, dict(env), streams, first))
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(
    argv: Sequence[str], folder: Path, env: Mapping[str, str], streams: Sequence[str], first: Callable[[], None] | None
) -> None:
    from bluegreen.cli.entry import main

    for number, path in enumerate(streams, 1):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = list(argv)
    if first is not None:
        first()
    main()
