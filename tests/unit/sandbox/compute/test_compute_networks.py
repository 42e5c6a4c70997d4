"""Networks, subnetworks, firewall rules, and what is there without having been made."""

from __future__ import annotations

from typing import Any

import pytest
from compute_bench import GLOBAL, REGION, ZONE, Bench, instance

WEB = {"name": "web", "allowed": [{"IPProtocol": "tcp", "ports": ["80", "443"]}], "sourceRanges": ["10.0.0.0/8"]}


def test_a_network_with_all_that_stands_on_it(bench: Bench) -> None:
    network = f"{GLOBAL}/networks/n"
    bench.do("POST", f"{GLOBAL}/networks", {"name": "n", "autoCreateSubnetworks": False})
    bench.do("POST", f"{REGION}/subnetworks", {"name": "s", "network": network, "ipCidrRange": "10.1.0.0/29"})
    bench.do("POST", f"{GLOBAL}/firewalls", {**WEB, "network": network})
    bench.boot(networkInterfaces=[{"subnetwork": f"{REGION}/subnetworks/s"}])
    card = bench.get(f"{ZONE}/instances/srv")["networkInterfaces"][0]
    assert (card["networkIP"], card["network"].endswith("/networks/n")) == ("10.1.0.2", True)
    assert [link.rsplit("/", 1)[1] for link in bench.get(network)["subnetworks"]] == ["s"]
    message = f"The network resource '{network}' is already being used by '{GLOBAL}/firewalls/web'"
    assert bench.refused("DELETE", network) == (400, "resourceInUseByAnotherResource", message)
    bench.do("DELETE", f"{GLOBAL}/firewalls/web")
    assert "'projects/p/regions/europe-west1/subnetworks/s'" in bench.refused("DELETE", network)[2]
    assert f"'{ZONE}/instances/srv'" in bench.refused("DELETE", f"{REGION}/subnetworks/s")[2]
    for path in (f"{ZONE}/instances/srv", f"{REGION}/subnetworks/s", network):
        bench.do("DELETE", path)
    assert bench.cloud.resources == {}


def test_a_small_subnetwork_is_full_some_day(bench: Bench) -> None:
    bench.do("POST", f"{REGION}/subnetworks", {"name": "s", "ipCidrRange": "10.1.0.0/29"})
    cards = [{"subnetwork": f"{REGION}/subnetworks/s"}]
    for number in range(5):
        bench.boot(f"srv{number}", networkInterfaces=cards)
    assert "is exhausted" in bench.refused("POST", f"{ZONE}/instances", instance(networkInterfaces=cards))[2]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": "t"}, "Required field 'resource.ipCidrRange' not specified"),
        ({"name": "t", "ipCidrRange": "10.1.0.1/24"}, "Must be a valid CIDR range"),
        ({"name": "t", "ipCidrRange": "10.1.0.0/25"}, "conflicts with existing subnetwork 's'"),
        ({"name": "t", "network": "global/networks/x", "ipCidrRange": "10.1.0.0/25"}, "was not found"),
    ],
)
def test_what_cannot_be_a_subnetwork_is_refused(bench: Bench, body: dict[str, Any], message: str) -> None:
    bench.do("POST", f"{REGION}/subnetworks", {"name": "s", "ipCidrRange": "10.1.0.0/24"})
    assert message in bench.refused("POST", f"{REGION}/subnetworks", body)[2]


def test_a_custom_network_needs_a_subnetwork(bench: Bench) -> None:
    bench.do("POST", f"{GLOBAL}/networks", {"name": "n", "autoCreateSubnetworks": False})
    body = instance(networkInterfaces=[{"network": "global/networks/n"}])
    assert "Subnetwork must be specified" in bench.refused("POST", f"{ZONE}/instances", body)[2]
    assert "Legacy" in bench.refused("POST", f"{GLOBAL}/networks", {"name": "m", "IPv4Range": "10.0.0.0/8"})[2]


def test_a_rule_is_patched_and_updated(bench: Bench) -> None:
    path = f"{GLOBAL}/firewalls/web"
    bench.do("POST", f"{GLOBAL}/firewalls", {**WEB, "targetTags": ["shop"]})
    first = bench.get(path)
    assert (first["priority"], first["direction"], first["disabled"]) == (1000, "INGRESS", False)
    bench.do("PATCH", path, {"sourceRanges": ["10.1.0.0/16", "192.0.2.0/24"]})
    assert bench.get(path) == {**first, "sourceRanges": ["10.1.0.0/16", "192.0.2.0/24"]}
    bench.do("PUT", path, {**WEB, "disabled": True})
    assert bench.get(path) == {**{key: first[key] for key in first if key != "targetTags"}, "disabled": True}
    bench.do("PATCH", path, {"sourceRanges": [], "sourceTags": ["x"]})
    assert "sourceRanges" not in bench.get(path)


def test_a_rule_without_sources_is_open_to_all(bench: Bench) -> None:
    bench.do("POST", f"{GLOBAL}/firewalls", {"name": "open", "allowed": [{"IPProtocol": "tcp"}]})
    assert bench.get(f"{GLOBAL}/firewalls/open")["sourceRanges"] == ["0.0.0.0/0"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"allowed": []}, "either allowed or denied"),
        ({"denied": [{"IPProtocol": "all"}]}, "either allowed or denied"),
        ({"sourceRanges": ["10.0.0.1/8"]}, "'resource.sourceRanges[0]': '10.0.0.1/8'"),
        ({"network": "global/networks/x"}, "The resource 'projects/p/global/networks/x' was not found"),
    ],
)
def test_what_cannot_be_a_rule_is_refused(bench: Bench, fields: dict[str, Any], message: str) -> None:
    assert message in bench.refused("POST", f"{GLOBAL}/firewalls", {**WEB, **fields})[2]


def test_the_catalog(bench: Bench) -> None:
    assert bench.get("projects/any-project")["name"] == "any-project"
    assert bench.get("projects/p/zones/northamerica-northeast1-a")["region"].endswith("/northamerica-northeast1")
    assert bench.get("projects/p/regions/europe-west10")["status"] == "UP"
    found = bench.get(f"{ZONE}/machineTypes/n2-highmem-8")
    assert (found["guestCpus"], found["memoryMb"]) == (8, 65536)
    assert bench.get(f"{ZONE}/machineTypes/e2-small")["isSharedCpu"]
    assert bench.get(f"{GLOBAL}/networks/default")["autoCreateSubnetworks"]
    ranges = {
        bench.get(f"projects/p/regions/{name}/subnetworks/default")["ipCidrRange"] for name in ("us-east1", "us-east4")
    }
    assert len(ranges) == 2
    assert bench.refused("DELETE", f"{GLOBAL}/networks/default")[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "projects/p/zones/nowhere",
        f"{ZONE}/machineTypes/huge",
        f"{GLOBAL}/networks/x",
        "projects/debian-cloud/global/images/debian-12",
        "projects/debian-cloud/global/images/family/debian-1",
        "projects/p/regions/europe-west1/subnetworks/x",
    ],
)
def test_what_is_not_there(bench: Bench, path: str) -> None:
    assert bench.refused("GET", path) == (404, "notFound", f"The resource '{path}' was not found")


def test_no_such_zone_or_region(bench: Bench) -> None:
    assert bench.refused("GET", "projects/p/zones/europe/instances")[2].endswith("Unknown zone.")
    assert bench.refused("GET", "projects/p/regions/europe-west1-b/addresses")[2].endswith("Unknown region.")
