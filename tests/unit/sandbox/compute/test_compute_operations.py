"""Operations: PENDING, RUNNING, DONE; what fails leaves the world as it was; what is under way is in the way."""

from __future__ import annotations

import json

import pytest
from compute_bench import GLOBAL, REGION, ZONE, Bench, instance

from bluegreen.sandbox.compute.cloud import Cloud
from bluegreen.sandbox.compute.operations import KEPT, finish, shown
from bluegreen.sandbox.faults import FAILURES


def phase(bench: Bench, scope: str, name: str) -> dict[str, object]:
    return shown(bench.cloud.operations[f"{scope}/operations/{name}"], bench.now)


def test_an_operation_goes_through_its_phases(bench: Bench) -> None:
    _, first = bench.ask("POST", f"{REGION}/addresses", {"name": "a"})
    assert (first["status"], first["progress"], "startTime" in first) == ("PENDING", 0, False)
    assert first["id"].isdecimal()
    assert first["targetId"] == bench.get(f"{REGION}/addresses/a")["id"]
    assert first["targetLink"].endswith(f"{REGION}/addresses/a")
    assert first["selfLink"].endswith(f"{REGION}/operations/{first['name']}")
    bench.now += 0.2
    second = phase(bench, REGION, first["name"])
    assert (second["status"], second["progress"], "endTime" in second) == ("RUNNING", 50, False)
    bench.end()
    third = phase(bench, REGION, first["name"])
    assert (third["status"], third["progress"], "error" in third) == ("DONE", 100, False)
    assert str(third["insertTime"]) < str(third["startTime"]) < str(third["endTime"])


def test_an_operation_ends_once(bench: Bench) -> None:
    operation = bench.do("POST", f"{REGION}/addresses", {"name": "a"})
    before = bench.cloud
    path = f"{REGION}/operations/{operation['name']}"
    assert finish(bench.cloud, path, bench.now + 5) == before
    assert finish(bench.cloud, "nowhere", bench.now) == before


@pytest.mark.parametrize("code", FAILURES)
def test_a_failed_insert_leaves_nothing(bench: Bench, code: str) -> None:
    bench.failure = FAILURES[code]
    operation = bench.do("POST", f"{ZONE}/instances", instance())
    found = phase(bench, ZONE, operation["name"])
    assert found["status"] == "DONE"
    assert found["error"]["errors"][0]["code"] == code  # type: ignore[index]
    assert found["httpErrorStatusCode"] == FAILURES[code].status
    assert "{" not in found["error"]["errors"][0]["message"]  # type: ignore[index]
    assert bench.cloud.resources == {}
    assert bench.cloud.boots == {}


@pytest.mark.parametrize(("verb", "status"), [("stop", "RUNNING"), ("start", "TERMINATED"), ("", "RUNNING")])
def test_what_fails_later_leaves_the_world_as_it_was(bench: Bench, verb: str, status: str) -> None:
    bench.boot()
    path = f"{ZONE}/instances/srv"
    if verb == "start":
        bench.do("POST", f"{path}/stop")
    before = bench.get(path)
    bench.failure = FAILURES["INTERNAL_ERROR"]
    bench.do("POST" if verb else "DELETE", f"{path}/{verb}".rstrip("/"))
    assert bench.get(path) == before
    assert before["status"] == status


def test_what_is_under_way_is_in_the_way(bench: Bench) -> None:
    bench.ask("POST", f"{ZONE}/instances", instance())
    path = f"{ZONE}/instances/srv"
    not_ready = (400, "resourceNotReady", f"The resource '{path}' is not ready")
    assert bench.refused("POST", f"{path}/stop") == not_ready
    assert bench.refused("DELETE", path) == not_ready
    bench.end()
    bench.ask("POST", f"{path}/setDeletionProtection", deletionProtection="true")
    assert bench.refused("POST", f"{path}/setDeletionProtection", deletionProtection="false") == not_ready
    assert bench.ask("POST", f"{path}/setTags", {"fingerprint": bench.get(path)["tags"]["fingerprint"]})[0] == 200, (
        "another field"
    )


def test_a_request_that_comes_again_is_done_once(bench: Bench) -> None:
    request = {"requestId": "3f1c7d5e-0000-4000-8000-000000000001"}
    first = bench.do("POST", f"{GLOBAL}/networks", {"name": "n"}, **request)
    again = bench.do("POST", f"{GLOBAL}/networks", {"name": "n"}, **request)
    assert (first["name"], again["status"]) == (again["name"], "DONE")
    assert again["clientOperationId"] == request["requestId"]


def test_old_operations_are_forgotten(bench: Bench) -> None:
    bench.reserve()
    path = f"{REGION}/addresses/a"
    for number in range(KEPT + 20):
        labels = {"labels": {"n": str(number)}, "labelFingerprint": bench.get(path)["labelFingerprint"]}
        bench.do("POST", f"{path}/setLabels", labels)
    assert len(bench.cloud.operations) == KEPT + 1


def test_the_memory_comes_back_equal(bench: Bench) -> None:
    bench.boot()
    bench.ask("POST", f"{ZONE}/instances/srv/stop")
    bench.failure = FAILURES["QUOTA_EXCEEDED"]
    bench.ask("POST", f"{REGION}/addresses", {"name": "a"})
    assert Cloud.from_json(json.loads(json.dumps(bench.cloud.as_json()))) == bench.cloud
    assert Cloud.from_json(json.loads(json.dumps(Cloud().as_json()))) == Cloud()
