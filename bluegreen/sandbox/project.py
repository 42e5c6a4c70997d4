"""A project folder to begin with: the shipped example, on a network of its own, with its modules beside it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from bluegreen import __version__
from bluegreen.errors import Refused, UsageError
from bluegreen.resources import shipped
from bluegreen.sandbox.address import Network

_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]|[a-z]", re.ASCII)
_NETWORK = re.compile(r"127\.77\.12\b")  # the example's
_SERVICE = re.compile(r"\bshop\b")
_MODULE = re.compile(r'"(?:\.\./)+terraform/modules/([a-z0-9_]+)"')
_GIT = re.compile(r"git::[^\s\"?$%{}\\]+")  # as it may stand in a Terraform string, before a folder and a tag
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
    folder: Path, name: str, layout: str = "layers", stack: str = SANDBOX, *, local: bool = False, modules: str = ""
) -> list[Path]:
    """Write a project into `folder`; return its files, sorted, relative to it.

    name: of the service. stack, layout: a key of EXAMPLES. local: a cloud's stack is to run in the sandbox. modules:
    the git repository from which Terraform is to take them, as git::URL, at this version's tag; "" to copy them. Raises
    UsageError for a name or a repository that is none, Refused when there is something in the folder already.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name for a service", hint="use lower-case letters, digits and dashes, a letter first"
        )
    if modules and not _GIT.fullmatch(modules):
        raise UsageError(f"{modules!r} is no git repository for Terraform", hint="write git::https://HOST/PATH.git")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("there is something here already", where=str(folder), hint="choose another name")
    try:
        return _write(folder, name, shipped("examples", *EXAMPLES[stack, layout]), local, modules)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", hint="choose another folder") from None


def _write(folder: Path, name: str, example: Path, local: bool, repository: str) -> list[Path]:
    network = Network.for_path(folder)
    modules: set[str] = set()
    for source, target in _copies(example, folder, local):
        target.parent.mkdir(parents=True, exist_ok=True)
        text = _SERVICE.sub(name, _NETWORK.sub(network.prefix, source.read_text()))
        target.write_text(_with_modules(text, target.parent, folder, repository, modules))
    for module in () if repository else sorted(modules):
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


def _with_modules(text: str, here: Path, folder: Path, repository: str, modules: set[str]) -> str:
    """Return a file whose modules are in the project, or in a repository, noting those that it uses."""

    def found(match: re.Match[str]) -> str:
        modules.add(match[1])
        if repository:
            return f'"{repository}//terraform/modules/{match[1]}?ref=v{__version__}"'
        path = os.path.relpath(folder / "modules" / match[1], here)
        return f'"{path if path.startswith("..") else f"./{path}"}"'

    return _MODULE.sub(found, text)


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
