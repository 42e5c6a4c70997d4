"""What a benchmark found, and whether it is within reach."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reach:
    """A number that is to be at most `limit`, or at least, and what it turned out to be."""

    what: str
    measured: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def __str__(self) -> str:
        sign, unit = (">=" if self.at_least else "<="), f" {self.unit}" if self.unit else ""
        verdict = "met" if self.met else "NOT MET"
        return f"{self.what}: {_short(self.measured)}{unit}, reach {sign} {_short(self.limit)}{unit}: {verdict}"

    def as_dict(self) -> dict[str, Any]:
        kind = "at least" if self.at_least else "at most"
        return {"what": self.what, "measured": self.measured, kind: self.limit, "unit": self.unit, "met": self.met}


@dataclass
class Report:
    """One benchmark's findings, told as they come. data: the same, for --json."""

    title: str
    data: dict[str, Any] = field(default_factory=dict)
    reaches: list[Reach] = field(default_factory=list)

    def __post_init__(self) -> None:
        say(f"\n== {self.title}")

    def note(self, text: str) -> None:
        say(f"   {text}")

    def row(self, name: str, text: str) -> None:
        say(f"   {name:<38} {text}")

    def reach(self, reach: Reach) -> None:
        self.reaches.append(reach)
        say(f"   {reach}")

    def as_dict(self) -> dict[str, Any]:
        return {"title": self.title, **self.data, "reach": [reach.as_dict() for reach in self.reaches]}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _short(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:.2f}"
