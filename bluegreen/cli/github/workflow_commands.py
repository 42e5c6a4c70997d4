"""The lines that GitHub's runner obeys, and how what others said is kept from being one. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BEGINNING = re.compile(r"^(\s*:)(?=:)", re.MULTILINE)
_OLD = "##["
"""How commands were written before `::`; the runner still obeys one anywhere in a line."""


def in_actions(environment: Mapping[str, str]) -> bool:
    """Return whether this process is a step of a GitHub workflow."""
    return environment.get("GITHUB_ACTIONS") == "true"


def command(name: str, message: str = "", **properties: str | int) -> str:
    """Return a command as a line. Properties that are empty are left out."""
    given = ",".join(f"{key}={_escaped(str(value), '%', ':', ',')}" for key, value in properties.items() if value)
    return f"::{name}{' ' if given else ''}{given}::{_escaped(message, '%')}"


def _escaped(text: str, *signs: str) -> str:
    for sign in (*signs, "\r", "\n"):
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def harmless(text: str) -> str:
    """Return `text` so that none of its lines is a command: `::error` becomes `: :error`.

    For stdout. On stderr commands are stopped, but the runner reads two streams in no certain order.
    """
    return _BEGINNING.sub(r"\1 ", text).replace(_OLD, "## [")


def harmless_json(text: str) -> str:
    """Return a line of JSON that means the same, and holds no command."""
    return text.replace(_OLD, "##\\u005b")
