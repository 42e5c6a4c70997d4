"""The small parts: addresses, records' rules, the file, pid files, counting."""

from __future__ import annotations

import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bluegreen.errors import SandboxError
from bluegreen.sandbox import daemon, pidfile
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.ledger import Behavior, Ledger, LedgerFile, replace_durably
from bluegreen.sandbox.records import RecordError, Zone, build
from bluegreen.sandbox.traffic import Hit, Traffic

ZONE = Zone("shop.test")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_every_path_has_a_network_of_its_own(name: str) -> None:
    network = Network.for_path(Path("/projects") / name)
    first, second = (int(part) for part in network.prefix.split(".")[1:])
    assert 1 <= first <= 254
    assert 0 <= second <= 254
    assert network == Network.for_path(Path("/projects") / name)


def test_the_same_folder_by_another_name_is_the_same_project(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert Network.for_path(tmp_path / "link") == Network.for_path(tmp_path)


@pytest.mark.parametrize("prefix", ["127.0.1", "10.0.0", "127.1", "127.1.255", "127.255.1", "127.1.1.1", "127.1.1\n"])
def test_what_is_no_network_is_refused(prefix: str) -> None:
    with pytest.raises(SandboxError):
        Network(prefix)


def test_where_everything_is() -> None:
    network = Network("127.77.12")
    assert network.api_url == "http://127.77.12.1:8500"
    assert network.records_api_url == "http://127.77.12.1:8500/client/v4"
    assert network.public_url == "http://127.77.12.2:8080/"
    assert (network.blue, network.green) == ("127.77.12.11", "127.77.12.12")
    assert network.state_url("demo/edge") == "http://127.77.12.1:8500/state/demo/edge"
    owned = {number for number in range(256) if network.owns(network.address(number))}
    assert owned == set(range(5, 255))


@pytest.mark.parametrize(
    ("name", "full"),
    [("@", "shop.test"), ("WWW", "www.shop.test"), ("a.shop.test.", "a.shop.test"), ("*.b", "*.b.shop.test")],
)
def test_names_are_names_in_the_zone(name: str, full: str) -> None:
    assert ZONE.full_name(name) == full


@pytest.mark.parametrize("name", ["", "a b", "-a", "a..b", "x" * 64, ".".join(["abc"] * 80)])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(RecordError):
        ZONE.full_name(name)


def test_a_proxied_record_has_the_automatic_ttl() -> None:
    fields = {"name": "a", "type": "A", "content": "127.0.0.9", "ttl": 300}
    assert build(ZONE, "1", fields).ttl == 300
    assert build(ZONE, "1", {**fields, "proxied": True}).ttl == 1


def test_a_ledger_comes_back_equal(tmp_path: Path) -> None:
    ledger = Ledger(
        states={"a/b": "{}"},
        locks={"a/b": {"ID": "1"}},
        records={"1": build(ZONE, "1", {"name": "a", "type": "TXT", "content": "ä"})},
        behaviors={"blue": Behavior("slow", 2.5)},
        refusals={"a": "b"},
    )
    file = LedgerFile(tmp_path / "world.json")
    assert file.load() == Ledger()
    file.save(ledger)
    assert file.load() == ledger
    assert stat.S_IMODE((tmp_path / "world.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', '{"format": 1, "records": {"a": {}}}'])
def test_a_ledger_that_cannot_be_read_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "world.json").write_text(text)
    with pytest.raises(SandboxError, match="memory cannot be read"):
        LedgerFile(tmp_path / "world.json").load()


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    replace_durably(path, b"old")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        replace_durably(path, b"new")
    assert path.read_bytes() == b"old"


def test_file_and_folder_are_on_disk_around_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def watched_fsync(file: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "file")
        fsync(file)

    def watched_rename(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_rename)
    replace_durably(tmp_path / "f", b"x")
    assert done == ["file", "rename", "folder"]


def test_a_pid_file_tells_the_living_from_the_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pidfile, "GRACE", 5.0)
    path = tmp_path / "x.pid"
    assert pidfile.holder(path) is None
    path.write_text(str(os.getpid()))
    assert pidfile.holder(path) is None, "a number alone is nobody"
    code = (
        "import sys, time, pathlib; from bluegreen.sandbox import pidfile;"
        f"f = pidfile.claim(pathlib.Path({str(path)!r})); print(f is not None, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    assert pidfile.holder(path) == process.pid
    assert pidfile.claim(path) is None
    assert pidfile.end(path)
    assert process.wait(5) != 0
    process.stdout.close()
    assert pidfile.holder(path) is None
    assert pidfile.end(path)


def test_the_log_does_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "LOG_BYTES", 2000)
    handler = daemon.log_handler(tmp_path / "daemon.log")
    for number in range(1000):
        handler.emit(logging.LogRecord("x", logging.INFO, "", 0, "line %d", (number,), None))
    handler.close()
    assert "line 999" in (tmp_path / "daemon.log").read_text()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000


def counted(*hits: Hit) -> Traffic:
    traffic = Traffic("http://127.0.0.1:1/", workers=1)
    traffic._hits[0].extend(hits)
    return traffic


def test_stale_is_what_was_asked_after_the_first_new_answer() -> None:
    hits = [
        Hit(0.0, 0.1, "blue"),
        Hit(1.0, 0.5, "green"),
        Hit(1.2, 0.1, "blue"),  # asked before green's first answer had come
        Hit(1.6, 0.1, "blue"),
        Hit(1.7, 0.1, "green"),
        Hit(1.8, 0.1, failure="reset"),
    ]
    assert counted(*hits).stale("green") == 1
    assert counted(*hits).stale("green", since=1.65) == 0
    assert counted(Hit(0.0, 0.1, "blue")).stale("green") == 0


def test_a_report_counts() -> None:
    hits = [Hit(float(n), 0.01, "blue") for n in range(98)]
    report = counted(*hits, Hit(98.0, 2.0, "green"), Hit(99.0, 0.1, failure="status 500")).report
    assert (report.sent, report.failed, report.slow, report.first_failure) == (100, 1, 1, "status 500")
    assert report.by_color == {"blue": 98, "green": 1}
    assert (report.p50, report.p99) == (0.01, 2.0)
    assert counted().report.p99 == 0.0


def test_traffic_into_the_void_fails_and_is_bounded() -> None:
    with Traffic("http://127.0.0.1:1/", workers=2, limit=10) as traffic:
        while traffic.report.sent < 10:
            pass
    assert (traffic.report.sent, traffic.report.failed) == (10, 10)
    assert "refused" in traffic.report.first_failure
