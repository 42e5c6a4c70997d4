"""Bodies that no client sends: each is refused in Google's words, or taken, and never the end of the connection."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from compute_bench import GLOBAL, REGION, ZONE, Bench, instance

from bluegreen.sandbox.address import Network
from bluegreen.sandbox.call import Call, Rejected
from bluegreen.sandbox.compute import api
from bluegreen.sandbox.compute.boots import servers
from bluegreen.sandbox.compute.cloud import Cloud
from bluegreen.sandbox.compute.collection import Request
from bluegreen.sandbox.compute.operations import finish
from bluegreen.sandbox.compute.refusals import Refused

SRV = f"{ZONE}/instances/srv"
WRONG: Sequence[Any] = (
    "x",
    "\ud800",
    "",
    7,
    -1.5,
    True,
    None,
    [],
    {},
    [None],
    [7],
    ["x"],
    [[]],
    [{}],
    {"x": {"x": [7]}},
)
LABELS = {"labels": {"a": "b"}, "labelFingerprint": "x"}
FIREWALL = {"name": "f", "network": "global/networks/default", "allowed": [{"IPProtocol": "tcp", "ports": ["80"]}]}

REQUESTS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("POST", f"{REGION}/addresses"): {"name": "b", "addressType": "EXTERNAL", **LABELS},
    ("POST", f"{REGION}/addresses/a/setLabels"): LABELS,
    ("POST", f"{REGION}/subnetworks"): {
        "name": "s",
        "network": "global/networks/n",
        "ipCidrRange": "10.1.0.0/24",
        "gatewayAddress": "10.1.0.1",
    },
    ("POST", f"{GLOBAL}/networks"): {
        "name": "m",
        "autoCreateSubnetworks": False,
        "routingConfig": {"routingMode": "GLOBAL"},
    },
    ("POST", f"{GLOBAL}/images"): {
        "name": "i",
        "family": "f",
        "diskSizeGb": "10",
        "guestOsFeatures": [{"type": "GVNIC"}],
    },
    ("POST", f"{GLOBAL}/firewalls"): {**FIREWALL, "sourceRanges": ["10.0.0.0/8"], "direction": "INGRESS"},
    ("PATCH", f"{GLOBAL}/firewalls/g"): {**FIREWALL, "sourceRanges": ["10.0.0.0/8"], "selfLink": "x", "kind": "x"},
    ("PUT", f"{GLOBAL}/firewalls/g"): {**FIREWALL, "destinationRanges": ["10.0.0.0/8"], "direction": "EGRESS"},
    ("POST", f"{ZONE}/instances"): {
        **instance("new"),
        "deletionProtection": False,
        "scheduling": {"preemptible": False},
        "shieldedInstanceConfig": {"enableVtpm": True},
        "serviceAccounts": [{"email": "a@b", "scopes": ["c"]}],
        "tags": {"items": ["web"]},
        "disks": [
            {
                "boot": True,
                "autoDelete": True,
                "initializeParams": {
                    "sourceImage": "projects/debian-cloud/global/images/family/debian-12",
                    "diskName": "d",
                    "diskType": "zones/europe-west1-b/diskTypes/pd-ssd",
                    "diskSizeGb": "20",
                    "labels": {"a": "b"},
                },
            }
        ],
        "networkInterfaces": [
            {"network": "global/networks/default", "networkIP": "10.0.0.9", "accessConfigs": [{"name": "nat"}]}
        ],
    },
    ("POST", f"{SRV}/setMetadata"): {"items": [{"key": "release", "value": "2"}], "fingerprint": "x"},
    ("POST", f"{SRV}/setTags"): {"items": ["web"], "fingerprint": "x"},
    ("POST", f"{SRV}/setLabels"): LABELS,
    ("POST", f"{SRV}/setMachineType"): {"machineType": "zones/europe-west1-b/machineTypes/e2-small"},
    ("POST", f"{SRV}/setServiceAccount"): {"email": "a@b", "scopes": ["c"]},
    ("POST", f"{SRV}/setScheduling"): {"preemptible": False},
    ("PATCH", f"{SRV}/updateShieldedInstanceConfig"): {"enableVtpm": True},
    ("POST", f"{SRV}/stop"): {},
    ("POST", f"{SRV}/start"): {"instance": "x"},
}
"""Method and path -> a whole body, each part of which is then spoilt in turn."""


def spoilt(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the body with each of its parts replaced by each wrong value, or left out, and where that was."""
    for steps in _places(body):
        for wrong in (*WRONG, ...):
            made = copy.deepcopy(body)
            inside: Any = made
            for step in steps[:-1]:
                inside = inside[step]
            if wrong is ...:
                del inside[steps[-1]]
            else:
                inside[steps[-1]] = wrong
            yield f"{'.'.join(map(str, steps))} = {wrong!r}", made


def _places(value: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    below: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        below = iter(value.items())
    elif isinstance(value, list):
        below = iter(enumerate(value))
    for step, inside in below:
        yield (*steps, step)
        yield from _places(inside, (*steps, step))


def world(bench: Bench) -> Cloud:
    """A cloud in which each of the requests finds what it is about; the instance is stopped, so that it may change."""
    bench.reserve()
    bench.do("POST", f"{GLOBAL}/networks", {"name": "n", "autoCreateSubnetworks": False})
    bench.do("POST", f"{GLOBAL}/firewalls", {**FIREWALL, "name": "g"})
    bench.boot()
    bench.do("POST", f"{SRV}/stop")
    return bench.cloud


def send(cloud: Cloud, method: str, path: str, body: Mapping[str, Any]) -> Cloud:
    """Return the cloud after a request and its operation. Raises Refused."""
    place = api.place_of(method, path)
    request = Request(cloud, place, body, {}, 1_800_000_100.0, Network("127.77.12"))
    if method == "GET":
        api.look(request)
        return cloud
    cloud, operation = api.accept(method, request, None)
    return finish(cloud, operation.path, 1_800_000_101.0)


def look_at_everything(cloud: Cloud) -> None:
    """Ask for all that there is, and make and end another instance: what was taken must not be in later ones' way."""
    Cloud.from_json(cloud.as_json())
    servers(cloud)
    for collection in api.COLLECTIONS:
        send(cloud, "GET", f"projects/p/aggregated/{collection}", {})
    for path in cloud.resources:
        send(cloud, "GET", path, {})
    for verb in ("start", "stop"):
        for path, _ in list(cloud.of("instances")):
            cloud = send(cloud, "POST", f"{path}/{verb}", {})
    cloud = send(cloud, "POST", f"{ZONE}/instances", instance("later"))
    for path, made in list(cloud.of("instances")):
        if not made["deletionProtection"]:
            cloud = send(cloud, "DELETE", path, {})


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_body_that_is_not_as_it_should_be_is_refused_or_does_no_harm(bench: Bench, method: str, path: str) -> None:
    cloud = world(bench)
    body = _with_fingerprints(bench, path, REQUESTS[method, path])
    look_at_everything(send(cloud, method, path, body))
    for what, bad in spoilt(body):
        answer = _answer(cloud, method, path, bad)
        if isinstance(answer, Refused):
            assert 400 <= answer.reply().status < 500, what
        else:
            look_at_everything(answer)


def _answer(cloud: Cloud, method: str, path: str, body: Mapping[str, Any]) -> Cloud | Refused:
    try:
        return send(cloud, method, path, body)
    except Refused as refused:
        return refused


def _with_fingerprints(bench: Bench, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body with the fingerprint that its request needs in order to get anywhere."""
    about, _, verb = path.rpartition("/")
    match verb:
        case "setLabels":
            return {**body, "labelFingerprint": bench.get(about)["labelFingerprint"]}
        case "setMetadata" | "setTags":
            field = verb.removeprefix("set").lower()
            return {**body, "fingerprint": bench.get(about)[field]["fingerprint"]}
    return dict(body)


@pytest.mark.parametrize(
    ("fields", "where", "must"),
    [
        ({"disks": {}}, "resource.disks", "a list"),
        ({"disks": [7]}, "resource.disks[0]", "an object"),
        ({"disks": [{"boot": True, "initializeParams": "x"}]}, "resource.disks[0].initializeParams", "an object"),
        (
            {"networkInterfaces": [{"accessConfigs": [None]}]},
            "resource.networkInterfaces[0].accessConfigs[0]",
            "an object",
        ),
        ({"metadata": {"items": [{"key": 7}]}}, "resource.metadata.items[0].key", "text"),
        ({"tags": {"items": "web"}}, "resource.tags.items", "a list"),
        ({"deletionProtection": "no"}, "resource.deletionProtection", "true or false"),
        ({"machineType": True}, "resource.machineType", "text"),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_place_where_it_stands(
    bench: Bench, fields: Mapping[str, Any], where: str, must: str
) -> None:
    with pytest.raises(Refused) as refused:
        send(bench.cloud, "POST", f"{ZONE}/instances", {**instance(), **fields})
    assert (refused.value.status, refused.value.reason) == (400, "invalid")
    assert f"'{where}'" in refused.value.message
    assert refused.value.message.endswith(f"Must be {must}.")


def test_a_null_was_not_sent(bench: Bench) -> None:
    bench.cloud = send(
        bench.cloud, "POST", f"{ZONE}/instances", {**instance(), "deletionProtection": None, "tags": None}
    )
    assert bench.get(SRV)["deletionProtection"] is False


def test_json_that_is_too_deep_is_refused() -> None:
    with pytest.raises(Rejected):
        Call("POST", "x", body=b"[" * 1_000_000).json()
