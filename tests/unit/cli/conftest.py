"""Recorded runs, and what the command line is tried with instead of an environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RECORDED = Path(__file__).with_name("recorded")

Events = list[dict[str, Any]]


@pytest.fixture
def recorded() -> Callable[[str], Events]:
    """Return the events of a real run: deploy, or returned."""

    def read(name: str) -> Events:
        return [json.loads(line) for line in (RECORDED / f"{name}.jsonl").read_text().splitlines()]

    return read


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Be a step of a workflow; return the folder of its workspace."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path
