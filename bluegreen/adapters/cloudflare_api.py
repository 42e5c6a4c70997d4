"""Calls to Cloudflare's API, by its own SDK: the token, the tries, the count of requests, the errors in our words."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from bluegreen.adapters.tokens import check_token
from bluegreen.errors import BluegreenError, ConfigError

if TYPE_CHECKING:  # the SDK takes 0.25 s to import: only who asks Cloudflare pays for it
    from cloudflare import APIStatusError, Cloudflare, CloudflareError

Token: TypeAlias = "str | Callable[[], str | None] | None"
Asked: TypeAlias = "Callable[[Cloudflare], object]"

TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"
BASE_URL_VARIABLE = "CLOUDFLARE_BASE_URL"
"""Both are the Terraform provider's, and the SDK's."""

TIMEOUT = 10.0
"""Seconds for one request."""

PAUSES = (0.5, 1.0)
"""Seconds before the second and the third try; there is no fourth."""

LONGEST_WAIT = 20.0
"""Seconds that a `retry-after` may ask for; when it asks for more, who runs this is told instead of kept waiting."""

PER_PAGE = 100
LOOKING = "Zone:Read and DNS:Read"
"""The permissions of a token that only looks."""

_HINTS = {
    400: "check the zone id that the stack's output names under edge.zone_id",
    401: f"check {TOKEN_VARIABLE}: it may be mistyped, expired or revoked, or lack the permissions {{permissions}}",
    403: f"the token in {TOKEN_VARIABLE} needs the permissions {{permissions}} on this zone",
    404: "check the zone id that the stack's output names under edge.zone_id",
    429: "Cloudflare allows a user 1,200 requests in 5 minutes; {wait}",
}
_BAD_TOKEN_CODES = {6003, 6111, 9106, 9109, 10000}
"""Cloudflare's codes for a token that is malformed, missing, not valid or not enough; some come with status 400."""


@cache
def import_sdk() -> None:
    """Import the SDK, without the command line of its HTTP client: what that highlights with takes 0.06 s more."""
    left_out = "httpx._main"
    sys.modules.setdefault(left_out, None)  # type: ignore[arg-type]  # None: whoever imports it gets an ImportError
    importlib.import_module("cloudflare")
    if sys.modules.get(left_out, sys) is None:
        sys.modules.pop(left_out, None)  # another thread may have been here, too


class CloudflareRefused(BluegreenError):
    """Cloudflare answered, and the answer is no. status: of HTTP; code: Cloudflare's own, 0 when it gave none."""

    def __init__(self, message: str, *, hint: str, status: int, code: int) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code


class CloudflareApi:
    """The API, for one token.

    base_url: of the API, path included; None for Cloudflare's own, or CLOUDFLARE_BASE_URL. token: an API token, or a
    function that returns it, asked once and when first needed. sleep: waits so many seconds before another try.
    requests: how many were sent so far, each try counted.
    """

    def __init__(self, base_url: str | None, token: Token, sleep: Callable[[float], None] = time.sleep) -> None:
        self.requests = 0
        self._base_url = base_url
        self._token = token
        self._sleep = sleep

    def get(self, doing: str, path: str, **params: str | int) -> tuple[Sequence[Mapping[str, Any]], int]:
        """Return one page of a list, and how many entries a full one has. Raises BluegreenError, ConfigError.

        By the SDK's own `get`: `dns.records.list` would first import a type for every kind of record there is, 0.15 s
        for which a rollback waits.
        """
        answer = self._ask(doing, LOOKING, lambda sdk: sdk.get(path, cast_to=object, options={"params": params}))
        if not isinstance(answer.get("result"), list):
            raise _not_cloudflare(doing)
        return answer["result"], (answer.get("result_info") or {}).get("per_page") or PER_PAGE

    def look(self, doing: str, path: str) -> Mapping[str, Any]:
        """Return one thing. Raises BluegreenError, ConfigError."""
        found = self._ask(doing, LOOKING, lambda sdk: sdk.get(path, cast_to=object)).get("result")
        if not isinstance(found, Mapping):
            raise _not_cloudflare(doing)
        return found

    def post(self, doing: str, permissions: str, path: str, body: Mapping[str, Any]) -> None:
        """Send something that may be sent twice. Raises BluegreenError, ConfigError."""
        self._ask(doing, permissions, lambda sdk: sdk.post(path, cast_to=object, body=body))

    def _ask(self, doing: str, permissions: str, asked: Asked) -> Mapping[str, Any]:
        """Return Cloudflare's envelope. Errors of the SDK are not chained: what they hold may quote the token."""
        import_sdk()
        import cloudflare

        try:
            answer = self._try(asked)
        except cloudflare.APIStatusError as error:
            raise _refused(doing, permissions, error) from None
        except cloudflare.CloudflareError as error:
            raise _not_answered(doing, error) from None
        if not isinstance(answer, Mapping) or answer.get("success") is not True:
            raise _not_cloudflare(doing)
        return answer

    def _try(self, asked: Asked) -> object:
        """Ask up to three times. Not left to the SDK, which waits up to 60 s and cannot be interrupted meanwhile."""
        import cloudflare

        for pause in PAUSES:
            try:
                return self._send(asked)
            except cloudflare.APIStatusError as error:
                if error.status_code != 429 and error.status_code < 500:
                    raise
                wait = max(pause, _retry_after(error))
                if wait > LONGEST_WAIT:
                    raise
            except cloudflare.APIConnectionError:
                wait = pause
            self._sleep(wait)
        return self._send(asked)

    def _send(self, asked: Asked) -> object:
        sdk = self._sdk
        self.requests += 1
        return asked(sdk)

    @cached_property
    def _sdk(self) -> Cloudflare:
        import cloudflare

        sdk = cloudflare.Cloudflare(
            api_token=self._read_token(), base_url=self._base_url, timeout=TIMEOUT, max_retries=0
        )
        # The SDK reads these from the environment too, and would send them in the token's place.
        sdk.api_email = sdk.api_key = sdk.user_service_key = None
        return sdk

    def _read_token(self) -> str:
        token = self._token() if callable(self._token) else self._token
        token = (token or "").strip()
        if not token:
            raise ConfigError(
                "there is no API token for Cloudflare",
                hint=f"set {TOKEN_VARIABLE} to a token with {LOOKING} on the zone",
            )
        return check_token(token, TOKEN_VARIABLE)


def _retry_after(error: APIStatusError) -> float:
    """Return the seconds that the answer asks to wait, 0 when it asks for none."""
    try:
        return float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return 0.0


def _not_cloudflare(doing: str) -> BluegreenError:
    return BluegreenError(
        f"cannot {doing}: the answer is none of Cloudflare's API", hint="check edge.base_url, and any proxy between"
    )


def _not_answered(doing: str, error: CloudflareError) -> BluegreenError:
    import cloudflare

    match error:
        case cloudflare.APITimeoutError():
            said = f"Cloudflare gave no answer in {TIMEOUT:g} s"
            return BluegreenError(f"cannot {doing}: {said}", hint="see www.cloudflarestatus.com")
        case cloudflare.APIConnectionError():
            where = f"{error.request.url.scheme}://{error.request.url.netloc.decode()}"
            said = "no connection to Cloudflare's API"
            return BluegreenError(f"cannot {doing}: {said}", where=where, hint="check the network and any proxy")
    return BluegreenError(f"cannot {doing}: {type(error).__name__} in Cloudflare's SDK")


def _refused(doing: str, permissions: str, error: APIStatusError) -> CloudflareRefused:
    code, message = _first_error(error.body)
    status = 401 if code in _BAD_TOKEN_CODES else error.status_code
    hint = _HINTS.get(status, "see www.cloudflarestatus.com" if status >= 500 else "")
    asked = _retry_after(error)
    wait = f"wait {asked:.0f} s" if 0 < asked < float("inf") else "wait 5 minutes"
    named = f"{message} (code {code}, HTTP {error.status_code})" if code else f"HTTP {error.status_code}"
    return CloudflareRefused(
        f"cannot {doing}: Cloudflare says: {named}",
        hint=hint.format(permissions=permissions, wait=wait),
        status=error.status_code,
        code=code,
    )


def _first_error(body: object) -> tuple[int, str]:
    """Return code and message of an answer's first error; 0 and "" when it is not Cloudflare's envelope."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict) or not isinstance(first.get("code"), int):
        return 0, ""
    return first["code"], str(first.get("message", ""))
