"""The generated workflows, run for real by act on this machine, with the sandbox as the world.

act stands in for GitHub, a folder for each action of others, and stand_in_gh.py for `gh` with what that keeps. Our own
action is what it is, but for its installation: the program is there already. What act cannot show: it kills a step that
is cancelled at once, and then runs no later step of an action.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from program import Program, command, environment
from shop import Shop
from stand_in_gh import BOT, REPOSITORY
from steps import read_action, run_step

from bluegreen import __version__
from bluegreen.model import Color
from bluegreen.render.github import PINNED

pytestmark = [pytest.mark.act, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
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

UPLOAD = """\
name: Upload
description: Keeps a file where the test finds it
inputs: {{path: {{required: true}}, archive: {{default: "true"}}}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {{FILE: "${{{{ inputs.path }}}}", ARCHIVE: "${{{{ inputs.archive }}}}"}}
      run: test "$ARCHIVE" = false && cp "$FILE" '{kept}'
"""


class Forge:
    """Runs a repository's workflows. kept: the folder of what they have uploaded."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self.repository, self.folder = repository, folder
        self.log, self.kept, self._forge = folder / "log", folder / "kept", folder / "forge.json"
        self.kept.mkdir(parents=True)
        self.seed()
        self.program("gh", shlex.join([sys.executable, str(HERE / "stand_in_gh.py"), str(self._forge)]) + ' "$@"')
        self._action(CHECKOUT.format(repository=repository), "checkout")
        self._action(UPLOAD.format(kept=self.kept), "upload")
        for name in ("action.yml", ".ci/install", "bluegreen/__init__.py"):
            (folder / "bluegreen" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "bluegreen" / name)

    def _action(self, text: str, name: str) -> None:
        (self.folder / name).mkdir()
        (self.folder / name / "action.yml").write_text(text)

    def program(self, name: str, script: str) -> None:
        """Have a program of that name found before any other one."""
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def seed(self, **things: list[Any]) -> None:
        """Have issues and comments there from before."""
        self._forge.write_text(json.dumps({"issues": [], "comments": [], "calls": [], **things}))

    def kept_by_gh(self, what: str) -> list[Any]:
        """Return the issues, the comments or the calls that there are by now."""
        found: list[Any] = json.loads(self._forge.read_text())[what]
        return found

    @contextmanager
    def start(
        self, workflow: str, *, event: str = "workflow_dispatch", payload: Any = None, **inputs: str
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Begin a workflow by what happened, by default somebody's click; end it where the test leaves it behind."""
        happened = self.folder / "event.json"
        happened.write_text(json.dumps(payload or {}))
        stand_ins = {PINNED[name].split(" ")[0]: name for name in ("checkout", "upload")} | {ACTION: "bluegreen"}
        argv = [str(BIN / "act"), event, "-W", f".github/workflows/{workflow}.yml", "--bind"]
        argv += ["--eventpath", str(happened)] if payload else []
        argv += ["--secret", "GITHUB_TOKEN=token"]
        argv += ["--no-skip-checkout", "--no-cache-server", "-P", "self-hosted=-self-hosted"]
        argv += [word for name, value in inputs.items() for word in ("--input", f"{name}={value}")]
        for action, name in stand_ins.items():
            argv += ["--local-repository", f"{action}={self.folder / name}"]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                argv, cwd=self.repository, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    def _environment(self) -> Mapping[str, str]:
        home = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache")}
        path = f"{self.folder / 'bin'}:{BIN}:{os.environ['PATH']}"
        return environment({**home, "PATH": path, "ACT_DISABLE_VERSION_CHECK": "1"})

    def run(self, workflow: str, *, code: int = 0, **how: Any) -> str:
        """Run a workflow that must succeed, or end with another code; return its log."""
        with self.start(workflow, **how) as process:
            assert process.wait(2 * DEADLINE) == code, self.log.read_text()
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
    assert Program(shop.folder)("generate", "github").code == 0
    commit(shop.folder)
    return Forge(shop.folder, tmp_path / "forge")


def commit(folder: Path) -> None:
    """Make a folder the top of a repository, as act asks for one."""
    for words in (
        "init --quiet",
        f"remote add origin https://github.com/{REPOSITORY}.git",
        "add --all",
        "-c user.name=a -c user.email=a@b.c commit --quiet --message=all",
    ):
        subprocess.run(["git", *words.split()], cwd=folder, check=True)


def test_a_deploy_and_the_one_click_back(forge: Forge, shop: Shop) -> None:
    told = forge.run("deploy", release="1.5.0")
    assert shop.live_color() == "green"
    for said in ("verdict=prepared", "verdict=switched", "release=1.5.0", "requests-failed=0"):
        assert f"::set-output:: {said}" in told
    assert "[prepared color](http://" in told
    assert "\nPROVE :done, " in told
    assert "verdict=nothing-to-do" in forge.run("retire"), "blue is warm"
    assert "verdict=rolled-back" in forge.run("rollback")
    assert shop.live_color() == "blue"
    titles = [re.search("<title>(.*)</title>", page.read_text()) for page in sorted(forge.kept.iterdir())]
    assert [title[1].split(":")[0] for title in titles if title] == ["prepared", "switched", "rolled-back"]


def end_by_the_actions_last_step(_: Forge, shop: Shop) -> None:
    """Do what that step does, by its own script, which act does not: as a step of the job that was cancelled."""
    url = json.loads(Program(shop.folder)("history", "--json").out)[0]["ci_url"]
    parts = re.fullmatch(r"(https://[^/]+)/(.+)/actions/runs/(.+)", url)
    assert parts is not None
    server, repository, run = parts.groups()
    job = {"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": repository}
    step = read_action()["runs"]["steps"][-1]
    assert step["if"] == "cancelled() && steps.run.outcome != 'skipped'"
    values = {"inputs.environment": "demo", "steps.program.outputs.folder": str(BIN)}
    given = {name: values[expression[4:-3]] for name, expression in step["env"].items()}
    another = run_step(step, {**given, **job, "GITHUB_RUN_ID": f"{run}1"}, shop.folder)
    assert ("no run of this job" in another.stderr, another.outputs["verdict"]) == (True, "nothing-to-do")
    assert shop.live_color() == "green"
    ours = run_step(step, {**given, **job, "GITHUB_RUN_ID": run}, shop.folder)
    assert (ours.code, ours.outputs["verdict"]) == (0, "rolled-back"), ours


def end_by_a_click(forge: Forge, _: Shop) -> None:
    assert "verdict=rolled-back" in forge.run("rollback")


@pytest.mark.parametrize("end", [end_by_the_actions_last_step, end_by_a_click])
def test_what_a_cancelled_deploy_left_is_ended(forge: Forge, shop: Shop, end: Callable[[Forge, Shop], None]) -> None:
    shop.configure(bake={"for": "60s", "blind_deadline": "90s"})
    with forge.start("deploy", release="1.5.0") as deploy:
        forge.wait_for("| BAKE begins")
        deploy.send_signal(signal.SIGINT)
        assert deploy.wait(DEADLINE) == 1
    program = Program(shop.folder)
    assert "cut off in BAKE" in program("status").out
    end(forge, shop)
    assert shop.live_color() == "blue"
    assert "unfinished" not in program("status").out
    shop.assert_nothing_to_plan()


def pull_request(*, of: str = REPOSITORY) -> Mapping[str, Any]:
    """A pull request, number 7, of a branch in that repository."""
    head = {"sha": "5" * 40, "ref": "branch", "repo": {"full_name": of}}
    return {"pull_request": {"number": 7, "head": head, "base": {"ref": "main"}}}


needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="there is no jq, which the stand-in for gh needs")


@needs_jq
def test_a_pull_request_has_one_comment_that_is_kept_true(forge: Forge, shop: Shop) -> None:
    mark = "<!-- bluegreen plan demo -->"
    others = [
        {"id": 1, "issue": 7, "user": {"login": "ana"}, "body": f"{mark} is mine"},
        {"id": 2, "issue": 7, "user": {"login": BOT}, "body": "<!-- bluegreen plan pro -->"},
        {"id": 3, "issue": 8, "user": {"login": BOT}, "body": mark},
    ]
    forge.seed(comments=others)
    shop.configure(release="1.5.0")
    forge.run("plan", event="pull_request", payload=pull_request())
    *before, ours = forge.kept_by_gh("comments")
    assert (before, ours["issue"], ours["body"].splitlines()[0]) == (others, 7, mark)
    assert "1.5.0 would go to green; nothing was changed" in ours["body"]
    assert "the guard would let this pass" in ours["body"]

    hostile = "::error::owned"
    shop.configure(release=hostile)
    network = shop.folder / "tf" / "network" / "main.tf"
    network.write_text(re.sub(r'network = ".*"', 'network = "127.1.1"', network.read_text()))
    told = forge.run("plan", event="pull_request", payload=pull_request(), code=1)
    *before, again = forge.kept_by_gh("comments")
    assert (before, again["id"]) == (others, ours["id"])
    assert "the guard would refuse this" in again["body"]
    assert f"\n```text\n{hostile} would go to green" in again["body"], "as it is, in a block that shows it"
    assert "| : :error::owned would go to green" in told, "the runner obeys nothing of it"
    assert "verdict=refused" in told


@needs_jq
def test_a_forks_pull_request_is_told_nothing(forge: Forge) -> None:
    told = forge.run("plan", event="pull_request", payload=pull_request(of="stranger/shop"))
    assert forge.kept_by_gh("calls") == []
    assert "bluegreen" not in told.replace("bluegreen-plan", "")


@needs_jq
def test_an_environment_that_needs_a_look_has_one_issue_until_it_is_well(forge: Forge, shop: Shop) -> None:
    title = "bluegreen: demo needs a look"
    bot = {"login": BOT}
    others = [
        {"number": 1, "title": title, "state": "open", "user": {"login": "ana"}, "body": "mine"},
        {"number": 2, "title": title, "state": "open", "user": bot, "body": "", "pull_request": {}},
        {"number": 3, "title": title, "state": "closed", "user": bot, "body": "of last week"},
        {"number": 4, "title": "bluegreen: pro needs a look", "state": "open", "user": bot, "body": ""},
    ]
    forge.seed(issues=others)
    forge.run("drift", event="schedule")
    assert forge.kept_by_gh("issues") == others, "all is well, and nobody is told"

    record = shop.sandbox.status().record("shop.test")
    assert record is not None
    bodies = []
    for content in (shop.network.green, "127.0.0.9"):
        shop.sandbox.edit_record(record.id, content=content)
        forge.run("drift", event="schedule", code=1)
        *before, ours = forge.kept_by_gh("issues")
        assert (before, ours["title"], ours["state"], ours["number"]) == (others, title, "open", 104)
        assert content in ours["body"]
        bodies.append(ours["body"])
    assert bodies[0] != bodies[1], "it was updated"

    shop.sandbox.edit_record(record.id, content=shop.network.blue)
    forge.run("drift", event="schedule")
    *before, ours = forge.kept_by_gh("issues")
    assert (before, ours["state"]) == (others, "closed")


def test_a_warm_color_is_retired_once_its_time_is_over_and_nobody_is_in_the_way(forge: Forge, shop: Shop) -> None:
    shop.configure(keep_warm="1s")
    shop.run("deploy", release="1.5.0")
    program = Program(shop.folder)
    assert program("lock", "--reason", "audit").code == 0
    assert "verdict=locked" in forge.run("retire", event="schedule"), "the next hour will do"
    assert shop.facts().of(Color.BLUE).running
    assert program("unlock").code == 0
    assert "verdict=retired" in forge.run("retire", event="schedule")
    assert not shop.facts().of(Color.BLUE).running


STAND_IN = """\
[ "$1" != --version ] || exec echo 'bluegreen {version}'
echo "called with $*"
echo "verdict=$VERDICT" >>"$GITHUB_OUTPUT"
exit "$CODE"
"""

WORKFLOW = """\
on: workflow_dispatch
jobs:
  all:
    runs-on: [self-hosted]
    steps:
      - id: waits
        uses: {action}
        with: {{command: deploy, release: "2"}}
        env: {{VERDICT: waiting, CODE: 5}}
      - id: fails
        uses: {action}
        with: {{command: rollback}}
        env: {{VERDICT: stuck, CODE: 7}}
        continue-on-error: true
      - id: misses
        uses: {action}
        with: {{command: deplyo}}
        continue-on-error: true
      - run: 'echo "ended: $ENDED"'
        env:
          ENDED: >-
            ${{{{ steps.waits.outcome }}}} ${{{{ steps.waits.outputs.verdict }}}},
            ${{{{ steps.fails.outcome }}}} ${{{{ steps.fails.outputs.verdict }}}},
            ${{{{ steps.misses.outcome }}}} ${{{{ steps.misses.outputs.verdict }}}}
"""


def test_to_wait_is_no_failure_and_all_else_is_one(tmp_path: Path) -> None:
    workflows = tmp_path / "repository" / ".github" / "workflows"
    workflows.mkdir(parents=True)
    (workflows / "all.yml").write_text(WORKFLOW.format(action=ACTION))
    commit(tmp_path / "repository")
    forge = Forge(tmp_path / "repository", tmp_path / "forge")
    forge.program("bluegreen", STAND_IN.format(version=__version__))
    told = forge.run("all")
    assert "called with deploy --yes --release 2" in told
    assert "ended: success waiting, failure stuck, failure \n" in told
    assert "::error::command must be prepare, switch" in told
