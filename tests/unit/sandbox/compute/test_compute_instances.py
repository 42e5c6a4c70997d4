"""Instances: what one is made of, and that it serves what it read at boot, whatever is changed meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from compute_bench import GLOBAL, REGION, ZONE, Bench, instance

from bluegreen.sandbox.compute.boots import servers
from bluegreen.sandbox.compute.machine import SCHEDULING

PATH = f"{ZONE}/instances/srv"


def served(bench: Bench) -> list[tuple[str, str, bool]]:
    return [(spec.address, spec.release, spec.running) for spec in servers(bench.cloud).values()]


def set_release(bench: Bench, release: str) -> None:
    fingerprint = bench.get(PATH)["metadata"]["fingerprint"]
    items = [{"key": "release", "value": release}]
    bench.do("POST", f"{PATH}/setMetadata", {"items": items, "fingerprint": fingerprint})


def test_an_instance_runs_when_its_operation_has_ended(bench: Bench) -> None:
    address = bench.reserve()
    bench.ask("POST", f"{ZONE}/instances", instance(address=address))
    assert bench.get(PATH)["status"] == "PROVISIONING"
    assert served(bench) == [(address, "1.4.2", False)]
    bench.end()
    found = bench.get(PATH)
    assert found["status"] == "RUNNING"
    assert found["lastStartTimestamp"] > found["creationTimestamp"]
    assert served(bench) == [(address, "1.4.2", True)]
    (spec,) = servers(bench.cloud).values()
    assert (spec.color, spec.service, spec.environment) == ("blue", "shop", "pro")


def test_metadata_reaches_a_machine_when_it_boots_and_not_before(bench: Bench) -> None:
    address = bench.reserve()
    bench.boot(networkInterfaces=instance(address=address)["networkInterfaces"])
    (first,) = servers(bench.cloud).values()
    set_release(bench, "1.5.0")
    assert list(servers(bench.cloud).values()) == [first], "the very same process goes on"
    bench.ask("POST", f"{PATH}/stop")
    assert bench.get(PATH)["status"] == "STOPPING"
    assert served(bench) == [(address, "1.4.2", True)]
    bench.end()
    assert bench.get(PATH)["status"] == "TERMINATED"
    assert bench.get(PATH)["lastStopTimestamp"]
    assert served(bench) == [(address, "1.5.0", False)]
    bench.do("POST", f"{PATH}/start")
    assert served(bench) == [(address, "1.5.0", True)]


def test_a_boot_is_another_process_even_with_nothing_changed(bench: Bench) -> None:
    address = bench.reserve()
    bench.boot(networkInterfaces=instance(address=address)["networkInterfaces"])
    (first,) = servers(bench.cloud).values()
    bench.do("POST", f"{PATH}/stop")
    bench.do("POST", f"{PATH}/start")
    (second,) = servers(bench.cloud).values()
    assert first.blueprint != second.blueprint
    bench.do("POST", f"{PATH}/start")
    assert list(servers(bench.cloud).values()) == [second], "it was running"


def test_an_address_of_its_own_is_lost_at_a_stop(bench: Bench) -> None:
    bench.boot()
    assert served(bench) == [("127.77.12.101", "1.4.2", True)]
    bench.do("POST", f"{PATH}/stop")
    assert "natIP" not in bench.get(PATH)["networkInterfaces"][0]["accessConfigs"][0]
    assert served(bench) == []
    assert bench.reserve() == "127.77.12.101"
    bench.do("POST", f"{PATH}/start")
    assert served(bench) == [("127.77.12.102", "1.4.2", True)]


@pytest.mark.parametrize(
    "fields",
    [
        {"labels": {}},
        {"labels": {"color": "red"}},
        {"metadata": {}},
        {"metadata": {"items": [{"key": "release", "value": "1\r\nx-color: green"}]}},
        {"networkInterfaces": [{"network": "global/networks/default"}]},
    ],
)
def test_what_is_no_colors_runs_no_process(bench: Bench, fields: dict[str, Any]) -> None:
    assert bench.boot(**fields)["status"] == "RUNNING"
    assert served(bench) == []
    assert "nothing is served" in bench.get(f"{PATH}/serialPort", port="1")["contents"]


def test_the_serial_console_says_what_booted(bench: Bench) -> None:
    bench.boot()
    found = bench.get(f"{PATH}/serialPort", port="1")
    for text in ("<srv>", "release 1.4.2 of shop (blue)", "127.77.12.101"):
        assert text in found["contents"]
    rest = bench.get(f"{PATH}/serialPort", port="1", start="20")
    assert found["contents"][20:] == rest["contents"]
    assert (rest["start"], rest["next"]) == ("20", str(len(found["contents"])))
    assert bench.get(f"{PATH}/serialPort", start="-10")["contents"] == found["contents"][-10:]
    assert bench.get(f"{PATH}/serialPort", start="-9999") == found
    assert bench.refused("GET", f"{PATH}/serialPort", start="x")[1] == "invalid"
    bench.do("POST", f"{PATH}/stop")
    assert bench.refused("GET", f"{PATH}/serialPort")[1] == "resourceNotReady"


def test_its_disk_comes_and_goes_with_it(bench: Bench) -> None:
    bench.boot()
    disk = bench.get(f"{ZONE}/disks/srv")
    image = bench.get("projects/debian-cloud/global/images/family/debian-12")
    assert (disk["sourceImage"], disk["sizeGb"], disk["status"]) == (image["selfLink"], "10", "READY")
    assert image["name"].startswith("debian-12")
    assert disk["users"] == [bench.get(PATH)["selfLink"]]
    assert bench.refused("DELETE", f"{ZONE}/disks/srv")[1] == "resourceInUseByAnotherResource"
    bench.do("DELETE", PATH)
    assert bench.cloud.resources == {}
    assert bench.cloud.boots == {}


def test_a_disk_that_is_kept_boots_again(bench: Bench) -> None:
    disks = instance()["disks"]
    bench.boot(disks=[{**disks[0], "autoDelete": False}])
    assert (
        bench.refused(
            "POST", f"{ZONE}/instances", instance("other", disks=[{"boot": True, "source": f"{ZONE}/disks/srv"}])
        )[1]
        == "resourceInUseByAnotherResource"
    )
    bench.do("DELETE", PATH)
    assert bench.refused("POST", f"{ZONE}/instances", instance())[1] == "alreadyExists", "the disk's name is taken"
    again = bench.boot(disks=[{"boot": True, "source": f"{ZONE}/disks/srv"}])
    assert again["disks"][0]["source"].endswith("/disks/srv")
    bench.do("DELETE", PATH)
    bench.do("DELETE", f"{ZONE}/disks/srv")
    assert bench.cloud.resources == {}


def test_protection_protects(bench: Bench) -> None:
    bench.boot(deletionProtection=True)
    message = "Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion.'."
    assert bench.refused("DELETE", PATH) == (400, "invalidResourceUsage", message)
    assert bench.refused("POST", f"{PATH}/setDeletionProtection", deletionProtection="maybe")[1] == "invalid"
    bench.do("POST", f"{PATH}/setDeletionProtection", deletionProtection="false")
    bench.do("DELETE", PATH)


@pytest.mark.parametrize(
    ("verb", "key", "body", "message"),
    [
        ("setMetadata", "metadata", {"items": []}, "Supplied fingerprint does not match current metadata fingerprint."),
        ("setTags", "tags", {"items": ["web"]}, "Supplied fingerprint does not match current tags fingerprint."),
    ],
)
def test_stale_fingerprints_are_refused(bench: Bench, verb: str, key: str, body: dict[str, Any], message: str) -> None:
    fingerprint = bench.boot()[key]["fingerprint"]
    current = {**body, "fingerprint": fingerprint}
    for stale in (body, {**body, "fingerprint": "AAAA"}):
        assert bench.refused("POST", f"{PATH}/{verb}", stale) == (412, "conditionNotMet", message)
    bench.do("POST", f"{PATH}/{verb}", current)
    assert bench.get(PATH)[key].get("items", []) == body["items"]
    assert bench.refused("POST", f"{PATH}/{verb}", current)[0] == 412


def test_some_changes_need_a_stopped_machine(bench: Bench) -> None:
    bench.boot()
    changes = {
        "setMachineType": {"machineType": "zones/europe-west1-b/machineTypes/n2-standard-4"},
        "setServiceAccount": {"email": "x@p.iam.gserviceaccount.com", "scopes": ["a"]},
    }
    for verb, body in changes.items():
        assert "must be stopped" in bench.refused("POST", f"{PATH}/{verb}", body)[2]
    shielded = {"enableSecureBoot": True}
    assert "must be stopped" in bench.refused("PATCH", f"{PATH}/updateShieldedInstanceConfig", shielded)[2]
    nothing = {"provisioningModel": "", "maxRunDuration": None, "nodeAffinities": [None]}
    bench.do("POST", f"{PATH}/setScheduling", {"automaticRestart": False, **nothing})
    bench.do("POST", f"{PATH}/stop")
    for verb, body in changes.items():
        bench.do("POST", f"{PATH}/{verb}", body)
    bench.do("PATCH", f"{PATH}/updateShieldedInstanceConfig", shielded)
    found = bench.get(PATH)
    assert found["machineType"].endswith("/n2-standard-4")
    assert found["serviceAccounts"] == [changes["setServiceAccount"]]
    assert found["shieldedInstanceConfig"]["enableSecureBoot"]
    assert found["scheduling"] == {**SCHEDULING, "automaticRestart": False}
    bench.do("POST", f"{PATH}/setServiceAccount", {})
    assert "serviceAccounts" not in bench.get(PATH)


NIC = instance()["networkInterfaces"][0]


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"machineType": ""}, 400, "Required field 'resource.machineType' not specified"),
        ({"machineType": "zones/europe-west1-b/machineTypes/big"}, 400, "Machine type with name 'big' does not exist"),
        ({"machineType": "zones/europe-west1-b/machineTypes/n2-standard-999"}, 400, "does not exist"),
        ({"machineType": "zones/us-east1-b/machineTypes/e2-small"}, 400, "does not exist in zone 'europe-west1-b'"),
        ({"disks": []}, 400, "Required field 'resource.disks[0].boot' not specified"),
        ({"disks": [{"boot": True}]}, 400, "initializeParams.sourceImage' not specified"),
        (
            {"disks": [{"boot": True, "initializeParams": {"sourceImage": "projects/p/global/images/x"}}]},
            404,
            "The resource 'projects/p/global/images/x' was not found",
        ),
        (
            {"disks": [{"boot": True, "initializeParams": {"sourceImage": "global/images/family/x"}}]},
            404,
            "The resource 'projects/p/global/images/family/x' was not found",
        ),
        ({"networkInterfaces": []}, 400, "Required field 'resource.networkInterfaces' not specified"),
        (
            {"networkInterfaces": [{"network": "global/networks/n"}]},
            404,
            "'projects/p/global/networks/n' was not found",
        ),
        ({"networkInterfaces": [{**NIC, "accessConfigs": [{}, {}]}]}, 400, "At most one access config"),
        (
            {"networkInterfaces": [{**NIC, "accessConfigs": [{"natIP": "127.77.12.200"}]}]},
            400,
            "The specified external IP address '127.77.12.200' was not found in region 'europe-west1'.",
        ),
        ({"labels": {"release": "1.4.2"}}, 400, "Label value '1.4.2' violates format constraints"),
        ({"metadata": {"items": [{"key": "a b", "value": ""}]}}, 400, "resource.metadata.items"),
        ({"metadata": {"items": [{"key": "a"}, {"key": "a"}]}}, 400, "used once"),
    ],
)
def test_what_cannot_be_an_instance_is_refused(bench: Bench, fields: dict[str, Any], status: int, message: str) -> None:
    code, _, text = bench.refused("POST", f"{ZONE}/instances", instance(**fields))
    assert code == status
    assert message in text


def test_an_address_has_one_user(bench: Bench) -> None:
    address = bench.reserve()
    cards = instance(address=address)["networkInterfaces"]
    bench.boot(networkInterfaces=cards)
    status, reason, _ = bench.refused("POST", f"{ZONE}/instances", instance("b", networkInterfaces=cards))
    assert (status, reason) == (400, "resourceInUseByAnotherResource")
    assert bench.refused("DELETE", f"{REGION}/addresses/a")[1] == "resourceInUseByAnotherResource"


def test_a_family_moves_to_a_new_image(bench: Bench) -> None:
    bench.do("POST", f"{GLOBAL}/images", {"name": "shop-1", "family": "shop"})
    bench.now += 60
    bench.ask("POST", f"{GLOBAL}/images", {"name": "shop-2", "family": "shop"})
    assert bench.get(f"{GLOBAL}/images/family/shop")["name"] == "shop-1", "the other is not ready yet"
    bench.end()
    assert bench.get(f"{GLOBAL}/images/family/shop")["name"] == "shop-2"
    bench.do("DELETE", f"{GLOBAL}/images/shop-2")
    assert bench.get(f"{GLOBAL}/images/family/shop")["name"] == "shop-1"
