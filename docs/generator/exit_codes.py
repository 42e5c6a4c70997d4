"""How a command ends: the exception tree of bluegreen/errors.py, each class with its code, its word and its meaning."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from bluegreen import errors
from bluegreen.errors import BluegreenError
from generator.marks import table


def exit_codes_text() -> str:
    """Return one section for each code. The meaning of a class is its docstring."""
    codes: dict[int, list[type[BluegreenError]]] = {}
    for error in error_classes():
        codes.setdefault(error.exit_code, []).append(error)
    parts = ["## 0: done", "Done, or there was nothing to do."]
    for code, classes in sorted(codes.items()):
        parts += [f"## {code}: {classes[0].verdict}", table(("class", "verdict", "when"), map(_row, classes))]
    return "\n\n".join(parts) + "\n"


def error_classes() -> Iterator[type[BluegreenError]]:
    """Yield every class of the tree, in the order of errors.py: parents before those that are more exact."""
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, BluegreenError):
            yield value


def _row(error: type[BluegreenError]) -> tuple[str, str, str]:
    first = (inspect.getdoc(error) or "").split("\n\n")[0]
    return (f"`{error.__name__}`", f"`{error.verdict}`", first)
