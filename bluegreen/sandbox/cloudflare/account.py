"""What Cloudflare remembers besides the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bluegreen.model import EMPTY


@dataclass(frozen=True, slots=True)
class Account:
    """Everything is kept as the API shows it.

    zone_exists: False between a DELETE and a POST of the zone. token_expired: every token is refused.
    settings: name -> value, of those that were set. rulesets, certificates: id -> document.
    purges: what was asked for, the newest last. authority_key, origin_ca: the origin CA's key and certificate, PEM;
    "" until the first certificate.
    """

    zone_exists: bool = True
    token_expired: bool = False
    origin_pulls: bool = False
    settings: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    rulesets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    certificates: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    purges: tuple[Mapping[str, Any], ...] = ()
    authority_key: str = field(default="", repr=False)
    origin_ca: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Account:
        return cls(**{**data, "purges": tuple(data["purges"])})

    def as_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            plain[each.name] = dict(value) if isinstance(value, Mapping) else value
        return plain
