"""What ports.Instances promises, kept by the fake, and by Google's SDK against two APIs.

One is a small stand-in that answers as Google does, the other the sandbox, where the instances were really made.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bluegreen.adapters.compute_engine import ComputeInstances
from bluegreen.adapters.fakes.instances import FakeInstances
from bluegreen.errors import BluegreenError, ConfigError
from bluegreen.ports import Instances, InstanceState, InstanceStatus
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network

PROJECT = "shop-1"
ZONE = f"projects/{PROJECT}/zones/europe-west1-b"
BLUE = f"{ZONE}/instances/blue"
STARTED = datetime(2024, 3, 1, 12, 30, tzinfo=UTC).timestamp()
STATES = {
    "blue": ("RUNNING", InstanceState.RUNNING),
    "green": ("TERMINATED", InstanceState.STOPPED),
    "coming": ("STAGING", InstanceState.STARTING),
    "going": ("STOPPING", InstanceState.STOPPING),
}
CONSOLE = "Booting \u00fc\r\n\x1b[31mred\x1b[0m \x1b]0;a title\x07said\r\nListening on 8080\r\n"


class StandIn(BaseHTTPRequestHandler):
    """The two paths that are needed."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        found = re.fullmatch(f"/compute/v1/{ZONE}/instances/([a-z]+)(/serialPort)?", url.path)
        asked = {key: values[0] for key, values in parse_qs(url.query).items()}
        if not found or found[1] not in STATES:
            message = f"The resource '{url.path.removeprefix('/compute/v1/')}' was not found"
            error = {"message": message, "domain": "global", "reason": "notFound"}
            self._send(404, {"error": {"code": 404, "message": message, "errors": [error]}})
        elif found[2] and found[1] == "green":
            error = {"message": "The resource is not ready", "domain": "global", "reason": "resourceNotReady"}
            self._send(400, {"error": {"code": 400, "message": error["message"], "errors": [error]}})
        elif found[2]:
            start = int(asked.get("start", "0")) if asked.get("port") == "1" else 0
            text = CONSOLE.encode()[start:].decode(errors="replace") if found[1] == "blue" else ""
            self._send(200, {"kind": "compute#serialPortOutput", "contents": text, "start": "0", "next": "9"})
        else:
            data = {"kind": "compute#instance", "id": "41", "name": found[1], "status": STATES[found[1]][0]}
            self._send(200, {**data, "lastStartTimestamp": "2024-03-01T04:30:00.000-08:00", "newField": {}})

    def _send(self, status: int, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Instances]:
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}/compute/v1/"
        yield ComputeInstances(
            {"GOOGLE_COMPUTE_CUSTOM_ENDPOINT": endpoint, "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.any-token"}
        )
        server.shutdown()
        thread.join()


def boot(api: str, name: str) -> None:
    """Make an instance that runs, with a console of its own."""
    image = "projects/debian-cloud/global/images/family/debian-12"
    disk = {"boot": True, "autoDelete": True, "initializeParams": {"sourceImage": image}}
    network = {"network": f"projects/{PROJECT}/global/networks/default"}
    order(
        f"{api}/{ZONE}/instances",
        {"name": name, "machineType": f"{ZONE}/machineTypes/e2-small", "disks": [disk], "networkInterfaces": [network]},
    )


def order(url: str, body: object = None) -> None:
    """Ask for a change, and wait until it is done."""
    operation = post(url, body)
    done = post(f"{url.partition('/instances')[0]}/operations/{operation['name']}/wait")
    assert (done["status"], done.get("error")) == ("DONE", None)


def post(url: str, body: object = None) -> dict[str, Any]:
    answer = requests.post(url, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()
    return data


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    folder = tmp_path_factory.mktemp("sandbox")
    network = Network.for_path(folder)
    lifecycle.up(folder / "sandbox", network, "shop")
    try:
        api = f"{network.api_url}/compute/v1"
        for name in ("blue", "green"):
            boot(api, name)
        order(f"{api}/{ZONE}/instances/green/stop")
        yield ComputeInstances(
            {"GOOGLE_COMPUTE_CUSTOM_ENDPOINT": f"{api}/", "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.any-token"}
        )
    finally:
        lifecycle.down(folder / "sandbox", network)


@pytest.fixture(params=["fake", "stand_in"])
def told(request: pytest.FixtureRequest) -> Instances:
    """Return instances in every state, and a console with everything that should not be printed."""
    if request.param == "fake":
        statuses = {f"{ZONE}/instances/{name}": InstanceStatus(state, STARTED) for name, (_, state) in STATES.items()}
        return FakeInstances(statuses, {BLUE: CONSOLE})
    made: Instances = request.getfixturevalue(request.param)
    return made


@pytest.fixture(params=["fake", "stand_in", "sandbox"])
def instances(request: pytest.FixtureRequest) -> Instances:
    """Return a blue one that runs, with a console, and a green one that is stopped."""
    if request.param == "fake":
        status = {name: InstanceStatus(STATES[name][1], STARTED) for name in ("blue", "green")}
        return FakeInstances({f"{ZONE}/instances/{name}": one for name, one in status.items()}, {BLUE: CONSOLE})
    made: Instances = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("name", STATES)
def test_a_status_is_told_with_the_time_of_the_last_start(told: Instances, name: str) -> None:
    assert told.status(f"{ZONE}/instances/{name}") == InstanceStatus(STATES[name][1], STARTED)


@pytest.mark.parametrize(("name", "state"), [("blue", InstanceState.RUNNING), ("green", InstanceState.STOPPED)])
def test_one_that_runs_and_one_that_is_stopped_were_started_once(
    instances: Instances, name: str, state: InstanceState
) -> None:
    status = instances.status(f"{ZONE}/instances/{name}")
    assert status.state is state
    assert status.started
    assert status.started >= STARTED


def test_an_instance_that_is_not_there_is_gone(instances: Instances) -> None:
    assert instances.status(f"{ZONE}/instances/red") == InstanceStatus(InstanceState.GONE)


def test_a_full_url_names_the_same_instance(instances: Instances) -> None:
    url = f"https://www.googleapis.com/compute/v1/{ZONE}/instances/blue"
    assert instances.status(url).state is InstanceState.RUNNING


@pytest.mark.parametrize("text", ["", "blue", f"{ZONE}/instances/", f"{ZONE}/instances/blue/start", f"x/{ZONE}"])
def test_what_names_no_instance_is_an_error_of_the_configuration(instances: Instances, text: str) -> None:
    for ask in (lambda: instances.status(text), lambda: instances.console(text, 100)):
        with pytest.raises(ConfigError, match="names no instance"):
            ask()


def test_a_console_can_be_printed_safely(told: Instances) -> None:
    assert told.console(BLUE, 4096) == "Booting \u00fc\nred said\nListening on 8080\n"


def test_a_console_without_a_word_is_empty(told: Instances) -> None:
    assert told.console(f"{ZONE}/instances/coming", 100) == ""


def test_only_the_end_of_a_console_is_told(instances: Instances) -> None:
    whole, end = instances.console(BLUE, 4096), instances.console(BLUE, 12)
    assert len(whole.splitlines()) > 2
    assert end
    assert whole.endswith(end)
    assert len(end.encode()) <= 12


def test_one_that_is_stopped_has_no_console(instances: Instances) -> None:
    with pytest.raises(BluegreenError, match="green"):
        instances.console(f"{ZONE}/instances/green", 100)


def test_the_console_of_one_that_is_gone_is_an_error(instances: Instances) -> None:
    with pytest.raises(BluegreenError, match="red"):
        instances.console(f"{ZONE}/instances/red", 100)


def test_the_fake_can_be_changed_and_can_fail() -> None:
    fake = FakeInstances({BLUE: InstanceStatus(InstanceState.RUNNING)})
    fake.statuses[BLUE] = InstanceStatus(InstanceState.STOPPED)
    assert fake.status(BLUE).state is InstanceState.STOPPED
    fake.error = BluegreenError("no answer")
    with pytest.raises(BluegreenError, match="no answer"):
        fake.status(BLUE)
