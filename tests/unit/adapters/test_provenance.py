from __future__ import annotations

import subprocess
from pathlib import Path

from bluegreen.adapters.provenance import ci_url, commit

GITHUB = {
    "GITHUB_SHA": "abc",
    "GITHUB_SERVER_URL": "https://127.0.0.1",
    "GITHUB_REPOSITORY": "me/shop",
    "GITHUB_RUN_ID": "7",
}


def test_in_a_workflow_github_says_where_a_run_comes_from(tmp_path: Path) -> None:
    assert commit(tmp_path, GITHUB) == "abc"
    assert ci_url(GITHUB) == "https://127.0.0.1/me/shop/actions/runs/7"


def test_elsewhere_git_knows_the_commit_and_there_is_no_workflow(tmp_path: Path) -> None:
    assert commit(tmp_path, {}) == ""
    git = ["git", "-c", "user.name=n", "-c", "user.email=n@example.test"]
    subprocess.run([*git, "init", "-q"], cwd=tmp_path, check=True)
    assert commit(tmp_path, {}) == ""
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], cwd=tmp_path, check=True)
    assert len(commit(tmp_path, {})) == 40
    assert ci_url({"GITHUB_RUN_ID": "7"}) == ""
