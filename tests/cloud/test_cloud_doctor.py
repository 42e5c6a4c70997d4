"""`doctor` of the cloud's own stack, with the real providers: lock files, permissions, and a plan of what runs."""

from __future__ import annotations

import pytest
from cloud_shop import CloudShop
from providers import needs_providers

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(300)]


@pytest.fixture
def layout() -> str:
    return "layers"


def found(shop: CloudShop) -> dict[str, tuple[str, str]]:
    """Return level and what was seen, by check."""
    return {finding.check: (finding.level, finding.seen) for finding in shop.environment().doctor().findings}


def test_doctor_of_a_switched_shop_and_of_one_that_has_changed(switched: CloudShop) -> None:
    seen = found(switched)
    narrow = {check: one for check, one in seen.items() if one[0] != "ok"}
    assert narrow.keys() <= {"lock files"}, narrow  # whoever builds a provider has its checksum alone
    assert seen["google"][1].startswith("sandbox: what a deploy needs")
    assert [*switched.changes("/client/*"), *switched.changes("/compute/*"), *switched.changes("/state/*")] == []
    assert [one.method for one in switched.asked("/state/*") if one.method != "GET"] == [], "no lock is taken"

    lock = switched.folder / "tf" / "edge" / ".terraform.lock.hcl"
    switched.set_metadata("blue", release="9.9.9")
    lock.unlink()
    seen = found(switched)
    assert seen["code"][0] == "skipped"
    assert seen["lock files"] == ("warning", seen["lock files"][1])
    assert "tf/edge has no lock file" in seen["lock files"][1]
    assert seen["states"][0] == "failure"
    assert not lock.exists(), "a look writes no lock file"


def test_doctor_sees_what_is_not_as_the_code_says(switched: CloudShop) -> None:
    switched.set_metadata("blue", release="9.9.9")
    level, seen = found(switched)["code"]
    assert level == "warning"
    assert seen.startswith("blue is not what its code says: update module.server[0].google_compute_instance.")
