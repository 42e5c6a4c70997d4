"""Runs one Terraform command so that nothing which happens to us can hurt it.

Its stdout is a file that we tail: a pipe would kill it, mid-apply and with the lock held, when we die. It has a session
of its own, so a terminal's Ctrl-C reaches us alone, and it gets one SIGINT from us at most: on the second it gives up
and leaves the lock behind. One that hangs for ever is interrupted at its deadline, and killed when that does not help.
One that a Ctrl-C hits in the moment before it has its session has not begun, and is begun again.
"""

from __future__ import annotations

import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from bluegreen.adapters.state.files import create_file
from bluegreen.adapters.state.host import find_process
from bluegreen.errors import EngineError
from bluegreen.events import Emit, TerraformFinished, TerraformStarted
from bluegreen.ports import Interruptions

SHORTEST_PAUSE, LONGEST_PAUSE = 0.005, 0.05
"""Seconds between two looks at what the child says; in between, a twentieth of the time it has run. Its end is seen at
once on Linux; elsewhere by the next look, so that at most 5 % are lost."""

STRAY = (-signal.SIGINT, -signal.SIGHUP)
"""How a child ends that a signal for our whole process group hits before it has left that. Terraform listens to SIGINT
before it says its first word."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. deadline: how long a command may take before it is interrupted; grace: from then until it is killed.

    A graceful stop waits for what the provider is at, and a machine in the cloud can take minutes to come up.
    """

    deadline: float = 3600.0
    grace: float = 120.0


PATIENCE = Patience()

CALLED_OFF_GRACE = 2.0
"""Seconds from the SIGINT until what was called off is killed. It is a plan, which has nothing to finish."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. name: plan, apply, ...; stdout, stderr: files that do not exist yet, created with mode 0600.

    called_off: asked while it runs: whether nobody waits for it any more.
    """

    layer: str
    name: str
    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    stdout: Path
    stderr: Path
    patience: Patience = PATIENCE
    called_off: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. exit_code: negative for a signal. interrupted: a SIGINT was forwarded. overdue: at its deadline.

    started: Unix seconds.
    """

    exit_code: int
    interrupted: bool
    seconds: float
    overdue: bool = False
    pid: int = 0
    started: float = 0.0


def run(command: Command, on_line: Callable[[bytes], None], emit: Emit, interruptions: Interruptions) -> Ended:
    """Run `command` until it ends, handing each line of its stdout to `on_line` while it runs.

    Whatever ends the watching, be it a full disk under the journal, Terraform is asked to stop and waited for, until it
    would be killed anyway. Raises EngineError when the program cannot be started.
    """
    with open(create_file(command.stdout), "rb") as output:
        create_file(command.stderr)
        ended = _run_once(command, output, on_line, emit, interruptions)
        if ended.exit_code in STRAY and not ended.interrupted and not output.tell():
            if interruptions.requested:
                return replace(ended, interrupted=True)
            return _run_once(command, output, on_line, emit, interruptions)
        return ended


def _run_once(
    command: Command, output: BinaryIO, on_line: Callable[[bytes], None], emit: Emit, interruptions: Interruptions
) -> Ended:
    begun = time.monotonic()
    with _start(command) as child, _end_of(child.pid) as pause:
        watch = _Watch(command, child, output, on_line, interruptions, pause)
        try:
            born = find_process(child.pid)
            started = (born.started if born else 0.0) or time.time()
            emit(TerraformStarted(command.layer, command.name, child.pid, started, born.birth if born else 0))
            watch.until_end(begun)
        except BaseException:
            watch.stop(begun)
            raise
        seconds = time.monotonic() - begun
        ended = Ended(child.returncode, watch.interrupted, seconds, watch.overdue, child.pid, started)
    emit(TerraformFinished(command.layer, command.name, ended.exit_code, ended.seconds))
    return ended


def _start(command: Command) -> subprocess.Popen[bytes]:
    with open(command.stdout, "ab") as stdout, open(command.stderr, "ab") as stderr:
        try:
            return subprocess.Popen(
                command.argv,
                cwd=command.folder,
                env=command.environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                umask=0o077,  # plans and states hold secrets, and Terraform makes them readable by all
            )
        except OSError as error:
            raise EngineError(
                f"cannot be started: {error}", where=command.argv[0], hint="see terraform.engine in bluegreen.yaml"
            ) from error


@contextmanager
def _end_of(pid: int) -> Iterator[Callable[[float], object]]:
    """Yield what waits for so many seconds, or until that child ends where the system can tell."""
    ended = None
    if sys.platform == "linux":
        with suppress(OSError):  # a kernel before 5.3, or a sandbox that lets nobody ask
            ended = os.pidfd_open(pid)
    if ended is None:
        yield time.sleep
        return
    try:
        poll = select.poll()
        poll.register(ended, select.POLLIN)
        yield lambda seconds: poll.poll(seconds * 1000)
    finally:
        os.close(ended)


class _Watch:
    """Follows a child and what it writes. pause: see `_end_of`."""

    def __init__(
        self,
        command: Command,
        child: subprocess.Popen[bytes],
        output: BinaryIO,
        on_line: Callable[[bytes], None],
        interruptions: Interruptions,
        pause: Callable[[float], object],
    ) -> None:
        self._command = command
        self._child = child
        self._output = output
        self._on_line = on_line
        self._interruptions = interruptions
        self._pause = pause
        self._torn = b""
        self._last = math.inf
        self.interrupted = self.overdue = False

    def until_end(self, begun: float) -> None:
        """Return when the child has ended and all its lines were handed on, a last one without its newline included."""
        while self._child.poll() is None:
            spent = time.monotonic() - begun
            if self._interruptions.requested:
                self.interrupt()
            self._end_what_hangs(spent)
            self._read()
            self._pause(min(LONGEST_PAUSE, max(SHORTEST_PAUSE, spent / 20)))
        self._read()
        if self._torn:
            self._on_line(self._torn)

    def _end_what_hangs(self, spent: float) -> None:
        patience = self._command.patience
        if spent >= patience.deadline:
            self.overdue = True
            self._end_by(patience.deadline + patience.grace)
        if self._command.called_off():
            self._end_by(spent + CALLED_OFF_GRACE)
        if spent >= self._last:
            self._kill()

    def stop(self, begun: float) -> None:
        """Return once it has ended, though nobody follows it any more; it is killed when a followed one would be."""
        self.interrupt()
        patience = self._command.patience
        last = begun + min(self._last, patience.deadline + patience.grace)
        try:
            self._child.wait(max(0.0, last - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._kill()
            self._child.wait()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)  # with its providers, which would outlive it

    def _end_by(self, last: float) -> None:
        """Interrupt it, and kill it when it has run for `last` seconds; the earliest time that was named counts."""
        self._last = min(self._last, last)
        self.interrupt()

    def interrupt(self) -> None:
        """Forward the one SIGINT. Never a second one."""
        if not self.interrupted:
            self.interrupted = True
            self._child.send_signal(signal.SIGINT)

    def _read(self) -> None:
        *lines, self._torn = (self._torn + self._output.read()).split(b"\n")
        for line in lines:
            self._on_line(line)
