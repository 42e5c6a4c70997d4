"""Runs a user's own command, such as the smoke test of a color."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from bluegreen.errors import UsageError

KEPT = 64 * 1024
"""Bytes of output that are kept: the last ones."""


class SystemCommands:
    """ports.Commands. The output goes to a file, so that a command which floods it costs disk and no memory.

    clean: takes secrets out of what a command said. folder: where commands are run, and ./NAME is looked for.
    """

    def __init__(self, clean: Callable[[str], str] = str, folder: Path = Path()) -> None:
        self._clean = clean
        self._folder = folder

    def run(
        self, argv: Sequence[str], environment: Mapping[str, str], timeout: float, stdin: bytes = b""
    ) -> tuple[int, str]:
        """Run `argv` in a process group of its own. Raises UsageError when it cannot be started."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as told:
            told.write(stdin)
            told.seek(0)
            try:
                process = subprocess.Popen(
                    argv,
                    cwd=self._folder,
                    env={**os.environ, **environment},
                    stdin=told,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise UsageError(
                    f"{argv[0]} cannot be run: {error.strerror}", hint="it is an argv list, not a shell line"
                ) from None
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                code = -1
            finally:
                # Whatever it left running belongs to its group, and ends with it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            return code, self._clean(_end_of(output))


def _end_of(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - KEPT))
    return output.read().decode("utf-8", "replace")
