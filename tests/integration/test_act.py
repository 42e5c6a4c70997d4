"""The generated workflows, run for real by act on this machine, with the sandbox as the world.

act stands in for GitHub, and a folder for each action of others. Our own action is what it is, but for its
installation: the program is there already. What act cannot show: it kills a step that is cancelled at once, and then
runs no later step of an action.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from program import Program, command, environment
from shop import Shop

from bluegreen.render.github import PINNED

pytestmark = [pytest.mark.act, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ACTION = f"example/bluegreen@{'0123456789' * 4}"
DEADLINE = 60.0
"""Seconds for whatever is waited for."""

CHECKOUT = """\
name: Checkout
description: Has every job work in the one folder that stays, as that of a self-hosted runner does
runs:
  using: composite
  steps:
    - shell: bash
      run: |
        cd /
        rmdir "$GITHUB_WORKSPACE"
        ln -s '{repository}' "$GITHUB_WORKSPACE"
"""


class Forge:
    """Runs a repository's workflows. shop: what is in it, at its top."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        self.shop, self.folder = shop, folder
        self.log = folder / "log"
        self._action(CHECKOUT.format(repository=shop.folder), "checkout")
        for name in ("action.yml", ".ci/install", "bluegreen/__init__.py"):
            (folder / "bluegreen" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "bluegreen" / name)

    def _action(self, text: str, name: str) -> None:
        (self.folder / name).mkdir()
        (self.folder / name / "action.yml").write_text(text)

    @contextmanager
    def start(self, workflow: str, **inputs: str) -> Iterator[subprocess.Popen[bytes]]:
        """Begin a workflow, as somebody who clicks does; end it where the test leaves it behind."""
        stand_ins = {PINNED["checkout"].split(" ")[0]: "checkout", ACTION: "bluegreen"}
        argv = [str(BIN / "act"), "workflow_dispatch", "-W", f".github/workflows/{workflow}.yml", "--bind"]
        argv += ["--no-skip-checkout", "--no-cache-server", "-P", "self-hosted=-self-hosted"]
        argv += [word for name, value in inputs.items() for word in ("--input", f"{name}={value}")]
        for action, name in stand_ins.items():
            argv += ["--local-repository", f"{action}={self.folder / name}"]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                argv, cwd=self.shop.folder, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    def _environment(self) -> Mapping[str, str]:
        home = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return environment({**home, "PATH": f"{BIN}:{os.environ['PATH']}", "ACT_DISABLE_VERSION_CHECK": "1"})

    def run(self, workflow: str, **inputs: str) -> str:
        """Run a workflow that must succeed; return its log."""
        with self.start(workflow, **inputs) as process:
            assert process.wait(2 * DEADLINE) == 0, self.log.read_text()
        return self.log.read_text()

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + DEADLINE
        while text not in self.log.read_text():
            assert time.monotonic() < end, f"no {text!r}: {self.log.read_text()}"
            time.sleep(0.05)


@pytest.fixture
def layout() -> str:
    return "layers"


@pytest.fixture
def forge(shop: Shop, tmp_path: Path) -> Forge:
    if command()[0] != str(BIN / "bluegreen"):
        pytest.skip("the program is not installed")
    file = shop.folder / "bluegreen.yaml"
    section = {"github": {"action": ACTION, "runner": ["self-hosted"]}}
    file.write_text(f"{yaml.safe_dump(section)}\n{file.read_text()}")
    for words in ("init --quiet", "add --all", "-c user.name=a -c user.email=a@b.c commit --quiet --message=all"):
        subprocess.run(["git", *words.split()], cwd=shop.folder, check=True)
    assert Program(shop.folder)("generate", "github").code == 0
    (tmp_path / "forge").mkdir()
    return Forge(shop, tmp_path / "forge")


def test_a_deploy_and_the_one_click_back(forge: Forge) -> None:
    told = forge.run("deploy", release="1.5.0")
    assert forge.shop.live_color() == "green"
    for said in ("verdict=prepared", "verdict=switched", "release=1.5.0", "requests-failed=0"):
        assert f"::set-output:: {said}" in told
    assert "[prepared color](http://" in told
    assert "\nPROVE :done, " in told
    assert "verdict=nothing-to-do" in forge.run("retire"), "blue is warm"
    assert "verdict=rolled-back" in forge.run("rollback")
    assert forge.shop.live_color() == "blue"


def end_by_the_actions_last_step(forge: Forge) -> None:
    """Call what that step calls, which act does not: as a step of the job that was cancelled."""
    program = Program(forge.shop.folder)
    url = json.loads(program("history", "--json").out)[0]["ci_url"]
    parts = re.fullmatch(r"(https://[^/]+)/(.+)/actions/runs/(.+)", url)
    assert parts is not None
    server, repository, run = parts.groups()
    job = {"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": repository}
    assert "no run of this job" in program("rollback", "--cancelled", **job, GITHUB_RUN_ID=f"{run}1").err
    assert forge.shop.live_color() == "green"
    assert program("rollback", "--cancelled", "--yes", **job, GITHUB_RUN_ID=run).code == 0


def end_by_a_click(forge: Forge) -> None:
    assert "verdict=rolled-back" in forge.run("rollback")


@pytest.mark.parametrize("end", [end_by_the_actions_last_step, end_by_a_click])
def test_what_a_cancelled_deploy_left_is_ended(forge: Forge, end: Callable[[Forge], None]) -> None:
    forge.shop.configure(bake={"for": "60s", "blind_deadline": "90s"})
    with forge.start("deploy", release="1.5.0") as deploy:
        forge.wait_for("| BAKE begins")
        deploy.send_signal(signal.SIGINT)
        assert deploy.wait(DEADLINE) == 1
    program = Program(forge.shop.folder)
    assert "cut off in BAKE" in program("status").out
    end(forge)
    assert forge.shop.live_color() == "blue"
    assert "unfinished" not in program("status").out
    forge.shop.assert_nothing_to_plan()
