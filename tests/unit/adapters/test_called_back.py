from __future__ import annotations

from bluegreen.adapters.called_back import CalledBack
from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.fakes.state import MemoryStore
from bluegreen.errors import BluegreenError

RUN = "20261122-183501-4f2a"


def test_a_request_in_the_store_is_an_interruption_with_a_name() -> None:
    store = MemoryStore()
    called = CalledBack(FakeInterruptions(), store, RUN, every=0.0)
    store.call_back("another", "ana@desk")
    assert (called.requested, called.asked_by) == (False, "")
    store.call_back(RUN, "ana@desk")
    assert (called.requested, called.asked_by) == (True, "ana@desk")
    called.clear()
    assert (called.requested, called.asked_by) == (False, "ana@desk")


def test_a_signal_is_one_as_ever() -> None:
    signals = FakeInterruptions()
    called = CalledBack(signals, MemoryStore(), RUN, every=0.0)
    signals.interrupt()
    assert (called.requested, called.asked_by) == (True, "")
    called.clear()
    assert not called.requested


def test_under_a_shield_it_waits() -> None:
    store = MemoryStore()
    called = CalledBack(FakeInterruptions(), store, RUN, every=0.0)
    store.call_back(RUN, "ana@desk")
    with called.shielded():
        assert not called.requested
    assert called.requested


def test_it_looks_no_more_often_than_it_should() -> None:
    store = MemoryStore()
    called = CalledBack(FakeInterruptions(), store, RUN, every=3600.0)
    assert not called.requested
    store.call_back(RUN, "ana@desk")
    assert not called.requested


def test_a_store_that_cannot_be_read_interrupts_nobody() -> None:
    class Away(MemoryStore):
        def called_back(self, run: str) -> str:
            raise BluegreenError("no such disk")

    assert not CalledBack(FakeInterruptions(), Away(), RUN, every=0.0).requested
