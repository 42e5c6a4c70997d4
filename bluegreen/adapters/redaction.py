"""Takes secrets out of text: those that are known, and what looks like one by its form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

GONE = "[redacted]"

SHORTEST = 6
"""Characters; a shorter value is too likely to be an ordinary word, and too weak to be worth hiding."""

_LINE = 20
"""Characters from which on one line of a secret of several lines counts as a secret of its own."""

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSW(OR)?D|PASSPHRASE|CREDENTIAL|(PRIVATE|API|ACCESS|ENCRYPTION)_?KEY", re.IGNORECASE
)
_PLACE_NAME = re.compile(r"_(FILE|PATH|DIR|URL|ENDPOINT)$|^GOOGLE_APPLICATION_CREDENTIALS$", re.IGNORECASE)
"""Names of variables that say where a secret is, and hold none."""

_FORMS = re.compile(
    r"""
    \bgh[pousr]_[A-Za-z0-9]{16,}                # GitHub's tokens, by their documented prefixes
    | \bgithub_pat_[A-Za-z0-9_]{16,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b             # AWS access key ids
    | \bya29\.[A-Za-z0-9._-]+                   # Google's OAuth access tokens
    | (?<=Bearer\ )[^\s"',]+                    # whatever an Authorization header carries
    | (?<=://)[^/\s:@"]+:[^/\s@"]+(?=@)         # a URL's user and password
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with each of `secrets`, and all that has the form of a well-known secret, replaced.

    A secret is known as it is, as others write it in quotes or in a URL, and broken into lines or indented anew where
    it holds blanks. Of one with several lines each long one counts by itself, since that is how it is printed.
    """
    for pattern in _patterns(frozenset(secrets)):
        text = pattern.sub(GONE, text)
    return _FORMS.sub(GONE, text)


def cleaned(report: Any, clean: Callable[[str], str]) -> Any:
    """Return a report, of whatever dataclasses, mappings and sequences, with every text in it cleaned."""
    match report:
        case Enum():
            return report
        case str():
            return clean(report)
        case Mapping():
            return {key: cleaned(value, clean) for key, value in report.items()}
        case list() | tuple():
            return tuple(cleaned(value, clean) for value in report)
    if is_dataclass(report) and not isinstance(report, type):
        return replace(report, **{each.name: cleaned(getattr(report, each.name), clean) for each in fields(report)})
    return report


@lru_cache(maxsize=8)
def _patterns(secrets: frozenset[str]) -> Sequence[re.Pattern[str]]:
    """Return what finds the secrets, longest first: else the rest of one that contains another would stay."""
    whole = {secret.strip() for secret in secrets}
    lines = {line.strip() for secret in whole for line in secret.splitlines() if len(line.strip()) >= _LINE}
    spelled = {spelling for secret in whole | lines if len(secret) >= SHORTEST for spelling in _spellings(secret)}
    return [
        re.compile(r"\s+".join(map(re.escape, spelling.split())))
        for spelling in sorted(spelled, key=lambda spelling: (-len(spelling), spelling))
    ]


def _spellings(secret: str) -> set[str]:
    quoted = {json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (False, True)}
    return {secret, quote(secret, safe=""), quote_plus(secret), *quoted}


def environment_secrets(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the values of the variables whose names say that they are secret, such as TF_VAR_db_password."""
    secrets = {
        value.strip()
        for name, value in environment.items()
        if _SECRET_NAME.search(name) and not _PLACE_NAME.search(name)
    }
    return frozenset(secret for secret in secrets if len(secret) >= SHORTEST)
