"""What looks like a secret, and so has no business in values that end in files, plans and journals."""

from __future__ import annotations

import re
from collections.abc import Mapping

HINT = "secrets travel as TF_VAR_*, in the environment; if this only names one, let its key end in _name"

_SECRET_WORDS = frozenset(
    {
        "apikey",
        "credential",
        "credentials",
        "key",
        "passphrase",
        "passwd",
        "password",
        "pwd",
        "secret",
        "secrets",
        "token",
        "tokens",
    }
)
_HARMLESS_KEYS = frozenset({"cache", "foreign", "kms", "partition", "primary", "public", "sort"})
"""What stands before `key` in names of keys that are none to anything."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_TOKEN = re.compile(
    r"""
      \b(?:AKIA|ASIA)[0-9A-Z]{16}\b                                 # AWS
    | \bgh[oprsu]_[0-9A-Za-z]{36} | \bgithub_pat_[0-9A-Za-z_]{22}   # GitHub
    | \bglpat-[0-9A-Za-z_-]{20}                                     # GitLab
    | \bxox[abeprs]-[0-9A-Za-z-]{10}                                # Slack
    | \b[rs]k_live_[0-9A-Za-z]{16}                                  # Stripe
    | \bAIza[0-9A-Za-z_-]{35} | \bya29\.[0-9A-Za-z_-]{20}           # Google
    | \bhv[sb]\.[0-9A-Za-z_-]{20}                                   # Vault
    | \bnpm_[0-9A-Za-z]{36} | \bpypi-AgE[0-9A-Za-z_-]{20}           # npm, PyPI
    | \bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}                  # SendGrid
    | \beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.              # JSON web tokens
    | -----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY                             # PEM
    | ://[^/\s:@]+:[^/\s@]+@                                        # a password in a URL
    """,
    re.VERBOSE | re.ASCII,
)


def looks_like_secret(key: str, value: object) -> bool:
    """Say whether a key with this value, or anything inside the value, is probably a secret."""
    if isinstance(value, Mapping):
        return any(looks_like_secret(str(name), below) for name, below in value.items())
    if isinstance(value, list):
        return any(looks_like_secret(key, below) for below in value)
    if not isinstance(value, str) or not value:
        return False
    return _named_like_secret(key) or bool(_TOKEN.search(value))


def _named_like_secret(key: str) -> bool:
    """The last word decides: api_token is one, token_url only says where to get one."""
    words = [word.lower() for word in _WORD.findall(key.rpartition(".")[2])]
    if not words or words[-1] not in _SECRET_WORDS:
        return False
    return words[-1] != "key" or len(words) < 2 or words[-2] not in _HARMLESS_KEYS
