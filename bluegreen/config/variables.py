"""The color's object besides its release: what `variables:` and `--set` may hold."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bluegreen.config.nodes import Node, merge, node_of
from bluegreen.config.secrets import HINT, looks_like_secret
from bluegreen.config.source import parse
from bluegreen.config.wording import Wrong
from bluegreen.errors import ConfigError, Problem, UsageError

_NAME = re.compile(r"[^\W\d][\w-]*")
"""What Terraform takes as the name of an attribute."""

_RESERVED = {
    "release": "the release has a key of its own, beside `variables`, and an option, --release",
    "running": "`bluegreen retire` and a rollback decide whether a color runs",
}


def refused_variables(variables: Node) -> Iterator[Problem]:
    """Yield what is wrong with the node of `variables:`."""
    if not isinstance(variables.value, Mapping):
        return
    for key, node in variables.value.items():
        if key in _RESERVED:
            yield Problem(str(node.key_place or ""), node.dotted, "is not yours to set", _RESERVED[key])
        yield from _refused(node, key)


def _refused(node: Node, key: str) -> Iterator[Problem]:
    try:
        _check(key, node)
    except Wrong as error:
        yield node.problem(error.message, error.hint)
    if isinstance(node.value, Mapping):
        for name, below in node.value.items():
            yield from _refused(below, name)
    elif isinstance(node.value, list):
        for below in node.value:
            yield from _refused(below, key)


def _check(key: str, node: Node) -> None:
    """Raise Wrong for a key, or a scalar, that Terraform would not be handed as it is written."""
    if not key.strip() or not _is_normal(key):
        raise Wrong("the key is empty or not in Unicode's normal form C", "Terraform would change it")
    value = node.value
    if isinstance(value, str):
        if not _is_normal(value):
            raise Wrong("the text is not in Unicode's normal form C", "Terraform would change it")
        if looks_like_secret(key, value):
            raise Wrong("looks like a secret", HINT)
    elif isinstance(value, float) and node.text and (value.is_integer() or repr(value) != node.text.removeprefix("+")):
        # Versions: 1.10 is the number 1.1, 12e4 is a commit, and neither comes back as it was written.
        raise Wrong(
            f"{node.text} is read as the number {value:.15g}",
            f'write "{node.text}" in quotes if it is a text',
        )


def _is_normal(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def parse_set(argument: str) -> tuple[str, Any]:
    """Read one `--set key=value`; the value is YAML, dots in the key lead into mappings.

    Raises UsageError when it cannot be read, or looks like a secret, which the message then does not repeat.
    """
    key, equals, text = argument.partition("=")
    if not equals:
        raise UsageError("--set needs key=value", hint="for example --set replicas=3")
    parts = key.split(".")
    if not all(parts):
        raise UsageError("--set needs a key before the =, without empty parts", hint="for example --set size.cpu=2")
    if other := next((part for part in parts if not _NAME.fullmatch(part)), ""):
        within = shlex.quote(f"labels={{{json.dumps(other, ensure_ascii=False)}: x}}")
        raise UsageError(
            f"--set needs key=value, and {other!r} is no key: letters, digits, _ and -, a letter first",
            hint=f"for example --set size.cpu=2; other keys stand within a value: --set {within}",
        )
    where = f"--set {key}"
    if not text.strip():
        raise UsageError(
            "--set needs a value behind the =",
            where=where,
            hint=f"an empty text is --set '{key}=\"\"', and nothing at all is --set {key}=null",
        )
    try:
        node, problems = parse(text, where)
    except ConfigError as error:
        raise UsageError(error.message, where=where, hint=error.hint) from None
    if isinstance(node.value, str) and "${" in node.value:
        problems.append(node.problem("${...} is not replaced here", "let the shell do it"))
    whole = node
    for part in reversed(parts):
        whole = Node({part: whole})
    problems += refused_variables(whole)
    if problems:
        raise UsageError(problems[0].message, where=where, hint=problems[0].hint)
    return key, node.plain()


def with_values(variables: Mapping[str, Any], pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return `variables` with the pairs of `parse_set` laid over them, in their order."""
    node = node_of(dict(variables))
    for key, value in pairs:
        for part in reversed(key.split(".")):
            value = {part: value}
        node = merge(node, node_of(value))
    result: dict[str, Any] = node.plain()
    return result
