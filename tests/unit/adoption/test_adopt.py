"""What is said of somebody's root, and what is written beside it: the original design's, and small ones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.adoption.adopt import adopt
from bluegreen.adoption.findings import Finding
from bluegreen.cli.main import run
from bluegreen.config.load import load_config
from bluegreen.errors import EngineError, UsageError
from bluegreen.model import Color

ARTICLE = Path(__file__).parent / "article"
HOST = {"hostname": "pro.example.com"}

WHOLE = """
terraform {
  required_version = "~> 1.9"
  backend "gcs" {
    bucket = "b"
  }
}
variable "blue_enabled" { type = bool }
variable "green_enabled" { type = bool }
variable "blue" { type = any }
variable "green" { type = any }
variable "server_active" { type = string }
variable "server_previous" { type = string }
module "blue_server" {
  source  = "git::https://example.com/server.git?ref=v1"
  count   = var.blue_enabled ? 1 : 0
  server  = var.blue
  address = module.network.blue
}
module "green_server" {
  source  = "git::https://example.com/server.git?ref=v1"
  count   = var.green_enabled ? 1 : 0
  server  = var.green
  address = module.network.green
}
module "network" {
  source = "git::https://example.com/network.git?ref=v1"
}
module "cdn" {
  source = "./cdn"
  active = var.server_active
}
resource "terraform_data" "bluegreen" {
  input = {}
}
output "bluegreen" { value = terraform_data.bluegreen.output }
"""
CDN = """
resource "cloudflare_dns_record" "root" {
  content = var.active
  type    = "A"
}
"""
PINNED = """
terraform {
  required_providers {
    cloudflare = { source = "cloudflare/cloudflare", version = "~> 5.20" }
  }
}
"""


class Root:
    """A root that keeps the contract and has nothing that bites, until it is changed."""

    def __init__(self, project: Path) -> None:
        self.project, self.folder = project, project / "tf"
        self.write("cdn/main.tf", CDN)
        self.write("main.tf", WHOLE)
        self.write("versions.tf", PINNED)
        self.write(".terraform.lock.hcl", "")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def change(self, old: str, new: str, name: str = "main.tf") -> None:
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def said(self) -> list[tuple[str, str]]:
        """Return kind and place of each finding."""
        return places(adopt(self.project, self.folder, **HOST).findings)


def places(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(str(finding.kind), finding.where) for finding in findings]


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.fixture
def article(tmp_path: Path) -> Path:
    shutil.copytree(ARTICLE, tmp_path / "terraform")
    return tmp_path


def test_a_root_that_keeps_the_contract_lacks_nothing(root: Root) -> None:
    adoption = adopt(root.project, root.folder, **HOST)
    assert adoption.findings == []
    assert [path.name for path in adoption.files] == ["bluegreen.yaml", ".gitignore"]


def test_the_original_design_is_read_line_by_line(article: Path) -> None:
    found = adopt(article, article / "terraform", **HOST).findings
    main, cdn = "terraform/main.tf", "terraform/modules/cdn/main.tf"
    assert places(found) == [
        *[("lacks", "terraform")] * 5,  # three variables, the marker, the output
        ("lacks", "terraform/variables.tf:35"),
        ("lacks", "terraform/variables.tf:40"),
        ("lacks", "terraform/variables.tf:24"),
        *[("fights", f"terraform/defaults.auto.tfvars:{line}") for line in (5, 6, 7)],
        ("bites", f"{cdn}:12"),
        ("bites", f"{cdn}:22"),
        ("bites", f"{main}:9"),
        ("bites", f"{main}:19"),
        ("bites", "terraform/modules/server/main.tf:22"),
        ("bites", "terraform/modules/network/outputs.tf:6"),
        ("bites", "terraform"),  # the state is here
        ("bites", "terraform/providers.tf:1"),
        ("bites", "terraform/modules/network/main.tf:2"),
        ("bites", "terraform/providers.tf:7"),
        ("bites", "terraform/.terraform.lock.hcl"),
    ]
    said = {one.where: f"{one.message}\n{one.hint}" for one in found}
    assert 'take this line out: server_active = "blue" # "green"' in said["terraform/defaults.auto.tfvars:7"]
    assert "required_ips is 1" in said["terraform/modules/network/outputs.tf:6"]
    assert "backend_blue_access changes its type" in said[f"{cdn}:12"]
    assert all(one.hint for one in found)


def test_the_original_designs_files_are_written_and_right(article: Path) -> None:
    adoption = adopt(article, article / "terraform", **HOST, service="shop", release="1.4.2")
    adoption.write()
    config = load_config(article)
    settings = config.environment("pro")
    assert (config.service, config.single, config.stack[0].folder) == ("shop", True, article / "terraform")
    assert (settings.edge.zone, settings.edge.hostnames) == ("example.com", ("pro.example.com",))
    assert settings.first_active is Color.BLUE
    allowed = {entry.address: (entry.actions, entry.phases) for entry in settings.guard.allow}
    assert allowed == {
        f"module.cdn*.cloudflare_record.backend_{color}_access*": (("replace",), ("prepare", "switch", "return"))
        for color in Color
    }
    code = (article / "terraform" / "bluegreen.tf").read_text()
    assert "address          = module.network.external_ip_0" in code
    assert "address          = module.network.external_ip_1" in code
    assert 'backend_url      = "https://backend-green-access.pro.example.com/"' in code
    assert "depends_on = [module.network, module.blue_server, module.green_server, module.cdn]" in code
    again = adopt(article, article / "terraform", **HOST, service="shop")
    assert again.files == {}
    assert [path.name for path in again.kept] == ["bluegreen.yaml", "bluegreen.tf", ".gitignore"]
    assert ("lacks", "terraform") not in places(again.findings)


def test_terraform_takes_what_is_written_for_well_formed(article: Path, tmp_path: Path) -> None:
    adopt(article, article / "terraform", **HOST).write()
    engine = find_engine(cache=tmp_path / "engine")
    command = [*engine.argv, "fmt", "-check", "-diff", "bluegreen.tf"]
    ended = subprocess.run(command, cwd=article / "terraform", capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "")


def test_the_apply_by_hand_gives_what_nothing_else_gives(article: Path) -> None:
    def apply() -> str:
        steps = adopt(article, article / "terraform", **HOST, release="1.4.2").steps
        return next(step.strip() for step in steps if " apply" in step)

    runs = '\'blue={"release": "1.4.2"}\' -var \'green={"release": "1.4.2"}\''
    assert apply() == f"terraform -chdir=terraform apply -var {runs} -var server_previous="
    tfvars = article / "terraform" / "defaults.auto.tfvars"
    tfvars.write_text(tfvars.read_text().replace("green_enabled = true", "green_enabled = false"))
    assert "-var green=null" in apply()
    tfvars.write_text("")
    assert "-var server_active=blue" in apply()


def note(code: str) -> Callable[[Root], None]:
    return lambda root: root.write("more.tf", code)


def instead(old: str, new: str, name: str = "main.tf") -> Callable[[Root], None]:
    return lambda root: root.change(old, new, name)


MACHINE = 'resource "google_compute_instance" "ci" {{\n  network_interface {{\n    access_config {{{}}}\n  }}\n{}}}\n'
GOOGLE = '\nterraform {\n  required_providers {\n    google = { version = "~> 7.0" }\n  }\n}\n'
BOOT = '  metadata = { startup-script = "x" }\n'

CASES: dict[str, tuple[Callable[[Root], None], tuple[str, str] | None]] = {
    "no variable": (instead('variable "blue" { type = any }\n', ""), ("lacks", "tf")),
    "no output": (instead('output "bluegreen"', 'output "other"'), ("lacks", "tf")),
    "no marker": (instead('"terraform_data" "bluegreen"', '"terraform_data" "other"'), ("lacks", "tf")),
    "a default": (
        instead('"server_active" { type = string', '"server_active" {\n  default = "blue"'),
        ("lacks", "tf/main.tf:13"),
    ),
    "nothing follows server_active": (instead("active = var.server_active", "active = 1"), ("lacks", "tf/main.tf:12")),
    "nothing follows blue_enabled": (instead("var.blue_enabled ? 1 : 0", "1"), ("lacks", "tf/main.tf:8")),
    "a local follows it": (
        lambda root: (
            root.change("active = var.server_active", "active = local.b"),  # type: ignore[func-returns-value]
            root.write("more.tf", "locals {\n  b = local.a\n  a = var.server_active\n}\n"),
        )[-1],
        None,
    ),
    "a comment follows nothing": (
        instead("active = var.server_active", "active = 1 # var.server_active"),
        ("lacks", "tf/main.tf:12"),
    ),
    "a variable without a value": (note('\nvariable "x" {}\n'), ("lacks", "tf/more.tf:2")),
    "one with a value": (
        lambda root: (root.write("more.tf", 'variable "x" {}'), root.write("a.auto.tfvars", "x = 1"))[-1],  # type: ignore[func-returns-value]
        None,
    ),
    "no public record": (instead('"root"', '"root_of_blue"', "cdn/main.tf"), ("lacks", "tf")),
    "several that may be public": (
        instead('"root" {', '"www" {}\nresource "cloudflare_dns_record" "apex" {', "cdn/main.tf"),
        ("lacks", "tf/cdn/main.tf:2"),
    ),
    "a public record that flips": (
        instead('"A"', 'var.active == "blue" ? "A" : "CNAME"', "cdn/main.tf"),
        ("lacks", "tf/cdn/main.tf:4"),
    ),
    "no server": (instead('"green_server"', '"other"'), ("lacks", "tf")),
    "no address": (instead("address = module.network.green\n", 'address = "192.0.2.1"\n'), ("lacks", "tf/main.tf:20")),
    "a line in tfvars": (
        lambda root: root.write("terraform.tfvars", '\nserver_active = "green"\n'),
        ("fights", "tf/terraform.tfvars:2"),
    ),
    "one within an object": (
        lambda root: root.write("a.auto.tfvars", 'prod_enabled = {\n  on = true\n  server_active = "green"\n}\n'),
        ("fights", "tf/a.auto.tfvars:3"),
    ),
    "an access record that flips": (
        lambda root: root.write(
            "cdn/blue.tf",
            'resource "cloudflare_dns_record" "blue" {\n  # type = "A" : "CNAME"\n  type = var.b ? "CNAME" : "A"\n}\n',
        ),
        ("bites", "tf/cdn/blue.tf:3"),
    ),
    "a record that comes and goes": (
        lambda root: root.write(
            "cdn/blue.tf",
            'resource "cloudflare_dns_record" "blue" {\n  count = var.server_active == "blue" ? 1 : 0\n}\n',
        ),
        ("bites", "tf/cdn/blue.tf:2"),
    ),
    "a release that reaches nothing": (instead("server  = var.green\n", "\n"), ("bites", "tf/main.tf:20")),
    "a server that depends on server_active": (
        instead("server  = var.green", "server  = var.green\n  protect = var.server_active"),
        ("bites", "tf/main.tf:24"),
    ),
    "an ephemeral address": (note(MACHINE.format("", "") + GOOGLE), ("bites", "tf/more.tf:3")),
    "a reserved one": (note(MACHINE.format(" nat_ip = var.blue ", "") + GOOGLE), None),
    "a script at boot": (note(MACHINE.format(" nat_ip = 1 ", BOOT) + GOOGLE), ("bites", "tf/more.tf:5")),
    "one that replaces": (
        note(MACHINE.format(" nat_ip = 1 ", BOOT + "  lifecycle { replace_triggered_by = [x.y] }\n") + GOOGLE),
        None,
    ),
    "a target in a script": (
        lambda root: root.write("../deploy.sh", "set -e\nterraform apply -target=module.cdn\n"),
        ("bites", "deploy.sh:2"),
    ),
    "a target of somebody else": (lambda root: root.write("../deploy.sh", "make --target=x\n"), None),
    "a target in a workflow": (
        lambda root: root.write("../.github/workflows/d.yml", "- run: terraform apply -target module.cdn\n"),
        ("bites", ".github/workflows/d.yml:1"),
    ),
    "no backend": (instead('backend "gcs" {\n    bucket = "b"\n  }', ""), ("bites", "tf")),
    "a local backend": (instead('backend "gcs"', 'backend "local"'), ("bites", "tf/main.tf:4")),
    "a backend without settings": (instead('    bucket = "b"\n', ""), ("bites", "tf/main.tf:4")),
    "no required_version": (instead('  required_version = "~> 1.9"\n', ""), ("bites", "tf/main.tf:2")),
    "a provider that is not pinned": (
        instead(', version = "~> 5.20"', "", "versions.tf"),
        ("bites", "tf/versions.tf:4"),
    ),
    "a provider that nobody names": (note('resource "random_id" "x" {}\n'), ("bites", "tf/more.tf:1")),
    "a module that is not pinned": (instead("network.git?ref=v1", "network.git"), ("bites", "tf/main.tf:26")),
    "no lock file": (lambda root: (root.folder / ".terraform.lock.hcl").unlink(), ("bites", "tf/.terraform.lock.hcl")),
    "git does not ignore": (
        lambda root: root.write("../.gitignore", "/.bluegreen\n*.pem\n"),
        ("bites", ".gitignore"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_thing_is_seen_where_it_is_and_nothing_else(case: str, root: Root) -> None:
    change, expected = CASES[case]
    change(root)
    assert root.said() == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("given", "seen"),
    [("required_ips = 2", False), ("required_ips = var.n", True), ("required_ips = 1", True), ("", True)],
)
def test_an_enabled_color_at_no_address(given: str, seen: bool, root: Root) -> None:
    root.change('source = "git::https://example.com/network.git?ref=v1"', f'source = "./network"\n  {given}')
    root.write(
        "network/main.tf",
        'variable "required_ips" {\n  default = 1\n}\noutput "blue" { value = 1 }\n'
        'output "green" {\n  value = var.required_ips >= 2 ? 1 : "127.0.0.1"\n}\n',
    )
    if "var.n" in given:
        root.write("n.tf", 'variable "n" {\n  default = 2\n}')
        root.write("terraform.tfvars", "n = 1")
    assert root.said() == ([("bites", "tf/network/main.tf:6")] if seen else [])


def test_what_cannot_be_seen_is_left_to_fill_in(root: Root) -> None:
    root.change('resource "terraform_data" "bluegreen" {\n  input = {}\n}\n', "")
    root.change("address = module.network.green\n", "\n")
    adoption = adopt(root.project, root.folder, **HOST)
    adoption.write()
    lines = (root.folder / "bluegreen.tf").read_text().splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "fill in: the reserved address of green" in line)
    assert ("lacks", f"tf/bluegreen.tf:{number}") in places(adoption.findings)
    assert ("lacks", f"tf/bluegreen.tf:{number}") in root.said(), "and it is said again as long as it is so"
    assert "fill in" in adoption.steps[0]


def test_the_guard_is_told_whose_a_resource_is_that_its_patterns_do_not_know(root: Root) -> None:
    root.change('module "cdn"', 'module "dns"')
    root.change('module "blue_server"', 'module "web_blue"')
    root.write("cdn/green.tf", 'resource "cloudflare_dns_record" "green" {}\n')
    adopt(root.project, root.folder, **HOST, service="shop").write()
    assert load_config(root.project).environment("pro").guard.ownership == {
        "public": ("module.dns*.cloudflare_dns_record.root*",),
        "backend.green": ("module.dns*.cloudflare_dns_record.green*",),
        "server.blue": ("module.web_blue*",),
    }


@pytest.mark.parametrize(("server", "standby"), [("var.blue", "destroy"), ("var.blue.running", "stop")])
def test_a_server_that_cannot_be_stopped_is_destroyed(server: str, standby: str, root: Root) -> None:
    root.change("server  = var.blue", f"server  = {server}")
    adopt(root.project, root.folder, **HOST, service="shop").write()
    assert load_config(root.project).environment("pro").standby == standby


def test_a_module_that_gives_out_the_zone_is_asked_for_it(root: Root) -> None:
    root.change('resource "terraform_data" "bluegreen" {\n  input = {}\n}\n', "")
    root.write("cdn/out.tf", 'output "zone_id" { value = 1 }\noutput "record_ids" { value = {} }\n')
    adopt(root.project, root.folder, **HOST).write()
    code = (root.folder / "bluegreen.tf").read_text()
    assert '{ kind = "cloudflare", zone_id = module.cdn.zone_id, records = module.cdn.record_ids }' in code


def test_the_address_is_the_one_that_others_reach(root: Root) -> None:
    root.change('resource "terraform_data" "bluegreen" {\n  input = {}\n}\n', "")
    given = "private_ip = module.network.a\n  ip_cidr_range = module.network.b\n  ext_ip = module.network.green\n"
    root.change("address = module.network.green\n", given)
    adopt(root.project, root.folder, **HOST).write()
    code = (root.folder / "bluegreen.tf").read_text()
    assert re.findall(r"address +=.*", code) == [
        "address          = module.network.blue",
        "address          = module.network.green",
    ]


def test_machines_without_a_module_are_servers_too(root: Root) -> None:
    root.write("main.tf", WHOLE.partition('module "blue_server"')[0])
    root.write(
        "more.tf",
        'resource "google_compute_address" "blue" {}\n'
        'resource "google_compute_instance" "shop_blue" {\n  network_interface {\n    access_config {\n'
        "      nat_ip = google_compute_address.blue.address\n    }\n  }\n}\n",
    )
    adopt(root.project, root.folder, **HOST).write()
    code = (root.folder / "bluegreen.tf").read_text()
    assert "address          = google_compute_address.blue.address" in code
    assert "instance         = one(google_compute_instance.shop_blue[*].id)" in code


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"hostname": "shop"}, "no host name"),
        ({"hostname": "Pro.example.com"}, "no host name"),
        ({"hostname": "a.b", "zone": "example.com"}, "not in the zone"),
        ({"hostname": "a.b", "public_url": "ftp://a.b/"}, "no URL"),
        ({"hostname": "a.b", "public_url": 'http://a.b/"'}, "no URL"),
        ({"hostname": "a.b", "release": " "}, "--release is empty"),
        ({"hostname": "a.b", "service": "Shop!"}, "no name for service"),
        ({"hostname": "a.b", "environment": "../x"}, "no name for environment"),
    ],
)
def test_names_that_are_none(names: dict[str, Any], words: str, root: Root) -> None:
    with pytest.raises(UsageError, match=words):
        adopt(root.project, root.folder, **names)


def test_a_root_elsewhere_or_none_at_all_is_refused(root: Root, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not in the project"):
        adopt(root.folder / "cdn", root.folder, **HOST)
    with pytest.raises(EngineError, match="no Terraform configuration") as nowhere:
        adopt(root.project, root.project / "nowhere", **HOST)
    assert "DIR is the folder" in nowhere.value.hint, "there is no bluegreen.yaml that could say `stack:`"
    root.change('backend "gcs" {\n    bucket = "b"\n  }', "cloud {}")
    with pytest.raises(EngineError, match="runs Terraform remotely"):
        adopt(root.project, root.folder, **HOST)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("more.tf", 'variable "blue" {\n', "a bracket here has no other end"),
        ("more.tf.json", "{\n", "this is not JSON"),
        ("cdn/more.tf", "}", "a bracket here has no other end"),
    ],
)
def test_what_is_broken_is_not_taken_for_what_is_missing(name: str, text: str, told: str, root: Root) -> None:
    root.write(name, text)
    with pytest.raises(EngineError, match=told) as refused:
        adopt(root.project, root.folder, **HOST)
    assert name in str(refused.value)
    assert refused.value.hint


def test_a_version_of_terraform_is_not_pinned_as_a_provider_is(root: Root) -> None:
    root.change('  required_version = "~> 1.9"\n', "")
    found = adopt(root.project, root.folder, **HOST).findings
    assert [one.hint.partition(" ")[0] for one in found if "required_version" in one.message] == ["required_version"]


def test_the_project_may_be_the_root_itself(root: Root) -> None:
    adopt(root.folder, root.folder, **HOST, service="shop").write()
    assert load_config(root.folder).stack[0].folder == root.folder


def test_a_dry_run_shows_and_writes_nothing(article: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(article.rglob("*"))
    here = ["-C", str(article), "adopt", "terraform", "--hostname", "pro.example.com", "--service", "shop"]
    assert run([*here, "--dry-run"]) == 0
    told = capsys.readouterr()
    assert sorted(article.rglob("*")) == before
    assert 'output "bluegreen" {' in told.out
    assert "service: shop" in told.out
    assert "terraform/bluegreen.tf: would be written" in told.err
    assert run([*here, "--json", "--dry-run"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["written"] is False
    assert set(document["files"]) == {"bluegreen.yaml", "terraform/bluegreen.tf", ".gitignore"}
    assert {"kind", "where", "message", "hint"} == set(document["findings"][0])


def test_nothing_is_overwritten(article: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (article / "bluegreen.yaml").write_text("mine")
    (article / "terraform" / "bluegreen.tf").write_text("# mine")
    here = ["-C", str(article), "adopt", "terraform", "--hostname", "pro.example.com", "--service", "shop"]
    assert run(here) == 0
    assert (article / "bluegreen.yaml").read_text() == "mine"
    assert (article / "terraform" / "bluegreen.tf").read_text() == "# mine"
    assert "bluegreen.yaml: there already, left as it is" in capsys.readouterr().err


def test_neither_is_what_somebody_wrote_meanwhile(article: Path) -> None:
    adoption = adopt(article, article / "terraform", **HOST, service="shop")
    (article / "bluegreen.yaml").write_text("mine")
    with pytest.raises(UsageError, match="cannot be written"):
        adoption.write()
    assert (article / "bluegreen.yaml").read_text() == "mine"


def test_a_public_record_that_flips_is_not_allowed_to(root: Root) -> None:
    root.change('"A"', 'var.active == "blue" ? "A" : "CNAME"', "cdn/main.tf")
    adopt(root.project, root.folder, **HOST, service="shop").write()
    assert load_config(root.project).environment("pro").guard.allow == ()


def test_a_folder_that_cannot_be_written_is_named(article: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adoption = adopt(article, article / "terraform", **HOST, service="shop")
    shutil.rmtree(article / "terraform")
    with pytest.raises(UsageError, match="cannot be written"):
        adoption.write()


def test_of_json_it_is_said_that_its_names_are_all_that_was_read(root: Root) -> None:
    root.write("more.tf.json", json.dumps({"terraform": {"required_version": "~> 1.11"}}))
    root.write("cdn/more.tf.json", "{}")
    assert root.said() == [("bites", "tf/more.tf.json"), ("bites", "tf/cdn/more.tf.json")]
