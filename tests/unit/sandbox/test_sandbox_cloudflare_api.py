"""The Cloudflare stand-in without sockets; the SDK's types see every answer."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudflare_witness import complaints
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bluegreen.sandbox import control_api
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.call import Call, Rejected
from bluegreen.sandbox.cloudflare import api
from bluegreen.sandbox.cloudflare.zones import PURGES_KEPT
from bluegreen.sandbox.ledger import Delay, Ledger, LedgerFile
from bluegreen.sandbox.records import Zone
from bluegreen.sandbox.states import Wants
from bluegreen.sandbox.world import World

ZONE = Zone("shop.test")
HERE = f"zones/{ZONE.id}"
BYPASS = {
    "ref": "mine",
    "action": "set_cache_settings",
    "action_parameters": {"cache": False},
    "expression": '(http.request.uri.path eq "/healthz" and http.host in {"shop.test"})',
}
CACHE = {"name": "bluegreen", "kind": "zone", "phase": "http_request_cache_settings", "rules": [BYPASS]}


class Cloud:
    def __init__(self, folder: Path):
        self.file = LedgerFile(folder / "world.json")
        self.world = World(ZONE, Network("127.77.12"), self.file, self._effect)

    async def _effect(self, ledger: Ledger, wants: Wants) -> None:
        assert self.file.load() == ledger

    def call(self, method: str, path: str, data: object = None, query: str = "", token: str = "x") -> tuple[int, Any]:
        body = b"" if data is None else json.dumps(data).encode()
        call = Call(method, path, query, body, {"authorization": f"Bearer {token}"})
        reply = asyncio.run(api.answer(self.world, call))
        assert complaints(method, path, reply.status, reply.body) == []
        return reply.status, json.loads(reply.body) if reply.body else None

    def ok(self, method: str, path: str, data: object = None, query: str = "") -> Any:
        status, found = self.call(method, path, data, query)
        assert status in (200, 204), found
        return found["result"] if found else None

    def refused(self, method: str, path: str, data: object = None) -> tuple[int, int]:
        before = self.world.ledger
        status, found = self.call(method, path, data)
        assert self.world.ledger == before, "a refused call changes nothing"
        return status, found["errors"][0]["code"]

    def control(self, method: str, path: str, data: object = None) -> Any:
        body = b"" if data is None else json.dumps(data).encode()
        reply = asyncio.run(control_api.answer(self.world, Call(method, path, body=body), dict))
        return json.loads(reply.body)


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


def csr(spoil: bool = False) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "shop.test")])
    made = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode().replace("MI", "XX" if spoil else "MI", 1)


def order(**fields: Any) -> dict[str, Any]:
    names = ["shop.test", "*.shop.test", "*.pro.shop.test"]
    return {"csr": csr(), "hostnames": names, "request_type": "origin-ecc", "requested_validity": 90, **fields}


def test_tokens(cloud: Cloud) -> None:
    assert cloud.ok("GET", "user/tokens/verify")["status"] == "active"
    assert cloud.call("GET", "zones", token="")[0] == 400
    assert cloud.call("GET", "zones", token="expired")[0] == 403
    cloud.control("PUT", "cloudflare/token", {"expired": True})
    for method, path in (("GET", "zones"), ("GET", "ips"), ("GET", "user/tokens/verify"), ("POST", "certificates")):
        assert cloud.refused(method, path, {}) == (403, 9109)
    assert cloud.call("GET", "zones", token=api.HAND)[0] == 200, "a hand in the dashboard needs no token"
    cloud.control("DELETE", "cloudflare")
    assert cloud.call("GET", "zones")[0] == 200


def test_nobody_answers(cloud: Cloud) -> None:
    for method, path in (("GET", "accounts"), ("PUT", "zones"), ("GET", f"{HERE}/nothing"), ("GET", f"{HERE}/a/b/c/d")):
        assert cloud.refused(method, path) == (404, 7000)


def test_the_zone_goes_and_comes_back(cloud: Cloud) -> None:
    record = {"name": "@", "type": "A", "content": "127.77.12.11"}
    cloud.ok("POST", f"{HERE}/dns_records", record)
    cloud.ok("POST", f"{HERE}/rulesets", CACHE)
    cloud.ok("PATCH", f"{HERE}/settings/ssl", {"value": "strict"})
    assert cloud.refused("POST", "zones", {"name": "shop.test"}) == (400, 1061)
    assert cloud.refused("POST", "zones", {"name": "example.com"}) == (400, 1049)
    cloud.ok("DELETE", HERE)
    assert cloud.ok("GET", "zones") == []
    assert cloud.refused("GET", HERE) == (404, 1001)
    assert cloud.refused("POST", f"{HERE}/dns_records", record) == (404, 1001)
    assert (
        cloud.ok("POST", "zones", {"name": "shop.test", "account": {"id": "0" * 32}, "type": "full"})["id"] == ZONE.id
    )
    assert cloud.ok("GET", f"{HERE}/dns_records") == []
    assert cloud.ok("GET", f"{HERE}/rulesets") == []
    assert cloud.ok("GET", f"{HERE}/settings/ssl")["value"] == "full"


def test_a_zone_is_found_by_its_name(cloud: Cloud) -> None:
    assert [zone["id"] for zone in cloud.ok("GET", "zones", query="name=shop.test&page=1&per_page=5")] == [ZONE.id]
    assert cloud.ok("GET", "zones", query="name=other.test") == []
    assert cloud.refused("GET", f"zones/{'f' * 32}") == (404, 1001)
    assert cloud.refused("GET", "zones/nonsense") == (400, 7003)
    assert cloud.ok("PATCH", HERE, {"paused": False})["paused"] is False
    assert cloud.refused("PATCH", HERE, {"paused": True}) == (400, 6003)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ssl", "strict"), ("min_tls_version", "1.2"), ("always_use_https", "on"), ("tls_client_auth", "on")],
)
def test_settings(cloud: Cloud, name: str, value: str) -> None:
    path = f"{HERE}/settings/{name}"
    assert cloud.ok("GET", path)["value"] != value
    assert cloud.ok("PATCH", path, {"value": value})["value"] == value
    assert cloud.ok("GET", path)["value"] == value
    assert cloud.refused("PATCH", path, {"value": "nonsense"}) == (400, 1007)


def test_other_settings_are_not_here(cloud: Cloud) -> None:
    assert cloud.refused("GET", f"{HERE}/settings/nothing") == (400, 1006)


def test_origin_pulls(cloud: Cloud) -> None:
    path = f"{HERE}/origin_tls_client_auth/settings"
    assert cloud.ok("GET", path) == {"enabled": False}
    assert cloud.ok("PUT", path, {"enabled": True}) == {"enabled": True}
    assert cloud.ok("GET", path) == {"enabled": True}
    assert cloud.refused("PUT", path, {"enabled": "yes"}) == (400, 6003)


def test_the_edges_addresses_are_this_worlds(cloud: Cloud) -> None:
    ranges = cloud.ok("GET", "ips")
    assert ranges["ipv4_cidrs"] == ["127.77.12.2/32"]
    assert ranges["ipv6_cidrs"], "an empty list in a firewall rule is open to everybody"


def test_a_purge_is_written_down(cloud: Cloud) -> None:
    asked = {"hosts": ["shop.test"]}
    assert cloud.ok("POST", f"{HERE}/purge_cache", asked) == {"id": ZONE.id}
    assert [purge["asked"] for purge in cloud.control("GET", "cloudflare")["purges"]] == [asked]
    assert cloud.refused("POST", f"{HERE}/purge_cache", {}) == (400, 1012)
    for _ in range(PURGES_KEPT):
        cloud.ok("POST", f"{HERE}/purge_cache", {"purge_everything": True})
    assert len(cloud.control("GET", "cloudflare")["purges"]) == PURGES_KEPT


def test_a_ruleset_from_beginning_to_end(cloud: Cloud) -> None:
    made = cloud.ok("POST", f"{HERE}/rulesets", CACHE)
    (rule,) = made["rules"]
    assert (made["version"], rule["ref"], rule["enabled"], rule["version"]) == ("1", "mine", True, "1")
    assert cloud.ok("GET", f"{HERE}/rulesets/{made['id']}") == made
    entrypoint = f"{HERE}/rulesets/phases/http_request_cache_settings/entrypoint"
    assert cloud.ok("GET", entrypoint) == made
    assert [each["id"] for each in cloud.ok("GET", f"{HERE}/rulesets")] == [made["id"]]
    other = {**BYPASS, "ref": "other"}
    changed = cloud.ok("PUT", f"{HERE}/rulesets/{made['id']}", {"rules": [{**BYPASS, "enabled": False}, other]})
    assert (changed["version"], changed["name"]) == ("2", "bluegreen")
    assert changed["rules"][0]["id"] == rule["id"], "a rule is known by its ref"
    assert (changed["rules"][0]["version"], changed["rules"][0]["enabled"]) == ("2", False)
    assert cloud.ok("PUT", entrypoint, {"rules": []})["rules"] == []
    assert cloud.ok("DELETE", f"{HERE}/rulesets/{made['id']}") is None
    assert cloud.refused("GET", f"{HERE}/rulesets/{made['id']}") == (404, 10003)
    assert cloud.refused("GET", entrypoint) == (404, 10003)
    assert cloud.refused("DELETE", f"{HERE}/rulesets/{made['id']}") == (404, 10003)


def test_a_phase_has_one_ruleset(cloud: Cloud) -> None:
    cloud.ok("POST", f"{HERE}/rulesets", CACHE)
    assert cloud.refused("POST", f"{HERE}/rulesets", CACHE) == (400, 20217)
    skip = {"action": "skip", "action_parameters": {"ruleset": "current"}, "expression": 'http.host eq "a"'}
    block = {"action": "block", "expression": 'http.host eq "b"'}
    firewall = {**CACHE, "phase": "http_request_firewall_custom", "rules": [skip, block]}
    rules = cloud.ok("POST", f"{HERE}/rulesets", firewall)["rules"]
    assert rules[0]["logging"] == {"enabled": True}
    assert rules[0]["ref"] == rules[0]["id"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"phase": "http_ratelimit"}, 20217),
        ({"kind": "root"}, 20217),
        ({"rules": [{**BYPASS, "action": "block"}]}, 20217),
        ({"rules": [{**BYPASS, "expression": ""}]}, 20217),
        ({"rules": [{**BYPASS, "action_parameters": None}]}, 20106),
    ],
)
def test_rulesets_that_cannot_be(cloud: Cloud, change: dict[str, Any], code: int) -> None:
    assert cloud.refused("POST", f"{HERE}/rulesets", {**CACHE, **change}) == (400, code)


def test_a_certificate_is_one(cloud: Cloud) -> None:
    made = cloud.ok("POST", "certificates", order())
    certificate = x509.load_pem_x509_certificate(made["certificate"].encode())
    authority = x509.load_pem_x509_certificate(cloud.control("GET", "cloudflare")["origin_ca"].encode())
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"shop.test", "*.shop.test", "*.pro.shop.test"}
    assert str(certificate.serial_number) == made["id"]
    assert timedelta(days=90) == certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert made["expires_on"] == f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M:%S} +0000 UTC"
    assert certificate.not_valid_before_utc <= datetime.now(UTC)
    ssl.create_default_context(cadata=cloud.control("GET", "cloudflare")["origin_ca"])
    assert made["hostnames"] == ["*.pro.shop.test", "*.shop.test", "shop.test"], "in Cloudflare's order, not in ours"
    assert cloud.ok("GET", f"certificates/{made['id']}") == made
    assert cloud.ok("GET", "certificates", query=f"zone_id={ZONE.id}") == [made]
    assert cloud.ok("DELETE", f"certificates/{made['id']}")["id"] == made["id"]
    assert cloud.refused("GET", f"certificates/{made['id']}") == (404, 1101)
    assert cloud.refused("DELETE", f"certificates/{made['id']}") == (404, 1101)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: order(csr="nonsense"), 1005),
        (lambda: order(csr=csr(spoil=True)), 1005),
        (lambda: order(csr=None), 1005),
        (lambda: order(request_type="other"), 1002),
        (lambda: order(hostnames=[]), 1003),
        (lambda: order(hostnames="shop.test"), 1003),
        (lambda: order(hostnames=["example.com"]), 1010),
        (lambda: order(hostnames=["myshop.test"]), 1010),
        (lambda: order(requested_validity=91), 1004),
    ],
)
def test_certificates_that_cannot_be(cloud: Cloud, make: Callable[[], dict[str, Any]], code: int) -> None:
    assert cloud.refused("POST", "certificates", make()) == (400, code)


def test_one_authority_for_all_and_its_key_is_nowhere(cloud: Cloud) -> None:
    assert cloud.control("GET", "cloudflare")["origin_ca"] == ""
    cloud.ok("POST", "certificates", order())
    first = cloud.control("GET", "cloudflare")["origin_ca"]
    cloud.ok("POST", "certificates", order())
    memory = cloud.control("GET", "cloudflare")
    assert memory["origin_ca"] == first
    assert "PRIVATE KEY" not in json.dumps(memory) + repr(cloud.world.ledger)


def test_misfortunes_are_remembered(cloud: Cloud) -> None:
    cloud.control("PUT", "cloudflare/answers", {"/healthz": "cached"})
    cloud.control("PUT", "cloudflare/delays", {"@": {"seconds": 5, "share": 0.5}, "www": {"seconds": 1, "at": ["dns"]}})
    cloud.control("PUT", "cloudflare/token", {"expired": True})
    ledger = cloud.file.load()
    assert ledger.edge_answers == {"/healthz": "cached"}
    assert ledger.delays == {"shop.test": Delay(5, 0.5), "www.shop.test": Delay(1, 0, ("dns",))}
    assert ledger.account.token_expired
    cloud.control("DELETE", "cloudflare")
    assert cloud.file.load() == Ledger()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("answers", {"healthz": "cached"}),
        ("answers", {"/": "nonsense"}),
        ("delays", {"@": 5}),
        ("delays", {"@": {"seconds": 601}}),
        ("delays", {"@": {"seconds": True}}),
        ("delays", {"@": {"seconds": 1, "share": 2}}),
        ("delays", {"@": {"seconds": 1, "at": ["moon"]}}),
        ("delays", {"@": {"seconds": 1, "at": []}}),
        ("delays", {"a b": {"seconds": 1}}),
        ("nothing", {}),
    ],
)
def test_misfortunes_that_cannot_be(cloud: Cloud, path: str, data: object) -> None:
    with pytest.raises(Rejected) as caught:
        cloud.control("PUT", f"cloudflare/{path}", data)
    assert caught.value.status in (400, 404)
    assert cloud.world.ledger == Ledger()
