from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from bluegreen.adapters.emitter import Emitter, Sink
from bluegreen.adapters.fakes.state import MemoryStore
from bluegreen.adapters.redaction import GONE
from bluegreen.adapters.state.journal import LocalStore
from bluegreen.errors import BluegreenError
from bluegreen.events import (
    SCHEMA,
    Errored,
    HookStarted,
    PhaseStarted,
    Planned,
    PublicAnswered,
    RouteChosen,
    RunStarted,
    Said,
)
from bluegreen.model import Color
from bluegreen.ports import Store

RUN = "20261122-183501-4f2a"


def emitter(store: Store, *sinks: Sink, secrets: tuple[str, ...] = ()) -> Emitter:
    return Emitter(store, service="shop", environment="pro", run=RUN, clock=lambda: 12.5, sinks=sinks, secrets=secrets)


def test_a_fact_is_one_json_object_for_the_journal_and_for_every_sink() -> None:
    store, first, second = MemoryStore(), list[Any](), list[Any]()
    emitter(store, first.append, second.append)(Said("hello"))
    wanted = {
        "schema": SCHEMA,
        "time": 12.5,
        "run": RUN,
        "environment": "pro",
        "service": "shop",
        "event": "said",
        "text": "hello",
        "level": "info",
    }
    assert first == second == [wanted] == [dict(entry.data) for entry in store.journal(RUN)]
    assert list(first[0])[:5] == ["schema", "time", "run", "environment", "service"]


def test_the_journal_has_a_fact_before_anybody_hears_of_it() -> None:
    store = MemoryStore()
    heard: list[int] = []
    emitter(store, lambda _: heard.append(len(store.journal(RUN))))(Said("hello"))
    assert heard == [1]


def test_a_fact_is_durable_as_its_class_says() -> None:
    store = MemoryStore()
    emit = emitter(store)
    emit(PhaseStarted("PREPARE"))
    emit(Said("hello"))
    assert store.durable[RUN] == 1


def test_what_the_journal_refuses_nobody_hears(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    heard: list[Any] = []
    with pytest.raises(BluegreenError):
        emitter(LocalStore(tmp_path / "file"), heard.append)(Said("hello"))
    assert heard == []


def test_a_reader_that_left_is_told_no_more_and_the_others_are() -> None:
    tries, heard = list[Any](), list[Any]()

    def leave(data: dict[str, Any]) -> None:
        tries.append(data)
        raise BrokenPipeError

    emit = emitter(MemoryStore(), leave, heard.append)
    emit(Said("one"))
    emit(Said("two"))
    assert [data["text"] for data in tries] == ["one"]
    assert [data["text"] for data in heard] == ["one", "two"]


def test_secrets_are_taken_out_of_every_text_however_deep() -> None:
    store = MemoryStore()
    emit = emitter(store, secrets=("hunter22",))
    inputs = {"a": ["x hunter22", {"hunter22": ("ghp_" + "a" * 36, None, 1, True)}]}
    emit(RouteChosen("blue", "1.4.2", "green", "1.5.0", inputs))
    emit(Errored("hunter22 is wrong", where="https://u:pa55@h/", hint="Bearer abcdef"))
    text = json.dumps([dict(entry.data) for entry in store.journal(RUN)])
    for secret in ("hunter22", "ghp_", "pa55", "abcdef"):
        assert secret not in text
    assert store.journal(RUN)[0].data["inputs"] == {"a": [f"x {GONE}", {GONE: [GONE, None, 1, True]}]}


def test_a_secret_that_is_one_of_our_own_words_does_not_spoil_the_journal() -> None:
    store = MemoryStore()
    emit = emitter(store, secrets=("deploy", "prepare", "PREPARE", "run-started", RUN))
    emit(RunStarted("deploy", "shop", "ada", "here", "0.1.0", reason="deploy now"))
    emit(PhaseStarted("PREPARE"))
    first, second = (entry.data for entry in store.journal(RUN))
    assert (first["event"], first["verb"], first["run"], second["phase"]) == ("run-started", "deploy", RUN, "PREPARE")
    assert first["reason"] == f"{GONE} now"


def test_what_a_server_calls_its_color_is_no_word_of_ours() -> None:
    heard: list[Any] = []
    emit = emitter(MemoryStore(), heard.append, secrets=("hunter22",))
    emit(PublicAnswered("old", "echo of hunter22"))
    emit(HookStarted("before_switch", 1, ["./migrate", "hunter22"]))
    assert (heard[0]["color"], heard[1]["command"]) == (f"echo of {GONE}", ["./migrate", GONE])


def test_words_that_are_enumerated_become_plain_text() -> None:
    heard: list[Any] = []
    emitter(MemoryStore(), heard.append)(Planned("edge", "SWITCH", {"a.b": Color.BLUE}))
    assert type(heard[0]["changes"]["a.b"]) is str


def test_a_sink_may_tell_something_itself() -> None:
    heard: list[str] = []

    def chatter(data: dict[str, Any]) -> None:
        heard.append(data["text"])
        if data["text"] == "one":
            emit(Said("two"))

    emit = emitter(MemoryStore(), chatter)
    emit(Said("one"))
    assert heard == ["one", "two"]


def test_from_many_threads_no_line_is_lost_or_mixed(tmp_path: Path) -> None:
    store, heard = LocalStore(tmp_path), list[Any]()
    emit = emitter(store, heard.append)
    threads = [
        threading.Thread(target=lambda n=number: [emit(Said(f"{n}-{i}" * 50)) for i in range(25)])
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    journal = [dict(entry.data) for entry in store.journal(RUN)]
    assert len(journal) == 200
    assert journal == heard
