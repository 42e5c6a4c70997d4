"""The two JSON documents that Terraform prints whole: a state, and a saved plan. Both hold secrets in clear."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bluegreen.model import OUTPUT
from bluegreen.ports import State

REGISTRIES = ("registry.terraform.io", "registry.opentofu.org")
"""Hosts that need not be written: Terraform's own, and OpenTofu's."""

_PROVIDER = re.compile(r'provider\["([^"]+)"\]')

# Resource type -> where its planned content stands; the first that has one counts.
_CONTENT: Mapping[str, Sequence[str]] = {
    "cloudflare_dns_record": ("content",),
    "cloudflare_record": ("content", "value"),  # provider 4 renamed it midway
}


def find_document(printed: bytes) -> bytes:
    """Return the JSON in what a command printed, b"" if there is none.

    OpenTofu prints warnings about its CLI configuration on stdout, before the document.
    """
    start = 0 if printed.startswith(b"{") else printed.find(b"\n{") + 1
    return printed[start:] if printed[start : start + 1] == b"{" else b""


def parse_state(text: bytes) -> State:
    """Parse a state, as a backend stores it. Raises ValueError when it is torn.

    No text at all is no state yet; the http backend says the same by a state without lineage and resources.
    """
    if not text.strip():
        return State()
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it is no object")
    if not document.get("lineage"):
        if document.get("serial") == 0 and not document.get("resources"):
            return State()
        raise ValueError("no lineage in it")
    output = (document.get("outputs") or {}).get(OUTPUT) or {}
    addresses = {address for resource in document.get("resources") or [] for address in _addresses(resource)}
    return State(
        document["lineage"],
        int(document["serial"]),
        tuple(sorted(addresses)),
        output.get("value"),
        str(document.get("terraform_version") or ""),
        frozenset(_providers(document.get("resources") or ())),
    )


def _providers(resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the provider of each resource, which a state writes as provider["HOST/NAMESPACE/TYPE"]."""
    for resource in resources:
        named = _PROVIDER.search(str(resource.get("provider") or ""))
        if named and resource.get("instances"):
            yield short_provider(named[1])


def short_provider(source: str) -> str:
    """Return a provider's source without the host of a registry that stands for it when none is written."""
    host, _, rest = source.partition("/")
    return rest if host in REGISTRIES and "/" in rest else source


def _addresses(resource: Mapping[str, Any]) -> Iterator[str]:
    """Yield the address of each instance of a managed resource, as Terraform writes it."""
    if resource.get("mode") != "managed":
        return
    module = f"{resource['module']}." if resource.get("module") else ""
    for instance in resource.get("instances") or []:
        key = instance.get("index_key")
        yield f"{module}{resource['type']}.{resource['name']}{'' if key is None else f'[{_index(key)}]'}"


def _index(key: int | str) -> str:
    if isinstance(key, int):
        return str(key)
    return json.dumps(key, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def parse_contents(text: bytes) -> dict[str, str]:
    """Return address -> planned content of every record in a plan as `show -json` prints it, changed or not.

    Left out: contents that are sensitive, or known only after the apply, and records that the plan deletes.
    """
    contents = {}
    for resource in json.loads(text).get("resource_changes", ()):
        change = resource["change"]
        for path in _content_paths(resource["type"], change.get("after")):
            content = _at(change["after"], path)
            hidden = _at(change.get("after_sensitive"), path) or _at(change.get("after_unknown"), path)
            if isinstance(content, str) and not hidden:
                contents[resource["address"]] = content
                break
    return contents


def _content_paths(kind: str, after: Any) -> Iterator[tuple[str, ...]]:
    """Yield where a resource of this type keeps its content. The sandbox's records are terraform_data."""
    for name in _CONTENT.get(kind, ()):
        yield (name,)
    if kind == "terraform_data" and _at(after, ("input", "sandbox")) == "record":
        yield ("input", "content")


def _at(value: Any, path: Sequence[str]) -> Any:
    """Return what stands at `path`. True anywhere on the way counts for all below: so Terraform marks whole objects."""
    for name in path:
        if value is True or not isinstance(value, Mapping):
            return value if value is True else None
        value = value.get(name)
    return value
