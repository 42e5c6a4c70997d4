"""Every key of bluegreen.yaml, from the reference configuration: what it says in comments, said in prose.

A comment above a key, or behind it, is about that key; one below it, before an empty line, is an example of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files

from generator.marks import escaped

KEY = re.compile(r"^( *)(\w+):(?: +(?!#)(.*?))?(?: +# (.*))?$")
COMMENT = re.compile(r"^ *# ?(.*)$")
SANDBOX = re.compile(r"(?:^|; )sandbox: (\S+)$")
"""How a comment says what holds where there is a sandbox."""

DEFAULTS, ENVIRONMENTS = "defaults", "environments"
"""The keys below which stand what holds when a key is left out, and two environments as an example."""


@dataclass
class Key:
    """A key and its comments. value: as it is written, "" for a section. below: an example of it."""

    name: str
    indent: int
    value: str
    behind: str
    above: list[str]
    below: list[str] = field(default_factory=list)


def configuration_text() -> str:
    """Return what the reference says: a section for each key with its default and its meaning, and the example."""
    reference = (files("bluegreen.config") / "reference" / "bluegreen.yaml").read_text(encoding="utf-8")
    before, _, example = reference.partition(f"\n{ENVIRONMENTS}:\n")
    keys, _, about = before.partition("\n\n")[2].rpartition("\n\n")
    parts = ["## The project", *_sections(read_keys(keys))]
    parts += [f"## {ENVIRONMENTS}", _prose(_uncommented(about)), f"```yaml\n{ENVIRONMENTS}:\n{example.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def read_keys(text: str) -> list[Key]:
    """Return the keys of the reference in their order. Raises ValueError for a line that is none, and no comment."""
    keys: list[Key] = []
    pending: list[str] = []
    for line in [*text.splitlines(), ""]:
        if found := KEY.match(line):
            indent, name, value, behind = found.groups("")
            keys.append(Key(name, len(indent), value, behind, pending))
            pending = []
        elif found := COMMENT.match(line):
            pending.append(found[1])
        elif line:
            raise ValueError(f"neither a key nor a comment: {line}")
        elif pending:
            keys[-1].below, pending = pending, []
    return keys


def _sections(keys: list[Key]) -> Iterator[str]:
    """Yield the project's own keys, those of an environment, and then the sections of these, each with its keys."""
    at = next(number for number, key in enumerate(keys) if key.name == DEFAULTS)
    for key in keys[:at]:
        yield from _key(key.name, key)
    yield from _section(DEFAULTS, keys[at])
    rest = keys[at + 1 :]
    for key in rest:
        if key.indent == 2 and key.value:
            yield from _key(key.name, key)
    section = ""
    for key in rest:
        if not key.value:
            section = key.name
            yield from _section(section, key)
        elif key.indent > 2:
            yield from _key(f"{section}.{key.name}", key)


def _section(title: str, key: Key) -> Iterator[str]:
    yield f"## {title}"
    if key.above:
        yield _prose(key.above)


def _key(path: str, key: Key) -> Iterator[str]:
    """Yield a key's heading, default, meaning and example. Raises ValueError for one that says nothing of itself."""
    found = SANDBOX.search(key.behind)
    word = "Required, for example" if "Required." in " ".join(key.above) else "Default"
    meaning = [_prose(lines) for lines in (key.above, [SANDBOX.sub("", key.behind)]) if any(lines)]
    if not meaning:
        raise ValueError(f"no comment says what {path} means")
    yield f"### `{path}`"
    yield f"{word}: `{key.value}`" + (f"; in a sandbox: `{found[1]}`" if found else "")
    yield " ".join(meaning)
    if key.below:
        example = "\n".join(key.below)
        yield f"```yaml\n{example}\n```"


def _uncommented(text: str) -> list[str]:
    return [found[1] for line in text.splitlines() if (found := COMMENT.match(line))]


def _prose(lines: list[str]) -> str:
    """Return comment lines as a paragraph that begins with a capital and ends with a period."""
    text = " ".join(" ".join(lines).split())
    return escaped(text[:1].upper() + text[1:] + ("" if text.endswith((".", ":")) else "."))
