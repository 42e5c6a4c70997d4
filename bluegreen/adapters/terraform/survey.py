"""What a layer's code, its lock file and its last init say, read from their files: no Terraform is started."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bluegreen.adapters.terraform.documents import short_provider
from bluegreen.adapters.terraform.folder import CODE, TOFU_CODE, code_files, read_statements
from bluegreen.adapters.terraform.hcl import objects
from bluegreen.ports import Pinned, Survey

LOCK_FILE = ".terraform.lock.hcl"
NEEDED = "required_providers"

_LOCKED = re.compile(r'^provider "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^ *version *= *"([^"]+)"', re.MULTILINE)
_HASH = re.compile(r'"(h1|zh):')


def survey(folder: Path, terraform_data: Path, project: Path) -> Survey:
    """Return what is known of the root in `folder`. terraform_data: its TF_DATA_DIR. What is not there says nothing."""
    files = code_files(folder, (*CODE, *TOFU_CODE))
    return Survey(
        folder=str(folder.relative_to(project)) if folder.is_relative_to(project) else str(folder),
        declares=frozenset(name for path in files for name in _declared(path)),
        required={name: constraint for path in files for name, constraint in _required(path)},
        locked=_locked(folder / LOCK_FILE),
        installed=_installed(terraform_data / "providers"),
        modules=dict(_modules(terraform_data / "modules" / "modules.json")),
    )


def _declared(path: Path) -> Iterator[str]:
    for statement in read_statements(path):
        if statement.block and not statement.parents and statement.name in ("output", "resource"):
            yield ".".join(statement.labels if statement.name == "resource" else ("output", *statement.labels))


def _required(path: Path) -> Iterator[tuple[str, str]]:
    """Yield source and constraint of each provider that a file of the root asks for by itself."""
    text = path.read_text(errors="replace")
    found = _json_objects(text) if path.suffix == ".json" else objects(text, NEEDED)
    for name, said in found.items():
        yield short_provider(said.get("source") or f"hashicorp/{name}"), said.get("version", said.get("", ""))


def _json_objects(text: str) -> dict[str, dict[str, str]]:
    try:
        terraform = json.loads(text)["terraform"]
        blocks = terraform if isinstance(terraform, list) else [terraform]
        return {
            name: dict(said) if isinstance(said, Mapping) else {"": str(said)}
            for block in blocks
            for name, said in block[NEEDED].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _locked(path: Path) -> Mapping[str, Pinned] | None:
    """Read a lock file, which Terraform writes in one form. A package's h1 checksum is that of one platform."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return None
    found = {}
    for source, block in _LOCKED.findall(text):
        version, sums = _VERSION.search(block), _HASH.findall(block)
        found[short_provider(source)] = Pinned(version[1] if version else "", "zh" in sums or len(sums) > 1)
    return found


def _installed(folder: Path) -> dict[str, str]:
    """Return what init has installed: providers/HOST/NAMESPACE/TYPE/VERSION/PLATFORM."""
    found = (path.relative_to(folder).parts for path in sorted(folder.glob("*/*/*/*/*")))
    return {short_provider("/".join(parts[:3])): parts[3] for parts in found}


def _modules(path: Path) -> Iterator[tuple[str, str]]:
    """Yield call, and source with version, of each module that init took from somewhere else."""
    try:
        calls: Any = json.loads(path.read_bytes())["Modules"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for call in calls:
        source = str(call.get("Source") or "")
        if source and not source.startswith("."):
            yield str(call.get("Key")), f"{source} {call.get('Version') or ''}".strip()
