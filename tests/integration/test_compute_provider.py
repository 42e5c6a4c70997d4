"""The real google provider against the sandbox's Compute API: what it makes runs, and it finds nothing to change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from compute_witness import Witness, eventually, release_at
from providers import SETTINGS, needs_providers

from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.client import Sandbox

pytestmark = [needs_providers, pytest.mark.timeout(300)]

HEAD = """
terraform {
  required_providers {
    google = { source = "hashicorp/google" }
  }
}
provider "google" {
  project = "p"
  region  = "europe-west1"
  zone    = "europe-west1-b"
}
variable "running" { default = true }
variable "release" { default = "1.4.2" }
"""
NETWORK = """
resource "google_compute_network" "vpc" {
  name                    = "shop"
  auto_create_subnetworks = false
}
resource "google_compute_subnetwork" "subnet" {
  name          = "shop"
  network       = google_compute_network.vpc.id
  ip_cidr_range = "10.1.0.0/24"
}
resource "google_compute_firewall" "web" {
  name          = "web"
  network       = google_compute_network.vpc.name
  source_ranges = ["10.0.0.0/8", "192.0.2.0/24"]
  target_tags   = ["shop"]
  allow {
    protocol = "tcp"
    ports    = ["80", "443"]
  }
}
"""
ADDRESSES = """
resource "google_compute_address" "fixed" {
  count = 2
  name  = "fixed-external-ip-${count.index}"
}
"""
SERVER = """
data "google_compute_image" "debian" {
  family  = "debian-12"
  project = "debian-cloud"
}
resource "google_compute_instance" "server" {
  name           = "shop-pro-blue"
  machine_type   = "e2-small"
  desired_status = var.running ? "RUNNING" : "TERMINATED"
  labels         = { service = "shop", environment = "pro", color = "blue", release = replace(var.release, ".", "-") }
  metadata       = { release = var.release }
  tags           = ["shop"]
  boot_disk {
    initialize_params {
      image = data.google_compute_image.debian.self_link
      size  = 20
      type  = "pd-balanced"
    }
  }
  network_interface {
    subnetwork = google_compute_subnetwork.subnet.id
    access_config { nat_ip = google_compute_address.fixed[0].address }
  }
  service_account {
    email  = "shop@p.iam.gserviceaccount.com"
    scopes = ["cloud-platform"]
  }
  shielded_instance_config { enable_secure_boot = true }
}
"""
BY_FAMILY = """
resource "google_compute_instance" "ci" {
  name         = "ci"
  machine_type = "e2-medium"
  boot_disk {
    initialize_params { image = "debian-cloud/debian-12" }
  }
  network_interface {
    network = "default"
    access_config {}
  }
}
"""
ALL_CHANGED = """
variable "second" { default = false }
resource "google_compute_address" "fixed" {
  name   = "fixed"
  labels = { second = var.second }
}
resource "google_compute_firewall" "web" {
  name          = "web"
  network       = "default"
  source_ranges = var.second ? ["10.0.0.0/8", "192.0.2.0/24"] : ["10.0.0.0/8"]
  allow { protocol = "tcp" }
}
resource "google_compute_instance" "server" {
  name                      = "server"
  machine_type              = var.second ? "e2-medium" : "e2-small"
  allow_stopping_for_update = true
  deletion_protection       = !var.second
  labels                    = { second = var.second }
  metadata                  = { second = var.second }
  tags                      = ["second-${var.second}"]
  scheduling { automatic_restart = !var.second }
  shielded_instance_config { enable_secure_boot = !var.second }
  service_account {
    email  = var.second ? "y@p.iam.gserviceaccount.com" : "x@p.iam.gserviceaccount.com"
    scopes = ["cloud-platform"]
  }
  boot_disk {
    initialize_params { image = "projects/debian-cloud/global/images/family/debian-12" }
  }
  network_interface {
    network = "default"
    access_config { nat_ip = google_compute_address.fixed.address }
  }
}
"""
INSTANCES = "/compute/v1/projects/p/zones/europe-west1-b/instances"


class Root:
    """One Terraform root, whose provider takes the sandbox for Google."""

    def __init__(self, folder: Path, text: str, network: Network, witness: Witness):
        self.folder, self.network, self.witness = folder, network, witness
        self.sandbox = Sandbox(network)
        folder.mkdir()
        (folder / "main.tf").write_text(HEAD + text)
        assert self.terraform("init", "-input=false").returncode == 0

    def terraform(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        google = {"GOOGLE_COMPUTE_CUSTOM_ENDPOINT": self.witness.compute_url, "GOOGLE_OAUTH_ACCESS_TOKEN": "x"}
        quiet = {"TF_CLI_CONFIG_FILE": str(SETTINGS), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.folder,
            env={**os.environ, **google, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
        )

    def apply(self, **variables: str) -> list[tuple[str, str]]:
        """Apply; return the requests that change something, each without what is before its project."""
        self.sandbox.forget_requests()
        done = self.terraform("apply", "-auto-approve", *_variables(variables))
        assert done.returncode == 0, done.stderr
        return self.changes()

    def changes(self) -> list[tuple[str, str]]:
        asked = [(one.method, one.path.removeprefix("/compute/v1/projects/p/")) for one in self.sandbox.requests()]
        return sorted((method, path) for method, path in asked if method != "GET")

    def assert_nothing_to_plan(self, **variables: str) -> None:
        plan = self.terraform("plan", "-detailed-exitcode", *_variables(variables))
        assert plan.returncode == 0, plan.stdout + plan.stderr


def _variables(variables: dict[str, str]) -> list[str]:
    return [f"-var={name}={value}" for name, value in variables.items()]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Root]]:
    network = Network.for_path(tmp_path)
    lifecycle.up(tmp_path / "sandbox", network, "shop")
    try:
        with Witness(network) as witness:
            yield lambda text: Root(tmp_path / "root", text, network, witness)
        assert witness.problems == []
    finally:
        lifecycle.down(tmp_path / "sandbox", network)


def test_apply_stop_start_destroy(make: Callable[[str], Root]) -> None:
    root = make(NETWORK + ADDRESSES + SERVER + BY_FAMILY)
    assert ("POST", "zones/europe-west1-b/instances") in root.apply()
    (address,) = {server.address for server in root.sandbox.status().servers}
    assert address in {root.network.address(number) for number in (101, 102, 103)}
    eventually(lambda: release_at(address) == "1.4.2")
    root.assert_nothing_to_plan()

    instance = "zones/europe-west1-b/instances/shop-pro-blue"
    assert root.apply(release="1.5.0") == [("POST", f"{instance}/setLabels"), ("POST", f"{instance}/setMetadata")]
    assert release_at(address) == "1.4.2", "metadata reaches a machine at its next boot"
    assert root.apply(release="1.5.0", running="false") == [("POST", f"{instance}/stop")]
    assert release_at(address) == ""
    root.assert_nothing_to_plan(release="1.5.0", running="false")
    assert root.apply(release="1.5.0") == [("POST", f"{instance}/start")]
    eventually(lambda: release_at(address) == "1.5.0")
    root.assert_nothing_to_plan(release="1.5.0")

    gone = root.terraform("destroy", "-auto-approve")
    assert gone.returncode == 0, gone.stderr
    assert release_at(address) == ""
    assert root.sandbox.status().servers == ()
    left = (root.folder.parent / "sandbox" / "world.json").read_text()
    assert '"resources": {}' in left


def test_everything_that_changes_in_place(make: Callable[[str], Root]) -> None:
    root = make(ALL_CHANGED)
    root.apply()
    root.assert_nothing_to_plan()
    changes = root.apply(second="true")
    root.assert_nothing_to_plan(second="true")
    server = "zones/europe-west1-b/instances/server"
    verbs = (
        "setDeletionProtection setLabels setMachineType setMetadata setScheduling setServiceAccount setTags start stop"
    )
    assert changes == [
        ("PATCH", "global/firewalls/web"),
        ("PATCH", f"{server}/updateShieldedInstanceConfig"),
        ("POST", "regions/europe-west1/addresses/fixed/setLabels"),
        *(("POST", f"{server}/{verb}") for verb in verbs.split()),
    ]


def test_a_create_that_fails_is_told_and_can_be_repeated(make: Callable[[str], Root]) -> None:
    root = make(BY_FAMILY)
    root.sandbox.fail_operations("POST", INSTANCES, "ZONE_RESOURCE_POOL_EXHAUSTED")
    failed = root.terraform("apply", "-auto-approve")
    assert failed.returncode == 1
    assert "does not have enough resources available" in failed.stderr
    root.sandbox.refuse_requests("POST", INSTANCES, 403)
    refused = root.terraform("apply", "-auto-approve")
    assert "Required permission is missing" in refused.stderr
    assert root.apply() == [("POST", "zones/europe-west1-b/instances")]
    root.assert_nothing_to_plan()


def test_the_provider_gets_over_a_busy_api(make: Callable[[str], Root]) -> None:
    root = make(ADDRESSES)
    for status in (429, 503):
        root.sandbox.refuse_requests("*", "/compute/v1/*", status)
    root.apply()
    root.assert_nothing_to_plan()
    seen = {one.status for one in root.sandbox.requests()}
    assert {200, 429, 503} <= seen


def test_an_answer_that_was_lost_leaves_what_terraform_does_not_know(make: Callable[[str], Root]) -> None:
    root = make(BY_FAMILY)
    root.sandbox.lose_answers("POST", INSTANCES)
    lost = root.terraform("apply", "-auto-approve")
    again = root.terraform("apply", "-auto-approve")
    assert (lost.returncode, again.returncode) == (1, 1), (lost.stderr, again.stderr)
    assert "already exists" in again.stderr
