"""Errors that people have met, in the words of Terraform and the providers, and the one hint that each is given."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.terraform.calls import Calls
from bluegreen.adapters.terraform.hints import KNOWN, find_hint
from bluegreen.errors import TerraformError

V5 = "failed to make http request\n"
RECORDS = 'POST "https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/dns_records"'


def refused(status: str, code: int, message: str) -> str:
    """An error of Cloudflare's provider since 5.0: summary, then what its SDK says, the answer's body included."""
    body = {"result": None, "success": False, "errors": [{"code": code, "message": message}], "messages": []}
    return f"{V5}{RECORDS}: {status} {json.dumps(body, separators=(',', ':'))}"


SAID = [
    # Terraform's own: constants of its source, and of OpenTofu's.
    ("Saved plan is stale\nThe given plan file can no longer be applied because", "plans anew"),
    (
        "Failed to install provider\nError while installing hashicorp/google v7.45.0: the local package for "
        "registry.terraform.io/hashicorp/google 7.45.0 doesn't match any of the checksums previously recorded in the "
        "dependency lock file (this might be because the available checksums are for packages targeting different\n"
        "platforms)",
        "terraform providers lock",
    ),
    (
        "Required plugins are not installed\nthe cached package for registry.terraform.io/hashicorp/google 4.40.0 (in "
        ".terraform/providers) does not match any of the checksums recorded in the dependency lock file",
        "terraform providers lock",
    ),
    (
        "Failed to install provider\nError while installing hashicorp/tls v4.0.4: open "
        "/tmp/plugin-cache/registry.terraform.io/hashicorp/tls/4.0.4/linux_arm64/terraform-provider-tls_v4.0.4_x5: "
        "text file busy",
        "TF_PLUGIN_CACHE_DIR",
    ),
    # Cloudflare's provider, since 5.0 and before.
    (refused("400 Bad Request", 81053, "An A, AAAA, or CNAME record with that host already exists."), "import ADDRESS"),
    (
        'Failed to create record: error from makeRequest: HTTP status 400: content "{\\"success\\":false,\\"errors\\":'
        '[{\\"code\\":81053,\\"message\\":\\"An A, AAAA or CNAME record already exists with that host.\\"}]}"',
        "remove it there",
    ),
    (refused("400 Bad Request", 81054, "A CNAME record with that host already exists."), "its type flips"),
    (refused("400 Bad Request", 81057, "The record already exists."), "this very record"),
    (refused("400 Bad Request", 81058, "An identical record already exists."), "this very record"),
    (refused("429 Too Many Requests", 971, "Please wait and consider throttling your request speed"), "5 minutes"),
    ("exceeded available rate limit retries", "5 minutes"),
    (
        'error from makeRequest: HTTP status 429: content "{\\"success\\":false,\\"errors\\":[{\\"code\\":10100,'
        '\\"message\\":\\"More than 1200 requests per 300 seconds reached.\\"}]}"',
        "5 minutes",
    ),
    (refused("403 Forbidden", 9109, "Invalid access token"), "CLOUDFLARE_API_TOKEN"),
    (refused("403 Forbidden", 10000, "Authentication error"), "CLOUDFLARE_API_TOKEN"),
    (refused("400 Bad Request", 10001, "Unable to authenticate request"), "CLOUDFLARE_API_TOKEN"),
    ("Authentication error (10000)", "CLOUDFLARE_API_TOKEN"),
    # Google's provider, and the backend gcs.
    (
        "Error when reading or editing Project Service x: googleapi: Error 429: Quota exceeded for quota metric 'Read "
        "requests' and limit 'Read requests per minute' of service 'cloudresourcemanager.googleapis.com'",
        "wait a minute",
    ),
    (
        'Error when reading or editing ComputeReservation "a": googleapi: Error 403: Quota exceeded for quota group '
        "'ReadGroup' and limit 'Read requests per user per 100 seconds' of service 'compute.googleapis.com', "
        "rateLimitExceeded",
        "wait a minute",
    ),
    ("Error waiting for instance to create: Quota 'CPUS' exceeded.  Limit: 8.0 in region us-east1.", "retire"),
    (
        "Error creating Address: googleapi: Error 403: Quota 'STATIC_ADDRESSES' exceeded.  Limit: 8.0 in region "
        "europe-west1., quotaExceeded",
        "twice as much",
    ),
    (
        "Cannot delete instance shop-blue: instance Deletion Protection is enabled. Set deletion_protection to false "
        'for this resource and run "terraform apply" before attempting to delete it.',
        "take deletion_protection off first",
    ),
    (
        "Error deleting instance: googleapi: Error 400: Invalid resource usage: 'Resource cannot be deleted if it's "
        "protected against deletion.'., invalidResourceUsage",
        "take deletion_protection off first",
    ),
    (
        "Failed to get existing workspaces: querying Cloud Storage failed: Get https://storage.googleapis.com: oauth2: "
        'cannot fetch token: 400 Bad Request\nResponse: {\n  "error": "invalid_grant",\n  "error_description": "Token '
        'has been expired or revoked."\n}',
        "gcloud auth application-default login",
    ),
    (
        "Error when reading or editing Instance: googleapi: Error 401: Request had invalid authentication credentials. "
        "Expected OAuth 2 access token, login cookie or other valid authentication credential.",
        "gcloud auth application-default login",
    ),
    (
        "Attempted to load application default credentials since neither `credentials` nor `access_token` was set in "
        "the provider block.  No credentials loaded.",
        "gcloud auth application-default login",
    ),
    (
        "storage.NewClient() failed: dialing: google: could not find default credentials. See "
        "https://cloud.google.com/docs/authentication/external/set-up-adc for more information",
        "gcloud auth application-default login",
    ),
]


@pytest.mark.parametrize(("said", "hint"), SAID)
def test_what_is_known_is_explained(said: str, hint: str) -> None:
    assert hint in find_hint(said)


def test_every_line_of_the_table_is_tried() -> None:
    assert {find_hint(said) for said, _ in SAID} == {hint for _, hint in KNOWN}


@pytest.mark.parametrize("said", ["", "Invalid index\nThe given key does not identify an element", "instance 10000"])
def test_what_is_not_known_is_left_alone(said: str) -> None:
    assert find_hint(said) == ""


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    return Calls("edge", tmp_path, tmp_path / "data", lambda: os.environ, lambda event: None, FakeInterruptions(), str)


@pytest.mark.parametrize(("name", "then"), [("plan", "bluegreen plan"), ("apply", "bluegreen tf edge -- plan")])
def test_the_error_says_it_before_the_next_command(name: str, then: str, calls: Calls, tmp_path: Path) -> None:
    summary, _, detail = refused("400 Bad Request", 81053, "it exists").partition("\n")
    said = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": summary, "detail": detail}}
    (tmp_path / "said").write_text(json.dumps(said) + "\n")
    with pytest.raises(TerraformError) as raised, calls.ran(name, ("cat", "said")) as outcome:
        calls.expect(name, outcome, 1)
    assert "bluegreen tf edge -- import ADDRESS" in raised.value.hint.partition("; ")[0]
    assert then in raised.value.hint.partition("; ")[2]


def test_so_does_one_that_was_said_on_stderr(calls: Calls, tmp_path: Path) -> None:
    (tmp_path / "said").write_text("╷\n│ Error: Failed to install provider\n│ \n│ open x: text file\n│ busy\n╵\n")
    with pytest.raises(TerraformError) as raised, calls.ran("init", ("sh", "-c", "cat said >&2; exit 1")) as outcome:
        calls.expect("init", outcome)
    assert "TF_PLUGIN_CACHE_DIR" in raised.value.hint


def test_a_warning_of_something_that_is_known_is_no_reason(calls: Calls, tmp_path: Path) -> None:
    said = {"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "text file busy"}}
    (tmp_path / "said").write_text(json.dumps(said) + "\n")
    with pytest.raises(TerraformError) as raised, calls.ran("plan", ("cat", "said")) as outcome:
        calls.expect("plan", outcome, 1)
    assert "TF_PLUGIN_CACHE_DIR" not in raised.value.hint


def test_the_lock_file_is_mended_where_it_lies(calls: Calls, tmp_path: Path) -> None:
    (tmp_path / "said").write_text(
        json.dumps({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": SAID[1][0]}}) + "\n"
    )
    with pytest.raises(TerraformError) as raised, calls.ran("init", ("cat", "said")) as outcome:
        calls.expect("init", outcome, 1)
    assert f"in {tmp_path}, terraform get" in raised.value.hint
