"""Google's own SDK against the sandbox's Compute API: every answer checked, every running instance a process."""

from __future__ import annotations

import http.client
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from compute_bench import instance
from compute_witness import Witness, eventually, release_at, served_at

from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.client import Sandbox, ServerStatus
from bluegreen.sandbox.compute.cloud import OPERATION_SECONDS

PLACE = {"project": "p", "zone": "europe-west1-b"}
REGION = {"project": "p", "region": "europe-west1"}
INSTANCES = "/compute/v1/projects/p/zones/europe-west1-b/instances"


class Cloud:
    """The SDK's clients at one sandbox, by way of the witness."""

    def __init__(self, folder: Path, network: Network, witness: Witness):
        self.folder, self.network, self.witness = folder, network, witness
        self.sandbox = Sandbox(network)
        self._clients: dict[str, Any] = {}

    def client(self, kind: str) -> Any:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import compute_v1

        if kind not in self._clients:
            make = getattr(compute_v1, f"{kind}Client")
            options = {"api_endpoint": self.witness.url}
            self._clients[kind] = make(credentials=AnonymousCredentials(), client_options=options, transport="rest")
        return self._clients[kind]

    def close(self) -> None:
        for client in self._clients.values():
            client.transport.close()

    def finish(self, operation: Any) -> Any:
        """Wait for an operation; return it as it ended."""
        if operation.zone:
            return self.client("ZoneOperations").wait(operation=operation.name, **PLACE)
        if operation.region:
            return self.client("RegionOperations").wait(operation=operation.name, **REGION)
        return self.client("GlobalOperations").wait(operation=operation.name, project="p")

    def instances(self, method: str, name: str = "srv", **arguments: Any) -> Any:
        """Call a method about one instance, and wait for its operation."""
        return self.finish(getattr(self.client("Instances"), f"{method}_unary")(instance=name, **PLACE, **arguments))

    def get(self, name: str = "srv") -> Any:
        return self.client("Instances").get(instance=name, **PLACE)

    def reserve(self, name: str = "a") -> str:
        from google.cloud.compute_v1 import Address

        addresses = self.client("Addresses")
        self.finish(addresses.insert_unary(address_resource=Address(name=name), **REGION))
        return str(addresses.get(address=name, **REGION).address)

    def insert(self, **fields: Any) -> Any:
        from google.cloud.compute_v1 import Instance

        resource = Instance.from_json(json.dumps(instance(**fields)))
        return self.client("Instances").insert_unary(instance_resource=resource, **PLACE)

    def boot(self, **fields: Any) -> Any:
        assert not self.finish(self.insert(**fields)).error.errors
        return self.get()

    def server(self) -> ServerStatus:
        (found,) = self.sandbox.status().servers
        return found


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    network = Network.for_path(tmp_path)
    lifecycle.up(tmp_path / "sandbox", network, "shop")
    try:
        with Witness(network) as witness:
            cloud = Cloud(tmp_path / "sandbox", network, witness)
            try:
                yield cloud
            finally:
                cloud.close()
        assert witness.problems == []
        assert witness.seen
    finally:
        lifecycle.down(tmp_path / "sandbox", network)


def set_release(cloud: Cloud, release: str) -> None:
    from google.cloud.compute_v1 import Items, Metadata

    items = [Items(key="release", value=release)]
    metadata = Metadata(fingerprint=cloud.get().metadata.fingerprint, items=items)
    cloud.instances("set_metadata", metadata_resource=metadata)


def test_what_runs_is_a_process_that_serves_what_it_booted_with(cloud: Cloud) -> None:
    address = cloud.reserve()
    assert address == cloud.network.address(101)
    cloud.boot(address=address, labels={"color": "blue", "service": "cart", "environment": "pro"})
    eventually(lambda: served_at(address))
    assert served_at(address) == {"service": "cart", "color": "blue", "release": "1.4.2"}
    first = cloud.server()
    assert (first.color, first.address, first.environment, first.alive) == ("blue", address, "pro", True)
    set_release(cloud, "1.5.0")
    assert cloud.server() == first
    assert release_at(address) == "1.4.2", "metadata reaches a machine at its next boot"
    cloud.instances("stop")
    assert (cloud.get().status, release_at(address)) == ("TERMINATED", "")
    assert (cloud.server().alive, cloud.server().running) == (False, False)
    cloud.instances("start")
    assert cloud.get().status == "RUNNING"
    eventually(lambda: release_at(address) == "1.5.0")
    console = cloud.client("Instances").get_serial_port_output(instance="srv", **PLACE).contents
    assert all(text in console for text in ("<srv>", "release 1.5.0", address))
    cloud.instances("delete")
    assert release_at(address) == ""
    assert cloud.sandbox.status().servers == ()


def test_running_instances_survive_kill_9_and_serve_what_they_served(cloud: Cloud) -> None:
    address = cloud.reserve()
    cloud.boot(address=address)
    set_release(cloud, "1.5.0")
    eventually(lambda: release_at(address) == "1.4.2")
    before = cloud.get()
    pid = cloud.sandbox.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not release_at(address))
    lifecycle.up(cloud.folder, cloud.network, "shop")
    eventually(lambda: release_at(address) == "1.4.2")
    assert cloud.get() == before


def test_an_operation_under_way_ends_after_kill_9(cloud: Cloud) -> None:
    cloud.sandbox.pace_operations(3.0)
    address = cloud.network.address(101)
    operation = cloud.insert()
    pid = cloud.sandbox.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    lifecycle.up(cloud.folder, cloud.network, "shop")
    assert cloud.finish(operation).status.name == "DONE"
    eventually(lambda: release_at(address) == "1.4.2")


def test_an_operation_is_pending_then_running_then_done(cloud: Cloud) -> None:
    cloud.sandbox.pace_operations(2.5)
    operation = cloud.insert()
    seen = [operation.status.name]
    while seen[-1] != "DONE":
        status = cloud.client("ZoneOperations").get(operation=operation.name, **PLACE).status.name
        seen += [status] if status != seen[-1] else []
        if "RUNNING" not in seen:
            assert cloud.get().status == "PROVISIONING"
    assert seen == ["PENDING", "RUNNING", "DONE"]
    assert cloud.get().status == "RUNNING"
    assert OPERATION_SECONDS < 1, "else every test takes longer"


def test_lists_and_labels(cloud: Cloud) -> None:
    from google.cloud import compute_v1

    cloud.boot()
    assert [one.name for one in cloud.client("Instances").list(**PLACE)] == ["srv"]
    found = dict(cloud.client("Instances").aggregated_list(project="p"))
    assert [one.name for one in found["zones/europe-west1-b"].instances] == ["srv"]
    stale = compute_v1.InstancesSetLabelsRequest(labels={"x": "y"}, label_fingerprint="AAAA")
    with pytest.raises(Exception, match="Labels fingerprint either invalid") as caught:
        cloud.instances("set_labels", instances_set_labels_request_resource=stale)
    assert caught.type.__name__ == "PreconditionFailed"
    fresh = compute_v1.InstancesSetLabelsRequest(labels={"x": "y"}, label_fingerprint=cloud.get().label_fingerprint)
    cloud.instances("set_labels", instances_set_labels_request_resource=fresh)
    assert cloud.get().labels == {"x": "y"}
    images = cloud.client("Images")
    assert images.get_from_family(project="debian-cloud", family="debian-12").name.startswith("debian-12")


def test_a_state_and_an_instance_never_share_an_address(cloud: Cloud) -> None:
    def store(number: int) -> int:
        server = {"sandbox": "server", "color": "green", "address": cloud.network.address(number), "release": "1"}
        resource = {"mode": "managed", "type": "terraform_data", "name": "x"}
        state = {"resources": [{**resource, "instances": [{"attributes": {"input": {"value": server}}}]}]}
        connection = http.client.HTTPConnection(cloud.network.api, 8500, timeout=10)
        connection.request("POST", "/state/demo", json.dumps(state))
        status = connection.getresponse().status
        connection.close()
        return status

    assert store(101) == 200
    assert cloud.reserve() == cloud.network.address(102)
    assert store(102) == 400
    cloud.boot()
    assert store(103) == 400


def test_a_failed_operation_leaves_nothing_and_says_why(cloud: Cloud) -> None:
    cloud.sandbox.fail_operations("POST", INSTANCES, "ZONE_RESOURCE_POOL_EXHAUSTED")
    ended = cloud.finish(cloud.insert())
    assert (ended.status.name, ended.error.errors[0].code) == ("DONE", "ZONE_RESOURCE_POOL_EXHAUSTED")
    assert "'projects/p/zones/europe-west1-b' does not have enough resources" in ended.error.errors[0].message
    assert ended.http_error_status_code == 503
    assert list(cloud.client("Instances").list(**PLACE)) == []
    assert cloud.sandbox.faults() == ()
    cloud.boot()


@pytest.mark.parametrize(
    ("status", "name", "reason"),
    [
        (403, "Forbidden", "forbidden"),
        (429, "TooManyRequests", "rateLimitExceeded"),
        (500, "InternalServerError", "internalError"),
    ],
)
def test_a_refusal_speaks_googles_words(cloud: Cloud, status: int, name: str, reason: str) -> None:
    cloud.sandbox.refuse_requests("POST", "/compute/v1/*/instances", status, retry_after=7)
    with pytest.raises(Exception, match=f"^{status} POST ") as caught:
        cloud.insert()
    assert caught.type.__name__ == name
    assert caught.value.errors[0]["reason"] == reason
    assert list(cloud.client("Instances").list(**PLACE)) == []


def test_a_lost_answer_hides_a_change_that_was_made(cloud: Cloud) -> None:
    cloud.sandbox.lose_answers("POST", INSTANCES)
    with pytest.raises(Exception, match=r"aborted|closed|reset"):
        cloud.insert()
    eventually(lambda: cloud.get().status == "RUNNING")


def test_a_token_can_have_expired(cloud: Cloud) -> None:
    from google.cloud import compute_v1
    from google.oauth2.credentials import Credentials

    options = {"api_endpoint": cloud.witness.url}
    client = compute_v1.InstancesClient(credentials=Credentials("expired"), client_options=options, transport="rest")
    with pytest.raises(Exception, match="refresh the access token"):  # what google-auth makes of a 401
        client.get(instance="srv", **PLACE)
    assert cloud.witness.seen[-1] == ("GET", f"{INSTANCES}/srv", 401)
    client.transport.close()
