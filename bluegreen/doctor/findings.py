"""What a doctor says: one finding a check, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave a finding is, the gravest last."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found. seen: what was seen; where it was skipped, why nobody looked. fix: "" for nothing."""

    check: str
    level: Level
    seen: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was found, in the order in which one thing stands on another."""

    environment: str
    findings: Sequence[Finding]

    @property
    def failed(self) -> bool:
        """Whether something must be mended before a run can be trusted."""
        return any(finding.level is Level.FAILURE for finding in self.findings)


class Unknown(Exception):
    """What a check stands on is not known, so that it is skipped; says why."""


class Silent(Unknown):
    """It has not come in time."""


def ok(seen: str) -> Finding:
    """Return a finding without its check's name, as the next three do; `examine` adds that."""
    return Finding("", Level.OK, seen)


def skipped(why: str) -> Finding:
    return Finding("", Level.SKIPPED, why)


def warning(seen: str, fix: str) -> Finding:
    return Finding("", Level.WARNING, seen, fix)


def failure(seen: str, fix: str) -> Finding:
    return Finding("", Level.FAILURE, seen, fix)


def together(parts: Iterable[Finding], well: str) -> Finding:
    """Return one finding of several: what is not well in all of them, as grave as the gravest; `well` when all is."""
    troubled = [part for part in parts if part.level is not Level.OK]
    if not troubled:
        return ok(well)
    gravest = max((part.level for part in troubled), key=list(Level).index)
    seen = dict.fromkeys(part.seen for part in troubled)  # two colors in one folder have one lock file
    fixes = dict.fromkeys(part.fix for part in troubled if part.fix)
    return Finding("", gravest, "; ".join(seen), "; ".join(fixes))
