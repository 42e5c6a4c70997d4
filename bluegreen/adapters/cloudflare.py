"""The live edge at Cloudflare, by its own SDK. Looks, and never writes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from bluegreen.errors import BluegreenError, ConfigError
from bluegreen.ports import Record

if TYPE_CHECKING:  # the SDK takes 0.25 s to import: only who asks Cloudflare pays for it
    from cloudflare import APIStatusError, Cloudflare

Token: TypeAlias = "str | Callable[[], str | None] | None"

TOKEN_VARIABLE = "CLOUDFLARE_API_TOKEN"
TIMEOUT = 10.0
"""Seconds for one request."""

RETRIES = 2
PER_PAGE = 100

_HINTS = {
    400: "check the zone id that the stack's output names under edge.zone_id",
    401: f"check {TOKEN_VARIABLE}: it may be mistyped, expired or revoked",
    403: f"the token in {TOKEN_VARIABLE} needs the permissions Zone:Read and DNS:Read on this zone",
    404: "check the zone id that the stack's output names under edge.zone_id",
    429: "Cloudflare allows a user 1,200 requests in 5 minutes; wait 5 minutes",
}
_BAD_TOKEN_CODES = {6003, 6111, 9106, 9109, 10000}
"""Cloudflare's codes for a token that is malformed, missing or not valid; some of them come with status 400."""


class CloudflareRecords:
    """ports.Records.

    base_url: of the API, path included; None for Cloudflare's own, or CLOUDFLARE_BASE_URL. token: an API token, or a
    function that returns it, asked once and when first needed.
    """

    def __init__(self, base_url: str | None, token: Token) -> None:
        self._base_url = base_url
        self._token = token

    def named(self, zone_id: str, names: Sequence[str]) -> Sequence[Record]:
        """Return every record of each of these names, of whatever type. Raises BluegreenError, ConfigError."""
        with _translated("list the records"):
            return [record for name in names for record in self._list(zone_id, name)]

    def zone_id(self, name: str) -> str:
        """Return the id of the zone `name`. Raises ConfigError when the token sees none of that name."""
        with _translated("find the zone"):
            zones, _ = self._get("/zones", name=name)
        found = [str(zone["id"]) for zone in zones if zone["name"] == name]
        if not found:
            raise ConfigError(
                f"Cloudflare has no zone {name!r} that this token can see",
                hint=f"check the name, and that the token in {TOKEN_VARIABLE} has Zone:Read on it",
            )
        return found[0]

    def _list(self, zone_id: str, name: str) -> list[Record]:
        found: dict[str, Record] = {}
        path, asked = f"/zones/{quote(zone_id, safe='')}/dns_records", {"name.exact": name.lower()}
        for number in itertools.count(1):
            page, size = self._get(path, **asked, per_page=PER_PAGE, page=number)
            new = {record["id"]: _read(record) for record in page if record["id"] not in found}
            found |= new
            # An API that ignores `page` would otherwise be read for ever.
            if not new or len(page) < size:
                break
        return list(found.values())

    def _get(self, path: str, **params: str | int) -> tuple[Sequence[Mapping[str, Any]], int]:
        """Return one page of a list, and how many entries a full one has.

        By the SDK's own `get`: `dns.records.list` would first import a type for every kind of record there is, 0.15 s
        for which a rollback waits.
        """
        answer = self._client.get(path, cast_to=object, options={"params": params})
        if not isinstance(answer, Mapping) or not isinstance(answer.get("result"), list):
            raise BluegreenError("Cloudflare's answer is no list", hint="check edge.base_url, and any proxy between")
        return answer["result"], (answer.get("result_info") or {}).get("per_page") or PER_PAGE

    @cached_property
    def _client(self) -> Cloudflare:
        import cloudflare

        client = cloudflare.Cloudflare(
            api_token=self._read_token(), base_url=self._base_url, timeout=TIMEOUT, max_retries=RETRIES
        )
        # The SDK reads these from the environment too, and would send them in the token's place.
        client.api_email = client.api_key = client.user_service_key = None
        return client

    def _read_token(self) -> str:
        token = self._token() if callable(self._token) else self._token
        token = (token or "").strip()
        if not token:
            raise ConfigError(
                "there is no API token for Cloudflare",
                hint=f"set {TOKEN_VARIABLE} to a token with Zone:Read and DNS:Read on the zone",
            )
        if not re.fullmatch(r"[\x21-\x7e]+", token):  # it would be refused below us, and quoted in the error
            raise ConfigError(f"{TOKEN_VARIABLE} holds characters that no token has", hint="copy the token again")
        return token


def _read(record: Mapping[str, Any]) -> Record:
    return Record(
        id=record["id"],
        name=record["name"],
        type=record["type"],
        content=record.get("content") or "",
        proxied=bool(record.get("proxied")),
        ttl=int(record.get("ttl") or 1),
    )


@contextmanager
def _translated(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into ours. They are not chained: what they hold may quote the token."""
    import cloudflare

    try:
        yield
    except cloudflare.APITimeoutError:
        raise BluegreenError(
            f"cannot {doing}: Cloudflare gave no answer in {TIMEOUT:g} s", hint="see www.cloudflarestatus.com"
        ) from None
    except cloudflare.APIConnectionError as error:
        where = f"{error.request.url.scheme}://{error.request.url.netloc.decode()}"
        raise BluegreenError(
            f"cannot {doing}: no connection to Cloudflare's API", where=where, hint="check the network and any proxy"
        ) from None
    except cloudflare.APIStatusError as error:
        raise _refused(doing, error) from None
    except cloudflare.CloudflareError as error:
        raise BluegreenError(f"cannot {doing}: {type(error).__name__} in Cloudflare's SDK") from None


def _refused(doing: str, error: APIStatusError) -> BluegreenError:
    code, message = _first_error(error.body)
    status = 401 if code in _BAD_TOKEN_CODES else error.status_code
    hint = _HINTS.get(status, "see www.cloudflarestatus.com" if status >= 500 else "")
    named = f"{message} (code {code}, HTTP {error.status_code})" if code else f"HTTP {error.status_code}"
    return BluegreenError(f"cannot {doing}: Cloudflare says: {named}", hint=hint)


def _first_error(body: object) -> tuple[int, str]:
    """Return code and message of an answer's first error; 0 and "" when it is not Cloudflare's envelope."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict) or not isinstance(first.get("code"), int):
        return 0, ""
    return first["code"], str(first.get("message", ""))
