from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cloudflare
import httpx
import pytest

from bluegreen.adapters.cloudflare_zones import CloudflareZones
from bluegreen.errors import BluegreenError
from bluegreen.ports import Zone

TOKEN = "t0ps3cr3t" * 5
SHOP = {"id": "1", "name": "shop.test", "status": "active", "type": "full", "paused": False, "name_servers": ["a", "b"]}


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], CloudflareZones]:
    """Return what looks, where the API answers every GET with this result."""

    made = cloudflare.Cloudflare

    def make(result: Any) -> CloudflareZones:
        def respond(request: httpx.Request) -> httpx.Response:
            assert request.headers["authorization"] == f"Bearer {TOKEN}"
            return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": result})

        client = httpx.Client(transport=httpx.MockTransport(respond))
        monkeypatch.setattr("cloudflare.Cloudflare", lambda **options: made(http_client=client, **options))
        return CloudflareZones("http://127.0.0.1/client/v4", TOKEN)

    return make


def test_zones_are_read(answered: Callable[[Any], CloudflareZones]) -> None:
    other = {"id": "2", "name": "other.test", "status": "pending", "type": "partial", "paused": True}
    assert answered([SHOP, other]).zones() == [
        Zone("1", "shop.test", "active", ("a", "b")),
        Zone("2", "other.test", "pending", (), full=False, paused=True),
    ]


def test_the_end_of_a_token_is_read(answered: Callable[[Any], CloudflareZones]) -> None:
    end = datetime(2027, 1, 2, 3, tzinfo=UTC)
    assert answered({"id": "1", "status": "active", "expires_on": "2027-01-02T03:00:00Z"}).expires() == end.timestamp()
    assert answered({"id": "1", "status": "active"}).expires() is None


def test_an_answer_of_another_form_is_an_error(answered: Callable[[Any], CloudflareZones]) -> None:
    with pytest.raises(BluegreenError, match="none of Cloudflare's API"):
        answered([SHOP]).expires()
