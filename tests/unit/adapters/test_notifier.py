"""Channels, against a real receiver: told in order, each in its own time, and never in a run's way."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import apprise
import pytest

from bluegreen.adapters import notifier as module
from bluegreen.adapters.clock import SystemClock
from bluegreen.adapters.fakes.state import MemoryStore
from bluegreen.adapters.notices import Notice
from bluegreen.adapters.notifier import MOST_WAITING, NO_ADDRESS, NOT_INSTALLED, Notifier, notifier
from bluegreen.adapters.redaction import GONE
from bluegreen.adapters.signals import NeverInterrupted
from bluegreen.app import Environment, load
from bluegreen.config.schema import Channel
from bluegreen.events import Event, Result, RunStarted, Said, TerraformStarted

RUN = "20261122-183501-4f2a"
AROUND = {"service": "shop", "environment": "pro", "run": RUN}
TOKEN = "a-token-in-a-path"
FILE = """
service: shop
stack: terraform
environments:
  pro: {identity: none, notify: [{url_env: CHAT, events: [started, switched]}, {url_env: PAGER, events: [stuck]}]}
"""

Receiver = tuple[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def loaded() -> None:
    """All of apprise is there already: how long that takes is no matter here."""
    with warnings.catch_warnings(action="ignore"):
        apprise.Apprise().add("json://127.0.0.1")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver's address in apprise's form, and what it has received."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path.startswith("/broken") else 200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Notice]:
    """What is sent by way of apprise, which is not asked."""
    told: list[Notice] = []
    monkeypatch.setattr(module, "open_apprise", lambda url: lambda notice: told.append(notice) or True)
    return told


LAST = Channel(url_env="CHAT", events=("switched",))
"""One that hears of a run's end alone, so that it is known when what went wrong is said: in the next run."""


class Run:
    """A run that is told of. said: what it says itself."""

    def __init__(self, environment: dict[str, str], *channels: Channel) -> None:
        self.said: list[str] = []
        self.notifier: Notifier = notifier(channels or [Channel(url_env=name) for name in environment], environment)

    def emit(self, event: Event) -> None:
        if isinstance(event, Said):
            self.said.append(event.text)
        self.notifier.take({**AROUND, **event.as_dict()}, self.emit)

    def go(self, verdict: str = "switched") -> None:
        self.emit(RunStarted("deploy", "shop", "ana@desk", "desk", "1"))
        self.emit(TerraformStarted("edge", "plan", 1, 1.0))
        self.emit(Result(verdict, 0, active="green"))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.01)


@pytest.mark.usefixtures("loaded")
def test_a_channel_is_told_in_order_and_how_bad_it_is(receiver: Receiver) -> None:
    address, received = receiver
    run = Run({"CHAT": address})
    run.go()
    until(lambda: len(received) == 2)
    assert [(one["title"], one["type"]) for one in received] == [
        ("shop pro: deploy begins", "info"),
        ("shop pro: green serves the public", "success"),
    ]
    assert received[0]["message"] == "By ana@desk."


def test_a_channel_hears_only_what_it_is_for(sent: list[Notice]) -> None:
    run = Run({"PAGER": "json://127.0.0.1:1"}, Channel(url_env="PAGER", events=("stuck",)))
    run.go("switched")
    run.go("stuck")
    run.notifier.drain(60)
    assert [notice.severity for notice in sent] == ["failure"]


@pytest.mark.usefixtures("loaded")
def test_one_that_hangs_delays_no_run_and_no_other_channel(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    address, received = receiver
    released, told, real = threading.Event(), list[Notice](), module.open_apprise

    def hang(notice: Notice) -> bool:
        told.append(notice)
        return released.wait()

    monkeypatch.setattr(module, "open_apprise", lambda url: real(url) if url == address else hang)
    run = Run({"HANGS": "hangs", "CHAT": address})
    try:
        for _ in range(MOST_WAITING):  # whoever waited for it here, or below, would wait for ever
            run.go()
        run.notifier.drain(0.1)
        until(lambda: len(received) >= 2)
        assert len(told) == 1
    finally:
        released.set()
    run.notifier.drain(60)
    assert len(told) <= MOST_WAITING + 1, "what waits has no end"


@pytest.mark.usefixtures("loaded")
def test_one_that_fails_is_said_once_and_fails_no_run(receiver: Receiver) -> None:
    address, received = receiver
    run = Run({"CHAT": f"{address}/broken/{TOKEN}"}, LAST)
    run.go()
    until(lambda: len(received) == 1)
    run.notifier.drain(60)
    run.go()
    run.go()
    assert run.said == ["notify: CHAT was not told: sending 'switched' has failed"]


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("address", ["no address at all", f"unheardof://{TOKEN}", "json://"])
def test_an_address_that_is_none(address: str) -> None:
    run = Run({"CHAT": address})
    run.go()
    run.notifier.drain(60)
    run.go()
    assert run.said == [f"notify: CHAT was not told: {NO_ADDRESS}"]


def test_one_whose_variable_is_not_set_is_said_and_no_more() -> None:
    run = Run({}, Channel(url_env="CHAT"))
    run.go()
    assert run.said == ["notify: CHAT is not set, so nobody is told there"]


def test_without_apprise_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    run = Run({"CHAT": "json://127.0.0.1:1"})
    run.go()
    run.notifier.drain(60)
    run.go()
    assert run.said == [f"notify: CHAT was not told: {NOT_INSTALLED}"]


def test_a_plugin_that_raises_is_a_channel_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> bool:
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(apprise.Apprise, "add", lambda server, url: True)
    monkeypatch.setattr(apprise.Apprise, "notify", fail)
    run = Run({"CHAT": "json://127.0.0.1:1"}, LAST)
    run.go()
    run.notifier.drain(60)
    run.go()
    assert run.said == ["notify: CHAT was not told: sending 'switched' has failed"]


def test_nothing_is_sent_before_terraform_hides_what_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = threading.Event()
    monkeypatch.setattr(module, "open_apprise", lambda url: opened.set() or (lambda notice: True))
    run = Run({"CHAT": "json://127.0.0.1:1"})
    run.emit(RunStarted("deploy", "shop", "ana@desk", "desk", "1"))
    run.notifier.drain(0.05)
    assert not opened.is_set()
    run.emit(TerraformStarted("edge", "plan", 1, 1.0))
    assert opened.wait(10)


@pytest.mark.usefixtures("loaded")
def test_what_apprise_says_is_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    run = Run({"CHAT": "json://127.0.0.1:1"}, LAST)
    run.go()
    run.notifier.drain(60)
    run.go()
    assert run.said == ["notify: CHAT was not told: sending 'switched' has failed"]
    assert capfd.readouterr() == ("", "")


# In its place


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    (tmp_path / "terraform").mkdir()
    (tmp_path / "bluegreen.yaml").write_text(FILE)
    monkeypatch.setenv("CHAT", f"json://127.0.0.1:1/{TOKEN}")
    monkeypatch.delenv("PAGER", raising=False)
    return load(tmp_path).environment("pro")


def test_an_environment_tells_its_channels_and_its_journal_keeps_no_address(
    environment: Environment, sent: list[Notice]
) -> None:
    store = MemoryStore()
    emit = environment._emitter(RUN, SystemClock(NeverInterrupted()), store)
    emit(RunStarted("deploy", "shop", "ana@desk", "desk", "1", reason=f"see json://127.0.0.1:1/{TOKEN}"))
    emit(Result("switched", 0, active="green"))
    environment._notifier.drain(60)
    assert [notice.event for notice in sent] == ["started", "switched"]
    assert TOKEN not in str(sent)
    journal = [entry.data for entry in store.journal(RUN)]
    assert [one["event"] for one in journal] == ["run-started", "said", "result"]
    assert journal[1]["text"] == "notify: PAGER is not set, so nobody is told there"
    assert journal[0]["reason"] == f"see {GONE}"


LAST_WORDS = """
import sys, time
from bluegreen.adapters import notifier
from bluegreen.adapters.clock import SystemClock
from bluegreen.app import load
from bluegreen.events import Result, RunStarted
notifier.open_apprise = lambda url: lambda notice: time.sleep(0.1) or print(notice.event) or True
environment = load(sys.argv[1]).environment("pro")
emit = environment._emitter("R", SystemClock(environment.interruptions), None)
emit(RunStarted("deploy", "shop", "ana@desk", "desk", "1"))
emit(Result("switched", 0, active="green"))
"""


def test_the_end_of_the_process_waits_for_the_last_words(environment: Environment) -> None:
    command = [sys.executable, "-c", LAST_WORDS, environment.folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "started\nswitched\n", "")
