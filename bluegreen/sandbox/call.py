"""One call of the API, apart from sockets: what was asked, what is answered, what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from bluegreen.model import EMPTY


class Rejected(Exception):
    """The call is refused and nothing was changed. text: the reason, for a person."""

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Call:
    """path: what follows the API's own prefix. headers: names in lower case."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query))

    def json(self) -> dict[str, Any]:
        """Return the body's object. Raises Rejected when it is none."""
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Rejected(400, f"the body is no JSON: {error}") from None
        if not isinstance(data, dict):
            raise Rejected(400, "the body is no JSON object")
        return data


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, data: object, status: int = 200) -> Reply:
        return cls(status, json.dumps(data).encode() + b"\n")

    @classmethod
    def text(cls, text: str, status: int) -> Reply:
        return cls(status, f"{text}\n".encode(), "text/plain; charset=utf-8")
