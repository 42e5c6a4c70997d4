"""Terraform's logs as a store keeps them: below a run, one for each command that said something."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bluegreen.errors import BluegreenError
from bluegreen.ports import Log, Store

LOGS = "logs"
"""Folder of a store, or the beginning of its objects' names."""

LONGEST = 128 << 10
"""Characters that are kept of one log, its end; what a plan of a hundred resources says takes a tenth of that."""

LEFT_OUT = "[its beginning is left out]\n"

_NAME = re.compile(r"\d+\.([a-z0-9-]+)\.([a-z-]+)\.log")


def log_name(number: int, log: Log) -> str:
    """Return the name of a run's log. number: which one of the run, from 1."""
    return f"{number:04}.{log.layer}.{log.command}.log"


def shortened(log: Log) -> Log:
    """Return a log without its beginning, where it is too long to be kept."""
    if len(log.text) <= LONGEST:
        return log
    return replace(log, text=LEFT_OUT + log.text[-LONGEST:].partition("\n")[2])


def parse_log(name: str, content: bytes) -> Log | None:
    """Read a log by its name, without a folder; None when it is none."""
    found = _NAME.fullmatch(name)
    return Log(found[1], found[2], content.decode(errors="replace")) if found else None


class RunLogs:
    """Keeps the logs of one run beside it, so that nothing waits for that but its end.

    store: None where none are to be kept. lost: called with what is to be said when one cannot be kept; that ends no
    run, and none is kept from then on.
    """

    def __init__(self, store: Store | None, run: str, lost: Callable[[str], None]) -> None:
        self._store, self._run = store, run
        self._lost: Callable[[str], None] | None = lost
        self._writer = ThreadPoolExecutor(1, "logs")

    def keep(self, log: Log) -> None:
        if self._store is not None and log.text:
            self._writer.submit(self._keep, self._store, log)

    def _keep(self, store: Store, log: Log) -> None:
        if self._lost is None:
            return
        try:
            store.keep_log(self._run, log)
        except BluegreenError as error:
            lost, self._lost = self._lost, None
            lost(f"{error}; what Terraform says in this run is not kept")

    def close(self) -> None:
        """Return once all of them are kept."""
        self._writer.shutdown()
