"""A project folder to begin with: the shipped example, on a network of its own, with its modules beside it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from bluegreen.errors import Refused, UsageError
from bluegreen.resources import shipped
from bluegreen.sandbox.address import Network

_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]|[a-z]", re.ASCII)
_NETWORK = re.compile(r"127\.77\.12\b")  # the example's
_SERVICE = re.compile(r"\bshop\b")
_MODULE = re.compile(r'"(?:\.\./)+terraform/modules/([a-z0-9_]+)"')
_LEFT_OUT = frozenset({".terraform", ".bluegreen", "tests", "__pycache__"})
_LOCAL, _OVERRIDE = "local", "backend_override.hcl"
"""Folder of an example: what lies over it when it is to run in the sandbox; and what goes beside each backend then."""

SANDBOX, GCP_CLOUDFLARE = "sandbox", "gcp-cloudflare"
EXAMPLES: Mapping[tuple[str, str], tuple[str, ...]] = {
    (SANDBOX, "layers"): ("sandbox", "layers"),
    (SANDBOX, "single"): ("sandbox", "single"),
    (GCP_CLOUDFLARE, "layers"): ("gcp_cloudflare",),
    (GCP_CLOUDFLARE, "single"): ("single_root",),
}
"""Stack and layout -> where the example is."""


def sandbox_folder(project: Path) -> Path:
    """Return where a project's sandbox keeps everything."""
    return project / ".bluegreen" / "sandbox"


def create_project(
    folder: Path, name: str, layout: str = "layers", stack: str = SANDBOX, *, local: bool = False
) -> list[Path]:
    """Write a project into `folder`; return its files, sorted, relative to it.

    name: of the service. stack, layout: a key of EXAMPLES. local: a cloud's stack is to run in the sandbox. Raises
    UsageError for a name that is none, Refused when there is something in the folder already.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a service", hint="use lower-case letters, digits and dashes, a letter first"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("there is something here already", where=str(folder), hint="choose another name")
    try:
        return _write(folder, name, shipped("examples", *EXAMPLES[stack, layout]), local)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", hint="choose another folder") from None


def _write(folder: Path, name: str, example: Path, local: bool) -> list[Path]:
    network = Network.for_path(folder)
    modules: set[str] = set()
    for source, target in _copies(example, folder, local):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_adapted(source.read_text(), name, network, target.parent, folder, modules))
    for module in sorted(modules):
        _vendor(module, folder)
    return sorted(path.relative_to(folder) for path in _files(folder))


def _copies(example: Path, folder: Path, local: bool) -> Iterator[tuple[Path, Path]]:
    """Yield each file of an example and where it goes. local: with what then lies over it, or beside each backend."""
    for source in _files(example):
        inside = source.relative_to(example)
        if inside.parts[0] != _LOCAL:
            yield source, folder / inside
            if local and source.name == "backend.tf":
                yield example / _LOCAL / _OVERRIDE, folder / inside.with_name("backend_override.tf")
        elif local and source.name != _OVERRIDE:
            yield source, folder / inside.relative_to(_LOCAL)


def _adapted(text: str, name: str, network: Network, here: Path, folder: Path, modules: set[str]) -> str:
    """Return an example's file as this project's, noting the modules that it uses."""

    def beside(match: re.Match[str]) -> str:
        modules.add(match[1])
        path = os.path.relpath(folder / "modules" / match[1], here)
        return f'"{path if path.startswith("..") else f"./{path}"}"'

    text = _MODULE.sub(beside, text)
    return _SERVICE.sub(name, _NETWORK.sub(network.prefix, text))


def _vendor(module: str, folder: Path) -> None:
    source = shipped("terraform", "modules", module)
    for path in _files(source):
        target = folder / "modules" / module / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _files(root: Path) -> Iterator[Path]:
    """Yield the files that belong to an example or a module, without what a run there would have left."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and _LEFT_OUT.isdisjoint(inside.parts) and not inside.name.startswith("zz-"):
            yield path
