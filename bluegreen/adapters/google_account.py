"""Google's credentials, as Terraform is given them: a token that is named, else the application default ones."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bluegreen.adapters.tokens import check_token

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

TOKEN_VARIABLE = "GOOGLE_OAUTH_ACCESS_TOKEN"
"""The Terraform provider's, so that it and we look as the same account."""


def find_credentials(environment: Mapping[str, str], scope: str) -> Credentials:
    """Return them. Raises ConfigError for a token that can be none, and what `google.auth.default` raises."""
    import google.auth
    from google.oauth2 import credentials

    token = environment.get(TOKEN_VARIABLE, "").strip()
    if token:
        return credentials.Credentials(token=check_token(token, TOKEN_VARIABLE))  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():  # one that is printed: of a person's credentials without a quota project
        warnings.simplefilter("ignore")
        return google.auth.default(scopes=[scope])[0]
