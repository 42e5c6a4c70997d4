"""A project folder to begin with: the shipped example, on a network of its own, with its modules beside it."""

from __future__ import annotations

import os
import re
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
    """Write a project into `folder`; return its files, sorted, relative to it. Raises what `project_files` does."""
    files = project_files(folder, name, layout, stack, local=local, modules=modules)
    write_project(folder, files)
    return list(files)


def write_project(folder: Path, files: Mapping[Path, str]) -> None:
    """Write what `project_files` returned. Raises UsageError where that cannot be done."""
    try:
        for file, text in files.items():
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", hint="choose another folder") from None


def project_files(
    folder: Path, name: str, layout: str = "layers", stack: str = SANDBOX, *, local: bool = False, modules: str = ""
) -> dict[Path, str]:
    """Return the files of a project that is to lie in `folder`, sorted, relative to it, with their texts.

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
    example = shipped("examples", *EXAMPLES[stack, layout])
    network = Network.for_path(folder)
    used: set[str] = set()
    files: dict[Path, str] = {}
    for source, target in _copies(example, local):
        text = _SERVICE.sub(name, _NETWORK.sub(network.prefix, source.read_text()))
        files[target] = _with_modules(text, target.parent, modules, used)
    for module in () if modules else used:
        own = shipped("terraform", "modules", module)
        files |= {Path("modules", module, path.relative_to(own)): path.read_text() for path in _files(own)}
    return dict(sorted(files.items()))


def _copies(example: Path, local: bool) -> Iterator[tuple[Path, Path]]:
    """Yield each file of an example and where it goes. local: with what then lies over it, or beside each backend."""
    for source in _files(example):
        inside = source.relative_to(example)
        if inside.parts[0] != _LOCAL:
            yield source, inside
            if local and source.name == "backend.tf":
                yield example / _LOCAL / _OVERRIDE, inside.with_name("backend_override.tf")
        elif local and source.name != _OVERRIDE:
            yield source, inside.relative_to(_LOCAL)


def _with_modules(text: str, here: Path, repository: str, used: set[str]) -> str:
    """Return a file whose modules are in the project, or in a repository, noting those that it uses."""

    def found(match: re.Match[str]) -> str:
        used.add(match[1])
        if repository:
            return f'"{repository}//terraform/modules/{match[1]}?ref=v{__version__}"'
        path = os.path.relpath(Path("modules", match[1]), here)
        return f'"{path if path.startswith("..") else f"./{path}"}"'

    return _MODULE.sub(found, text)


def _files(root: Path) -> Iterator[Path]:
    """Yield the files that belong to an example or a module, without what a run there would have left."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and _LEFT_OUT.isdisjoint(inside.parts) and not inside.name.startswith("zz-"):
            yield path
