"""The manual's pages about the cloud are typed as they stand, with the real providers, in the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud_shop import CloudShop
from manual import IN_THE_CLOUD, follow, shell, steps
from providers import SETTINGS, needs_providers

pytestmark = [pytest.mark.cloud, needs_providers, pytest.mark.timeout(1800)]

TUTORIAL, THREE_ADDRESSES = IN_THE_CLOUD
DEADLINE = 600.0
"""Seconds for one command."""


@pytest.fixture
def layout() -> str:
    return "layers"


def test_the_tutorial_does_what_it_says_in_the_sandbox(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with shell(home, tmp_path, DEADLINE, TF_CLI_CONFIG_FILE=str(SETTINGS)) as bash:
        follow(TUTORIAL, steps(TUTORIAL), bash)


def test_a_third_address_comes_with_a_deploy_and_stays(switched: CloudShop, tmp_path: Path) -> None:
    before = switched.address
    with shell(switched.folder, tmp_path, DEADLINE) as bash:
        follow(THREE_ADDRESSES, steps(THREE_ADDRESSES), bash)
        assert bash.type("bluegreen rollback --quiet")[0] == 0
        _, said = bash.type("bluegreen tf network -- output -raw external_ip_2")
        assert switched.address == before
    assert said[-1].startswith(switched.network.prefix), said
    assert said[-1] not in before.values()
