"""Where a run comes from: the commit of the project, and the CI run that started it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def commit(folder: Path, environment: Mapping[str, str]) -> str:
    """Return the project's commit, as GitHub says or git does; "" where neither knows."""
    return environment.get("GITHUB_SHA", "") or _ask_git(folder)


def ci_url(environment: Mapping[str, str]) -> str:
    """Return the address of the workflow run, "" outside GitHub Actions."""
    parts = [environment.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    server, repository, run = parts
    return f"{server}/{repository}/actions/runs/{run}" if all(parts) else ""


def _ask_git(folder: Path) -> str:
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return ""  # what git would say too, after the time that a process takes
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # the git that its user has on PATH  # noqa: S607  # nosec B607
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
