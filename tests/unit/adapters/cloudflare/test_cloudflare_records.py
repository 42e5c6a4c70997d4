from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bluegreen.adapters import cloudflare_api as module
from bluegreen.adapters.cloudflare import CloudflareCache, CloudflareRecords
from bluegreen.adapters.cloudflare_api import LONGEST_WAIT, PAUSES, PER_PAGE, CloudflareRefused
from bluegreen.errors import BluegreenError, ConfigError, Interrupted

ZONE = "023e105f4ecef8ad9ca31a8372d0c353"
TOKEN = "t0ps3cr3t" * 5


class Api:
    """Answers each request with the next of `replies` (status, JSON), the last one again and again.

    slept: the seconds that what asks it would have waited.
    """

    def __init__(self) -> None:
        self.replies: list[tuple[int, Any]] = []
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.bodies: list[Any] = []
        self.slept: list[float] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.requests.append((self.path, dict(self.headers)))
                status, data = api.replies.pop(0) if len(api.replies) > 1 else api.replies[0]
                body = data if isinstance(data, bytes) else json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if body[:1] == b"{" else "text/html")
                self.send_header("Content-Length", str(len(body)))
                for name, value in api.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                api.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/client/v4"

    def records(self) -> CloudflareRecords:
        return CloudflareRecords(self.url, lambda: TOKEN, self.slept.append)

    def cache(self) -> CloudflareCache:
        return CloudflareCache(self.url, TOKEN, self.slept.append)

    @property
    def asked(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(urlsplit(path).query)) for path, _ in self.requests]


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    with api.server:
        thread = threading.Thread(target=api.server.serve_forever, args=(0.01,))
        thread.start()
        yield api
        api.server.shutdown()
        thread.join()


def good(result: Any, **info: int) -> tuple[int, Any]:
    return 200, {"success": True, "errors": [], "messages": [], "result": result, "result_info": info or None}


def bad(status: int, code: int, message: str = "No") -> tuple[int, Any]:
    return status, {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


def test_a_token_is_asked_for_only_when_needed_and_sent_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_USER_SERVICE_KEY"):
        monkeypatch.setenv(name, "other")
    asked: list[str] = []
    records = CloudflareRecords(api.url, lambda: asked.append("token") or TOKEN)
    assert asked == []
    api.replies = [good([])]
    records.named(ZONE, ["a.example.com", "b.example.com"])
    assert asked == ["token"]
    for _, headers in api.requests:
        assert headers["Authorization"] == f"Bearer {TOKEN}"
        assert not {"X-Auth-Email", "X-Auth-Key", "X-Auth-User-Service-Key"} & set(headers)


@pytest.mark.parametrize("token", [None, "", "  \n", lambda: None])
def test_without_a_token_the_variable_is_named(token: Any) -> None:
    with pytest.raises(ConfigError, match="no API token") as caught:
        CloudflareRecords(None, token).named(ZONE, ["a.example.com"])
    assert "CLOUDFLARE_API_TOKEN" in caught.value.hint


@pytest.mark.parametrize("token", ["s3cr\nets3cret", "s3crets3crets\u00fc"])
def test_a_token_that_can_be_none_is_refused_and_not_repeated(api: Api, token: str) -> None:
    with pytest.raises(ConfigError, match="CLOUDFLARE_API_TOKEN") as caught:
        CloudflareRecords(api.url, token).named(ZONE, ["a.example.com"])
    assert "s3cr" not in str(caught.value)
    assert api.requests == []


@pytest.mark.parametrize(
    ("reply", "said", "hint"),
    [
        (bad(403, 9109, "Invalid access token"), "Invalid access token (code 9109, HTTP 403)", "CLOUDFLARE_API_TOKEN"),
        (bad(400, 6003, "Invalid request headers"), "code 6003", "CLOUDFLARE_API_TOKEN"),
        (bad(401, 10000, "Authentication error"), "code 10000", "expired"),
        (bad(403, 10405, "Not allowed"), "code 10405", "DNS:Read"),
        (bad(404, 7003, "Could not route"), "code 7003", "zone id"),
        (bad(429, 971, "Slow down"), "code 971", "5 minutes"),
        (bad(500, 1000, "Oh"), "code 1000", "cloudflarestatus"),
        ((502, b"<html>Bad gateway</html>"), "HTTP 502", "cloudflarestatus"),
        ((403, {"errors": None}), "HTTP 403", "DNS:Read"),
        ((403, {"errors": ["what"]}), "HTTP 403", "DNS:Read"),
    ],
)
def test_a_refusal_says_cloudflares_code_and_the_way_out(
    api: Api, reply: tuple[int, Any], said: str, hint: str
) -> None:
    api.replies = [reply]
    with pytest.raises(BluegreenError) as caught:
        api.records().named(ZONE, ["a.example.com"])
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert TOKEN not in repr((caught.value.message, caught.value.hint, caught.value.where))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_refusal_carries_its_numbers(api: Api) -> None:
    api.replies = [bad(403, 9109)]
    with pytest.raises(CloudflareRefused) as caught:
        api.records().named(ZONE, ["a.example.com"])
    assert (caught.value.status, caught.value.code) == (403, 9109)


def test_what_passes_is_tried_again_twice_and_each_try_is_counted(api: Api) -> None:
    api.replies = [bad(500, 1000), bad(429, 971), good([])]
    records = api.records()
    assert list(records.named(ZONE, ["a.example.com"])) == []
    assert (records.requests, len(api.requests), api.slept) == (3, 3, list(PAUSES))
    api.replies = [bad(500, 1000)]
    with pytest.raises(CloudflareRefused):
        records.named(ZONE, ["a.example.com"])
    assert (records.requests, len(api.requests)) == (6, 6)


def test_what_does_not_pass_is_asked_once(api: Api) -> None:
    api.replies = [bad(403, 9109)]
    with pytest.raises(CloudflareRefused):
        api.records().named(ZONE, ["a.example.com"])
    assert (len(api.requests), api.slept) == (1, [])


@pytest.mark.parametrize(
    ("asked", "slept"), [("7", 7.0), *((nothing, PAUSES[0]) for nothing in ("0", "-1", "nan", "soon"))]
)
def test_a_wait_that_cloudflare_asks_for_is_kept(api: Api, asked: str, slept: float) -> None:
    api.headers, api.replies = {"retry-after": asked}, [bad(429, 971), good([])]
    assert list(api.records().named(ZONE, ["a.example.com"])) == []
    assert api.slept == [slept]


@pytest.mark.parametrize("asked", [str(LONGEST_WAIT + 1), "300", "inf"])
def test_nobody_is_kept_waiting_for_long(api: Api, asked: str) -> None:
    api.headers, api.replies = {"retry-after": asked}, [bad(429, 971)]
    with pytest.raises(CloudflareRefused) as caught:
        api.records().named(ZONE, ["a.example.com"])
    assert (len(api.requests), api.slept) == (1, [])
    assert ("wait 5 minutes" if asked == "inf" else f"wait {float(asked):.0f} s") in caught.value.hint


def test_a_wait_can_be_interrupted(api: Api) -> None:
    def interrupted(seconds: float) -> None:
        raise Interrupted("interrupted while waiting")

    api.replies = [bad(500, 1000)]
    with pytest.raises(Interrupted):
        CloudflareRecords(api.url, TOKEN, interrupted).named(ZONE, ["a.example.com"])
    assert len(api.requests) == 1


def record(name: str, content: str = "192.0.2.1") -> dict[str, str]:
    return {"id": f"{name} {content}", "name": name, "type": "A", "content": content}


def test_up_to_four_names_are_asked_for_in_one_call(api: Api) -> None:
    names = ["www.example.com", "example.com", "shop.www.example.com", "a.shop.www.example.com"]
    api.replies = [good([*map(record, names), record("other.www.example.com"), record("example.com", "192.0.2.2")])]
    records = api.records()
    found = [one.name for one in records.named(ZONE, names)]
    assert found == [names[0], names[1], names[1], names[2], names[3]]
    assert records.requests == 1
    (asked,) = api.asked
    assert asked["match"] == "any"
    assert {asked[f"name.{by}"] for by in ("exact", "startswith", "endswith", "contains")} == set(names)
    assert asked["name.exact"] == "example.com"


def test_a_fifth_name_takes_a_second_call(api: Api) -> None:
    names = [f"{letter}.example.com" for letter in "abcde"]
    api.replies = [good([record(name) for name in names[:4]]), good([record(names[4])])]
    assert [one.name for one in api.records().named(ZONE, names)] == names
    assert [asked.get("match") for asked in api.asked] == ["any", None]
    assert api.asked[1]["name.exact"] == names[4]


def test_that_a_name_has_no_record_is_asked_of_it_alone(api: Api) -> None:
    api.replies = [good([record("a.example.com")]), good([record("b.example.com")])]
    found = api.records().named(ZONE, ["a.example.com", "b.example.com"])
    assert [one.name for one in found] == ["a.example.com", "b.example.com"]
    assert api.asked[1]["name.exact"] == "b.example.com"
    assert "match" not in api.asked[1]


def test_a_name_given_twice_is_one(api: Api) -> None:
    api.replies = [good([record("a.example.com")])]
    assert len(api.records().named(ZONE, ["a.example.com", "A.example.com"])) == 1
    assert len(api.requests) == 1


def test_an_api_that_cannot_be_reached_is_tried_again_and_named(api: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    records = CloudflareRecords(f"http://127.0.0.1:{port}/client/v4", TOKEN, api.slept.append)
    with pytest.raises(BluegreenError, match="no connection") as caught:
        records.named(ZONE, ["a.example.com"])
    assert caught.value.where == f"http://127.0.0.1:{port}"
    assert caught.value.__cause__ is None
    assert (records.requests, api.slept) == (3, list(PAUSES))


def test_an_api_that_does_not_answer_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/client/v4"
        with pytest.raises(BluegreenError, match=r"no answer in 0\.05 s"):
            CloudflareRecords(url, TOKEN, api.slept.append).named(ZONE, ["a.example.com"])


@pytest.mark.parametrize("reply", [(200, b"<html>Sign in</html>"), (200, {"success": True}), (200, {"result": []})])
def test_an_answer_that_is_none_of_cloudflares_is_no_answer(api: Api, reply: tuple[int, Any]) -> None:
    api.replies = [reply]
    with pytest.raises(BluegreenError, match="none of Cloudflare's API"):
        api.records().named(ZONE, ["a.example.com"])


def test_an_api_that_ignores_the_page_is_not_read_for_ever(api: Api) -> None:
    same = [{"id": str(n), "name": "a.example.com", "type": "A", "content": "192.0.2.1"} for n in range(PER_PAGE)]
    api.replies = [good(same)]
    assert len(api.records().named(ZONE, ["a.example.com"])) == PER_PAGE
    assert len(api.requests) == 2


def test_an_api_with_smaller_pages_than_asked_for_is_read_to_the_end(api: Api) -> None:
    pages = [[{"id": str(n), "name": "a", "type": "A", "content": "192.0.2.1"}] for n in range(3)]
    api.replies = [good(page, page=n, per_page=1) for n, page in enumerate([*pages, []], 1)]
    assert [record.id for record in api.records().named(ZONE, ["a"])] == ["0", "1", "2"]


def test_a_zone_is_found_by_its_whole_name(api: Api) -> None:
    api.replies = [good([{"id": "x", "name": "an-example.com"}, {"id": ZONE, "name": "example.com"}])]
    assert api.records().zone_id("example.com") == ZONE
    assert "name=example.com" in api.requests[0][0]


def test_a_zone_that_the_token_does_not_see_is_an_error_of_the_configuration(api: Api) -> None:
    api.replies = [good([])]
    with pytest.raises(ConfigError, match=r"example\.com"):
        api.records().zone_id("example.com")


def test_a_purge_of_hosts_names_thirty_in_a_call(api: Api) -> None:
    api.replies = [good({"id": ZONE})]
    cache, hosts = api.cache(), [f"H{number}.example.com" for number in range(31)]
    cache.purge_hosts(ZONE, hosts)
    assert [path for path, _ in api.requests] == [f"/client/v4/zones/{ZONE}/purge_cache"] * 2
    assert [body["hosts"] for body in api.bodies] == [[h.lower() for h in hosts[:30]], [hosts[30].lower()]]
    assert cache.requests == 2


def test_a_purge_of_no_hosts_is_no_purge_of_everything(api: Api) -> None:
    api.cache().purge_hosts(ZONE, [])
    assert api.requests == []


def test_a_purge_of_everything_says_so(api: Api) -> None:
    api.replies = [good({"id": ZONE})]
    api.cache().purge_everything(ZONE)
    assert api.bodies == [{"purge_everything": True}]


@pytest.mark.parametrize("reply", [bad(403, 10000, "Authentication error"), bad(403, 1107, "Not entitled")])
def test_a_purge_that_is_refused_says_which_permission_it_takes(api: Api, reply: tuple[int, Any]) -> None:
    api.replies = [reply]
    with pytest.raises(CloudflareRefused, match="cannot purge the cache") as caught:
        api.cache().purge_hosts(ZONE, ["a.example.com"])
    assert "Zone:Cache Purge" in caught.value.hint
    assert TOKEN not in repr((caught.value.message, caught.value.hint))


def test_a_purge_is_tried_again(api: Api) -> None:
    api.replies = [bad(503, 1000), good({"id": ZONE})]
    api.cache().purge_hosts(ZONE, ["a.example.com"])
    assert api.bodies == [{"hosts": ["a.example.com"]}] * 2


def test_the_sdk_is_loaded_by_whoever_asks_and_by_nobody_else() -> None:
    make = "import sys, bluegreen.adapters.cloudflare as c; c.CloudflareRecords(None, 'x')"
    code = f"{make}; print('cloudflare' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"


def test_the_sdk_comes_without_the_command_line_of_its_client_which_stays_to_be_had() -> None:
    code = (
        "import sys; from bluegreen.adapters.cloudflare_api import import_sdk; import_sdk(); import_sdk();"
        "print([name in sys.modules for name in ('cloudflare', 'httpx', 'rich')]); import httpx._main"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "[True, True, False]\n"
