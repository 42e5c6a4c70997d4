"""The daemon as a whole: lifecycle, durability, tunnels, large bodies, misbehaviour; no Terraform."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bluegreen.errors import SandboxError
from bluegreen.sandbox import lifecycle, pidfile
from bluegreen.sandbox.address import API_PORT, PUBLIC_PORT, Network
from bluegreen.sandbox.client import Sandbox
from bluegreen.sandbox.traffic import Traffic

MIB = 2**20


class Project:
    def __init__(self, folder: Path):
        self.folder = folder / "sandbox"
        self.network = Network.for_path(folder)
        self.sandbox = Sandbox(self.network)

    def up(self) -> lifecycle.Status:
        return lifecycle.up(self.folder, self.network, "shop")

    def down(self) -> None:
        lifecycle.down(self.folder, self.network)

    def call(self, method: str, path: str, data: object = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.network.api, API_PORT, timeout=20)
        connection.request(method, path, None if data is None else json.dumps(data), {"Authorization": "Bearer x"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def store(self, path: str, *inputs: dict[str, Any]) -> tuple[int, str]:
        return self.call("POST", f"/state/{path}", state(*inputs))

    def world(self) -> None:
        """Both colors running, blue public."""
        servers = (self.server("blue", self.network.blue), self.server("green", self.network.green))
        assert self.store("demo/main", *servers, self.public(self.network.blue))[0] == 200
        for color in ("blue", "green"):
            answered(self, color)

    def server(self, color: str, address: str, release: str = "1.4.2") -> dict[str, Any]:
        return {"sandbox": "server", "color": color, "address": address, "release": release, "running": True}

    def public(self, content: str) -> dict[str, Any]:
        return {"sandbox": "record", "id": "p", "name": "shop.test", "type": "A", "content": content, "proxied": True}


def state(*inputs: dict[str, Any]) -> dict[str, Any]:
    instances = [
        {
            "mode": "managed",
            "type": "terraform_data",
            "name": f"n{index}",
            "instances": [{"attributes": {"input": {"value": value, "type": "dynamic"}}}],
        }
        for index, value in enumerate(inputs)
    ]
    return {"version": 4, "serial": 1, "lineage": "l", "resources": instances}


def eventually(condition: Callable[[], object], timeout: float = 15.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def ask(address: str, path: str = "/", host: str = "") -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(address, PUBLIC_PORT, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    except OSError:
        return 0, {}
    finally:
        connection.close()


def answered(project: Project, color: str) -> None:
    address = getattr(project.network, color)
    eventually(lambda: ask(address)[0] == 200)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pids(project: Project) -> list[int]:
    status = project.sandbox.status()
    return [pid for pid in (status.pid, *(server.pid for server in status.servers)) if pid]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    project.up()
    yield project
    project.down()


def test_up_twice_is_one_daemon_and_down_leaves_no_process(project: Project) -> None:
    project.world()
    first = pids(project)
    assert len(first) == 3
    assert project.up().pid == first[0]
    project.down()
    assert not any(alive(pid) for pid in first)
    assert not lifecycle.status(project.folder, project.network).up
    assert not list(project.folder.glob("*.pid"))
    project.down()


def test_everything_is_private(project: Project) -> None:
    project.world()
    assert stat.S_IMODE(project.folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in project.folder.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_the_world_survives_kill_9(project: Project) -> None:
    project.world()
    assert project.call("LOCK", "/state/demo/main", {"ID": "abc", "Who": "me"})[0] == 200
    project.sandbox.behave("green", "sick")
    project.sandbox.add_record("by-hand", "127.0.0.9")
    project.sandbox.refuse_state("demo/edge", "no")
    before, body = project.sandbox.status(), project.call("GET", "/state/demo/main")
    processes = pids(project)
    os.kill(processes[0], signal.SIGKILL)
    eventually(lambda: not any(alive(pid) for pid in processes))
    after = project.up()
    assert after.records == before.records
    assert after.locks == before.locks
    assert after.refuse_state == {"demo/edge": "no"}
    assert project.call("GET", "/state/demo/main") == body
    eventually(lambda: ask(project.network.edge)[0] == 200)
    eventually(lambda: ask(project.network.green)[0] == 500)


def test_down_ends_what_a_killed_daemon_left(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pidfile, "GRACE", 0.5)
    project.world()
    processes = pids(project)
    for pid in processes[1:]:
        os.kill(pid, signal.SIGSTOP)
    os.kill(processes[0], signal.SIGKILL)
    eventually(lambda: not alive(processes[0]))
    assert alive(processes[1])
    project.down()
    eventually(lambda: not any(alive(pid) for pid in processes))


def test_up_after_kill_9_takes_the_place_of_a_server_that_hangs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pidfile, "GRACE", 0.5)
    project.world()
    daemon, blue, *_ = pids(project)
    os.kill(blue, signal.SIGSTOP)
    os.kill(daemon, signal.SIGKILL)
    eventually(lambda: not alive(daemon))
    project.up()
    answered(project, "blue")


def test_a_taken_address_is_one_clear_error(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with socket.create_server((project.network.edge, PUBLIC_PORT)):
        with pytest.raises(SandboxError, match="something else listens") as caught:
            project.up()
        assert caught.value.where == f"{project.network.edge}:{PUBLIC_PORT}"
    assert not lifecycle.status(project.folder, project.network).up


def test_a_missing_address_names_the_command_that_adds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(self: socket.socket, address: object) -> None:
        raise OSError(99, "Cannot assign requested address")

    project = Project(tmp_path)
    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(SandboxError) as caught:
        project.up()
    assert f"sudo ifconfig lo0 alias {project.network.prefix}." in caught.value.hint


def test_a_broken_memory_is_never_taken_for_an_empty_one(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.folder.mkdir(mode=0o700)
    (project.folder / "world.json").write_text("{")
    with pytest.raises(SandboxError, match="memory cannot be read"):
        project.up()
    assert (project.folder / "world.json").read_text() == "{"


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "sandbox").write_text("in the way")
    with pytest.raises(SandboxError, match="cannot come up") as caught:
        Project(tmp_path).up()
    assert caught.value.hint


def test_another_service_in_the_same_folder_is_refused(project: Project) -> None:
    with pytest.raises(SandboxError, match="up for the service 'shop'"):
        lifecycle.up(project.folder, project.network, "other")


def test_not_up_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as caught:
        Project(tmp_path).sandbox.behave("blue", "sick")
    assert "bluegreen sandbox up" in caught.value.hint


@pytest.mark.parametrize(
    ("behavior", "status", "header"),
    [
        ("sick", 500, ("x-color", "green")),
        ("wrong_release", 200, ("x-release", "0.0.0-wrong")),
        ("slow", 200, ("x-release", "1.4.2")),
    ],
)
def test_a_server_does_as_it_is_told_until_told_ok(
    project: Project, behavior: str, status: int, header: tuple[str, str]
) -> None:
    project.world()
    project.sandbox.behave("green", behavior, seconds=0.3)
    asked = time.monotonic()
    code, headers = ask(project.network.green)
    assert (code, headers[header[0]]) == (status, header[1])
    assert (time.monotonic() - asked >= 0.3) == (behavior == "slow")
    assert ask(project.network.blue)[1]["x-release"] == "1.4.2"
    project.sandbox.behave("green", "ok")
    assert ask(project.network.green)[0] == 200


def test_a_dead_server_stays_dead_when_replaced_until_told_ok(project: Project) -> None:
    project.world()
    project.sandbox.behave("green", "dead")
    assert ask(project.network.green)[0] == 0
    blue, green = project.network.blue, project.network.green
    inputs = (project.server("blue", blue), project.server("green", green, "1.5.0"), project.public(green))
    assert project.store("demo/main", *inputs)[0] == 200
    assert ask(project.network.edge)[0] == 521
    found = project.sandbox.status().server("green")
    assert found is not None
    assert (found.alive, found.behavior, found.release) == (False, "dead", "1.5.0")
    project.sandbox.behave("green", "ok")
    answered(project, "green")
    assert ask(project.network.edge)[1]["x-release"] == "1.5.0"


def test_a_behavior_can_be_set_before_there_is_a_server(project: Project) -> None:
    project.sandbox.behave("blue", "sick")
    assert project.store("demo/main", project.server("blue", project.network.blue))[0] == 200
    eventually(lambda: ask(project.network.blue)[0] == 500)


def test_only_a_changed_server_is_replaced(project: Project) -> None:
    project.world()
    before = project.sandbox.status()
    changed = {**project.server("green", project.network.green), "size": "big"}
    project.store("demo/main", project.server("blue", project.network.blue), changed)
    after = project.sandbox.status()
    assert after.server("blue") == before.server("blue")
    assert after.server("green").pid != before.server("green").pid  # type: ignore[union-attr]


def test_a_refused_state_changes_nothing(project: Project) -> None:
    project.world()
    before, body = project.sandbox.status(), project.call("GET", "/state/demo/main")
    project.sandbox.refuse_state("demo/main", "quota exceeded")
    assert project.store("demo/main") == (400, "quota exceeded\n")
    project.sandbox.accept_states()
    bad = project.server("green", "127.0.0.1")
    code, text = project.store("demo/main", bad)
    assert code == 400
    assert "terraform_data.n0: address is '127.0.0.1'" in text
    assert project.sandbox.status() == before
    assert project.call("GET", "/state/demo/main") == body


def test_a_hand_edit_shows_at_once_and_the_next_write_mends_it(project: Project) -> None:
    project.world()
    with Traffic(project.network.public_url, rate=100) as traffic:
        project.sandbox.edit_record("p", content=project.network.green)
        assert traffic.wait_for("green", count=3)
        project.world()
        assert traffic.wait_for("blue", count=3)
    assert traffic.report.failed == 0, traffic.report


def test_twenty_flips_lose_nothing_and_nothing_is_stale(project: Project) -> None:
    project.world()
    with Traffic(project.network.public_url, rate=300) as traffic:
        for flip in range(20):
            color = ("green", "blue")[flip % 2]
            since = time.monotonic()
            project.sandbox.edit_record("p", content=getattr(project.network, color))
            assert traffic.wait_for(color, count=3)
            assert traffic.stale(color, since) == 0
    assert traffic.report.failed == 0, traffic.report


def test_large_bodies_are_streamed_both_ways(project: Project) -> None:
    project.world()
    size = 64 * MIB
    connection = http.client.HTTPConnection(project.network.edge, PUBLIC_PORT, timeout=30)
    connection.request("GET", f"/bytes/{size}")
    response = connection.getresponse()
    assert sum(len(part) for part in iter(lambda: response.read(MIB), b"")) == size
    connection.close()


def test_a_large_chunked_upload_comes_back_whole_while_it_is_still_sent(project: Project) -> None:
    project.world()
    block = os.urandom(MIB)
    head = f"POST /echo HTTP/1.1\r\nHost: {project.network.edge}\r\nTransfer-Encoding: chunked\r\n\r\n"

    def send() -> None:
        client.sendall(head.encode())
        for _ in range(48):
            client.sendall(b"%x\r\n%b\r\n" % (MIB, block))
        client.sendall(b"0\r\n\r\n")

    with socket.create_connection((project.network.edge, PUBLIC_PORT), timeout=30) as client:
        thread = threading.Thread(target=send)
        thread.start()
        digest = hashlib.sha256()
        with http.client.HTTPResponse(client, method="POST") as response:
            response.begin()
            for part in iter(lambda: response.read(MIB), b""):
                digest.update(part)
        thread.join()
    assert digest.digest() == hashlib.sha256(block * 48).digest()


def test_requests_in_flight_finish_where_they_began(project: Project) -> None:
    project.world()
    found: list[tuple[int, dict[str, str]]] = []
    thread = threading.Thread(target=lambda: found.append(ask(project.network.edge, "/slow/1")))
    thread.start()
    eventually(lambda: established(project.network.blue))
    project.sandbox.edit_record("p", content=project.network.green)
    assert ask(project.network.edge)[1]["x-color"] == "green"
    thread.join()
    assert (found[0][0], found[0][1]["x-color"]) == (200, "blue")


def established(address: str) -> bool:
    """Return whether a connection to `address`:8080 is open."""
    place = f"{int.from_bytes(socket.inet_aton(address), 'little'):08X}:{PUBLIC_PORT:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[2] == place and row[3] == "01" for row in rows)


def test_websockets_live_through_a_switch(project: Project) -> None:
    from websockets.sync.client import connect
    from websockets.sync.server import ServerConnection, serve

    def named(name: str) -> Callable[[ServerConnection], None]:
        def talk(connection: ServerConnection) -> None:
            for message in connection:
                connection.send(f"{name}:{message!s}")

        return talk

    def dial() -> socket.socket:
        return socket.create_connection((project.network.edge, PUBLIC_PORT))

    addresses = [project.network.address(30), project.network.address(31)]
    url = f"ws://chat.shop.test:{PUBLIC_PORT}/"
    with contextlib.ExitStack() as stack:
        for name, address in zip(("old", "new"), addresses, strict=True):
            server = stack.enter_context(serve(named(name), address, PUBLIC_PORT))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        record = project.sandbox.add_record("chat", addresses[0], proxied=True)
        with connect(url, sock=dial(), proxy=None) as first:
            first.send("1")
            assert first.recv() == "old:1"
            project.sandbox.edit_record(record.id, content=addresses[1])
            with connect(url, sock=dial(), proxy=None) as second:
                second.send("2")
                assert second.recv() == "new:2"
            first.send("x" * 200_000)
            assert first.recv() == "old:" + "x" * 200_000


def test_the_log_names_what_was_done_and_no_secret(project: Project) -> None:
    project.world()
    connection = http.client.HTTPConnection(project.network.api, API_PORT, timeout=5)
    connection.request("GET", "/client/v4/zones", headers={"Authorization": "Bearer topsecrettoken"})
    assert connection.getresponse().status == 200
    connection.close()
    text = (project.folder / "daemon.log").read_text()
    assert "POST demo/main" in text
    assert "topsecrettoken" not in text
