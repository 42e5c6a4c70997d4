"""Networks, subnetworks and firewall rules: kept and shown, with who uses whom; they block nothing here."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from typing import Any

from bluegreen.sandbox.compute.catalog import find, subnetwork_defaults
from bluegreen.sandbox.compute.cloud import Cloud, Resource
from bluegreen.sandbox.compute.collection import Collection, Request, delete, setting
from bluegreen.sandbox.compute.names import link, resolve
from bluegreen.sandbox.compute.operations import Order, identity
from bluegreen.sandbox.compute.refusals import Refused, in_use, invalid, required

DEFAULT_NETWORK = "global/networks/default"
FIXED = ("name", "network", "id", "kind", "selfLink", "creationTimestamp")
"""Fields of a firewall rule that a patch leaves as they are."""
CHOICES = ("sourceRanges", "sourceTags", "sourceServiceAccounts")


def made(request: Request, kind: str, fields: Resource) -> Order:
    """Return the order that makes a resource which is there at once, though its operation still runs."""
    path = request.place.path
    resource = {"description": "", **fields, **identity(request.place, f"compute#{kind}", request.now)}
    return Order("insert", path, now={path: resource}, done={}, failed={path: None})


def insert_network(request: Request) -> Order:
    if "IPv4Range" in request.body:
        raise invalid("resource.IPv4Range", request.body["IPv4Range"], "Legacy networks are not supported.")
    routing = {"routingMode": "REGIONAL", "bgpBestPathSelectionMode": "LEGACY", **request.body.get("routingConfig", {})}
    defaults = {"autoCreateSubnetworks": True, "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL"}
    return made(request, "network", {**defaults, **request.body, "routingConfig": routing})


def insert_subnetwork(request: Request) -> Order:
    network = request.existing(request.body.get("network") or DEFAULT_NETWORK)
    block = _block(request.body.get("ipCidrRange"), "resource.ipCidrRange")
    for path, other in request.cloud.of("subnetworks"):
        if other["network"] == network["selfLink"] and block.overlaps(IPv4Network(other["ipCidrRange"])):
            why = f"Invalid IPCidrRange: {block} conflicts with existing subnetwork '{path.rpartition('/')[2]}'"
            raise Refused(400, "invalidUsage", f"{why} in region '{path.split('/')[3]}'.")
    fields = {**subnetwork_defaults(block), **request.body, "network": network["selfLink"]}
    return made(request, "subnetwork", fields)


def _block(text: object, field: str) -> IPv4Network:
    if not text:
        raise required(field)
    try:
        return IPv4Network(str(text))
    except ValueError:
        raise invalid(field, text, "Must be a valid CIDR range.") from None


def insert_firewall(request: Request) -> Order:
    body = dict(request.body)
    network = request.existing(body.get("network") or DEFAULT_NETWORK)
    rule = {"direction": "INGRESS", "priority": 1000, "disabled": False, "logConfig": {"enable": False}, **body}
    if rule["direction"] == "INGRESS" and not any(body.get(choice) for choice in CHOICES):
        rule["sourceRanges"] = ["0.0.0.0/0"]
    _check_rule(rule)
    return made(request, "firewall", {**rule, "network": network["selfLink"]})


def _check_rule(rule: Resource) -> None:
    if bool(rule.get("allowed")) == bool(rule.get("denied")):
        raise Refused(400, "invalid", "Firewall rule must specify either allowed or denied, and not both.")
    for field in ("sourceRanges", "destinationRanges"):
        for index, text in enumerate(rule.get(field) or ()):
            try:
                ip_network(text)
            except ValueError:
                raise invalid(f"resource.{field}[{index}]", text, "Must be a valid CIDR range.") from None


def patch_firewall(request: Request, rule: Resource) -> Order:
    """Lay what was sent over the rule; an empty list or null takes a field away."""
    given = {key: value or None if isinstance(value, list) else value for key, value in request.body.items()}
    given = {key: value for key, value in given.items() if key not in FIXED}
    _check_rule({**rule, **given})
    return setting("patch", request, given)


def update_firewall(request: Request, rule: Resource) -> Order:
    """Replace the rule: what was not sent is as it would be in a new one."""
    fresh = insert_firewall(request).now[request.place.path]
    assert fresh is not None
    kept = {key: rule[key] for key in ("id", "creationTimestamp")}
    gone = {key: None for key in rule if key not in fresh}
    return setting("update", request, {**gone, **fresh, **kept})


def users(cloud: Cloud, resource: Resource) -> Iterator[str]:
    """Yield the paths of what stands on a network or subnetwork."""
    wanted = resource["selfLink"]
    for collection in ("firewalls", "subnetworks"):
        for path, other in cloud.of(collection):
            if other["network"] == wanted:
                yield path
    for path, instance in cloud.of("instances"):
        if any(wanted in (card["network"], card["subnetwork"]) for card in instance["networkInterfaces"]):
            yield path


def delete_unused(request: Request, resource: Resource) -> Order:
    path = request.place.path
    if path not in request.cloud.resources:
        raise Refused(403, "forbidden", f"The sandbox keeps '{path}'")
    for user in users(request.cloud, resource):
        raise in_use(request.place.collection[:-1], path, user)
    return delete(request, resource)


def interface(request: Request, card: Resource) -> dict[str, str]:
    """Return network, subnetwork and internal address of a new instance's card. Raises Refused."""
    region = f"projects/{request.place.project}/regions/{request.place.region}"
    if card.get("subnetwork"):
        subnetwork = request.existing(card["subnetwork"])
    else:
        network = request.existing(card.get("network") or DEFAULT_NETWORK)
        found = find(request.cloud, f"{region}/subnetworks/{network['name']}")
        if found is None:
            why = "Subnetwork must be specified for a network in custom subnet mode."
            raise invalid("resource.networkInterfaces[0]", network["selfLink"], why)
        subnetwork = found
    return {
        "network": subnetwork["network"],
        "subnetwork": subnetwork["selfLink"],
        "networkIP": card.get("networkIP") or _internal(request.cloud, subnetwork),
    }


def _internal(cloud: Cloud, subnetwork: Resource) -> str:
    cards = [card for _, instance in cloud.of("instances") for card in instance["networkInterfaces"]]
    taken = {card["networkIP"] for card in cards if card["subnetwork"] == subnetwork["selfLink"]}
    gateway = subnetwork["gatewayAddress"]
    for host in IPv4Network(subnetwork["ipCidrRange"]).hosts():
        if str(host) != gateway and str(host) not in taken:
            return str(host)
    path = resolve(subnetwork["selfLink"], "")
    raise Refused(400, "invalidUsage", f"IP space of '{path}' is exhausted.")


def show_network(cloud: Cloud, path: str, network: Resource) -> dict[str, Any]:
    below = [link(path) for path, other in cloud.of("subnetworks") if other["network"] == network["selfLink"]]
    return {"subnetworks": below} if below else {}


NETWORKS = Collection("global", "network", insert_network, delete_unused, show=show_network)
SUBNETWORKS = Collection("regions", "subnetwork", insert_subnetwork, delete_unused)
FIREWALLS = Collection(
    "global",
    "firewall",
    insert_firewall,
    delete,
    {("PATCH", ""): patch_firewall, ("PUT", ""): update_firewall},
)
