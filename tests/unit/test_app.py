from __future__ import annotations

from pathlib import Path

import pytest

import bluegreen
from bluegreen.errors import ConfigError

TWO = """
service: shop
stack: terraform
defaults:
  identity: none
environments:
  stg: {release: "1"}
  pro: {release: "1"%s}
"""


def project(folder: Path, more: str = "") -> Path:
    (folder / "terraform").mkdir()
    (folder / "bluegreen.yaml").write_text(TWO % more)
    return folder


def test_two_environments_never_share_a_state_unasked(tmp_path: Path) -> None:
    environment = bluegreen.load(project(tmp_path)).environment("pro")
    with pytest.raises(ConfigError, match="nothing tells the state of pro from that of another") as refused:
        environment.deploy()
    assert "{environment}" in refused.value.hint


@pytest.mark.parametrize("more", [", terraform: {workspace: pro}", ', terraform: {backend_config: ["path=pro"]}'])
def test_an_environment_with_a_state_of_its_own_passes(tmp_path: Path, more: str) -> None:
    environment = bluegreen.load(project(tmp_path, more)).environment("pro")
    environment._refuse_shared_state()
