"""A root module and the local modules that it calls, as blocks of code with their places."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bluegreen.adapters.terraform.folder import code_files, read_statements, refuse_broken, scan_root
from bluegreen.adapters.terraform.hcl import Statement

DEEPEST = 4
"""Modules within modules that are followed; a circle ends here too."""

_WORD = r"(?<![\w.-]){}(?![\w-])"


@dataclass(frozen=True, slots=True)
class Block:
    """A block at the top of a file, such as a resource.

    file: as it is shown. inside: its attributes and blocks, whatever is around those.
    """

    file: str
    head: Statement
    inside: tuple[Statement, ...]

    @property
    def kind(self) -> str:
        return self.head.name

    @property
    def label(self) -> str:
        """The name that it has been given: the last label, "" for a block without any."""
        return self.head.labels[-1] if self.head.labels else ""

    @property
    def type(self) -> str:
        """A resource's type; "" of other blocks."""
        return self.head.labels[0] if len(self.head.labels) == 2 else ""

    @property
    def place(self) -> str:
        return self.at(self.head)

    def at(self, statement: Statement) -> str:
        return f"{self.file}:{statement.line}"

    def attribute(self, name: str) -> Statement | None:
        """Return the attribute of that name right in this block."""
        own = (one for one in self.inside if one.name == name and not one.block and len(one.parents) == 1)
        return next(own, None)

    def find(self, pattern: str) -> str:
        """Return the place of the first match in this block's code; "" when there is none."""
        found = re.search(pattern, self.head.code)
        return f"{self.file}:{self.head.line + self.head.code.count(chr(10), 0, found.start())}" if found else ""

    def mentions(self, *references: str) -> str:
        """Return the place where one of these references, such as var.blue, stands first; "" when none does."""
        words = "|".join(_WORD.format(re.escape(reference)) for reference in references)
        return self.find(words) if references else ""


@dataclass(frozen=True, slots=True)
class Module:
    """prefix: what its resources' addresses begin with, as in "module.cdn.". call: the block that calls it."""

    folder: Path
    prefix: str
    blocks: tuple[Block, ...]
    call: Block | None = None

    def of(self, *kinds: str) -> Iterator[Block]:
        return (block for block in self.blocks if block.kind in kinds)

    def named(self, kind: str, label: str) -> Block | None:
        return next((block for block in self.of(kind) if block.label == label), None)


@dataclass(frozen=True, slots=True)
class Source:
    """modules: the root, then every local module that it calls. tfvars: of the files that load by themselves."""

    project: Path
    modules: tuple[Module, ...]
    tfvars: tuple[Block, ...]

    @property
    def root(self) -> Module:
        return self.modules[0]

    def called(self, label: str) -> Module | None:
        """Return the local module that the root calls by this name."""
        return next((module for module in self.modules[1:] if module.prefix == f"module.{label}."), None)

    def given(self, name: str) -> Block | None:
        """Return what the tfvars files say of a variable; of several, the last one counts."""
        return next((block for block in reversed(self.tfvars) if block.head.name == name), None)

    def everywhere(self) -> Iterator[tuple[Module, Block]]:
        return ((module, block) for module in self.modules for block in module.blocks)

    def shown(self, path: Path) -> str:
        return os.path.relpath(path, self.project)


def read_source(project: Path, folder: Path, tfvars: Iterable[Path]) -> Source:
    """Read a root. tfvars: the files beside it that load by themselves. Raises EngineError when there is none.

    A file that is broken is refused: what is missed in it would be written once more, beside it.
    """
    scan_root(folder).refuse_remote()
    modules = tuple(_modules(project, folder, "", None))
    said = tuple(
        Block(os.path.relpath(path, project), statement, ())
        for path in tfvars
        for statement in read_statements(path)
        if not statement.parents and not statement.block
    )
    return Source(project, modules, said)


def _modules(project: Path, folder: Path, prefix: str, call: Block | None, depth: int = 0) -> Iterator[Module]:
    module = Module(folder, prefix, tuple(_blocks(project, folder)), call)
    yield module
    for block in module.of("module") if depth < DEEPEST else ():
        source = unquoted(block.attribute("source"))
        if source.startswith("."):
            yield from _modules(project, folder / source, f"{prefix}module.{block.label}.", block, depth + 1)


def _blocks(project: Path, folder: Path) -> Iterator[Block]:
    for path in code_files(folder):
        refuse_broken(path)
        head: Statement | None = None
        inside: list[Statement] = []
        shown = os.path.relpath(path, project)
        for statement in read_statements(path):
            if statement.parents:
                inside.append(statement)
                continue
            if head is not None:
                yield Block(shown, head, tuple(inside))
            head, inside = (statement if statement.block else None), []
        if head is not None:
            yield Block(shown, head, tuple(inside))


def unquoted(statement: Statement | None) -> str:
    """Return the text that an attribute is set to; "" when it is set to no literal text."""
    found = re.fullmatch(r'"([^"$%\\]*)"', statement.code.strip()) if statement else None
    return found[1] if found else ""


def followers(module: Module, variable: str) -> Mapping[str, str]:
    """Return what says the same as a variable: itself, and the locals made of it, each with its place."""
    known = {f"var.{variable}": ""}
    locals_ = [(block, one) for block in module.of("locals") for one in block.inside if len(one.parents) == 1]
    for _ in range(len(locals_)):  # a local of a local may stand first
        for block, one in locals_:
            words = "|".join(_WORD.format(re.escape(name)) for name in known)
            if re.search(words, one.code):
                known.setdefault(f"local.{one.name}", block.at(one))
    return known
