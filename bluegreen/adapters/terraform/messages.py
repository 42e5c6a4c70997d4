"""Terraform's JSON stream, one line at a time, as facts. Lines that are none of it are passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, TypeAlias

from bluegreen.adapters.printable import printable
from bluegreen.errors import Diagnostic
from bluegreen.model import Action
from bluegreen.ports import Change


@dataclass(frozen=True, slots=True)
class Version:
    """Which engine speaks."""

    product: str
    version: str


@dataclass(frozen=True, slots=True)
class Stage:
    """An apply is on one resource. stage: start, progress, complete or errored. seconds: since its start."""

    address: str
    action: str
    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Outputs:
    """The root's outputs that carry a value: all but the sensitive ones, and only after an apply."""

    values: Mapping[str, Any]


Fact: TypeAlias = Version | Change | Stage | Outputs | Diagnostic

# Types whose @message may be kept: they name resources and count. Others print what provisioners and plugins say.
_HARMLESS = frozenset(
    {"version", "init_output", "planned_change", "resource_drift", "change_summary", "outputs", "diagnostic"}
    | {"refresh_start", "refresh_complete", "apply_start", "apply_progress", "apply_complete", "apply_errored"}
)
_ACTIONS = {action.value: action for action in Action}


@dataclass(frozen=True, slots=True)
class Message:
    """One line. fact: None when it says nothing that we use. text: for the log, "" if it must not be kept."""

    fact: Fact | None
    text: str


def parse_line(line: bytes) -> Message | None:
    """Parse one line of the stream; None if it is no message."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    if not isinstance(message, dict) or "type" not in message:
        return None
    kind = str(message["type"])
    text = _text(message) if kind in _HARMLESS else ""
    try:
        return Message(_fact(kind, message), text)
    except (KeyError, TypeError, AttributeError, ValueError):
        return Message(None, text)  # a shape that this version of Terraform has changed; its exit code still counts


def _fact(kind: str, message: Mapping[str, Any]) -> Fact | None:
    if kind == "planned_change":
        return _change(message["change"])
    if kind == "diagnostic":
        return _diagnostic(message["diagnostic"])
    if kind == "outputs":
        return Outputs({name: output["value"] for name, output in message["outputs"].items() if "value" in output})
    if kind == "version":
        return _version(message)
    if kind.startswith("apply_"):
        hook = message["hook"]
        seconds = float(hook.get("elapsed_seconds", 0))
        return Stage(hook["resource"]["addr"], hook["action"], kind.removeprefix("apply_"), seconds)
    return None


def _version(message: Mapping[str, Any]) -> Version:
    if "tofu" in message:
        return Version("OpenTofu", message["tofu"])
    return Version("Terraform", message["terraform"])


def _change(change: Mapping[str, Any]) -> Change:
    return Change(
        address=change["resource"]["addr"],
        action=_ACTIONS.get(change["action"], Action.UNKNOWN),
        previous_address=(change.get("previous_resource") or {}).get("addr", ""),
    )


def _diagnostic(diagnostic: Mapping[str, Any]) -> Diagnostic:
    """Keep what names the trouble and its place. The snippet is left out: it holds values."""
    place = diagnostic.get("range") or {}
    return Diagnostic(
        severity=diagnostic["severity"],
        summary=diagnostic["summary"],
        detail=diagnostic.get("detail", ""),
        where=f"{place['filename']}:{place['start']['line']}" if place else "",
        address=diagnostic.get("address", ""),
    )


def _text(message: Mapping[str, Any]) -> str:
    """Return a message as text; a diagnostic with its place, and its detail, indented, below it."""
    text = str(message.get("@message", ""))
    diagnostic = message.get("diagnostic")
    if not isinstance(diagnostic, Mapping):
        return text
    place = diagnostic.get("range") or {}
    line = (place.get("start") or {}).get("line")
    said = map(str.strip, str(diagnostic.get("detail", "")).splitlines())
    detail = [f"  {each}" for each in said if each]
    return "\n".join([text + (f", on {place.get('filename')}:{line}" if line else ""), *detail])


def parse_stderr(text: str) -> str:
    """Return what a command without a JSON stream said on stderr, without colors and drawn frames.

    Cut where a JSON document begins: Terraform that cannot store its state anywhere prints it there, secrets included.
    """
    plain = (line.strip().lstrip("╷│╵").strip() for line in printable(text).splitlines())
    return "\n".join(line for line in takewhile(lambda line: not line.startswith("{"), plain) if line)
