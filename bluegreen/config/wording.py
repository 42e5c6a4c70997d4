"""How this package says that something is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class Wrong(ValueError):
    """A value cannot be meant. message: what is wrong with it, as it follows the value's path. hint: what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return 'did you mean "x"?' for the nearest of the known words, "" when none is near."""
    near = get_close_matches(word, list(known), n=1)
    return f'did you mean "{near[0]}"?' if near else ""
