"""What Terraform's states want of the world: every `terraform_data` whose input says `sandbox`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bluegreen.model import Color
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.call import Rejected
from bluegreen.sandbox.records import Record, RecordError, Zone, build


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """A server as a state describes it, or a Compute instance. service: "" is the sandbox's own.

    blueprint: its whole input; a change of it means another process.
    """

    color: str
    address: str
    release: str
    running: bool
    environment: str
    blueprint: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Wants:
    """servers: by address. records: by id."""

    servers: Mapping[str, ServerSpec]
    records: Mapping[str, Record]


def read_wants(states: Mapping[str, str], zone: Zone, network: Network) -> Wants:
    """Return the union of what the states describe. Raises Rejected when it cannot be meant."""
    servers: dict[str, ServerSpec] = {}
    records: dict[str, Record] = {}
    for path, text in states.items():
        for address, value in _inputs(path, text):
            where = f"{path}: {address}"
            if value["sandbox"] == "server":
                server = _read_server(where, value, network)
                _claim(where, servers, server.address, server)
            elif value["sandbox"] == "record":
                record = _read_record(where, value, zone)
                _claim(where, records, record.id, record)
            else:
                raise Rejected(400, f'{where}: input.sandbox is {value["sandbox"]!r}, not "server" or "record"')
    _check_colors(servers.values())
    return Wants(servers, records)


def acts_on_world(text: str) -> bool:
    """Return whether a state describes servers or records. Raises Rejected when it is none."""
    return any(True for _ in _inputs("", text))


def _claim(where: str, taken: dict[str, Any], key: str, value: object) -> None:
    if key in taken:
        raise Rejected(400, f"{where}: {key} belongs to another resource already")
    taken[key] = value


def _check_colors(servers: Iterable[ServerSpec]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for server in servers:
        other = seen.setdefault((server.environment, server.color), server.address)
        if other != server.address:
            raise Rejected(400, f"two {server.color} servers, at {other} and {server.address}")


def _inputs(path: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the Terraform address and the input of each resource instance that concerns the sandbox."""
    try:
        resources = json.loads(text)["resources"]
        for resource in resources:
            if resource["mode"] != "managed" or resource["type"] != "terraform_data":
                continue
            prefix = f"{resource['module']}." if "module" in resource else ""
            for instance in resource["instances"]:
                value = (instance["attributes"].get("input") or {}).get("value")
                if isinstance(value, dict) and "sandbox" in value and "deposed" not in instance:
                    index = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
                    yield f"{prefix}terraform_data.{resource['name']}{index}", value
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Rejected(400, f"{path}: this is no Terraform state ({type(error).__name__}: {error})") from None


def _read_server(where: str, value: dict[str, Any], network: Network) -> ServerSpec:
    color, address, release = (value.get(key) for key in ("color", "address", "release"))
    if color not in tuple(Color):
        raise Rejected(400, f'{where}: color is {color!r}, not "blue" or "green"')
    if not isinstance(address, str) or not network.owns(address):
        allowed = f"{network.address(5)} to {network.address(254)}"
        raise Rejected(400, f"{where}: address is {address!r}, not one of {allowed}")
    if not isinstance(release, str) or not release or not release.isprintable() or not release.isascii():
        raise Rejected(400, f"{where}: release is {release!r}, not a version in plain text")
    running = value.get("running", True)
    if not isinstance(running, bool):
        raise Rejected(400, f"{where}: running is {running!r}, not true or false")
    blueprint = json.dumps(value, sort_keys=True)
    return ServerSpec(str(color), address, release, running, str(value.get("environment", "")), blueprint)


def _read_record(where: str, value: dict[str, Any], zone: Zone) -> Record:
    id = value.get("id")
    if not isinstance(id, str) or not id:
        raise Rejected(400, f"{where}: id is {id!r}, not a record's id")
    try:
        return build(zone, id, value)
    except RecordError as error:
        raise Rejected(400, f"{where}: {error.message} (error {error.code})") from None
