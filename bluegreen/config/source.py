"""From the bytes of a YAML file to nodes that know where they stand.

Everything that can grow is bounded: size, depth, and the number of nodes after aliases were followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import yaml

from bluegreen.config.nodes import Loc, Node, Place
from bluegreen.config.scalars import read_plain, read_quoted
from bluegreen.config.wording import Wrong
from bluegreen.errors import ConfigError, Problem

LARGEST = 1024 * 1024
"""Bytes. A configuration that people write is a hundredth of it."""

BEGIN = "`bluegreen init NAME` makes a project of that name, `bluegreen adopt DIR` takes in Terraform of yours"

MOST_NODES = 20_000
DEEPEST = 50


def read_text(path: Path) -> str:
    """Read a text file of at most `LARGEST` bytes. Raises ConfigError."""
    name = path.name
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is not a file", where=name, hint="move what is there away")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise ConfigError(f"there is no {path}", hint=f"-C names its folder; {BEGIN}") from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", where=name, hint="let this user read it"
        ) from None
    if len(data) > LARGEST:
        raise ConfigError(f"the file is larger than {LARGEST // 1024} KiB", where=name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("the file is not UTF-8 text", where=f"{name}:{line}", hint="save it as UTF-8") from None


def parse(text: str, file: str) -> tuple[Node, list[Problem]]:
    """Parse one YAML document. file: its name, for places.

    Returns the document and what is wrong with it that does not keep the rest from being read.
    Raises ConfigError when nothing can be made of it.
    """
    builder = _Builder(text, file)
    try:
        return builder.document(), builder.problems
    except yaml.MarkedYAMLError as error:
        builder.stop(*_syntax(text, error), error.problem_mark or error.context_mark)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        problem = Problem(str(place), "", "a control character, which YAML does not allow")
        raise ConfigError([*builder.problems, problem]) from None
    except (ValueError, OverflowError):
        # PyYAML hands "\UFFFFFFFF" to chr() unchecked.
        raise ConfigError("an escape in a quoted text names no Unicode character", where=file) from None


def _syntax(text: str, error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """Return message and hint for a syntax error of PyYAML."""
    mark = error.problem_mark
    if mark is not None and "\t" in _rest_of_line(text, mark):
        return "a tab where YAML wants spaces", "indent with spaces"
    told = ", ".join(part for part in (error.context, error.problem) if part)
    told = told.replace(r"'\x00'", "the end of the file")  # PyYAML's own mark for it
    return f"this is not YAML: {told}", "check indentation, quotes and brackets here and just above"


def _rest_of_line(text: str, mark: yaml.Mark) -> str:
    lines = text.split("\n")
    line = lines[mark.line] if mark.line < len(lines) else ""
    blank = line[: len(line) - len(line.lstrip())]
    return blank if mark.column <= len(blank) else ""


class _Builder:
    """Builds nodes from PyYAML's events, which it asks for one by one, so that a limit stops it early."""

    def __init__(self, text: str, file: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._file = file
        self._anchors: dict[str, Node] = {}
        self._nodes = 0
        self.problems: list[Problem] = []

    def document(self) -> Node:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise ConfigError("the file is empty", where=self._file, hint="it begins with service: NAME")
        root = self._build(next(self._events), (), None, 0)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self.stop("a second document", "a configuration is one document: remove the ---", after.start_mark)
        return root

    def stop(self, message: str, hint: str, mark: yaml.Mark | None) -> NoReturn:
        """Raise ConfigError with everything found so far and this."""
        where = str(self._place(mark)) if mark else self._file
        raise ConfigError([Problem(where, "", message, hint), *self.problems])

    def _place(self, mark: yaml.Mark) -> Place:
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _spend(self, depth: int, mark: yaml.Mark) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self.stop(f"more than {MOST_NODES} values", "are aliases (*name) multiplying?", mark)
        if depth > DEEPEST:
            self.stop(f"nested more than {DEEPEST} levels deep", "", mark)

    def _build(self, event: Any, path: Loc, key_place: Place | None, depth: int) -> Node:
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event, path, key_place, depth)
        self._spend(depth, mark)
        node = Node(None, path, self._place(mark), key_place or self._place(mark))
        tag = event.tag
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(node, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = replace(node, value=self._items(path, depth))
        else:
            node = replace(node, value=self._pairs(path, depth))
        if tag is not None:
            node = self._refuse(node, f"the tag {tag!r} is not read here", "leave it out; quotes make a text")
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _items(self, path: Loc, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._build(event, (*path, len(items)), None, depth + 1))
        return items

    def _pairs(self, path: Loc, depth: int) -> dict[str, Node]:
        pairs: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._build(event, path, None, depth + 1)
            name = self._key(key)
            below = self._build(next(self._events), (*path, name or "?"), key.place, depth + 1)
            if name is None:
                continue
            if name in pairs:
                self._refuse(
                    replace(below, place=key.place),
                    "is written twice",
                    f"the first one is at {pairs[name].key_place}; remove one of them",
                )
            else:
                pairs[name] = below
        return pairs

    def _key(self, key: Node) -> str | None:
        """Return a mapping's key as text, None when it is none and a problem was noted."""
        if key.broken:
            return None
        if not isinstance(key.value, str):
            self._refuse(key, "a key must be text", f'write "{key.text}" in quotes' if key.text else "")
            return None
        if key.value == "<<":
            self._refuse(key, "merge keys (<<) are not read here", "environments inherit from `defaults`")
            return None
        return key.value

    def _aliased(self, event: Any, path: Loc, key_place: Place | None, depth: int) -> Node:
        if event.anchor not in self._anchors:
            self.stop(f"the alias *{event.anchor} names nothing that stands before it", "", event.start_mark)
        return self._copied(self._anchors[event.anchor], path, key_place, depth, event.start_mark)

    def _copied(self, node: Node, path: Loc, key_place: Place | None, depth: int, mark: yaml.Mark) -> Node:
        """Copy an anchor's node to where its alias stands: problems then name the path that is meant."""
        self._spend(depth, mark)
        value = node.value
        if isinstance(value, Mapping):
            value = {k: self._copied(v, (*path, k), v.key_place, depth + 1, mark) for k, v in value.items()}
        elif isinstance(value, list):
            value = [self._copied(v, (*path, i), None, depth + 1, mark) for i, v in enumerate(value)]
        return replace(node, value=value, path=path, key_place=key_place or node.place)

    def _scalar(self, node: Node, event: Any) -> Node:
        text: str = event.value
        shown = text.encode("utf-8", "replace").decode()  # what is refused goes on into checks and messages
        node = replace(node, value=shown, text=shown)
        try:
            return replace(node, value=read_plain(text) if event.style is None else read_quoted(text))
        except Wrong as error:
            return self._refuse(node, error.message, error.hint)

    def _refuse(self, node: Node, message: str, hint: str) -> Node:
        self.problems.append(node.problem(message, hint))
        return replace(node, broken=True)
