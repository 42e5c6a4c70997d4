"""Every workflow that is shipped, generated or our own, before linters that know what goes wrong in one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bluegreen.config.load import load_config
from bluegreen.render.github import render_workflows

ROOT = Path(__file__).parents[1]
ZIZMOR = Path(sys.executable).with_name("zizmor")
ACTIONLINT = ROOT / ".tools" / "actionlint"
NEWER_THAN_IT = ("-ignore", 'unexpected key "queue" for "concurrency"')
"""What GitHub has known since May 2026, and the newest actionlint does not."""

YAML = """\
service: shop
stack: terraform
github:
  action: example/bluegreen@0123456789abcdef0123456789abcdef01234567
  {github}
defaults:
  identity: none
  store: {store}
  check: {{via: edge}}
  terraform: {{engine: terraform, env: {{TF_VAR_password: "${{SHOP_PASSWORD}}"}}}}
environments: {{stg: {{}}, pro: {{release: "1.5.0"}}}}
"""


VARIANTS = {
    "hosted": ("hours: Mon-Fri 09:00-16:00 Europe/Berlin", "gs://bucket/folder"),
    "self-hosted": ("runner: [self-hosted, near-the-servers]\n  queue: max", "local"),
}


@pytest.fixture(params=VARIANTS)
def generated(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A repository with everything that can be generated."""
    github, store = VARIANTS[request.param]
    (tmp_path / "terraform").mkdir()
    (tmp_path / "bluegreen.yaml").write_text(YAML.format(github=github, store=store))
    config = load_config(tmp_path)
    workflows = tmp_path / ".github" / "workflows"
    workflows.mkdir(parents=True)
    for name, text in render_workflows(config, config.names, "shops/one").items():
        (workflows / name).write_text(text)
    labels = "self-hosted-runner: {labels: [near-the-servers]}\n"
    (tmp_path / ".github" / "labels.yaml").write_text(labels)
    return tmp_path


def clean(folder: Path, *command: object) -> None:
    ended = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def actionlint(folder: Path) -> None:
    if not ACTIONLINT.exists():
        pytest.skip("there is no actionlint, which `make tools` builds where Go is")
    github = folder / ".github"
    labels = ["-config-file", github / "labels.yaml"] if (github / "labels.yaml").exists() else []
    clean(
        folder,
        ACTIONLINT,
        *NEWER_THAN_IT,
        "-shellcheck=",
        "-pyflakes=",
        *labels,
        *sorted(github.glob("workflows/*.yml")),
    )


def test_generated_workflows_before_zizmor(generated: Path) -> None:
    clean(generated, ZIZMOR, "--offline", "--quiet", ".")


def test_generated_workflows_before_actionlint(generated: Path) -> None:
    actionlint(generated)


def test_our_own_workflows_and_the_action_before_zizmor() -> None:
    workflows = sorted(ROOT.glob(".github/workflows/*.yml"))
    clean(ROOT, ZIZMOR, "--offline", "--pedantic", "--quiet", *workflows, "action.yml")


def test_our_own_workflows_before_actionlint() -> None:
    actionlint(ROOT)


def test_the_linters_look(generated: Path) -> None:
    bad = generated / ".github" / "workflows" / "bad.yml"
    bad.write_text("on: pull_request_target\njobs: {a: {runs-on: x, steps: [{run: 'echo ${{ github.head_ref }}'}]}}\n")
    with pytest.raises(AssertionError, match="template-injection"):
        test_generated_workflows_before_zizmor(generated)
    with pytest.raises(AssertionError, match="label"):
        test_generated_workflows_before_actionlint(generated)
