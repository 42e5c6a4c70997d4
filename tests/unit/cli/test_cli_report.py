"""`bluegreen report`: which run, where the file goes, who can read it, and what is not in it."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_night import RUN, bad_night

from bluegreen.adapters.emitter import Emitter
from bluegreen.adapters.fakes.objects import MemoryObjects
from bluegreen.adapters.fakes.state import MemoryStore
from bluegreen.adapters.redaction import GONE
from bluegreen.adapters.state.bucket_store import BucketStore
from bluegreen.adapters.state.journal import LocalStore
from bluegreen.cli.chronicle import report_of
from bluegreen.cli.commands import report
from bluegreen.cli.main import run
from bluegreen.events import Errored, HookFinished, PublicAnswered, RunStarted
from bluegreen.ports import Store

EARLIER, LATER, REFUSED = "20261121-000000-0000", RUN, "20261123-000000-0000"


class Kept:
    """An environment with its store, and the folder of its data."""

    def __init__(self, data: Path, store: Store) -> None:
        self.data, self.store = data, store
        self.journal = store.journal


@pytest.fixture(params=["local", "bucket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """An environment of two runs, and of one that found the lock held."""
    store: Store = (
        LocalStore(tmp_path) if request.param == "local" else BucketStore(MemoryObjects(), "gs://bucket/shop")
    )
    entries = bad_night()
    for name, events in ((EARLIER, entries[:5]), (LATER, entries[:300]), (REFUSED, [{"event": "waiting-for"}])):
        for event in events:
            store.append(name, getattr(event, "data", event), durable=True)
    environment = Kept(tmp_path, store)
    monkeypatch.setattr(report, "open_environment", lambda options: environment)
    return environment


def test_the_newest_run_is_written_beside_the_journals_for_its_user_alone(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["report"]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == kept.data / "runs" / f"{LATER}.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"journal of run {LATER}" in path.read_text()
    assert LATER in kept.store.runs(), "the file is no journal"


def test_another_run_into_another_file(kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "there.html"
    assert run(["report", EARLIER, "--html", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"run": EARLIER, "path": str(file)}
    assert f"journal of run {EARLIER}" in file.read_text()
    assert not (kept.data / "runs" / f"{EARLIER}.html").exists()


def test_what_cannot_be_written_is_one_error(kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "nowhere" / "it.html"
    assert run(["report", "--html", str(missing)]) == 1
    told = capsys.readouterr().err
    assert "error: cannot write this file" in told
    assert str(missing) in told


def test_a_run_that_is_not_there(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", RUN[:-1] + "6"]) == 2
    assert f"did you mean {RUN}?" in capsys.readouterr().err


def test_no_run_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(report, "open_environment", lambda options: Kept(tmp_path, MemoryStore()))
    assert run(["report"]) == 2
    assert "there are no runs here yet" in capsys.readouterr().err


@pytest.mark.parametrize("there", [True, False])
def test_it_is_opened_where_there_is_a_browser(
    kept: Kept, there: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    open_: Callable[[str], Any] = lambda address: opened.append(address) or there  # noqa: E731
    monkeypatch.setattr("webbrowser.open", open_)
    assert run(["report", "--open"]) == 0
    told = capsys.readouterr()
    assert opened == [Path(told.out.strip()).as_uri()]
    assert ("no browser was found" in told.err) is not there


def test_a_planted_secret_is_in_no_report() -> None:
    secret, store = "hunter2-but-longer", MemoryStore()
    emit = Emitter(store, service="shop", environment="pro", run=RUN, clock=lambda: 1.0, secrets=[secret])
    emit(RunStarted("deploy", "shop", f"ana {secret}", "desk", "1", reason=f"because {secret}"))
    emit(HookFinished("before_switch", 1, 0, 1.0, f"using {secret}"))
    emit(PublicAnswered("failed", detail=f"HTTP 500 {secret}"))
    emit(Errored(f"no: {secret}", details=[f"with {secret}"]))
    page = report_of(RUN, store.journal(RUN))
    assert secret not in page
    assert page.count(GONE) >= 5
