"""The part of Cloudflare's rules language that our own rules are written in.

and, or, not, brackets; `FIELD eq "TEXT"`, `FIELD in {"TEXT" "TEXT"}`, `starts_with(FIELD, "TEXT")` and
`any(http.request.headers["NAME"][*] eq "TEXT")`, with FIELD http.host or http.request.uri.path. Nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([\w.]+|\[\*\]|&&|\|\||==|[(){}!,\[\]]))')
WORDS = {"&&": "and", "||": "or", "==": "eq", "!": "not"}


class NotUnderstood(Exception):
    """The expression uses more of the language than is known here."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule can see of a request. headers: names in lower case."""

    host: str
    path: str
    headers: Mapping[str, Sequence[str]]


Test = Callable[[Facts], bool]
FIELDS: Mapping[str, Callable[[Facts], str]] = {
    "http.host": lambda facts: facts.host,
    "http.request.uri.path": lambda facts: facts.path,
}


def understand(expression: str) -> Test:
    """Return what tells whether a request matches. Raises NotUnderstood."""
    reader = _Reader(expression)
    test = reader.either()
    reader.expect("")
    return test


class _Reader:
    """A recursive descent over the tokens; texts are kept apart from words by their quote."""

    def __init__(self, expression: str):
        self._tokens: list[str] = []
        position, end = 0, len(expression.rstrip())
        while position < end:
            found = TOKEN.match(expression, position)
            if not found:
                raise NotUnderstood(expression[position:])
            text, word = found.groups()
            self._tokens.append(f'"{text}' if text is not None else WORDS.get(word, word))
            position = found.end()

    def either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda facts: any(test(facts) for test in tests)

    def expect(self, word: str) -> None:
        if not self._take(word):
            raise NotUnderstood(f"{self._next!r} instead of {word!r}")

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda facts: all(test(facts) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            test = self._one()
            return lambda facts: not test(facts)
        if self._take("("):
            test = self.either()
            self.expect(")")
            return test
        if self._take("any"):
            return self._header()
        if self._take("starts_with"):
            return self._beginning()
        field = self._field()
        if self._take("eq"):
            wanted = self._text()
            return lambda facts: field(facts) == wanted
        self.expect("in")
        allowed = self._texts()
        return lambda facts: field(facts) in allowed

    def _header(self) -> Test:
        for word in ("(", "http.request.headers", "["):
            self.expect(word)
        name = self._text()
        for word in ("]", "[*]", "eq"):
            self.expect(word)
        wanted = self._text()
        self.expect(")")
        return lambda facts: wanted in facts.headers.get(name, ())

    def _beginning(self) -> Test:
        self.expect("(")
        field = self._field()
        self.expect(",")
        wanted = self._text()
        self.expect(")")
        return lambda facts: field(facts).startswith(wanted)

    def _field(self) -> Callable[[Facts], str]:
        name = self._pop()
        if name not in FIELDS:
            raise NotUnderstood(name)
        return FIELDS[name]

    def _texts(self) -> set[str]:
        self.expect("{")
        texts = set()
        while not self._take("}"):
            texts.add(self._text())
        return texts

    def _text(self) -> str:
        token = self._pop()
        if not token.startswith('"'):
            raise NotUnderstood(f"{token!r} instead of a text")
        return re.sub(r"\\(.)", r"\1", token[1:])

    @property
    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _pop(self) -> str:
        found = self._next
        del self._tokens[:1]
        return found

    def _take(self, word: str) -> bool:
        if self._next != word:
            return False
        self._pop()
        return True
