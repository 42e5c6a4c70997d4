"""The machines behind the colors at Google Compute Engine, by its own SDK. Looks, and never writes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bluegreen.adapters.google_account import TOKEN_VARIABLE, find_credentials
from bluegreen.adapters.printable import printable
from bluegreen.errors import BluegreenError, ConfigError
from bluegreen.ports import InstanceState, InstanceStatus

if TYPE_CHECKING:  # the SDK takes 2 to 3 s and 150 MB to import: only who asks for a machine pays for it
    from google.api_core.exceptions import GoogleAPICallError
    from google.api_core.retry import Retry
    from google.cloud.compute_v1 import InstancesClient

ENDPOINT_VARIABLE = "GOOGLE_COMPUTE_CUSTOM_ENDPOINT"
"""The Terraform provider's, so that it and this adapter look at the same world."""

ENDPOINT_PATH = "/compute/v1"
TIMEOUT = 10.0
"""Seconds for the connection, and for each part of an answer."""

FIRST_PAUSE = 0.5
"""Seconds before the second try; it doubles. No try begins later than TIMEOUT after the first."""

SCOPE = "https://www.googleapis.com/auth/compute.readonly"
ROLE = "roles/compute.viewer"

_HINTS = {
    400: "check what the stack's output names under colors.<color>.instance",
    401: f"gcloud auth application-default login, or a new token in {TOKEN_VARIABLE}: one lives for an hour",
    403: f"the account needs {ROLE} on this project, and the project the Compute Engine API",
    404: f"check what the stack's output names under colors.<color>.instance, and {ENDPOINT_VARIABLE}",
    429: "Google limits the requests of a project per minute; wait a minute",
}
_STATES = {
    "PENDING": InstanceState.STARTING,
    "PROVISIONING": InstanceState.STARTING,
    "STAGING": InstanceState.STARTING,
    "REPAIRING": InstanceState.STARTING,  # Google restarts it by itself when it is done
    "RUNNING": InstanceState.RUNNING,
    "PENDING_STOP": InstanceState.STOPPING,
    "STOPPING": InstanceState.STOPPING,
    "SUSPENDING": InstanceState.STOPPING,
    "DEPROVISIONING": InstanceState.STOPPING,
    "STOPPED": InstanceState.STOPPED,
    "SUSPENDED": InstanceState.STOPPED,
    "TERMINATED": InstanceState.STOPPED,  # Google's word for one that was stopped and can be started again
}
_ID = re.compile(r"(?:https?://\S+/)?projects/([a-z0-9.:-]+)/zones/([a-z0-9-]+)/instances/([a-z0-9-]+)")


class ComputeRefused(BluegreenError):
    """Google answered, and the answer is no. status: of HTTP."""

    def __init__(self, message: str, *, hint: str, status: int) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class InstanceGone(ComputeRefused):
    """Google answered in its own form that there is no such instance. Another 404 may be anybody's."""


@dataclass(frozen=True, slots=True)
class InstanceName:
    """What an id names."""

    project: str
    zone: str
    instance: str

    @classmethod
    def of(cls, text: str) -> InstanceName:
        """Read projects/P/zones/Z/instances/N, or a URL that ends so. Raises ConfigError when it is neither."""
        found = _ID.fullmatch(text)
        if not found:
            raise ConfigError(
                f"{text!r} names no instance",
                hint="let the stack's output say colors.<color>.instance = projects/P/zones/Z/instances/N, its `id`",
            )
        return cls(*found.groups())

    def __str__(self) -> str:
        return f"{self.instance} in {self.zone} of {self.project}"


class ComputeInstances:
    """ports.Instances.

    environment: as Terraform is given it. GOOGLE_OAUTH_ACCESS_TOKEN holds a token; without it, Google's application
    default credentials are used. GOOGLE_COMPUTE_CUSTOM_ENDPOINT is the API's address, `/compute/v1/` included.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def status(self, instance: str) -> InstanceStatus:
        """Return what it does. Raises ConfigError, BluegreenError; also for a status that is not known here."""
        name = InstanceName.of(instance)
        try:
            with _translated(f"look at {name}"):
                found = self._client.get(request=asdict(name), retry=_retry(), timeout=TIMEOUT)
        except InstanceGone:
            return InstanceStatus(InstanceState.GONE)
        if found.status not in _STATES:
            raise BluegreenError(f"Google says that {name} is {found.status!r}, and that is not known here")
        return InstanceStatus(_STATES[found.status], _unix(found.last_start_timestamp))

    def console(self, instance: str, size: int) -> str:
        """Return the last `size` bytes of serial port 1, made safe to print. Raises ConfigError, BluegreenError."""
        name = InstanceName.of(instance)
        asked = asdict(name) | {"port": 1, "start": -size}
        with _translated(f"read the console of {name}"):
            contents = self._client.get_serial_port_output(request=asked, retry=_retry(), timeout=TIMEOUT).contents
        return printable(contents.encode()[-size:].decode(errors="ignore"))

    @cached_property
    def _client(self) -> InstancesClient:
        from google.cloud.compute_v1 import InstancesClient

        return InstancesClient(
            credentials=find_credentials(self._environment, SCOPE),
            transport="rest",
            client_options={"api_endpoint": self._endpoint()},
        )

    def _endpoint(self) -> str | None:
        """Return the API's address as the SDK wants it, without the path that the Terraform provider wants with it."""
        url = self._environment.get(ENDPOINT_VARIABLE, "").strip()
        if url and not re.fullmatch(rf"https?://[^\s/]\S*{ENDPOINT_PATH}/?", url):
            hint = f"write http://HOST:PORT{ENDPOINT_PATH}/, or unset it"
            raise ConfigError(f"{ENDPOINT_VARIABLE} is no address of the Compute Engine API", hint=hint)
        return url.rstrip("/").removesuffix(ENDPOINT_PATH) or None


def _retry() -> Retry:
    """Return when to ask again. The SDK's own gives up after 10 minutes."""
    from google.api_core.exceptions import ServerError, TooManyRequests
    from google.api_core.retry import Retry, if_exception_type

    return Retry(
        predicate=if_exception_type(ServerError, TooManyRequests), initial=FIRST_PAUSE, multiplier=2.0, timeout=TIMEOUT
    )


def _unix(timestamp: str) -> float | None:
    """Return Unix seconds of an RFC 3339 time; None when it is none, as of an instance that was never started."""
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except ValueError:
        return None


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into ours. They are not chained: what they hold may quote the token."""
    import requests
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth import exceptions as auth
    from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]

    try:
        yield
    except GoogleAPICallError as error:
        raise _refused(doing, error) from None
    except RetryError as error:
        raise _refused(doing, error.cause) from None
    except auth.DefaultCredentialsError:
        raise _no_credentials(doing) from None
    except auth.RefreshError:  # how the SDK meets a 401: it tries to get a new token first
        raise ComputeRefused(
            f"cannot {doing}: Google does not accept the token", hint=_HINTS[401], status=401
        ) from None
    except (requests.Timeout, requests.ConnectionError, auth.TransportError) as error:
        said = f"no answer in {TIMEOUT:g} s" if isinstance(error, requests.Timeout) else "no connection"
        hint = f"check the network and any proxy, {ENDPOINT_VARIABLE}, and status.cloud.google.com"
        raise BluegreenError(f"cannot {doing}: {said} to Google's API", hint=hint) from None
    # The last one is how the SDK trips over an error that is JSON, but not in Google's form.
    except (requests.RequestException, auth.GoogleAuthError, ParseError, AttributeError) as error:
        said = f"the answer is none of Google's API ({type(error).__name__})"
        raise BluegreenError(f"cannot {doing}: {said}", hint=f"check {ENDPOINT_VARIABLE}, and any proxy") from None


def _no_credentials(doing: str) -> ConfigError:
    file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")  # where Google's library looks first
    return ConfigError(
        f"cannot {doing}: there are no Google credentials here that can be used",
        where=file,
        hint=f"gcloud auth application-default login, or a token in {TOKEN_VARIABLE}",
    )


def _refused(doing: str, error: GoogleAPICallError) -> ComputeRefused:
    """Return our error. Google's words are repeated only from its own form: a proxy's page may quote anything."""
    status = int(error.code or 0)
    first = error.errors[0] if error.errors else None
    told: Mapping[str, Any] = first if isinstance(first, dict) else {}
    kind = InstanceGone if status == 404 and told.get("reason") == "notFound" else ComputeRefused
    said = f"{printable(str(told.get('message') or told.get('reason')))} (HTTP {status})" if told else f"HTTP {status}"
    hint = _HINTS.get(status, "see status.cloud.google.com" if status >= 500 else "")
    return kind(f"cannot {doing}: Google says: {said}", hint=hint, status=status)
