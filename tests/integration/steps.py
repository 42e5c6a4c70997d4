"""A step of action.yml, run by its own script as GitHub's runner runs it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
"""What `shell: bash` stands for."""


@dataclass(frozen=True, slots=True)
class StepEnded:
    """How a step ended. outputs: what it has told the job."""

    code: int
    stdout: str
    stderr: str
    outputs: Mapping[str, str]


def read_action() -> Any:
    return yaml.safe_load((ROOT / "action.yml").read_text())


def run_step(step: Any, given: Mapping[str, str], folder: Path) -> StepEnded:
    """Run a step's script in a folder. given: its variables, which are all that it has beside the runner's."""
    with tempfile.TemporaryDirectory() as temporary:
        files = {"GITHUB_OUTPUT": f"{temporary}/output", "GITHUB_STEP_SUMMARY": f"{temporary}/summary"}
        for file in files.values():
            Path(file).touch()
        runners = {"PATH": os.environ["PATH"], "HOME": temporary, "RUNNER_TEMP": temporary, "GITHUB_ACTIONS": "true"}
        ended = subprocess.run(
            [*SHELL, "-c", step["run"]],
            cwd=folder,
            env={**runners, **files, **given},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        lines = Path(files["GITHUB_OUTPUT"]).read_text().splitlines()
    return StepEnded(ended.returncode, ended.stdout, ended.stderr, dict(line.split("=", 1) for line in lines))
