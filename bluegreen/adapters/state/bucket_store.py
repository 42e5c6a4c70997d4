"""The store in a bucket: journals in pieces, which machines share, and of which none overwrites another's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Timer
from typing import Any

from bluegreen.adapters.state.freeze import freeze_to_json, parse_freeze
from bluegreen.adapters.state.journal import RUN_ID, damaged, journal_line, no_run, no_run_id, parse_journal
from bluegreen.adapters.state.logs import LOGS, log_name, parse_log, shortened
from bluegreen.adapters.state.objects import NONE, Conflict, Objects
from bluegreen.errors import BluegreenError, Locked
from bluegreen.ports import Freeze, JournalEntry, Log

EVERY = 2.0
"""Seconds after which a line is written that need not be there at once. Each write is an object and a request."""

READERS = 8
"""Pieces of a journal, or logs, that are read at a time."""

FREEZE = "freeze.json"


@dataclass(slots=True)
class Pieces:
    """A journal that is being written. number: of its next piece. begun: one of them is ours.

    unsure: a piece whose write has failed. It may be there all the same, so it is written again as it was: with more
    lines in it, it would look like somebody else's.
    """

    number: int
    lines: list[bytes] = field(default_factory=list)
    begun: bool = False
    unsure: bytes = b""

    @property
    def is_empty(self) -> bool:
        return self.number == 1 and not self.lines and not self.unsure


class BucketStore:
    """ports.Store: `runs/RUN/000001.jsonl` and so on, `runs/RUN.return`, `logs/RUN/` and `freeze.json`.

    No piece of a journal is ever written twice. Who comes to a journal that somebody else has begun writes the next
    piece, and with that shuts the other one out: for that one the number is taken. where: of the store, for errors.
    fence: called before each write to a journal; raises Locked when this process may write there no longer.
    """

    def __init__(
        self, objects: Objects, where: str, *, fence: Callable[[], None] = lambda: None, every: float = EVERY
    ) -> None:
        self._objects = objects
        self._where = where
        self._fence = fence
        self._every = every
        self._journals: dict[str, Pieces] = {}
        self._logs: dict[str, int] = {}
        self._adding, self._writing = Lock(), Lock()
        self._later: Timer | None = None

    def append(self, run: str, entry: Mapping[str, Any], *, durable: bool) -> None:
        self._fence()
        with self._adding:
            if run not in self._journals:
                self._journals[run] = Pieces(self._next_piece(run))
            pieces = self._journals[run]
            pieces.lines.append(journal_line(entry, first=pieces.is_empty))
        if durable:
            self._write(run, pieces)
        elif self._later is None:
            self._later = Timer(self._every, self._write_later)
            self._later.daemon = True
            self._later.start()

    def _write_later(self) -> None:
        self._later = None
        for run, pieces in tuple(self._journals.items()):
            try:
                self._write(run, pieces)
            except BluegreenError:
                continue  # what cannot be written stays, and the next one that must be durable says so

    def _write(self, run: str, pieces: Pieces) -> None:
        """Write the lines that wait as one piece. Raises Locked when somebody else writes this journal by now."""
        with self._writing:
            self._add_piece(run, pieces)
            with self._adding:
                pieces.unsure, pieces.lines = b"".join(line + b"\n" for line in pieces.lines), []
            self._add_piece(run, pieces)

    def _add_piece(self, run: str, pieces: Pieces) -> None:
        while content := pieces.unsure:
            self._fence()
            try:
                self._objects.write(_piece(run, pieces.number), content, generation=NONE)
            except Conflict:
                if pieces.begun:
                    raise Locked(
                        f"somebody else goes on with run {run} since: this one ends here",
                        where=self._where,
                        hint="bluegreen status",
                    ) from None
                pieces.number += 1  # its writer was a little faster, once
                continue
            pieces.number, pieces.begun, pieces.unsure = pieces.number + 1, True, b""

    def take_in(self, run: str, journal: bytes) -> None:
        """Put a whole journal here that was kept elsewhere; one that is here already stays as it is."""
        with suppress(Conflict):
            self._objects.write(_piece(run, 1), journal, generation=NONE)

    def _next_piece(self, run: str) -> int:
        return len(self._objects.names(self._folder(run))) + 1

    def runs(self) -> Sequence[str]:
        return sorted(filter(RUN_ID.fullmatch, self._objects.folders("runs/")), reverse=True)

    def journal(self, run: str) -> Sequence[JournalEntry]:
        names = self._objects.names(self._folder(run))
        if not names:
            raise no_run(run, self.runs())
        where = f"{self._where}/runs/{run}"
        if names != [_piece(run, number) for number in range(1, len(names) + 1)]:
            raise damaged(where, "the journal is damaged: a piece of it is missing")
        return parse_journal(b"".join(self._contents(names)), where)

    def _contents(self, names: Sequence[str]) -> Sequence[bytes]:
        with ThreadPoolExecutor(READERS) as readers:
            return [content or b"" for content in readers.map(self._objects.read, names)]

    def keep_log(self, run: str, log: Log) -> None:
        folder, content = self._folder(run, LOGS), shortened(log).text.encode(errors="replace")
        while True:
            number = self._logs[run] = (self._logs.get(run) or len(self._objects.names(folder))) + 1
            try:
                self._objects.write(folder + log_name(number, log), content, generation=NONE)
                return
            except Conflict:
                continue  # of somebody who was at this run too

    def logs(self, run: str) -> Sequence[Log]:
        names = self._objects.names(self._folder(run, LOGS))
        found = zip(names, self._contents(names), strict=True)
        return [log for name, content in found if (log := parse_log(name.rpartition("/")[2], content))]

    def _folder(self, run: str, kind: str = "runs") -> str:
        if not RUN_ID.fullmatch(run):
            raise no_run_id(run, self.runs())
        return f"{kind}/{run}/"

    def call_back(self, run: str, who: str) -> None:
        if who:
            self._objects.write(self._request(run), who.encode())
        else:
            self._objects.delete(self._request(run))

    def called_back(self, run: str) -> str:
        return (self._objects.read(self._request(run), quick=True) or b"").decode(errors="replace")

    def _request(self, run: str) -> str:
        return f"{self._folder(run).rstrip('/')}.return"

    def freeze(self) -> Freeze | None:
        content = self._objects.read(FREEZE)
        return None if content is None else parse_freeze(content, f"{self._where}/{FREEZE}")

    def set_freeze(self, freeze: Freeze | None) -> None:
        if freeze is None:
            self._objects.delete(FREEZE)
        else:
            self._objects.write(FREEZE, freeze_to_json(freeze))


def _piece(run: str, number: int) -> str:
    return f"runs/{run}/{number:06}.jsonl"
