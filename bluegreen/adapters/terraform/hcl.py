"""Just enough of HCL's grammar to see which blocks and attributes a file has; expressions are skipped, not evaluated.

A regular expression over the raw text would take a commented-out variable, or one inside a heredoc, for a real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<skip>    [ \t\r\ufeff]+ | \#[^\n]* | //[^\n]* | /\*.*?\*/ )
    | (?P<heredoc> <<-?(?P<marker>[^\W\d][\w-]*)[ \t\r]*\n (?:.*?\n)? [ \t]*(?P=marker)(?=[ \t\r]*(?:\n|\Z)) )
    | (?P<name>    [^\W\d][\w-]* )
    | (?P<newline> \n )
    | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = "{[(", "}])"


@dataclass(frozen=True, slots=True)
class Statement:
    """A block (`variable "x" {`) or an attribute (`x = ...`).

    parents: the names of the blocks around it, outermost first. labels: () for an attribute. line: counted from 1.
    """

    name: str
    line: int
    block: bool
    labels: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def statements(text: str) -> Iterator[Statement]:
    """Yield every statement of `text`, in order. Of broken text, what can be seen: Terraform says what is wrong."""
    enclosing: list[str | None] = []  # a block's name, or None for brackets within an expression
    head: list[_Token] = []  # the statement begun, up to its `{` or `=`
    in_expression = False
    for token in _tokens(text):
        if token.text in _OPENING and token.kind == "other":
            statement = None if in_expression else _block(head, enclosing, token)
            if statement:
                yield statement
            enclosing.append(statement.name if statement else None)
        elif token.text in _CLOSING and token.kind == "other":
            closed = enclosing.pop() if enclosing else None
            in_expression = in_expression and closed is None
        elif enclosing and enclosing[-1] is None:
            continue
        elif token.kind == "newline":
            in_expression = False
        elif not in_expression and token.text == "=" and token.kind == "other":
            if len(head) == 1:
                yield Statement(head[0].text, head[0].line, block=False, parents=_names(enclosing))
            in_expression = True
        else:
            head.append(token)
            continue
        head = []


def _block(head: list[_Token], enclosing: list[str | None], brace: _Token) -> Statement | None:
    if brace.text != "{" or not head or head[0].kind != "name":
        return None
    labels = tuple(token.text for token in head[1:])
    return Statement(head[0].text, head[0].line, block=True, labels=labels, parents=_names(enclosing))


def _names(enclosing: list[str | None]) -> tuple[str, ...]:
    return tuple(name for name in enclosing if name is not None)


def _tokens(text: str) -> Iterator[_Token]:
    """Split `text`. A quoted string is one token, without its quotes; comments and heredocs are none."""
    position, line = 0, 1
    while position < len(text):
        if text[position] == '"':
            end = _string_end(text, position + 1)
            yield _Token("string", text[position + 1 : end - 1], line)
        else:
            match = _TOKEN.match(text, position)
            assert match is not None  # `other` takes any character
            end = match.end()
            if match.lastgroup in ("name", "newline", "other"):
                yield _Token(match.lastgroup, match[0], line)
        line += text.count("\n", position, end)
        position = end


def _string_end(text: str, position: int) -> int:
    """Return the position after the quote that closes the string whose content begins at `position`."""
    while position < len(text):
        if text[position] == '"':
            return position + 1
        if text[position] == "\\" or text.startswith(("$${", "%%{"), position):
            position += 2
        elif text.startswith(("${", "%{"), position):
            position = _template_end(text, position + 2)
        else:
            position += 1
    return len(text) + 1


def _template_end(text: str, position: int) -> int:
    """Return the position after the brace that closes the `${` whose expression begins at `position`."""
    depth = 1
    while position < len(text) and depth:
        if text[position] == '"':
            position = _string_end(text, position + 1)
            continue
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        position += 1
    return position
