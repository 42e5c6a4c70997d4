"""Values as a tfvars file that Terraform reads back exactly."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from bluegreen.errors import ConfigError, Problem
from bluegreen.model import Value
from bluegreen.resources import shipped

if TYPE_CHECKING:  # jinja2 takes 0.05 s to import, and the first call of Terraform needs no values
    from jinja2 import Template

HEADER = "Written by bluegreen from the stack's output. Do not edit: the next run replaces it."

EXACT_INTEGER = 2**512
"""Terraform keeps numbers with 512 bits of mantissa: an integer of at most so many bits comes back as it went in."""

# One match is one JSON escape, so that the b of an escaped backslash before a b is never taken for \b.
_FOREIGN = re.compile(r"\\.|[$%]\{")
_REWRITTEN = {r"\b": r"\u0008", r"\f": r"\u000c", "${": r"\u0024{", "%{": r"\u0025{"}


def render_tfvars(values: Mapping[str, Value], header: str = HEADER) -> str:
    """Render `values` as the text of a tfvars file, one variable a line, in the order given.

    Raises ConfigError that names every place whose value Terraform would not give back as it is: text that is not in
    Unicode's NFC form or holds half a surrogate pair, numbers that are not finite, integers beyond 512 bits.
    """
    problems = [problem for name, value in values.items() for problem in find_problems(value, name)]
    if problems:
        raise ConfigError(problems)
    return _template().render(values=values, header=header)


def to_hcl(value: Value) -> str:
    """Return `value` as an HCL expression in one line.

    JSON is one, but for `${` and `%{`, which HCL would evaluate, and two escapes that it does not know. The character
    is escaped instead of doubled, so that what stands before it cannot matter.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=dict)
    return _FOREIGN.sub(lambda match: _REWRITTEN.get(match[0], match[0]), text)


def find_problems(value: object, path: str) -> Iterator[Problem]:
    """Yield a problem for each place under `path`, dotted, that tfvars cannot carry."""
    if isinstance(value, str):
        yield from _find_text_problem(value, path)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem("", path, f"{value} is no number for Terraform", "write a finite number")
    elif isinstance(value, int) and abs(value) > EXACT_INTEGER:
        yield Problem("", path, "the integer has more than 512 bits, which Terraform rounds", "write it as text")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from find_problems(item, f"{path}[{number}]")
    elif isinstance(value, Mapping):
        yield from _find_key_problems(value, path)
    elif not isinstance(value, None | bool | int | float):
        yield Problem("", path, f"{type(value).__name__} is nothing a Terraform variable can hold", "write text")


def _find_key_problems(value: Mapping[object, object], path: str) -> Iterator[Problem]:
    for key, item in value.items():
        place = f"{path}.{_printable(str(key))}"
        if isinstance(key, str):
            yield from _find_text_problem(key, place)
        else:
            yield Problem("", place, f"the key is {type(key).__name__}, not text", "put it in quotes")
        yield from find_problems(item, place)


def _find_text_problem(text: str, path: str) -> Iterator[Problem]:
    if not _is_unicode(text):
        yield Problem("", path, "the text holds half a surrogate pair, which is no character", "write it anew")
    elif not unicodedata.is_normalized("NFC", text):
        hint = "normalise it to NFC, or Terraform does and every plan differs"
        yield Problem("", path, "the text is not in Unicode's NFC form", hint)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # The folder is looked for once; autoescape is for HTML, and tfvars has its own filter.
    environment = Environment(
        loader=FileSystemLoader(shipped("templates", "tfvars")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # nosec B701
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["hcl"] = to_hcl
    return environment.get_template("values.tfvars.j2")
