"""Tokens for the vendors' APIs, before they are sent."""

from __future__ import annotations

import re

from bluegreen.errors import ConfigError


def check_token(token: str, variable: str) -> str:
    """Return `token` if a header can carry it. Else a library below us would refuse it, and quote it in its error.

    variable: where it comes from. Raises ConfigError, which does not repeat it.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ConfigError(f"{variable} holds characters that no token has", hint="copy the token again")
    return token
