"""The real Cloudflare provider against the stand-in: what it asks for, and what then happens at the edge."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cloudflare_witness import Seen, Witness, witness
from providers import SETTINGS, needs_providers

from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import API_PORT, PUBLIC_PORT, Network
from bluegreen.sandbox.client import Sandbox

SECRET = "probe-0123456789abcdefghij"
ZONE = "zones/{id}"
RECORD, SETTING, RULESET = (f"{ZONE}/{kind}/{{id}}" for kind in ("dns_records", "settings", "rulesets"))
PULLS = f"{ZONE}/origin_tls_client_auth/settings"

pytestmark = needs_providers

PROVIDER = 'terraform {\n  required_providers {\n    cloudflare = { source = "cloudflare/cloudflare" }\n  }\n}\n'
FOUND = """
data "cloudflare_zone" "zone" {
  filter = { name = "shop.test" }
}
locals { zone = data.cloudflare_zone.zone.zone_id }
"""
RECORDS = """
variable "server_active" { default = "blue" }
locals { servers = { blue = "127.77.12.11", green = "127.77.12.12" } }
resource "cloudflare_dns_record" "root" {
  zone_id = local.zone
  name    = "shop.test"
  type    = "A"
  ttl     = 1
  proxied = true
  content = local.servers[var.server_active]
}
resource "cloudflare_dns_record" "backend" {
  for_each = local.servers
  zone_id  = local.zone
  name     = "backend-${each.key}-access.pro.shop.test"
  type     = "A"
  ttl      = 60
  content  = each.value
}
"""
ZONE_WIDE = """
variable "csr" { type = string }
variable "cached" { default = false }
resource "cloudflare_zone_setting" "setting" {
  for_each   = { ssl = "strict", min_tls_version = "1.2", always_use_https = "on", tls_client_auth = "on" }
  zone_id    = local.zone
  setting_id = each.key
  value      = each.value
}
resource "cloudflare_authenticated_origin_pulls_settings" "pulls" {
  zone_id = local.zone
  enabled = true
}
resource "cloudflare_ruleset" "cache" {
  zone_id = local.zone
  name    = "bluegreen"
  kind    = "zone"
  phase   = "http_request_cache_settings"
  rules = [{
    ref               = "probe"
    action            = "set_cache_settings"
    action_parameters = { cache = var.cached }
    expression        = "(http.host eq \\"shop.test\\")"
  }]
}
resource "cloudflare_ruleset" "firewall" {
  zone_id = local.zone
  name    = "bluegreen"
  kind    = "zone"
  phase   = "http_request_firewall_custom"
  rules = [
    { action = "block", expression = "http.host eq \\"closed.shop.test\\"" },
    {
      action            = "skip"
      action_parameters = { ruleset = "current", phases = ["http_request_sbfm"], products = ["waf"] }
      expression        = "any(http.request.headers[\\"x-probe\\"][*] eq \\"secret\\")"
    },
  ]
}
resource "cloudflare_origin_ca_certificate" "origin" {
  csr          = var.csr
  hostnames    = sort(["shop.test", "*.shop.test", "*.pro.shop.test"])
  request_type = "origin-ecc"
}
data "cloudflare_ip_ranges" "edge" {}
output "found" {
  value = {
    ranges      = data.cloudflare_ip_ranges.edge.ipv4_cidrs
    certificate = cloudflare_origin_ca_certificate.origin.certificate
  }
}
"""
NEW_ZONE = """
variable "name" { type = string }
resource "cloudflare_zone" "zone" {
  account = { id = "00000000000000000000000000000000" }
  name    = var.name
  type    = "full"
}
"""
MODULE = """
variable "server_active" { default = "blue" }
module "cdn" {
  source = "MODULES/cdn"
  cf_cdn = { zone_name = "shop.test", hostnames = ["@", "www"] }
  prod_enabled = {
    env_name      = "pro"
    blue_svr      = true
    blue_svr_ip   = "BLUE"
    green_svr     = true
    green_svr_ip  = "GREEN"
    server_active = var.server_active
  }
  probe_path                 = "/healthz"
  probe_header               = "x-probe"
  probe_secret               = "SECRET"
  check_records              = true
  authenticated_origin_pulls = true
}
"""


@dataclass(frozen=True, slots=True)
class Root:
    """One root module and the world that it is for."""

    folder: Path
    network: Network
    witness: Witness

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.network)

    def write(self, *parts: str) -> None:
        (self.folder / "main.tf").write_text(PROVIDER + "".join(parts))
        self.terraform("init", "-input=false")

    def terraform(self, *argv: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "CLOUDFLARE_"))}
        environment |= {
            "TF_CLI_CONFIG_FILE": str(SETTINGS),
            "CHECKPOINT_DISABLE": "1",
            "CLOUDFLARE_BASE_URL": self.witness.base_url,
            "CLOUDFLARE_API_TOKEN": "x" * 40,
        }
        argv = ("terraform", argv[0], *argv[1:], "-no-color")
        done = subprocess.run(argv, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=100)
        assert not ok or done.returncode == 0, done.stdout + done.stderr
        return done

    def apply(self, **values: object) -> list[Seen]:
        """Return what was asked for, apart from what any plan reads."""
        self.witness.take()
        self.terraform("apply", "-auto-approve", "-input=false", *arguments(values))
        return [seen for seen in self.witness.take() if seen.method != "GET"]

    def plan(self, **values: object) -> tuple[int, list[Seen]]:
        """Return 0 for no changes or 2 for some, and what was asked for."""
        self.witness.take()
        done = self.terraform("plan", "-detailed-exitcode", "-input=false", *arguments(values), ok=False)
        assert done.returncode in (0, 2), done.stdout + done.stderr
        return done.returncode, self.witness.take()

    def fails(self, **values: object) -> str:
        done = self.terraform("apply", "-auto-approve", "-input=false", *arguments(values), ok=False)
        assert done.returncode == 1
        return " ".join((done.stdout + done.stderr).replace("│", "").split())


def arguments(values: dict[str, object]) -> list[str]:
    return [f"-var={name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in values.items()]


def counted(seen: list[Seen]) -> dict[str, int]:
    return dict(Counter(map(str, seen)))


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    network = Network.for_path(tmp_path)
    lifecycle.up(tmp_path / "sandbox", network, "shop")
    (tmp_path / "root").mkdir()
    try:
        with witness(network) as found:
            yield Root(tmp_path / "root", network, found)
    finally:
        lifecycle.down(tmp_path / "sandbox", network)


def test_records_from_create_to_destroy(root: Root) -> None:
    root.write(FOUND, RECORDS)
    assert counted(root.apply()) == {f"POST {ZONE}/dns_records": 3}
    rest, asked = root.plan()
    assert (rest, counted(asked)) == (0, {"GET zones": 1, f"GET {ZONE}": 1, f"GET {RECORD}": 3})

    (put,) = root.apply(server_active="green")
    assert str(put) == f"PUT {RECORD}"
    assert put.body == {
        **{"name": "shop.test", "type": "A", "content": "127.77.12.12", "proxied": True, "ttl": 1},
        **{"settings": {}, "tags": []},
    }
    assert root.plan(server_active="green")[0] == 0

    public = root.sandbox.status().record("shop.test")
    assert public
    root.sandbox.edit_record(public.id, content="127.77.12.13")
    assert root.plan(server_active="green")[0] == 2, "a hand edit is drift"
    assert counted(root.apply(server_active="green")) == {f"PUT {RECORD}": 1}
    root.sandbox.delete_record(public.id)
    assert counted(root.apply(server_active="green")) == {f"POST {ZONE}/dns_records": 1}
    root.terraform("destroy", "-auto-approve")
    assert root.sandbox.status().records == ()


def test_what_belongs_to_the_zone(root: Root) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    csr = request.public_bytes(serialization.Encoding.PEM).decode()
    root.write(FOUND, ZONE_WIDE)
    created = {f"PATCH {SETTING}": 4, f"PUT {PULLS}": 1, f"POST {ZONE}/rulesets": 2, "POST certificates": 1}
    assert counted(root.apply(csr=csr)) == created
    read = {f"GET {SETTING}": 4, f"GET {PULLS}": 1, f"GET {RULESET}": 2, "GET certificates/{id}": 1}
    rest, asked = root.plan(csr=csr)
    assert (rest, counted(asked)) == (0, {"GET zones": 1, f"GET {ZONE}": 1, "GET ips": 1, **read})
    assert counted(root.apply(csr=csr, cached=True)) == {f"PUT {RULESET}": 1}, "one ruleset, in place"
    assert root.plan(csr=csr, cached=True)[0] == 0

    found = json.loads(root.terraform("output", "-json", "found").stdout)
    assert found["ranges"] == [f"{root.network.edge}/32"]
    certificate = x509.load_pem_x509_certificate(found["certificate"].encode())
    assert certificate.public_key() == key.public_key()
    root.terraform("destroy", "-auto-approve", *arguments({"csr": csr}))


def test_a_new_zone(root: Root) -> None:
    root.write(NEW_ZONE)
    assert "1061" in root.fails(name="shop.test")
    assert "1049" in root.fails(name="example.com")
    root.witness.forward(
        "DELETE", f"/client/v4/zones/{root.sandbox.status().zone_id}", b"", {"authorization": "Bearer x"}
    )
    assert [str(seen) for seen in root.apply(name="shop.test")] == ["POST zones"]
    assert root.plan(name="shop.test")[0] == 0
    root.terraform("destroy", "-auto-approve", *arguments({"name": "shop.test"}))
    assert root.sandbox.status().records == ()


def test_an_expired_token_and_a_zone_of_somebody_else(root: Root) -> None:
    root.write(FOUND, RECORDS)
    root.sandbox.expire_token()
    assert "9109" in root.fails()
    root.sandbox.well_again()
    root.apply()
    root.write(FOUND.replace("shop.test", "other.test"), RECORDS)
    assert "failed to find exactly one result" in root.fails()


def ask(root: Root, host: str, path: str = "/healthz", **headers: str) -> tuple[int, dict[str, str]]:
    """Ask the edge; return the status and the headers."""
    connection = http.client.HTTPConnection(root.network.edge, PUBLIC_PORT, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Host": host, **named})
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def servers(root: Root) -> None:
    """Both colors running, without Terraform, until they answer."""
    here = {"blue": root.network.blue, "green": root.network.green}
    inputs = [{"sandbox": "server", "color": color, "address": here[color], "release": "1"} for color in here]
    instances = [{"index_key": i, "attributes": {"input": {"value": value}}} for i, value in enumerate(inputs)]
    resource = {"mode": "managed", "type": "terraform_data", "name": "server", "instances": instances}
    connection = http.client.HTTPConnection(root.network.api, API_PORT, timeout=20)
    connection.request("POST", "/state/demo/servers", json.dumps({"version": 4, "resources": [resource]}))
    assert connection.getresponse().status == 200
    connection.close()
    for address in here.values():
        await_listener(address)


def await_listener(address: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection((address, PUBLIC_PORT), timeout=5).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"no server at {address}"
            time.sleep(0.02)


def test_the_cdn_module_and_what_its_rules_do(root: Root) -> None:
    network, sandbox = root.network, root.sandbox
    places = {
        "MODULES": str(Path(__file__).parents[2] / "terraform" / "modules"),
        "BLUE": network.blue,
        "GREEN": network.green,
    }
    text = MODULE
    for word, value in {**places, "SECRET": SECRET}.items():
        text = text.replace(word, value)
    root.write(text)
    root.apply()
    assert root.plan()[0] == 0
    servers(root)

    assert [ask(root, host)[1]["x-color"] for host in ("shop.test", "www.shop.test")] == ["blue", "blue"]
    assert [str(seen) for seen in root.apply(server_active="green")] == [f"PUT {RECORD}"] * 2
    assert [ask(root, host)[1]["x-color"] for host in ("shop.test", "www.shop.test")] == ["green", "green"]

    closed, opened = ask(root, "check-blue-pro.shop.test"), ask(root, "check-blue-pro.shop.test", x_probe=SECRET)
    assert (closed[0], opened[0], opened[1]["x-color"]) == (403, 200, "blue")
    sandbox.answer_at_edge("/", "challenged")
    assert (ask(root, "shop.test")[0], ask(root, "shop.test", x_probe=SECRET)[0]) == (403, 200)
    assert ask(root, network.edge, x_probe=SECRET)[0] == 200, "the literal address is the first public hostname"
    sandbox.answer_at_edge("/", "cached")
    seen = [ask(root, "shop.test", path)[1]["cf-cache-status"] for path in ("/", "/", "/healthz", "/healthz")]
    assert seen == ["MISS", "HIT", "DYNAMIC", "DYNAMIC"]
