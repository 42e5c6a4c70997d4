"""Public traffic: asks one URL again and again, counts who answered, and never forgives a failure."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

SLOW = 1.0
"""Seconds from which an answer counts as slow."""
TIMEOUT = 10.0
"""Seconds until an answer that has not come counts as failed."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One request. sent, seconds: monotonic time and duration; color "" and failure: what went wrong."""

    sent: float
    seconds: float
    color: str = ""
    release: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the public saw. p50, p99: seconds, of the answers that came."""

    sent: int
    failed: int
    slow: int
    by_color: Mapping[str, int]
    p50: float
    p99: float
    first_failure: str


class Traffic:
    """Load on `url` from `workers` threads while the context lasts.

    Half of the workers keep their connection, the other half opens one for each request.
    rate: requests a second, all workers together; 0: as fast as they can. limit: requests after which it stops.
    The color is read from the header x-color, else from the JSON body.
    """

    def __init__(self, url: str, *, workers: int = 4, rate: float = 0.0, limit: int = 1_000_000):
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._path = parts.path or "/"
        self._pause = workers / rate if rate else 0.0
        self._share = limit // workers
        self._hits: list[list[Hit]] = [[] for _ in range(workers)]
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(workers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def sent(self) -> int:
        """How many requests have been answered, or have failed, so far."""
        return sum(len(hits) for hits in self._hits)

    @property
    def hits(self) -> list[Hit]:
        """Every request so far, in the order in which they were sent."""
        return sorted((hit for hits in self._hits for hit in tuple(hits)), key=lambda hit: hit.sent)

    @property
    def report(self) -> Report:
        hits = self.hits
        good = sorted(hit.seconds for hit in hits if not hit.failure)
        failures = [hit.failure for hit in hits if hit.failure]
        return Report(
            sent=len(hits),
            failed=len(failures),
            slow=sum(seconds >= SLOW for seconds in good),
            by_color=dict(Counter(hit.color for hit in hits if not hit.failure)),
            p50=_quantile(good, 0.50),
            p99=_quantile(good, 0.99),
            first_failure=failures[0] if failures else "",
        )

    def stale(self, color: str, since: float = 0.0) -> int:
        """Count the answers from another color to requests sent after the first answer of `color` had come.

        since: monotonic time from which to look; set it to just before the flip when there were earlier ones.
        """
        hits = [hit for hit in self._since(since) if not hit.failure]
        first = min((hit.sent + hit.seconds for hit in hits if hit.color == color), default=float("inf"))
        return sum(hit.color != color for hit in hits if hit.sent > first)

    def wait_for(self, color: str, *, count: int = 1, timeout: float = 10.0) -> bool:
        """Wait until `color` has answered `count` requests sent from now on; return whether it did in `timeout` s."""
        begun = time.monotonic()
        while time.monotonic() - begun < timeout:
            if sum(hit.color == color for hit in self._since(begun)) >= count:
                return True
            time.sleep(0.01)
        return False

    def _since(self, begun: float) -> Iterator[Hit]:
        """Yield what was sent from `begun` on, looking at no more than that: runs are long and waits look often."""
        for hits in self._hits:
            for index in range(len(hits) - 1, -1, -1):
                if hits[index].sent < begun:
                    break
                yield hits[index]

    def _work(self, number: int) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        hits, keep = self._hits[number], number % 2 == 0
        while len(hits) < self._share and not self._stop.is_set():
            hit = self._ask(connection, keep)
            hits.append(hit)
            if not keep or hit.failure:
                connection.close()
            self._stop.wait(max(0.0, self._pause - hit.seconds))
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, keep: bool) -> Hit:
        sent = time.monotonic()
        try:
            connection.request("GET", self._path, headers={} if keep else {"Connection": "close"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return Hit(sent, time.monotonic() - sent, failure=f"{type(error).__name__}: {error}")
        seconds = time.monotonic() - sent
        color, release = response.getheader("x-color", ""), response.getheader("x-release", "")
        if response.status != 200:
            return Hit(
                sent,
                seconds,
                color,
                release,
                f"status {response.status}: {body[:200].decode('utf-8', 'replace')}",
            )
        return Hit(sent, seconds, color or _color_in(body), release)


def _color_in(body: bytes) -> str:
    try:
        return str(json.loads(body).get("color", ""))
    except (ValueError, AttributeError):
        return ""


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
