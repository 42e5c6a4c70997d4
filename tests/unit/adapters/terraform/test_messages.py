from __future__ import annotations

import json
from typing import Any

import pytest

from bluegreen.adapters.terraform.messages import Outputs, Stage, Version, parse_line, parse_stderr
from bluegreen.errors import Diagnostic
from bluegreen.model import Action
from bluegreen.ports import Change


def parsed(**message: Any) -> Any:
    found = parse_line(json.dumps(message).encode())
    assert found is not None
    return found.fact


@pytest.mark.parametrize("line", [b"", b"\n", b"Error: no", b"[1]", b"3", b'{"no": "type"}', b'{"type":', b"\xff\xfe"])
def test_lines_that_are_no_messages(line: bytes) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize("kind", ["planned_change", "diagnostic", "outputs", "version", "apply_start"])
@pytest.mark.parametrize("body", [{}, {"change": 3, "diagnostic": [], "outputs": 1, "hook": None}])
def test_messages_of_another_shape_say_nothing(kind: str, body: dict[str, Any]) -> None:
    assert parsed(type=kind, **body) is None


def test_both_engines_say_who_they_are() -> None:
    assert parsed(type="version", terraform="1.11.4", ui="1.2") == Version("Terraform", "1.11.4")
    assert parsed(type="version", tofu="1.12.6", ui="1.2") == Version("OpenTofu", "1.12.6")


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.UNKNOWN])
def test_planned_changes(action: Action) -> None:
    change = {"resource": {"addr": "a.b"}, "action": action.value}
    assert parsed(type="planned_change", change=change) == Change("a.b", action)


def test_an_action_of_a_later_version_is_unknown() -> None:
    change = {"resource": {"addr": "a.b"}, "action": "paint"}
    assert parsed(type="planned_change", change=change) == Change("a.b", Action.UNKNOWN)


def test_a_move_says_where_from() -> None:
    change = {"resource": {"addr": "a.b"}, "previous_resource": {"addr": "a.old"}, "action": "move"}
    assert parsed(type="planned_change", change=change) == Change("a.b", Action.MOVE, "a.old")


def test_resource_drift_is_no_change() -> None:
    assert parsed(type="resource_drift", change={"resource": {"addr": "a.b"}, "action": "update"}) is None


def test_a_diagnostic_keeps_its_place_and_leaves_the_values_out() -> None:
    diagnostic = {
        "severity": "error",
        "summary": "Bad",
        "detail": "Very\n\n  bad\n",
        "address": "a.b",
        "range": {"filename": "main.tf", "start": {"line": 12, "column": 3}},
        "snippet": {"values": [{"traversal": "var.x", "statement": "is hunter2"}]},
    }
    assert parsed(type="diagnostic", diagnostic=diagnostic) == Diagnostic(
        "error", "Bad", "Very\n\n  bad\n", "main.tf:12", "a.b"
    )
    message = parse_line(
        json.dumps({"type": "diagnostic", "@message": "Error: Bad", "diagnostic": diagnostic}).encode()
    )
    assert message is not None
    assert message.text == "Error: Bad, on main.tf:12\n  Very\n  bad"


def test_a_diagnostic_without_a_place() -> None:
    assert parsed(type="diagnostic", diagnostic={"severity": "warning", "summary": "S"}) == Diagnostic("warning", "S")


def test_outputs_without_a_value_are_left_out() -> None:
    outputs = {"a": {"value": 1}, "planned": {"action": "create"}, "hidden": {"sensitive": True}}
    assert parsed(type="outputs", outputs=outputs) == Outputs({"a": 1})


def test_stages_of_an_apply() -> None:
    hook = {"resource": {"addr": "a.b"}, "action": "update", "elapsed_seconds": 10}
    assert parsed(type="apply_progress", hook=hook) == Stage("a.b", "update", "progress", 10.0)


@pytest.mark.parametrize(("kind", "kept"), [("apply_start", True), ("provision_progress", False), ("log", False)])
def test_what_others_print_is_not_kept(kind: str, kept: bool) -> None:
    message = parse_line(json.dumps({"type": kind, "@message": "text"}).encode())
    assert message is not None
    assert (message.text == "text") is kept


def test_stderr_is_read_without_its_frame_and_without_a_state_in_it() -> None:
    text = '\x1b[31m╷\x1b[0m\n│ \x1b[1mError: full\x1b[0m\n│\n│ disk\n╵\n{\n  "password": "hunter2"\n}\n'
    assert parse_stderr(text) == "Error: full\ndisk"
