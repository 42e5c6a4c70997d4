"""What is said of somebody's root: one sentence, its place, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """LACKS: what the contract needs. FIGHTS: what sets a value that only a run may set. BITES: what will, one day."""

    LACKS = "lacks"
    FIGHTS = "fights"
    BITES = "bites"


@dataclass(frozen=True, slots=True)
class Finding:
    """where: file:line, relative to the project, or a file or folder."""

    kind: Kind
    where: str
    message: str
    hint: str = ""


def lacks(where: str, message: str, hint: str) -> Finding:
    return Finding(Kind.LACKS, where, message, hint)


def fights(where: str, message: str, hint: str) -> Finding:
    return Finding(Kind.FIGHTS, where, message, hint)


def bites(where: str, message: str, hint: str) -> Finding:
    return Finding(Kind.BITES, where, message, hint)
