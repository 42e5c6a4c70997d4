"""What Terraform said, kept for the reader: its messages and diagnostics, no values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bluegreen.adapters.printable import printable
from bluegreen.adapters.state.files import create_file, private_folder

LOGS = "logs"
"""Folder of a layer's data directory."""

KEPT = 50
"""Logs of one layer; a deploy and its rollback make about ten."""

_NAME = re.compile(r"[a-z-]+-(\d+)\.log")


def find_logs(folder: Path) -> list[Path]:
    """Return a layer's logs, oldest first. Each is named COMMAND-NUMBER.log."""
    numbered = [(int(match[1]), path) for path in folder.glob("*.log") if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(numbered)]


def keep_log(folder: Path, command: str, lines: Iterable[str]) -> Path:
    """Write the log of one command, mode 0600, and delete all but the newest."""
    private_folder(folder)
    existing = find_logs(folder)
    number = int(existing[-1].stem.rpartition("-")[2]) + 1 if existing else 1
    content = printable("".join(f"{line}\n" for line in lines)).encode(errors="replace")
    while True:
        try:
            written = create_file(folder / f"{command}-{number}.log", content)
            break
        except FileExistsError:  # by a command that merely looks, beside us
            number += 1
    for path in existing[: max(0, len(existing) + 1 - KEPT)]:
        path.unlink(missing_ok=True)
    return written
