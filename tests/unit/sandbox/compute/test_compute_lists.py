"""Lists, filters and pages; and which paths there are."""

from __future__ import annotations

import pytest
from compute_bench import GLOBAL, REGION, ZONE, Bench

from bluegreen.sandbox.compute import api
from bluegreen.sandbox.compute.refusals import Refused


def names(found: dict[str, object]) -> list[str]:
    return [item["name"] for item in found.get("items", [])]  # type: ignore[index, attr-defined]


def test_lists_hold_what_is_in_one_place(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.reserve(name)
    bench.do("POST", "projects/p/regions/us-east1/addresses", {"name": "d"})
    bench.do("POST", "projects/other/regions/us-east1/addresses", {"name": "e"})
    assert names(bench.get(f"{REGION}/addresses")) == ["a", "b", "c"]
    assert "items" not in bench.get("projects/p/regions/us-east4/addresses")
    everywhere = bench.get("projects/p/aggregated/addresses")
    found = {scope: [one["name"] for one in here["addresses"]] for scope, here in everywhere["items"].items()}
    assert found == {"regions/europe-west1": ["a", "b", "c"], "regions/us-east1": ["d"]}


def test_pages(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.reserve(name)
    first = bench.get(f"{REGION}/addresses", maxResults="2")
    assert names(first) == ["a", "b"]
    last = bench.get(f"{REGION}/addresses", maxResults="2", pageToken=first["nextPageToken"])
    assert (names(last), "nextPageToken" in last) == (["c"], False)
    assert bench.refused("GET", f"{REGION}/addresses", maxResults="0")[1] == "invalid"
    assert bench.refused("GET", f"{REGION}/addresses", pageToken="x")[1] == "invalid"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('name = "blue"', ["blue"]),
        ("name eq blue", ["blue"]),
        ("status != RUNNING", ["green"]),
        ("labels.color=blue AND (status=RUNNING)", ["blue"]),
        ("deletionProtection = false", ["blue", "green"]),
        ("labels.owner = nobody", []),
    ],
)
def test_filters(bench: Bench, text: str, found: list[str]) -> None:
    bench.boot("blue")
    bench.boot("green", labels={"color": "green"})
    bench.do("POST", f"{ZONE}/instances/green/stop")
    assert names(bench.get(f"{ZONE}/instances", filter=text)) == found


@pytest.mark.parametrize("text", ["name", "name ~ x", "a=b OR c=d", "x:*"])
def test_a_filter_that_is_not_understood_is_refused(bench: Bench, text: str) -> None:
    assert "Invalid list filter expression" in bench.refused("GET", f"{ZONE}/instances", filter=text)[2]


def test_lists_of_what_is_always_there(bench: Bench) -> None:
    bench.do("POST", f"{GLOBAL}/networks", {"name": "n"})
    assert names(bench.get(f"{GLOBAL}/networks")) == ["default", "n"]
    assert names(bench.get(f"{REGION}/subnetworks")) == ["default"]
    assert [name[:9] for name in names(bench.get("projects/debian-cloud/global/images"))] == ["debian-12", "debian-13"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "projects/p/zones/europe-west1-b/addresses"),
        ("GET", "projects/p/global/instances"),
        ("POST", "projects/p/zones/europe-west1-b/machineTypes"),
        ("GET", "projects/p/global/snapshots"),
        ("POST", "projects/p"),
        ("PUT", "nonsense"),
    ],
)
def test_paths_that_are_not_here_are_named(method: str, path: str) -> None:
    with pytest.raises(Refused, match=f"no {method} /compute/v1/{path}") as caught:
        api.place_of(method, path)
    assert caught.value.status == 404


def test_methods_that_are_not_here_are_named(bench: Bench) -> None:
    bench.boot()
    path = f"{ZONE}/instances/srv"
    for method, rest in (("POST", "suspend"), ("GET", "screenshot")):
        assert bench.refused(method, f"{path}/{rest}")[2].endswith(f"no {method} /compute/v1/{path}/{rest}")
    assert bench.refused("POST", f"{ZONE}/disks", {"name": "d"})[0] == 404
