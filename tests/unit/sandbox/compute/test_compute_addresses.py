"""External addresses: who gets which, who may give it back."""

from __future__ import annotations

import pytest
from compute_bench import REGION, ZONE, Bench, instance


def test_an_address_is_reserved_used_and_given_back(bench: Bench) -> None:
    status, operation = bench.ask("POST", f"{REGION}/addresses", {"name": "a", "labels": {"x": "y"}})
    assert (status, operation["operationType"], operation["region"].rsplit("/", 1)[1]) == (
        200,
        "insert",
        "europe-west1",
    )
    assert bench.get(f"{REGION}/addresses/a")["status"] == "RESERVING"
    bench.end()
    found = bench.get(f"{REGION}/addresses/a")
    assert (found["address"], found["status"], found["addressType"]) == ("127.77.12.101", "RESERVED", "EXTERNAL")
    assert found["labels"] == {"x": "y"}
    bench.boot(networkInterfaces=instance(address=found["address"])["networkInterfaces"])
    used = bench.get(f"{REGION}/addresses/a")
    assert (used["status"], used["users"]) == (
        "IN_USE",
        [f"https://www.googleapis.com/compute/v1/{ZONE}/instances/srv"],
    )
    path = f"{REGION}/addresses/a"
    assert bench.refused("DELETE", path) == (
        400,
        "resourceInUseByAnotherResource",
        f"The address resource '{path}' is already being used by '{ZONE}/instances/srv'",
    )
    bench.do("DELETE", f"{ZONE}/instances/srv")
    bench.do("DELETE", path)
    assert bench.refused("GET", path) == (404, "notFound", f"The resource '{path}' was not found")


def test_no_two_hold_one_address(bench: Bench) -> None:
    bench.taken = frozenset(("127.77.12.102",))
    assert [bench.reserve(name) for name in "abc"] == ["127.77.12.101", "127.77.12.103", "127.77.12.104"]
    bench.boot()
    assert bench.reserve("d") == "127.77.12.106", "the instance has an address of its own"


def test_a_name_is_given_once(bench: Bench) -> None:
    bench.reserve()
    path = f"{REGION}/addresses"
    assert bench.refused("POST", path, {"name": "a"}) == (
        409,
        "alreadyExists",
        f"The resource '{path}/a' already exists",
    )


def test_a_region_has_a_quota(bench: Bench) -> None:
    for number in range(100):
        bench.reserve(f"a{number}")
    message = "Quota 'STATIC_ADDRESSES' exceeded.  Limit: 100.0 in region europe-west1."
    assert bench.refused("POST", f"{REGION}/addresses", {"name": "b"}) == (403, "quotaExceeded", message)
    other = "projects/p/regions/us-east1/addresses"
    for number in range(54):
        bench.do("POST", other, {"name": f"a{number}"})
    assert bench.refused("POST", other, {"name": "b"})[:2] == (403, "quotaExceeded"), "the network is full"
    assert bench.get(REGION)["quotas"][0]["usage"] == 100


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        ({}, "required", "Required field 'resource.name' not specified"),
        ({"name": "A"}, "invalid", "Invalid value for field 'resource.name': 'A'. Must be a match of regex"),
        ({"name": "a", "addressType": "INTERNAL"}, "invalid", "external addresses only"),
        ({"name": "a", "address": "127.0.0.9"}, "invalid", "The sandbox chooses the address"),
        ({"name": "a", "labels": {"release": "1.4.2"}}, "invalid", "Label value '1.4.2' violates format constraints"),
        ({"name": "a", "labels": {"Release": "1"}}, "invalid", "Label key 'Release' violates format constraints"),
        ({"name": "a", "labels": {f"k{n}": "v" for n in range(65)}}, "invalid", "At most 64 labels"),
    ],
)
def test_what_cannot_be_an_address_is_refused(bench: Bench, body: object, reason: str, message: str) -> None:
    status, why, text = bench.refused("POST", f"{REGION}/addresses", body)
    assert (status, why) == (400, reason)
    assert message in text


def test_stale_label_fingerprints_are_refused(bench: Bench) -> None:
    bench.reserve()
    path = f"{REGION}/addresses/a"
    first = bench.get(path)["labelFingerprint"]
    stale = (412, "conditionNotMet", "Labels fingerprint either invalid or resource labels have changed")
    assert bench.refused("POST", f"{path}/setLabels", {"labels": {"x": "1"}, "labelFingerprint": "AAAA"}) == stale
    assert bench.ask("POST", f"{path}/setLabels", {"labels": {"x": "1"}, "labelFingerprint": first})[0] == 200
    assert bench.refused("POST", f"{path}/setLabels", {"labels": {"x": "2"}, "labelFingerprint": first}) == stale, (
        "another change is on its way"
    )
    assert "labels" not in bench.get(path) or bench.get(path)["labels"] == {}, "it shows when the operation has ended"
    bench.end()
    assert bench.get(path)["labels"] == {"x": "1"}
    assert bench.refused("POST", f"{path}/setLabels", {"labels": {"x": "2"}, "labelFingerprint": first}) == stale
