"""What Cloudflare refuses, with the numbers that its clients look at."""

from __future__ import annotations


class CloudflareError(Exception):
    """The call is refused. status: HTTP status; code: Cloudflare's error code."""

    def __init__(self, status: int, code: int, message: str):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
