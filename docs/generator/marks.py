"""What a page says by hand, and the part of it that is made from the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def replaced(text: str, begin: str, end: str, by: str) -> str:
    """Return `text` with what stands between two marks replaced. Raises ValueError when they are not there once."""
    found, count = re.subn(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", lambda _: f"{by}\n", text, flags=re.S)
    if count != 1:
        raise ValueError(f"{begin!r} ... {end!r} is there {count} times")
    return found


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar in a cell is escaped, and its text becomes one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, cells))} |" for cells in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def escaped(text: str) -> str:
    """Return words as Markdown that shows them as they are; what stands in backticks stays."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<\[\]])", r"\\\1", part) for part in parts)
