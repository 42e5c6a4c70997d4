from __future__ import annotations

import json
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses

from bluegreen.adapters.google_permissions import ENDPOINT, ENDPOINT_VARIABLE, ProjectPermissions
from bluegreen.errors import BluegreenError, ConfigError

TOKEN = "ya29." + "s3cr3t" * 6
URL = f"{ENDPOINT}projects/shop-1:testIamPermissions"


@pytest.fixture
def google_api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def held(**environment: str) -> frozenset[str]:
    account = ProjectPermissions({"GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN, **environment})
    return account.held("shop-1", ["compute.instances.get", "compute.instances.create"])


def test_google_is_asked_with_the_token_and_its_answer_read(google_api: responses.RequestsMock) -> None:
    google_api.post(URL, json={"permissions": ["compute.instances.get"]})
    assert held() == {"compute.instances.get"}
    (call,) = google_api.calls
    assert call.request.headers["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(call.request.body) == {"permissions": ["compute.instances.get", "compute.instances.create"]}


def test_the_endpoint_is_the_terraform_providers(google_api: responses.RequestsMock) -> None:
    google_api.post("http://127.0.0.1:8500/rm/v1/projects/shop-1:testIamPermissions", json={})
    assert held(**{ENDPOINT_VARIABLE: "http://127.0.0.1:8500/rm/v1"}) == frozenset()
    with pytest.raises(ConfigError, match=ENDPOINT_VARIABLE):
        held(**{ENDPOINT_VARIABLE: "127.0.0.1:8500"})


@pytest.mark.parametrize(
    ("answer", "said", "hint"),
    [
        ({"status": 403, "json": {"error": {"message": "API \x1b[31mdisabled"}}}, "API disabled", "gcloud services"),
        ({"status": 503, "body": "<html>"}, "none of Google's API", "status.cloud.google.com"),
        ({"status": 200, "json": []}, "none of Google's API", ""),
        ({"status": 404, "json": {"error": {"message": "gone"}}}, "gone", ENDPOINT_VARIABLE),
        ({"body": requests.ConnectTimeout(TOKEN)}, "no answer in 10 s", "network"),
        ({"body": requests.ConnectionError(TOKEN)}, "no connection", "network"),
    ],
)
def test_what_is_no_answer_is_an_error_that_quotes_no_token(
    google_api: responses.RequestsMock, answer: dict[str, Any], said: str, hint: str
) -> None:
    google_api.post(URL, **answer)
    with pytest.raises(BluegreenError, match=said) as caught:
        held()
    assert hint in caught.value.hint
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
