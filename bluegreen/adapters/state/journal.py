"""Journals on this machine's disk: one file a run, one JSON object a line."""

from __future__ import annotations

import calendar
import difflib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bluegreen.adapters.state.files import (
    append_line,
    create_file,
    explained,
    has_a_line,
    private_folder,
    read_file,
    replace_file,
    sync_folder,
)
from bluegreen.adapters.state.freeze import freeze_to_json, parse_freeze
from bluegreen.adapters.state.logs import LOGS, log_name, parse_log, shortened
from bluegreen.errors import BluegreenError, UsageError
from bluegreen.events import Result
from bluegreen.ports import Freeze, JournalEntry, Log

VERSION = 1
"""Of the journal's form; the first line carries it under `journal`."""

KEPT = 50
"""Runs whose logs are kept, the newest ones; a deploy has about ten."""

SILENT = 60.0
"""Seconds; a run that is under way tells something far more often."""

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}", re.ASCII)
_SUFFIX = ".jsonl"
_HISTORY = "list the runs: bluegreen history"


def new_run_id(now: float, runs: Sequence[str] = (), random: Callable[[int], str] = secrets.token_hex) -> str:
    """Return an id such as 20261122-183501-4f2a: UTC to the second, then 256ths of it, then chance.

    Ids sort by time, also those of two runs in one second: which run was the last one is what recovery stands on. So it
    comes after those of `runs`, newest first, though another machine's clock be fast, or this one's set back. now: Unix
    seconds. random: given 1, returns two hexadecimal digits.
    """
    now = max([now, *(_time_of(run) + 1 / 256 for run in runs[:1])])
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(now))}-{int(now % 1 * 256):02x}{random(1)}"


def _time_of(run: str) -> float:
    return calendar.timegm(time.strptime(run[:15], "%Y%m%d-%H%M%S")) + int(run[16:18], 16) / 256


def journal_line(entry: Mapping[str, Any], *, first: bool) -> bytes:
    """Return an entry as its line of a journal, without a newline. first: of its journal."""
    line = {"journal": VERSION, **entry} if first else entry
    return json.dumps(line, separators=(",", ":")).encode()


def no_run(run: str, runs: Sequence[str]) -> UsageError:
    """Return the error for a run that is not there. runs: those that are."""
    return UsageError(f"there is no run {run}", hint=_meant(run, runs))


def no_run_id(run: str, runs: Sequence[str]) -> UsageError:
    return UsageError(f"{run!r} is no run's id", hint=_meant(run, runs))


def _meant(run: str, runs: Sequence[str]) -> str:
    close = difflib.get_close_matches(run, runs, n=1)
    return f"did you mean {close[0]}? {_HISTORY}" if close else _HISTORY


class LocalStore:
    """ports.Store in the folder `root`: `runs/RUN.jsonl`, `runs/RUN.return`, `logs/RUN/` and `freeze.json`."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "runs"
        self._logs = root / LOGS
        self._frozen = root / "freeze.json"

    def append(self, run: str, entry: Mapping[str, Any], *, durable: bool) -> None:
        path = self._path(run)
        private_folder(path.parent)
        with explained(path, "add to this journal"):
            first = not has_a_line(path)
        append_line(path, journal_line(entry, first=first), durable=durable)

    def runs(self) -> Sequence[str]:
        with explained(self._folder, "list the runs"):
            try:
                names = [path.name.removesuffix(_SUFFIX) for path in self._folder.iterdir() if path.suffix == _SUFFIX]
            except FileNotFoundError:
                return ()
        return sorted(filter(RUN_ID.fullmatch, names), reverse=True)

    def journal(self, run: str) -> Sequence[JournalEntry]:
        return parse_journal(self.content(run), str(self._path(run)))

    def content(self, run: str) -> bytes:
        """Return the journal as it is on the disk."""
        path = self._path(run)
        with explained(path, "read this journal"):
            try:
                return read_file(path)
            except FileNotFoundError:
                raise no_run(run, self.runs()) from None

    def is_over(self, run: str) -> bool:
        """Return whether nothing more will be written to a journal: it has a result, or its run fell silent."""
        path = self._path(run)
        with explained(path, "read this journal"):
            silent = time.time() - path.stat().st_mtime > SILENT
        return silent or any(entry.event == Result.name for entry in self.journal(run))

    def forget(self, run: str) -> None:
        """Delete a journal that is kept elsewhere by now."""
        path = self._path(run)
        with explained(path, "delete this journal"):
            path.unlink(missing_ok=True)

    def _path(self, run: str) -> Path:
        if not RUN_ID.fullmatch(run):
            raise no_run_id(run, self.runs())
        return self._folder / f"{run}{_SUFFIX}"

    def keep_log(self, run: str, log: Log) -> None:
        folder = self._logs / self._path(run).stem
        begun = folder.exists()
        for path in (self._logs, folder):
            private_folder(path)
        content = shortened(log).text.encode(errors="replace")
        with explained(folder, "keep a log"):
            number = sum(1 for _ in folder.iterdir()) + 1
            create_file(folder / log_name(number, log), content)
            runs = () if begun else sorted(filter(RUN_ID.fullmatch, os.listdir(self._logs)))
            for old in runs[:-KEPT]:
                shutil.rmtree(self._logs / old)

    def logs(self, run: str) -> Sequence[Log]:
        folder = self._logs / self._path(run).stem
        with explained(folder, "read the logs"):
            paths = sorted(folder.glob("*.log"))
            return [log for path in paths if (log := parse_log(path.name, read_file(path)))]

    def call_back(self, run: str, who: str) -> None:
        path = self._path(run).with_suffix(".return")
        with explained(path, "ask this run to go back"):
            if who:
                replace_file(path, who.encode())
            else:
                path.unlink(missing_ok=True)

    def called_back(self, run: str) -> str:
        path = self._path(run).with_suffix(".return")
        with explained(path, "read whether this run is to go back"):
            try:
                return read_file(path).decode(errors="replace")
            except FileNotFoundError:
                return ""

    def freeze(self) -> Freeze | None:
        with explained(self._frozen, "read whether this is frozen"):
            try:
                content = read_file(self._frozen)
            except FileNotFoundError:
                return None
        return parse_freeze(content, str(self._frozen))

    def set_freeze(self, freeze: Freeze | None) -> None:
        private_folder(self._frozen.parent)
        with explained(self._frozen, "write whether this is frozen"):
            if freeze is None:
                self._frozen.unlink(missing_ok=True)
                sync_folder(self._frozen.parent)
            else:
                replace_file(self._frozen, freeze_to_json(freeze))


class BestEffortStore(LocalStore):
    """The journals, for a run that a full disk must not stop. lost: called once, with the first error of writing."""

    def __init__(self, root: Path, lost: Callable[[BluegreenError], None]) -> None:
        super().__init__(root)
        self._lost: Callable[[BluegreenError], None] | None = lost

    def append(self, run: str, entry: Mapping[str, Any], *, durable: bool) -> None:
        try:
            super().append(run, entry, durable=durable)
        except BluegreenError as error:
            lost, self._lost = self._lost, None
            if lost is not None:
                lost(error)


def parse_journal(content: bytes, where: str) -> tuple[JournalEntry, ...]:
    """Read a journal's content; a last line without its newline was torn by a crash and does not count.

    where: for the error. Raises UsageError when a newer bluegreen wrote it, or when it is damaged.
    """
    *lines, _torn = content.split(b"\n")
    objects = [_parse_line(line, f"{where}:{number}") for number, line in enumerate(lines, 1)]
    if objects:
        objects[0] = _without_version(objects[0], where)
    return tuple(JournalEntry(data) for data in objects)


def _parse_line(line: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise damaged(where, "the journal is damaged: this line is no JSON object")
    return data


def _without_version(first: dict[str, Any], where: str) -> dict[str, Any]:
    version = first.pop("journal", None)
    if type(version) is not int or version < 1:
        raise damaged(f"{where}:1", "this is no journal: its first line names no version")
    if version > VERSION:
        raise UsageError(
            f"the journal has version {version}, and this bluegreen reads up to {VERSION}",
            where=where,
            hint="a newer bluegreen wrote it: upgrade this one",
        )
    return first


def damaged(where: str, what: str) -> UsageError:
    return UsageError(
        what,
        where=where,
        hint="bluegreen status shows what is; then move this file out of the folder",
    )
