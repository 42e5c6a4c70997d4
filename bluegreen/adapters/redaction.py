"""Takes secrets out of text: those that are known, and what looks like one by its form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
    """Return `text` with each of `secrets`, and all that has the form of a well-known secret, replaced."""
    for secret in sorted(secrets, key=len, reverse=True):  # else the rest of one that contains another would stay
        if len(secret) >= SHORTEST:
            text = text.replace(secret, GONE)
    return _FORMS.sub(GONE, text)


def environment_secrets(environment: Mapping[str, str]) -> frozenset[str]:
    """Return the values of the variables whose names say that they are secret, such as TF_VAR_db_password.

    A value of several lines also counts line by line, since that is how it is printed.
    """
    secrets = set()
    for name, value in environment.items():
        if _SECRET_NAME.search(name) and not _PLACE_NAME.search(name):
            lines = [line.strip() for line in value.splitlines()]
            secrets |= {value.strip(), *(line for line in lines if len(line) >= _LINE)}
    return frozenset(secret for secret in secrets if len(secret) >= SHORTEST)
