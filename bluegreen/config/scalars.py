"""What a YAML scalar means.

YAML 1.1, which most Python programs read, turns NO into false and 010 into 8; YAML 1.2 does not. What the two read
differently is refused, and the rest is read by the rules of 1.2.
"""

from __future__ import annotations

import math
import re

from bluegreen.config.wording import Wrong

LONGEST_NUMBER = 300
"""Characters. Python itself refuses to read an integer of more than 4300 digits."""

_AMBIGUOUS = re.compile(r"yes|no|on|off|[-+]?0[0-9]+", re.IGNORECASE | re.ASCII)
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+|0o[0-7]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_quoted(text: str) -> str:
    """Return the text. Raises Wrong when it holds what UTF-8 cannot."""
    if _SURROGATE.search(text):
        raise Wrong("half of a surrogate pair is no character", "write the character itself")
    return text


def read_plain(text: str) -> bool | int | float | str | None:
    """Return what a scalar without quotes means. Raises Wrong for what is ambiguous, and for numbers no JSON holds."""
    if _AMBIGUOUS.fullmatch(text):
        raise Wrong(f"{text} without quotes means different things to different readers", _meant(text))
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text) and len(text) <= LONGEST_NUMBER:
        return int(text, 0)
    if _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        return _number(text)
    return text


def _number(text: str) -> float:
    number = math.inf if _NOT_FINITE.fullmatch(text) or len(text) > LONGEST_NUMBER else float(text)
    if math.isinf(number):
        raise Wrong(f"{text[:40]} is no number that can be handed on", "write it in quotes if it is a text")
    return number


def _meant(text: str) -> str:
    if text.lower() in ("yes", "on"):
        return f'write true, or "{text}" in quotes'
    if text.lower() in ("no", "off"):
        return f'write false, or "{text}" in quotes'
    return f'write "{text}" in quotes, or the number without the zero in front'
