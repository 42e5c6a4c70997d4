"""A stand-in for Cloud Storage, as far as Terraform's `gcs` backend asks it: states, and locks with generations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

STATE = re.compile(r"\.tfstate$")


class Bucket:
    """What is stored. refuse: how many of the next writes of a state are answered with 403."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[int, bytes]] = {}
        self.generation = 100
        self.refuse = 0

    def content(self, suffix: str) -> Any:
        """Return the JSON of the one object with that ending; None when there is none."""
        found = [content for name, (_, content) in self.objects.items() if name.endswith(suffix)]
        return json.loads(found[0]) if found else None

    def put(self, name: str, content: bytes, only_new: bool) -> int:
        """Store an object; return the status to answer with."""
        if only_new and name in self.objects:
            return 412
        if STATE.search(name) and self.refuse:
            self.refuse -= 1
            return 403
        self.generation += 1
        self.objects[name] = (self.generation, content)
        return 200

    def describe(self, name: str) -> dict[str, str]:
        generation, content = self.objects[name]
        return {"name": name, "bucket": "states", "generation": str(generation), "size": str(len(content))}


class Handler(BaseHTTPRequestHandler):
    """One request, in the two dialects that the Go client speaks: JSON, and XML for reading."""

    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith("/o"):
            prefix = self._asked.get("prefix", "")
            items = [self.bucket.describe(name) for name in self.bucket.objects if name.startswith(prefix)]
            return self._answer(200, {"kind": "storage#objects", "items": items})
        name = self._name(path)
        if name not in self.bucket.objects:
            return self._answer(404, {"error": {"code": 404, "message": "Not Found"}})
        if "/o/" in path:
            return self._answer(200, self.bucket.describe(name))
        generation, content = self.bucket.objects[name]
        self._answer(200, content, {"x-goog-generation": str(generation), "x-goog-metageneration": "1"})

    def do_POST(self) -> None:
        body = self._body()
        boundary = re.split(rb"\r\n--[^\r\n]+", b"\r\n" + body)
        about, content = [part.split(b"\r\n\r\n", 1)[1] for part in boundary if b"\r\n\r\n" in part]
        name = json.loads(about)["name"]
        status = self.bucket.put(name, content, self._asked.get("ifGenerationMatch") == "0")
        self._answer(status, self.bucket.describe(name) if status == 200 else {"error": {"code": status}})

    def do_DELETE(self) -> None:
        name = self._name(urlsplit(self.path).path)
        generation, _ = self.bucket.objects.get(name, (0, b""))
        if self._asked.get("ifGenerationMatch") not in (None, str(generation)):
            return self._answer(412, {"error": {"code": 412}})
        self.bucket.objects.pop(name, None)
        self._answer(204, b"")

    @property
    def _asked(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def _name(self, path: str) -> str:
        found = re.match(r"/storage/v1/b/states/o/(.+)", path) or re.match(r"/states/(.+)", path)
        return unquote(found[1]) if found else ""

    def _body(self) -> bytes:
        if length := self.headers.get("content-length"):
            return self.rfile.read(int(length))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serve() -> Iterator[tuple[Bucket, str]]:
    """Yield a bucket and the code of a backend that keeps its state there."""
    bucket = Bucket()
    handler = type("Served", (Handler,), {"bucket": bucket})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}/storage/v1/"
        yield (
            bucket,
            f"""terraform {{
  backend "gcs" {{
    bucket                  = "states"
    prefix                  = "shop/edge"
    access_token            = "token"
    storage_custom_endpoint = "{endpoint}"
  }}
}}""",
        )
        server.shutdown()
        thread.join()
