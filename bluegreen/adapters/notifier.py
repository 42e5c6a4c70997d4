"""Tells channels of runs, by apprise, which knows more than a hundred services and is kept by others.

Each channel has a thread of its own and a short queue: one that fails, hangs or is slow fails no run and delays none.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

from bluegreen.adapters.notices import Notice, Notices
from bluegreen.config.schema import Channel as Wanted
from bluegreen.events import Emit, Result, Said, TerraformStarted

Send: TypeAlias = Callable[[Notice], bool]
"""Tells of a notice; returns whether that has worked."""

MOST_WAITING = 20
"""Notices of a channel that wait; those that come then are lost. A run has about three."""

LAST_WORDS = 5.0
"""Seconds for which the end of the process waits for what is under way. The run is over by then, and its lock free."""

WAKING = frozenset({TerraformStarted.name, Result.name})
"""Events at which sending begins: apprise takes 0.3 s to import, which Terraform's first call hides."""

NOT_INSTALLED = "it needs apprise: pip install 'bluegreen[notify]'"
NO_ADDRESS = "its address is none that apprise knows"


class Channel:
    """One address and its thread. name: how it is called in warnings. open_: makes what sends, in the thread."""

    def __init__(self, name: str, events: Collection[str], open_: Callable[[], Send | str]) -> None:
        self.name = name
        self._events = events
        self._open = open_
        self._changed = threading.Condition()
        self._waiting: deque[Notice] = deque()
        self._thread: threading.Thread | None = None
        self._send: Send | str | None = None
        self._problem = ""
        self._told = False

    def take(self, notice: Notice) -> None:
        """Have it told, if this channel is for it. Never blocks."""
        with self._changed:
            if notice.event in self._events and len(self._waiting) < MOST_WAITING:
                self._waiting.append(notice)

    def wake(self) -> None:
        """Begin to send, if there is anything to."""
        with self._changed:
            if self._thread is None and self._waiting:
                self._thread = threading.Thread(target=self._run, name=f"notify {self.name}", daemon=True)
                self._thread.start()

    def drain(self, end: float) -> None:
        """Return when all is told that is being told, or at `end`, monotonic seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._thread is None, max(0.0, end - time.monotonic()))

    def problem(self) -> str:
        """Return what went wrong here, once; else ""."""
        with self._changed:
            if not self._problem or self._told:
                return ""
            self._told = True
            return f"notify: {self.name} was not told: {self._problem}"

    def _run(self) -> None:
        send = self._send = self._send or self._open()
        while (notice := self._next()) is not None:
            problem = send if isinstance(send, str) else "" if send(notice) else f"sending {notice.event!r} has failed"
            with self._changed:
                self._problem = problem or self._problem

    def _next(self) -> Notice | None:
        """Return what is to be told next; without anything, the thread has ended."""
        with self._changed:
            if self._waiting:
                return self._waiting.popleft()
            self._thread = None
            self._changed.notify_all()
            return None


class Notifier:
    """Takes the events of an environment's runs, from any thread, and tells its channels."""

    def __init__(self, channels: Iterable[Channel], problems: Iterable[str] = ()) -> None:
        self._channels = tuple(channels)
        self._problems = list(problems)
        self._notices = Notices()
        if self._channels:
            atexit.register(self.drain)

    def take(self, data: Mapping[str, Any], emit: Emit) -> None:
        """Take one event, and say which problems came up since, each once; nothing is said after a run's last event."""
        notice = self._notices.take(data)
        for channel in self._channels:
            if notice is not None:
                channel.take(notice)
            if data["event"] in WAKING:
                channel.wake()
        if data["event"] == Result.name:
            return
        problems, self._problems = self._problems, []
        for problem in (*problems, *filter(None, (channel.problem() for channel in self._channels))):
            emit(Said(problem, "warning"))

    def drain(self, within: float = LAST_WORDS) -> None:
        """Return when all is told, after `within` seconds at most."""
        end = time.monotonic() + within
        for channel in self._channels:
            channel.drain(end)


def notifier(wanted: Iterable[Wanted], environment: Mapping[str, str]) -> Notifier:
    """Return what tells the configured channels.

    One whose variable is not set is a problem to be told, and no more: a way back is not to be refused because a chat
    cannot hear of it.
    """
    channels, problems = list[Channel](), list[str]()
    for one in wanted:
        if url := environment.get(one.url_env, "").strip():
            channels.append(Channel(one.url_env, one.events, partial(open_apprise, url)))
        else:
            problems.append(f"notify: {one.url_env} is not set, so nobody is told there")
    return Notifier(channels, problems)


def open_apprise(url: str) -> Send | str:
    """Return what sends to an address, or why nothing can."""
    try:
        import apprise
    except ImportError:
        return NOT_INSTALLED
    import logging

    logging.getLogger("apprise").addHandler(logging.NullHandler())  # else it writes to stderr, in the middle of a line
    # Nothing runs in further threads, which could not be begun any more at the end of the process.
    server = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, app_id="bluegreen", app_desc="", app_url=""))
    try:
        if not server.add(url):
            return NO_ADDRESS
    except Exception as error:  # of one of a hundred plugins, which may say the address in it
        return f"apprise has failed with {type(error).__name__}"

    def send(notice: Notice) -> bool:
        text = apprise.NotifyFormat.TEXT
        try:
            told = server.notify(title=notice.title, body=notice.body, notify_type=notice.severity, body_format=text)
        except Exception:  # a mistake of a plugin is a failed channel, and no more
            return False
        return bool(told)

    return send
