"""The part of the rules language that is understood."""

from __future__ import annotations

import pytest

from bluegreen.sandbox.cloudflare.expressions import Facts, NotUnderstood, understand

FACTS = Facts("shop.test", "/healthz", {"x-probe": ["secret", "other"]})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('http.host eq "shop.test"', True),
        ('http.host eq "www.shop.test"', False),
        ('http.host == "shop.test" && http.request.uri.path == "/healthz"', True),
        ('http.host in {"www.shop.test" "shop.test"}', True),
        ('http.host in {"www.shop.test"}', False),
        ('starts_with(http.request.uri.path, "/health")', True),
        ('starts_with(http.request.uri.path, "/other")', False),
        ('any(http.request.headers["x-probe"][*] eq "secret")', True),
        ('any(http.request.headers["x-probe"][*] eq "wrong")', False),
        ('any(http.request.headers["x-missing"][*] eq "secret")', False),
        ('not any(http.request.headers["x-probe"][*] eq "secret")', False),
        ('(http.host eq "a" or http.host eq "shop.test") and not (http.request.uri.path eq "/")', True),
        ('http.host eq "a" and http.host eq "b" or http.host eq "shop.test"', True),
        ('http.host eq "shop.test" or http.host eq "a" and http.host eq "b"', True),
        ('http.host eq "say \\"and\\""', False),
    ],
)
def test_what_is_understood(expression: str, expected: bool) -> None:
    assert understand(expression)(FACTS) is expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "true",
        'ip.src eq "1.2.3.4"',
        "http.host eq shop",
        'http.host contains "x"',
        'http.host eq "a" http.host eq "b"',
        '(http.host eq "a"',
        'http.host in {"a"',
        'any(http.request.headers["a"] eq "b")',
        "http.host ~ x",
    ],
)
def test_what_is_not(expression: str) -> None:
    with pytest.raises(NotUnderstood):
        understand(expression)
