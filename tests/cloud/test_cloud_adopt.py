"""The original design's root by the real providers: adopted, switched by records that flip, given ones that do not.

Its records are named as provider 5 has them: there is no older one that this machine could run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from program import command, environment
from providers import SETTINGS, needs_providers
from shop import QUICK, laid_over

from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.resources import shipped
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.client import Sandbox
from bluegreen.sandbox.lifecycle import down, up
from bluegreen.sandbox.traffic import Traffic

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(600)]

ARTICLE = Path(__file__).parents[1] / "unit" / "adoption" / "article"
PUBLIC = "pro.shop.test"
BACKEND = """
terraform {{
  backend "http" {{
    address        = "{0}"
    lock_address   = "{0}"
    unlock_address = "{0}"
  }}
}}
"""
SERVER = """
variable "release" { type = string }

resource "terraform_data" "release" {
  input = var.release
}
"""


class Deployed:
    """The project in a sandbox of its own, deployed by bare Terraform."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "terraform"
        self.network = Network.for_path(folder)
        self.sandbox = Sandbox(self.network)
        shutil.copytree(ARTICLE, self.root)
        (self.root / "backend.tf").write_text(BACKEND.format(self.network.state_url("pro/main")))
        self.edit("providers.tf", ("~> 4.60", "~> 7.0"))
        self.edit(
            "modules/cdn/main.tf",
            ("cloudflare_record", "cloudflare_dns_record"),
            ("  value  ", "  content"),
            ("proxied = false", "proxied = false\n  ttl     = 60"),
            ("proxied = true", "proxied = true\n  ttl     = 1"),
            ('var.cf_cdn.new_zone ? "@" : var.prod_enabled.env_name', "local.public"),
        )
        pinned = 'terraform {\n  required_providers {\n    cloudflare = { source = "cloudflare/cloudflare" }\n  }\n}\n'
        (self.root / "modules/cdn/versions.tf").write_text(pinned)
        boots = (
            '  labels = { service = "shop", environment = "pro", color = var.name }\n\n'
            "  lifecycle {\n    replace_triggered_by = [terraform_data.release]\n  }\n\n  metadata = {\n"
            "    release        = var.release\n"
        )
        self.edit("modules/server/main.tf", ("  metadata = {\n", boots))
        (self.root / "modules/server/release.tf").write_text(SERVER)
        self.edit("main.tf", ("  ext_ip  ", '  release    = "1.4.2"\n  ext_ip  '))
        self.edit("defaults.auto.tfvars", ("shop-pro", "sandbox"))
        zone = f'new_zone = false\nrequired_ips = 2\nzone_id = "{self.zone_id}"\n'
        with (self.root / "defaults.auto.tfvars").open("a") as tfvars:
            tfvars.write(zone)

    @property
    def zone_id(self) -> str:
        return hashlib.md5(b"shop.test").hexdigest()

    def edit(self, name: str, *changes: tuple[str, str]) -> None:
        path = self.root / name
        text = path.read_text()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        path.write_text(text)

    def settings(self) -> Any:
        return yaml.safe_load((self.folder / "bluegreen.yaml").read_text())

    def configure(self, settings: Any) -> None:
        (self.folder / "bluegreen.yaml").write_text(yaml.safe_dump(settings))

    def terraform(self, *arguments: str) -> str:
        engine = find_engine(cache=self.root / ".engine")
        env = {**os.environ, **self.network.environment, "TF_CLI_CONFIG_FILE": str(SETTINGS)}
        asked = subprocess.run(
            [*engine.argv, *arguments, "-no-color"], cwd=self.root, env=env, capture_output=True, text=True, timeout=120
        )
        assert asked.returncode == 0, asked.stdout + asked.stderr
        return asked.stdout

    def ran(self, *arguments: str) -> str:
        """Run the program; return what it said, on both streams."""
        ended = subprocess.run(
            [*command(), *arguments],
            cwd=self.folder,
            env=environment({"TF_CLI_CONFIG_FILE": str(SETTINGS)}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout + ended.stderr

    def record(self, name: str) -> str:
        """Return a record's id."""
        record = self.sandbox.status().record(name)
        assert record is not None, name
        return record.id


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    project = Deployed(tmp_path / "project")
    place = project.folder / ".bluegreen" / "sandbox"
    up(place, project.network, "shop")
    try:
        project.sandbox.pace_operations(0)
        project.terraform("init")
        project.terraform("apply", "-auto-approve")
        with Traffic(project.network.public_url, workers=1, rate=10) as traffic:
            assert traffic.wait_for("blue")
        yield project
    finally:
        down(place, project.network)


def test_it_is_adopted_and_then_given_records_that_keep_their_type(deployed: Deployed) -> None:
    network = deployed.network
    names = ("--hostname", PUBLIC, "--zone", "shop.test", "--public-url", network.public_url, "--release", "1.4.2")
    told = deployed.ran("adopt", "terraform", *names)
    by_hand = next(line for line in told.splitlines() if "terraform -chdir=terraform apply" in line)
    said = deployed.terraform("apply", "-auto-approve", *shlex.split(by_hand)[3:])
    assert "1 added, 0 changed, 0 destroyed" in said
    tfvars = deployed.root / "defaults.auto.tfvars"
    tfvars.write_text(re.sub(r"(?m)^(blue_enabled|green_enabled|server_active) .*$", "", tfvars.read_text()))
    code = re.sub(
        r'(  name +)= "(blue|green)"\n((?:.*\n)*?  release +)= "1.4.2"',
        r'\1= "\2"\n\3= var.\2.release',
        (deployed.root / "main.tf").read_text(),
    )
    (deployed.root / "main.tf").write_text(code)
    settings = deployed.settings()
    settings["sandbox"] = {"network": f"{network.prefix}.0/24"}
    settings["defaults"] = {
        **laid_over(settings["defaults"], {**QUICK, "check": {"deadline": "60s"}}),
        "identity": {"color": {"header": "x-color"}, "release": {"header": "x-release"}},
    }
    deployed.configure(settings)

    switched = deployed.ran("deploy", "--release", "1.5.0")
    assert "replace module.cdn.cloudflare_dns_record.backend_green_access[0]" in switched

    shutil.rmtree(deployed.root / "modules" / "cdn")
    shutil.copytree(shipped("terraform", "modules", "cdn"), deployed.root / "modules" / "cdn")
    deployed.edit(
        "main.tf",
        ("    new_zone  = var.new_zone\n", ""),
        ("    ip            = var.server_active", "    # was: var.server_active"),
    )
    deployed.edit("main.tf", ('  source = "./modules/cdn"\n', '  source = "./modules/cdn"\n\n  tls_strict = false\n'))
    deployed.ran("tf", "main", "--", "state", "rm", "module.cdn")
    for resource, name in (
        (f'root["{PUBLIC}"]', PUBLIC),
        ("backend_blue_access[0]", f"backend-blue-access.{PUBLIC}"),
        ("backend_green_access[0]", f"backend-green-access.{PUBLIC}"),
    ):
        address = f"module.cdn.cloudflare_dns_record.{resource}"
        deployed.ran("tf", "main", "--", "import", address, f"{deployed.zone_id}/{deployed.record(name)}")
    planned = deployed.ran("plan", "--release", "1.6.0")
    changes = re.findall(r"(\w+) +(module\.cdn\S+)", planned)
    assert changes == [("replace", "module.cdn.cloudflare_dns_record.backend_green_access[0]")], "a CNAME becomes an A"
    with Traffic(network.public_url, workers=1, rate=10) as traffic:
        deployed.ran("deploy", "--release", "1.6.0")
        del settings["defaults"]["guard"]
        deployed.configure(settings)
        deployed.ran("rollback")
    assert traffic.report.failed == 0, traffic.report
