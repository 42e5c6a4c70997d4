"""What an account may do in a project of Google Cloud, by the one question of Cloud Resource Manager for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from bluegreen.adapters.google_account import TOKEN_VARIABLE, find_credentials
from bluegreen.adapters.printable import printable
from bluegreen.errors import BluegreenError, ConfigError

ENDPOINT_VARIABLE = "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT"
"""The Terraform provider's."""

ENDPOINT = "https://cloudresourcemanager.googleapis.com/v1/"
SCOPE = "https://www.googleapis.com/auth/cloud-platform.read-only"
TIMEOUT = 10.0
"""Seconds for the connection, and for each part of the answer."""

_HINTS = {
    401: f"gcloud auth application-default login, or a new token in {TOKEN_VARIABLE}: one lives for an hour",
    403: "gcloud services enable cloudresourcemanager.googleapis.com, and check the project's name",
    404: f"check the project's name, and {ENDPOINT_VARIABLE}",
}


class ProjectPermissions:
    """ports.Permissions, by REST: its SDK would be another 30 MB for one question. environment: as Terraform's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def held(self, project: str, asked: Sequence[str]) -> frozenset[str]:
        import requests
        from google.auth import exceptions as auth
        from google.auth.transport.requests import AuthorizedSession

        url = f"{self._endpoint()}projects/{quote(project, safe='')}:testIamPermissions"
        try:
            with AuthorizedSession(find_credentials(self._environment, SCOPE)) as session:  # type: ignore[no-untyped-call]
                answer = session.post(url, json={"permissions": list(asked)}, timeout=TIMEOUT)
        except auth.RefreshError:  # how a 401 is met: a new token is tried first
            raise _refused(401, "the token is not accepted") from None
        except auth.DefaultCredentialsError:
            hint = f"gcloud auth application-default login, or a token in {TOKEN_VARIABLE}"
            raise ConfigError("there are no Google credentials here that can be used", hint=hint) from None
        except (requests.RequestException, auth.GoogleAuthError) as error:  # not chained: it may quote the token
            said = f"no answer in {TIMEOUT:g} s" if isinstance(error, requests.Timeout) else "no connection"
            hint = f"check the network and any proxy, and {ENDPOINT_VARIABLE}"
            raise BluegreenError(f"{said} to Google's Resource Manager", hint=hint) from None
        return frozenset(_read(answer.status_code, answer.content))

    def _endpoint(self) -> str:
        url = self._environment.get(ENDPOINT_VARIABLE, "").strip() or ENDPOINT
        if not re.fullmatch(r"https?://[^\s/]\S*/v1/?", url):
            hint = "write http://HOST:PORT/PATH/v1/, or unset it"
            raise ConfigError(f"{ENDPOINT_VARIABLE} is no address of the Resource Manager API", hint=hint)
        return f"{url.rstrip('/')}/"


def _read(status: int, body: bytes) -> Sequence[str]:
    try:
        data: Any = json.loads(body)
        if status == 200:
            return [str(one) for one in data.get("permissions") or ()]
        said = printable(str(data["error"]["message"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        said = "the answer is none of Google's API"
    raise _refused(status, said)


def _refused(status: int, said: str) -> BluegreenError:
    hint = _HINTS.get(status, "see status.cloud.google.com" if status >= 500 else "")
    return BluegreenError(f"Google's Resource Manager says: {said} (HTTP {status})", hint=hint)
