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


def test_doctor_sees_all_of_it_changes_nothing_and_writes_no_lock_file(switched: CloudShop) -> None:
    seen = found(switched)
    troubled = {check: one for check, one in seen.items() if one[0] != "ok"}
    assert troubled.keys() <= {"lock files"}, troubled  # whoever builds a provider has its checksum alone
    assert seen["google"][1].startswith("sandbox: what a deploy needs")
    assert [*switched.changes("/client/*"), *switched.changes("/compute/*")] == []
    assert {one.method for one in switched.asked("/state/*")} == {"GET"}, "no lock is taken"

    lock = switched.folder / "tf" / "edge" / ".terraform.lock.hcl"
    lock.unlink()
    seen = found(switched)
    assert seen["lock files"][0] == "warning"
    assert "no lock file in tf/edge" in seen["lock files"][1]
    assert seen["states"] == ("skipped", "tf/edge has no lock file, and a look writes none")
    assert seen["code"] == seen["states"]
    assert not lock.exists()


def test_doctor_sees_what_is_not_as_the_code_says(switched: CloudShop) -> None:
    switched.set_metadata("blue", release="9.9.9")
    level, seen = found(switched)["code"]
    assert level == "warning"
    assert seen.startswith("blue is not what its code says: update module.server[0].google_compute_instance.")
