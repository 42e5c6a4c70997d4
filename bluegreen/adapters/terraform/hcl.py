"""Just enough of HCL's grammar to see which blocks and attributes a file has; expressions are kept, not evaluated.

A regular expression over the raw text would take a commented-out variable, or one inside a heredoc, for a real one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

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
    text: a block's body, an attribute's expression, as it is written; "" where it does not end.
    """

    name: str
    line: int
    block: bool
    labels: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    text: str = field(default="", compare=False, repr=False)

    @property
    def code(self) -> str:
        """The text with spaces for its comments, so that what is left stands where it stood."""
        return _blanked(self.text)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Around:
    """A block, an attribute, or with no name brackets in an expression, not ended yet.

    index: where in the list of what was found. start: where in the text its code begins.
    """

    name: str | None
    index: int
    start: int


def statements(text: str) -> Iterator[Statement]:
    """Yield every statement of `text`, in order. Of broken text, what can be seen: Terraform says what is wrong."""
    found: list[Statement] = []
    enclosing: list[_Around] = []
    head: list[_Token] = []  # the statement begun, up to its `{` or `=`
    expression: _Around | None = None  # of the attribute that is being read
    for token in _tokens(text):
        if token.text in _OPENING and token.kind == "other":
            statement = None if expression else _block(head, enclosing, token)
            enclosing.append(_Around(statement.name if statement else None, len(found), token.end))
            if statement:
                found.append(statement)
        elif token.text in _CLOSING and token.kind == "other":
            closed = enclosing.pop() if enclosing else _Around(None, 0, 0)
            if closed.name is not None:
                for ended in (expression, closed):
                    _end(ended, found, text, token.start)
                expression = None
        elif enclosing and enclosing[-1].name is None:
            continue
        elif token.kind == "newline":
            _end(expression, found, text, token.start)
            expression = None
        elif not expression and token.text == "=" and token.kind == "other":
            named = head[0].text if len(head) == 1 else None
            expression = _Around(named, len(found), token.end)
            if named is not None:
                found.append(Statement(named, head[0].line, block=False, parents=_names(enclosing)))
        else:
            head.append(token)
            continue
        head = []
    _end(expression, found, text, len(text))
    yield from found


def unmatched(text: str) -> int:
    """Return the line of a bracket that is never closed, or that closes none; 0 when there is none such."""
    opened: list[_Token] = []
    for token in _tokens(text):
        if token.kind == "other" and token.text in _OPENING:
            opened.append(token)
        elif token.kind == "other" and token.text in _CLOSING:
            opening = opened.pop().text if opened else ""
            if opening + token.text not in ("{}", "[]", "()"):
                return token.line
    return opened[-1].line if opened else 0


def objects(text: str, block: str) -> dict[str, dict[str, str]]:
    """Return what the attributes of each block of this name are, if objects of strings: attribute -> key -> string.

    One that is a string is an object with the key "": `required_providers` knows that form too.
    """
    found: dict[str, dict[str, str]] = {}
    depth, name, before = 0, "", [_Token("newline", "\n", 0, 0, 0)] * 2
    for token in _tokens(text):
        mark = token.text if token.kind == "other" else ""
        if depth == 0:
            depth = int(mark == "{" and before[1].text == block and before[1].kind == "name")
        elif mark in ("{", "}"):
            depth += 1 if mark == "{" else -1
        elif mark in ("=", ":") and depth == 1:
            name = before[1].text
        elif token.kind == "string" and before[1].text in ("=", ":"):
            found.setdefault(name, {})["" if depth == 1 else before[0].text] = token.text
        before = [before[1], token]
    return found


def _end(ended: _Around | None, found: list[Statement], text: str, end: int) -> None:
    """Give a statement its text, once it is known where that ends."""
    if ended is not None and ended.name is not None:
        found[ended.index] = replace(found[ended.index], text=text[ended.start : end])


def _blanked(text: str) -> str:
    kept, position = "", 0
    while position < len(text):
        if text[position] == '"':
            end = min(_string_end(text, position + 1), len(text))
            kept += text[position:end]
        else:
            match = _TOKEN.match(text, position)
            assert match is not None  # `other` takes any character
            end = match.end()
            comment = match.lastgroup == "skip" and match[0][0] in "#/"
            kept += re.sub(r"[^\n]", " ", match[0]) if comment else match[0]
        position = end
    return kept


def _block(head: list[_Token], enclosing: list[_Around], brace: _Token) -> Statement | None:
    if brace.text != "{" or not head or head[0].kind != "name":
        return None
    labels = tuple(token.text for token in head[1:])
    return Statement(head[0].text, head[0].line, block=True, labels=labels, parents=_names(enclosing))


def _names(enclosing: list[_Around]) -> tuple[str, ...]:
    return tuple(around.name for around in enclosing if around.name is not None)


def _tokens(text: str) -> Iterator[_Token]:
    """Split `text`. A quoted string is one token, without its quotes; comments and heredocs are none."""
    position, line = 0, 1
    while position < len(text):
        if text[position] == '"':
            end = _string_end(text, position + 1)
            yield _Token("string", text[position + 1 : end - 1], line, position, end)
        else:
            match = _TOKEN.match(text, position)
            assert match is not None  # `other` takes any character
            end = match.end()
            if match.lastgroup in ("name", "newline", "other"):
                yield _Token(match.lastgroup, match[0], line, position, end)
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
