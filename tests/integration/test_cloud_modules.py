"""The modules and examples for Google Cloud and Cloudflare, held against the real providers: no account is needed.

The providers' folder is BLUEGREEN_PROVIDERS, or .providers/ in the checkout; it holds terraformrc, and OpenTofu as tofu
if it is to be tried too. `terraform test` simulates the providers and yet needs their schemas, so their programs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.adapters.terraform.folder import scan_root
from bluegreen.config.load import load_config
from bluegreen.switch.guard import Guard

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "terraform" / "modules"
EXAMPLES = ROOT / "examples"
PROVIDERS = Path(os.environ.get("BLUEGREEN_PROVIDERS") or ROOT / ".providers")

ROOTS = (
    "gcp_cloudflare/tf/network",
    "gcp_cloudflare/tf/server",
    "gcp_cloudflare/tf/edge",
    "gcp_cloudflare/tf/zone",
    "single_root/terraform",
)
NO_CHANGE = ["no-op"]
UPDATE = ["update"]
ANOTHER = ["delete", "create"]

pytestmark = pytest.mark.timeout(300)  # each run of a module's tests starts real providers, of up to 100 MB, anew

with_providers = pytest.mark.skipif(
    not (PROVIDERS / "terraformrc").is_file(),
    reason=f"no real providers: there is no {PROVIDERS}/terraformrc (make providers, or set BLUEGREEN_PROVIDERS)",
)
engines = pytest.mark.parametrize(
    "engine",
    [
        "auto",
        pytest.param(
            str(PROVIDERS / "tofu"),
            id="tofu",
            marks=pytest.mark.skipif(not (PROVIDERS / "tofu").is_file(), reason=f"there is no {PROVIDERS}/tofu"),
        ),
    ],
)


@dataclass(frozen=True)
class Terraform:
    """Terraform in one folder. cache: where what it downloads, and the engine's version, are put."""

    engine: str
    folder: Path
    cache: Path

    def __call__(self, *argv: str) -> str:
        engine = find_engine(self.engine, cache=self.cache / "engine")
        keep = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        done = subprocess.run(
            [*engine.argv, *argv],
            cwd=self.folder,
            env={
                **keep,
                "TF_CLI_CONFIG_FILE": str(PROVIDERS / "terraformrc"),
                "TF_DATA_DIR": str(self.cache / "data"),
                "CHECKPOINT_DISABLE": "1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def validate(self) -> None:
        self("init", "-backend=false", "-input=false", "-no-color")
        self("validate", "-no-color")


Plan = Mapping[str, Any]


def run_tests(engine: str, module: str, work: Path) -> Mapping[str, Plan]:
    """Run a module's own tests, all of which must pass; return the plans that were made, by the name of the run."""
    folder = work / module
    shutil.copytree(MODULES / module, folder, ignore=shutil.ignore_patterns(".terraform*"))
    terraform = Terraform(engine, folder, work)
    terraform.validate()
    lines = terraform("test", "-json", "-verbose").splitlines()
    messages = [json.loads(line) for line in lines if line.startswith("{")]  # OpenTofu also warns in plain text
    (summary,) = (message["test_summary"] for message in messages if message["type"] == "test_summary")
    assert summary["status"] == "pass", summary
    assert summary["passed"] > 0
    return {message["@testrun"]: message["test_plan"] for message in messages if message["type"] == "test_plan"}


def actions(plan: Plan) -> dict[str, list[str]]:
    changes = [change for change in plan.get("resource_changes", []) if change["mode"] == "managed"]
    return {change["address"]: change["change"]["actions"] for change in changes}


def changed(plan: Plan, address: str) -> set[str]:
    """Return the attributes that a plan changes."""
    change = next(change["change"] for change in plan["resource_changes"] if change["address"] == address)
    return {name for name, value in change["after"].items() if value != change["before"][name]}


def test_format(tmp_path: Path) -> None:
    for folder in (MODULES, EXAMPLES):
        Terraform("auto", folder, tmp_path)("fmt", "-check", "-recursive", "-diff", "-no-color")


def test_no_lock_file_is_shipped() -> None:
    found = [path for folder in (MODULES, EXAMPLES) for path in folder.rglob(".terraform.lock.hcl")]
    assert found == [], "it would hold the checksums of somebody's own providers"


@with_providers
@engines
@pytest.mark.parametrize("root", ROOTS)
def test_roots_are_valid(engine: str, root: str, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".terraform*", ".bluegreen", "tests")
    shutil.copytree(MODULES, tmp_path / "terraform" / "modules", ignore=ignored)
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=ignored)
    Terraform(engine, tmp_path / "examples" / root, tmp_path).validate()


OWNERS = {
    "cloudflare_dns_record.root": "public",
    "cloudflare_dns_record.backend_blue_access": "backend.blue",
    "cloudflare_dns_record.backend_green_access": "backend.green",
    'cloudflare_dns_record.check["blue"]': "backend.blue",
    'cloudflare_dns_record.check["green"]': "backend.green",
    "cloudflare_zone.zone": "shared",
    "cloudflare_zone_setting.tls": "shared",
    "cloudflare_origin_ca_certificate.origin": "shared",
    "cloudflare_authenticated_origin_pulls_settings.pulls": "shared",
    "cloudflare_ruleset.cache": "shared",
    "cloudflare_ruleset.probes": "shared",
}
"""The cdn's resources, of some with the key, and whose they are."""


@with_providers
@engines
def test_the_network(engine: str, tmp_path: Path) -> None:
    assert run_tests(engine, "network", tmp_path)


@with_providers
@engines
def test_only_the_colors_object_makes_another_machine(engine: str, tmp_path: Path) -> None:
    plans = run_tests(engine, "server", tmp_path)
    machine, boot = "google_compute_instance.server", "terraform_data.boot"
    for run, expected in {
        "a_family_that_moves_is_let_go": {machine: NO_CHANGE, boot: NO_CHANGE},
        "an_edit_of_what_boots_waits_for_the_next_object": {machine: NO_CHANGE, boot: NO_CHANGE},
        "running_null_and_true_are_the_same": {machine: NO_CHANGE, boot: NO_CHANGE},
        "stopping_is_an_update_in_place": {machine: UPDATE, boot: NO_CHANGE},
        "another_field_of_the_object_is_another_machine": {machine: ANOTHER, boot: ANOTHER},
        "a_release_takes_the_family_where_it_is_then": {machine: ANOTHER, boot: ANOTHER},
    }.items():
        assert actions(plans[run]) == expected, run
    assert changed(plans["stopping_is_an_update_in_place"], machine) == {"desired_status"}


@with_providers
@engines
def test_a_switch_is_one_update_of_one_content_for_each_public_hostname(engine: str, tmp_path: Path) -> None:
    plans = run_tests(engine, "cdn", tmp_path)
    switch = plans["a_switch"]
    touched = {address: done for address, done in actions(switch).items() if done != NO_CHANGE}
    assert touched == {
        'cloudflare_dns_record.root["example.com"]': UPDATE,
        'cloudflare_dns_record.root["www.example.com"]': UPDATE,
    }
    assert [changed(switch, address) for address in touched] == [{"content"}, {"content"}]
    check_owners({address for plan in plans.values() for address in actions(plan)})


def check_owners(addresses: set[str]) -> None:
    """The guard's defaults tell whose each of them is, and the module's tests have planned them all."""
    known = {address: address if address in OWNERS else address.partition("[")[0] for address in addresses}
    owned = {known[address]: Guard().owner(f"module.cdn.{address}") for address in addresses}
    assert owned == OWNERS


def test_the_firewall_is_these_two_rules() -> None:
    """Nothing else opens a port: no other module, and no example, which would be copied."""
    code = {path: path.read_text() for folder in (MODULES, EXAMPLES) for path in folder.rglob("*.tf")}
    rule = re.compile(r'resource "(google_compute_\w*(?:firewall|security_policy)\w*)" "(\w+)"')
    assert {(path.parent.name, *found) for path, text in code.items() for found in rule.findall(text)} == {
        ("network", "google_compute_firewall", "cdn"),
        ("network", "google_compute_firewall", "check"),
    }


@pytest.mark.parametrize("root", ["gcp_cloudflare/tf/network", "single_root/terraform"])
def test_the_firewall_is_no_option_of_the_examples(root: str) -> None:
    (given,) = re.findall(r"^  firewall += (.*)$", (EXAMPLES / root / "main.tf").read_text(), re.MULTILINE)
    assert given == "{ health_check_source_ranges = var.health_check_source_ranges }"


@pytest.mark.parametrize("example", ["gcp_cloudflare", "single_root"])
def test_examples_are_configured(example: str) -> None:
    config = load_config(EXAMPLES / example)
    pro = config.environment("pro")
    assert pro.keep_warm == 24 * 3600
    given = {name.removeprefix("TF_VAR_") for name in pro.terraform.env}
    declared = {name for layer in pro.stack for name in scan_root(layer.folder).variables}
    assert given <= declared, "a variable that no root declares"


def test_no_server_knows_which_color_is_active() -> None:
    servers = scan_root(EXAMPLES / "gcp_cloudflare" / "tf" / "server").variables
    network = scan_root(EXAMPLES / "gcp_cloudflare" / "tf" / "network").variables
    assert {"color", "enabled", "server", "colors"} <= set(servers)
    assert not {"server_active", "server_previous"} & {*servers, *network}


def test_modules_and_examples_pin_their_providers_alike() -> None:
    code = "".join(path.read_text() for folder in (MODULES, EXAMPLES) for path in folder.rglob("versions.tf"))
    pinned = re.findall(r'source += "([^"]+)"\n +version = "([^"]+)"', code)
    assert set(pinned) == {
        ("hashicorp/google", "~> 7.0"),
        ("cloudflare/cloudflare", ">= 5.20, < 6"),
        ("hashicorp/random", "~> 3.6"),
    }
    assert len(pinned) == len(re.findall(r"^ +source +=", code, re.MULTILINE))


def test_examples_start_their_servers_alike() -> None:
    scripts = {path.read_text() for path in EXAMPLES.rglob("startup.sh")}
    assert len(scripts) == 1


@with_providers
def test_the_server_at_the_third_address_is_valid(tmp_path: Path) -> None:
    readme = (MODULES / "network" / "README.md").read_text()
    (shown,) = re.findall(r"```hcl\n(.*?)```", readme, re.DOTALL)
    shutil.copytree(MODULES / "network", tmp_path / "terraform" / "modules" / "network")
    folder = tmp_path / "somewhere" / "else"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(shown)
    Terraform("auto", folder, tmp_path).validate()
    Terraform("auto", folder, tmp_path)("fmt", "-check", "-diff", "-no-color")


REFUSED: Mapping[str, Mapping[str, object]] = {
    "network": {
        "name": "Shop",
        "required_ips": 4,
        "subnet_cidr": "10.20.0.0",
        "firewall": {"ports": ["0-65535"], "health_check_source_ranges": ["0.0.0.0/0"]},
    },
    "server": {
        "service": "Shop",
        "environment": "pro.",
        "color": "red",
        "address": "127.0.0.1",
        "server": {"release": "", "running": "perhaps"},
        "disk": {"size": 9},
        "cloud_init": "packages: []",
        "container": {"image": "-", "env": {"A": "one\ntwo"}},
        "metadata": {"release": "9.9.9"},
        "service_account": {"email": "123-compute@developer.gserviceaccount.com"},
    },
    "cdn": {
        "cf_cdn": {
            "zone_name": "Example.com",
            "new_zone": True,
            "hostnames": ["*"],
            "active_access": "cname",
            "ttl": 30,
        },
        "prod_enabled": {
            "env_name": "pro.test",
            "blue_svr": True,
            "green_svr_ip": "203.0.113",
            "server_active": "red",
        },
        "origin_csr": "-----BEGIN PRIVATE KEY-----",
        "probe_path": '/healthz" or true',
        "probe_header": "X-Probe",
        "probe_secret": "probe",
    },
}
"""Module -> values that break every rule there is."""


@pytest.mark.parametrize("module", REFUSED)
def test_each_rule_for_a_variable_refuses_in_its_own_words(module: str, tmp_path: Path) -> None:
    """The rules alone, which need no provider."""
    code = (MODULES / module / "variables.tf").read_text()
    rules = {json.loads(text) for text in re.findall(r'error_message = (".*")$', code, re.MULTILINE)}
    (tmp_path / "variables.tf").write_text(code)
    (tmp_path / "bad.auto.tfvars.json").write_text(json.dumps(REFUSED[module]))
    engine = find_engine(cache=tmp_path / "engine")
    said = subprocess.run(
        [*engine.argv, "plan", "-json", "-input=false"],
        cwd=tmp_path,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    problems = [json.loads(line).get("diagnostic") for line in said.stdout.splitlines()]
    assert {problem["detail"].partition("\n")[0] for problem in problems if problem} == rules


def test_the_network_refuses_in_the_words_of_the_original() -> None:
    code = (MODULES / "network" / "variables.tf").read_text()
    assert '"Please provide a valid number of required public IPs. Options are: 1, 2 or 3."' in code
