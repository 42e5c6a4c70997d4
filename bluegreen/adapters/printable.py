"""Takes out of text what a terminal would obey, or what changes how the rest is shown."""

from __future__ import annotations

import re
import unicodedata

_SEQUENCES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[]PX^_][^\n\x1b\x07]*(?:\x1b\\|\x07)?|\x1b[ -/]*[0-~]")
"""What a terminal obeys: control sequences; strings with an end of their own, such as a window's title; the rest."""


def printable(text: str) -> str:
    """Return `text` without control characters, terminal sequences and marks that reorder text; lines stay lines."""
    if text.isprintable():
        return text
    text = re.sub(r"\r+\n?", "\n", _SEQUENCES.sub("", text))
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def one_line(text: str) -> str:
    """Return `text` safe to print and as one line, so that nothing in it can pass for a line of its own."""
    return re.sub(r"\s*[\n\t\u2028\u2029]\s*", " ", printable(text))
