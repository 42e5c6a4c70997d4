from __future__ import annotations

import json
from typing import Any

import pytest

from bluegreen.adapters.terraform.documents import find_document, parse_contents, parse_state
from bluegreen.ports import State


def resource(kind: str, *keys: Any, mode: str = "managed", module: str = "") -> dict[str, Any]:
    instances = [{"index_key": key} if key is not None else {} for key in keys]
    found = {"mode": mode, "type": kind, "name": "n", "instances": instances}
    return {**found, "module": module} if module else found


def test_addresses_are_written_as_terraform_writes_them() -> None:
    resources = [
        resource("a", None),
        resource("b", 0, 1, module='module.x["k"]'),
        resource("c", 'q"', "${x}"),
        resource("d", None, None),  # one of them deposed
        resource("e", None, mode="data"),
        resource("f"),
    ]
    document = {"lineage": "l", "serial": 3, "resources": resources, "outputs": {"bluegreen": {"value": {"x": 1}}}}
    assert parse_state(json.dumps(document).encode()) == State(
        "l", 3, ("a.n", r'c.n["$${x}"]', r'c.n["q\""]', "d.n", 'module.x["k"].b.n[0]', 'module.x["k"].b.n[1]'), {"x": 1}
    )


def test_a_state_says_who_wrote_it_and_by_which_providers() -> None:
    of = {"hashicorp/google": None, "registry.example.com/a/b": 'module.x["k"].', "terraform.io/builtin/terraform": ""}
    resources = [
        {
            **resource("a", None),
            "provider": f'{module or ""}provider["{"registry.terraform.io/" if module is None else ""}{name}"]',
        }
        for name, module in of.items()
    ]
    unused = {**resource("b"), "provider": 'provider["registry.terraform.io/hashicorp/random"]'}
    document = {"lineage": "l", "serial": 3, "terraform_version": "1.11.4", "resources": [*resources, unused]}
    found = parse_state(json.dumps(document).encode())
    assert (found.engine, found.providers) == ("1.11.4", of.keys())


def test_no_text_is_no_state() -> None:
    assert parse_state(b"\n") == State()


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}", b'{"version": 4}', b"\0\0\0"])
def test_a_torn_state_is_none(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_state(text)


@pytest.mark.parametrize(
    ("printed", "document"),
    [
        (b"{}", b"{}"),
        (b"\nWarning: x\n\n{}", b"{}"),
        (b"", b""),
        (b"Warning: x {}\n", b""),
    ],
)
def test_the_document_is_found_behind_warnings(printed: bytes, document: bytes) -> None:
    assert find_document(printed) == document


def contents(kind: str, after: Any, **marks: Any) -> dict[str, str]:
    change = {"address": f"{kind}.n", "type": kind, "change": {"after": after, **marks}}
    return parse_contents(json.dumps({"resource_changes": [change]}).encode())


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("cloudflare_dns_record", {"content": "192.0.2.1"}),
        ("cloudflare_record", {"value": "192.0.2.1", "content": None}),
        ("cloudflare_record", {"content": "192.0.2.1"}),
        ("terraform_data", {"input": {"sandbox": "record", "content": "192.0.2.1"}}),
    ],
)
def test_records_say_where_they_point(kind: str, after: Any) -> None:
    assert contents(kind, after, after_unknown={}, after_sensitive={}) == {f"{kind}.n": "192.0.2.1"}


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("cloudflare_dns_record", None),
        ("cloudflare_dns_record", {"content": None}),
        ("terraform_data", {"input": {"sandbox": "server", "content": "192.0.2.1"}}),
        ("terraform_data", {"input": "record"}),
        ("google_compute_instance", {"content": "192.0.2.1"}),
    ],
)
def test_others_do_not(kind: str, after: Any) -> None:
    assert contents(kind, after) == {}


@pytest.mark.parametrize("marks", [True, {"input": True}, {"input": {"content": True}}])
@pytest.mark.parametrize("name", ["after_sensitive", "after_unknown"])
def test_what_is_secret_or_unknown_is_left_out(name: str, marks: Any) -> None:
    after = {"input": {"sandbox": "record", "content": "192.0.2.1"}}
    assert contents("terraform_data", after, **{name: marks}) == {}
    assert contents("terraform_data", after, **{name: {"input": {"content": False}}})
