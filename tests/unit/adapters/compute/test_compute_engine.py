from __future__ import annotations

import logging
import socket
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import google.auth
import google.auth.exceptions
import pytest
import requests
import responses
from google.auth.credentials import AnonymousCredentials
from responses import matchers

from bluegreen.adapters import compute_engine as module
from bluegreen.adapters.compute_engine import ComputeInstances, ComputeRefused
from bluegreen.errors import BluegreenError, ConfigError
from bluegreen.ports import InstanceState, InstanceStatus

BLUE = "projects/shop-1/zones/europe-west1-b/instances/blue"
URL = f"https://compute.googleapis.com/compute/v1/{BLUE}"
TOKEN = "ya29." + "s3cr3t" * 6
RUNNING = {"name": "blue", "status": "RUNNING", "lastStartTimestamp": "2026-03-01T04:30:00.000-08:00"}
STARTED = 1772368200.0


@pytest.fixture
def google_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    with responses.RequestsMock() as mock:
        yield mock


def instances(**environment: str) -> ComputeInstances:
    return ComputeInstances({"GOOGLE_OAUTH_ACCESS_TOKEN": TOKEN, **environment})


def refusal(status: int, message: str, reason: str) -> dict[str, Any]:
    """Return a refusal in the form in which Google gives one."""
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return {"json": {"error": {"code": status, "message": message, "errors": errors}}, "status": status}


def hidden(caught: pytest.ExceptionInfo[BluegreenError]) -> bool:
    """Return whether nothing of the error, its text or its chain quotes the token."""
    error = caught.value
    told = "".join(traceback.format_exception(error)) + repr((error.message, error.where, error.hint))
    return TOKEN not in told and error.__cause__ is None and error.__suppress_context__


def test_the_token_is_sent_to_google(google_api: responses.RequestsMock) -> None:
    google_api.get(URL, json=RUNNING, match=[matchers.header_matcher({"authorization": f"Bearer {TOKEN}"})])
    assert instances().status(BLUE) == InstanceStatus(InstanceState.RUNNING, STARTED)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8500/compute/v1/", "http://127.0.0.1:8500/compute/v1"])
def test_the_endpoint_is_the_terraform_providers(google_api: responses.RequestsMock, endpoint: str) -> None:
    google_api.get(f"http://127.0.0.1:8500/compute/v1/{BLUE}", json=RUNNING)
    assert instances(GOOGLE_COMPUTE_CUSTOM_ENDPOINT=endpoint).status(BLUE).state is InstanceState.RUNNING


@pytest.mark.parametrize("endpoint", ["127.0.0.1:8500/compute/v1/", "http:///compute/v1/", "https://a.test/compute/"])
def test_an_endpoint_that_can_be_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="GOOGLE_COMPUTE_CUSTOM_ENDPOINT") as caught:
        instances(GOOGLE_COMPUTE_CUSTOM_ENDPOINT=endpoint).status(BLUE)
    assert "/compute/v1/" in caught.value.hint


def test_a_token_that_can_be_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="GOOGLE_OAUTH_ACCESS_TOKEN") as caught:
        instances(GOOGLE_OAUTH_ACCESS_TOKEN="s3cr\net").status(BLUE)
    assert "s3cr" not in str(caught.value)


def test_without_a_token_the_default_credentials_serve_in_silence(
    google_api: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def default(scopes: list[str]) -> tuple[AnonymousCredentials, None]:
        assert scopes == ["https://www.googleapis.com/auth/compute.readonly"]
        warnings.warn("a quota project would be better", stacklevel=1)
        logging.getLogger("google.auth._default").warning("No project ID could be determined")
        return AnonymousCredentials(), None

    for logger in (logging.getLogger(), logging.getLogger("google")):  # as in a program that has configured none
        monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(google.auth, "default", default)
    google_api.get(URL, json=RUNNING)
    assert ComputeInstances({}).status(BLUE).state is InstanceState.RUNNING
    assert capfd.readouterr() == ("", "")


def test_without_credentials_the_command_that_gets_some_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(ConfigError, match="no Google credentials") as caught:
        ComputeInstances({}).status(BLUE)
    assert "gcloud auth application-default login" in caught.value.hint
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(ConfigError) as caught:
        ComputeInstances({}).status(BLUE)
    assert caught.value.where == str(tmp_path / "key.json")


@pytest.mark.parametrize(
    ("reply", "said", "hint"),
    [
        (refusal(400, "Invalid value for field", "invalid"), "Invalid value for field (HTTP 400)", "colors.<color>"),
        (refusal(403, "Required 'compute.instances.get'", "forbidden"), "compute.instances.get", "compute.viewer"),
        (refusal(429, "Quota exceeded", "rateLimitExceeded"), "Quota exceeded (HTTP 429)", "wait a minute"),
        (refusal(503, "Backend Error", "backendError"), "Backend Error (HTTP 503)", "status.cloud.google.com"),
        (refusal(409, "Odd \x1b[2J\x07thing", "conflict"), "Odd thing (HTTP 409)", ""),
        ({"body": f"<html>Bearer {TOKEN}</html>", "status": 502}, "HTTP 502", "status.cloud.google.com"),
        ({"body": "<html>Not found</html>", "status": 404}, "HTTP 404", "GOOGLE_COMPUTE_CUSTOM_ENDPOINT"),
        ({"json": {"error": {"code": 404, "message": "No"}}, "status": 404}, "HTTP 404", "colors.<color>"),
    ],
)
def test_a_refusal_says_googles_words_and_the_way_out(
    google_api: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    reply: Mapping[str, Any],
    said: str,
    hint: str,
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    google_api.get(URL, **reply)
    with pytest.raises(ComputeRefused) as caught:
        instances().status(BLUE)
    assert said in caught.value.message
    assert "cannot look at blue in europe-west1-b of shop-1" in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.status == reply["status"]
    assert hidden(caught)


def test_a_token_that_is_not_accepted_says_how_to_get_one(google_api: responses.RequestsMock) -> None:
    google_api.get(URL, **refusal(401, "Invalid Credentials", "authError"))
    with pytest.raises(ComputeRefused) as caught:
        instances().status(BLUE)
    assert caught.value.status == 401
    assert "gcloud auth application-default login" in caught.value.hint
    assert "GOOGLE_OAUTH_ACCESS_TOKEN" in caught.value.hint
    assert hidden(caught)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_passes_is_tried_again(google_api: responses.RequestsMock, status: int) -> None:
    google_api.get(URL, status=status)
    google_api.get(URL, json=RUNNING)
    assert instances().status(BLUE).state is InstanceState.RUNNING


def test_what_does_not_pass_is_asked_once(google_api: responses.RequestsMock) -> None:
    google_api.get(URL, **refusal(403, "No", "forbidden"))
    with pytest.raises(ComputeRefused):
        instances().status(BLUE)
    assert len(google_api.calls) == 1


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (requests.ReadTimeout(f"Bearer {TOKEN}"), "no answer in 10 s"),
        (requests.ConnectTimeout("late"), "no answer in 10 s"),
        (requests.ConnectionError("refused"), "no connection"),
        (requests.exceptions.ContentDecodingError("gzip"), "none of Google's API"),
        (google.auth.exceptions.TransportError("no token server"), "no connection"),
        (google.auth.exceptions.MutualTLSChannelError("no certificate"), "none of Google's API"),
    ],
)
def test_an_api_that_cannot_be_asked_is_an_error(
    google_api: responses.RequestsMock, failure: Exception, said: str
) -> None:
    google_api.get(URL, body=failure)
    with pytest.raises(BluegreenError, match=said) as caught:
        instances().status(BLUE)
    assert hidden(caught)


def test_an_api_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/compute/v1/"
        with pytest.raises(BluegreenError, match=r"no answer in 0\.05 s"):
            instances(GOOGLE_COMPUTE_CUSTOM_ENDPOINT=endpoint).status(BLUE)


@pytest.mark.parametrize(
    "reply", [{"body": "<html>Sign in</html>"}, {"json": {"error": "unauthorized"}, "status": 403}]
)
def test_an_answer_that_is_none_of_googles_is_no_answer(
    google_api: responses.RequestsMock, reply: Mapping[str, Any]
) -> None:
    google_api.get(URL, **reply)
    with pytest.raises(BluegreenError, match="none of Google's API"):
        instances().status(BLUE)


@pytest.mark.parametrize("status", ["DREAMING", ""])
def test_a_status_that_is_not_known_is_not_guessed(google_api: responses.RequestsMock, status: str) -> None:
    google_api.get(URL, json={"name": "blue", "status": status})
    with pytest.raises(BluegreenError, match="not known here"):
        instances().status(BLUE)


def test_every_status_of_the_sdk_has_a_meaning() -> None:
    from google.cloud.compute_v1.types import Instance

    assert {status.name for status in Instance.Status} - {"UNDEFINED_STATUS"} == set(module._STATES)


@pytest.mark.parametrize("started", [{}, {"lastStartTimestamp": "yesterday"}])
def test_a_start_that_is_not_told_is_not_known(google_api: responses.RequestsMock, started: dict[str, str]) -> None:
    google_api.get(URL, json={"status": "STAGING", **started})
    assert instances().status(BLUE) == InstanceStatus(InstanceState.STARTING)


def test_the_end_of_the_first_port_is_asked_for_and_kept(google_api: responses.RequestsMock) -> None:
    asked = matchers.query_param_matcher({"port": "1", "start": "-5"}, strict_match=False)
    google_api.get(f"{URL}/serialPort", json={"contents": "all of it"}, match=[asked])
    assert instances().console(BLUE, 5) == "of it"


def test_a_console_that_is_refused_is_an_error(google_api: responses.RequestsMock) -> None:
    google_api.get(f"{URL}/serialPort", **refusal(400, "The resource is not ready", "resourceNotReady"))
    with pytest.raises(ComputeRefused, match="cannot read the console of blue"):
        instances().console(BLUE, 5)


def test_the_sdk_is_loaded_by_whoever_asks_and_by_nobody_else() -> None:
    code = "import sys, bluegreen.adapters.compute_engine as c; c.ComputeInstances({}); print('google' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"


def test_what_is_imported_beforehand_is_what_is_used(google_api: responses.RequestsMock) -> None:
    google_api.get(URL, json=RUNNING)
    instances().status(BLUE)
    assert "google.cloud.compute_v1" in sys.modules
