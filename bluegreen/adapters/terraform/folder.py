"""What a root module's folder says without Terraform being asked."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bluegreen.adapters.terraform.hcl import Statement, statements, unmatched
from bluegreen.errors import EngineError, Problem
from bluegreen.model import Color

CONTRACT = frozenset(
    {"color", "enabled", "server", "colors", "server_active", "server_previous"}
    | {f"{color}{suffix}" for color in Color for suffix in ("", "_enabled")}
)
"""The variables of the stack contract: only a run may set them."""

VALUES_FILE = "zz-bluegreen.auto.tfvars"
"""The values of the last apply, for a bare `terraform plan`. Such files load in name order: it comes last."""

CODE = (".tf", ".tf.json")
TOFU_CODE = (".tofu", ".tofu.json")


@dataclass(frozen=True, slots=True)
class Root:
    """A scanned root module. variables: name -> file:line. remote: where it sends its runs elsewhere, else ""."""

    variables: Mapping[str, str]
    remote: str = ""

    def refuse_remote(self) -> None:
        """Raise EngineError when this root's runs would happen on somebody else's machine."""
        if self.remote:
            raise EngineError(
                "this root runs Terraform remotely (cloud, or backend remote): no plan of it can be guarded here",
                where=self.remote,
                hint="use a backend that only stores state, such as gcs, s3 or http",
            )


def code_files(folder: Path, suffixes: tuple[str, ...] = CODE) -> list[Path]:
    """Return the folder's configuration files, by name. A folder that is not there has none.

    As Terraform has it, neither a folder is one nor what begins with a dot, such as an editor's lock, `.#main.tf`.
    """
    if not folder.is_dir():
        return []
    return sorted(
        folder / entry.name
        for entry in os.scandir(folder)
        if entry.name.endswith(suffixes) and not entry.name.startswith(".") and not entry.is_dir()
    )


def scan_root(folder: Path, suffixes: tuple[str, ...] = CODE) -> Root:
    """Scan a folder's configuration. Raises EngineError when it has none."""
    files = code_files(folder, suffixes)
    if not files:
        raise EngineError(f"no Terraform configuration in {folder}", hint="see stack: in bluegreen.yaml")
    variables: dict[str, str] = {}
    remote = ""
    for path in files:
        for statement in read_statements(path):
            where = f"{path}:{statement.line}"
            if statement.block and statement.name == "variable" and not statement.parents:
                variables.update(dict.fromkeys(statement.labels[:1], where))
            if _is_remote(statement):
                remote = where
    return Root(variables, remote)


def _is_remote(statement: Statement) -> bool:
    if statement.parents != ("terraform",) or not statement.block:
        return False
    return statement.name == "cloud" or (statement.name, *statement.labels) == ("backend", "remote")


def read_statements(path: Path) -> Iterator[Statement]:
    """Yield the statements of one HCL or JSON file. Nothing of a file that does not parse as JSON.

    Raises EngineError when it cannot be read.
    """
    text = _text(path)
    if path.suffix != ".json":
        yield from statements(text)
        return
    try:
        document = json.loads(text)
    except ValueError:
        return
    yield from _json_statements(document, text)


def refuse_broken(path: Path) -> None:
    """Raise EngineError for a file that Terraform could not parse, as far as that can be told: its end is missing."""
    text = _text(path)
    if path.suffix == ".json":
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            told = f"this is not JSON: {error.msg}"
            raise EngineError(told, where=f"{path}:{error.lineno}", hint="mend it, then run this again") from None
    elif line := unmatched(text):
        hint = f"terraform -chdir={shlex.quote(str(path.parent))} fmt -check says what is wrong"
        raise EngineError("a bracket here has no other end", where=f"{path}:{line}", hint=hint)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError as error:
        told = f"{path.name} cannot be read: {error.strerror}"
        raise EngineError(told, where=str(path), hint="let this user read it") from None


def _json_statements(document: Any, text: str) -> Iterator[Statement]:
    """Yield a JSON file's attributes, its variables, outputs and resources, and the blocks within `terraform`."""
    for name, value in _members(document):
        yield Statement(name, _line_of(text, name), block=False)
        for label, inner in _members(value):
            line = _line_of(text, label)
            if name in ("variable", "output"):
                yield Statement(name, line, block=True, labels=(label,))
            elif name == "resource":
                for own, _ in _members(inner):
                    yield Statement(name, line, block=True, labels=(label, own))
            elif name == "terraform":
                labels = tuple(key for key, _ in _members(inner)) if label == "backend" else ()
                yield Statement(label, line, block=True, labels=labels, parents=(name,))


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the members of an object, or of a list of objects: JSON syntax allows both wherever blocks may repeat."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping):
            yield from item.items()


def _line_of(text: str, key: str) -> int:
    found = re.search(re.escape(json.dumps(key)) + r"\s*:", text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def find_intruders(folder: Path, declared: Iterable[str]) -> list[Problem]:
    """Return a problem for each contract variable that a tfvars file sets which Terraform loads by itself.

    The file that bluegreen writes is one of them only when git tracks it: an old copy then plans a switch back.
    """
    names = CONTRACT.intersection(declared)
    return [
        Problem(
            f"{path}:{statement.line}",
            statement.name,
            f"{path.name} loads by itself and sets a variable that only a run may set",
            "git rm --cached it, and ignore it" if path.name == VALUES_FILE else "take this line out",
        )
        for path in loading_files(folder)
        if path.name != VALUES_FILE or is_tracked(path)
        for statement in read_statements(path)
        if statement.name in names and not statement.block and not statement.parents
    ]


def loading_files(folder: Path) -> list[Path]:
    """Return the tfvars files that Terraform loads by itself, in the order in which it does."""
    loading = (".auto.tfvars", ".auto.tfvars.json")
    entries = sorted(entry.name for entry in os.scandir(folder))
    fixed = [name for name in ("terraform.tfvars", "terraform.tfvars.json") if name in entries]
    return [folder / name for name in (*fixed, *(name for name in entries if name.endswith(loading)))]


def is_tracked(path: Path) -> bool:
    """Return whether git tracks `path`. Without git, or outside a repository, nothing is tracked."""
    if not any((parent / ".git").exists() for parent in path.resolve().parents):
        return False
    argv = ["git", "ls-files", "--error-unmatch", "--", path.name]
    try:
        asked = subprocess.run(argv, cwd=path.parent, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return False
    return asked.returncode == 0
