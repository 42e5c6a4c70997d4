"""Runs a user's own command, such as the smoke test of a color."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from bluegreen.adapters.signals import NeverInterrupted
from bluegreen.errors import Interrupted, UsageError
from bluegreen.ports import Interruptions

KEPT = 64 * 1024
"""Bytes of output that are kept: the last ones."""

MARGIN = 128 * 1024
"""Bytes before those that are cleaned with them, then dropped: as long as a variable's value can be in Linux, so that
no secret is cut in two, of which nobody knows the second half."""

ON_DISK = 16 * 1024 * 1024
"""Bytes of output that may lie on the disk before all but their end is let go."""

LOOK = 0.05
"""Seconds between two looks at how much that is, and at whether somebody asked us to stop."""

GRACE = 5.0
"""Seconds from SIGTERM to SIGKILL for a command that is interrupted, and from SIGKILL until it is left to itself."""


class SystemCommands:
    """ports.Commands. The output goes to a file, which outlives us, and no child that holds it open is waited for.

    clean: takes secrets out of what a command said. folder: where commands are run, and ./NAME is looked for.
    interruptions: what ends a command before its time.
    """

    def __init__(
        self,
        clean: Callable[[str], str] = str,
        folder: Path = Path(),
        interruptions: Interruptions | None = None,
    ) -> None:
        self._clean = clean
        self._folder = folder
        self._interruptions = interruptions or NeverInterrupted()

    def run(
        self, argv: Sequence[str], environment: Mapping[str, str], timeout: float, stdin: bytes = b""
    ) -> tuple[int, str]:
        """Run `argv` in a process group of its own. Raises UsageError when it cannot be started, and Interrupted."""
        with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as told:
            told.write(stdin)
            told.seek(0)
            output = _Output(file)
            try:
                process = subprocess.Popen(
                    argv,
                    cwd=self._folder,
                    env={**os.environ, **environment},
                    stdin=told,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise UsageError(
                    f"{argv[0]} cannot be run: {error.strerror}", hint="it is an argv list, not a shell line"
                ) from None
            try:
                code = self._wait(process, output, time.monotonic() + timeout)
            finally:
                # Whatever it left running belongs to its group, and ends with it. What is another user's, as with sudo,
                # can be neither killed nor waited for.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE)
            return code, output.end(self._clean)

    def _wait(self, process: subprocess.Popen[bytes], output: _Output, end: float) -> int:
        """Return the exit code, -1 when it does not end by then. Raises Interrupted once it was told to stop."""
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(min(left, LOOK))
            output.shorten()
            if self._interruptions.requested:
                with contextlib.suppress(PermissionError, subprocess.TimeoutExpired):
                    process.terminate()
                    process.wait(GRACE)
                raise Interrupted("interrupted while a command of yours was running")
        return -1


class _Output:
    """What a command has written into a file, of which only the end counts."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._before = b""
        fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)  # else it would go on behind what is cut off, and leave a hole

    def shorten(self) -> None:
        """Let go of all but the end, once it is too much. What is written while this happens, in a flood, is lost."""
        if self._size > ON_DISK:
            self._before = self._read()
            os.ftruncate(self._file.fileno(), 0)

    def end(self, clean: Callable[[str], str]) -> str:
        """Return the end of it as text, cleaned; less than that where cleaning has made it shorter."""
        written = self._read()
        text = clean(_text(written))
        return text[-KEPT:] if len(written) < KEPT + MARGIN else text[len(_text(written[:MARGIN])) :]

    def _read(self) -> bytes:
        # By pread: the place in the file is the command's too, and each line that it writes moves it to the end.
        kept = KEPT + MARGIN
        return (self._before + os.pread(self._file.fileno(), kept, max(0, self._size - kept)))[-kept:]

    @property
    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")
