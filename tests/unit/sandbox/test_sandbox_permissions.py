"""The Resource Manager stand-in; Google's own document sees every question and answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from compute_discovery import check

from bluegreen.sandbox import permissions
from bluegreen.sandbox.call import Call

PROJECT = "projects/shop-1"


def ask(asked: Any, project: str = PROJECT, token: str = "x", method: str = "POST") -> tuple[int, Any]:
    path = f"v1/{project}:testIamPermissions"
    sent = json.dumps({"permissions": asked}).encode()
    call = Call(method, path.removeprefix("v1/"), body=sent, headers={"authorization": f"Bearer {token}"})
    reply = permissions.answer(call)
    if (method, project) == ("POST", PROJECT) and isinstance(asked, list):
        assert check(method, f"/cloudresourcemanager/{path}", sent, reply.status, reply.body) == []
    return reply.status, json.loads(reply.body)


def test_what_is_held_of_what_is_asked() -> None:
    asked = ["compute.instances.create", "compute.firewalls.delete", "compute.firewalls.get", "compute.addresses.use"]
    held = [asked[0], asked[2], asked[3]]
    assert ask(asked) == (200, {"permissions": held})


def test_nothing_held_is_nothing_said() -> None:
    assert ask(["resourcemanager.projects.setIamPolicy"]) == (200, {})


@pytest.mark.parametrize("asked", [[], ["compute.*"], ["compute.instances.*"], "compute.instances.get", None])
def test_what_is_no_question_is_refused(asked: Any) -> None:
    status, data = ask(asked)
    assert (status, data["error"]["errors"][0]["reason"]) == (400, "invalid")


def test_an_expired_token_and_other_paths() -> None:
    assert ask(["compute.instances.get"], token="expired")[0] == 401
    assert ask(["compute.instances.get"], project="folders/1")[0] == 404
    assert ask(["compute.instances.get"], method="GET")[0] == 404
