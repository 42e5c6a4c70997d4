"""The demo leaves nothing behind, however it ends. All of it, with Terraform, is an integration test."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from bluegreen.app import load
from bluegreen.cli.commands.demo import number_lines
from bluegreen.cli.demo import Demo, Numbers
from bluegreen.cli.main import run
from bluegreen.errors import CheckFailed, Interrupted, SandboxError
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.client import Sandbox

NUMBERS = Numbers(1500, 0, 0, 0, {"blue": 500, "green": 1000}, 0.009, 0.1, 0.2, "")


class Told:
    """interruptions that are requested after so many looks."""

    def __init__(self, looks: int = 1000) -> None:
        self.looks = looks

    @property
    def requested(self) -> bool:
        self.looks -= 1
        return self.looks < 0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("keep", [False, True])
def test_an_error_ends_the_sandbox_too(keep: bool, place: Path) -> None:
    networks: list[Network] = []
    said: list[str] = []

    def fail(environment: Any, act: Any) -> float:
        network = load(environment.folder).network
        assert network is not None
        assert Sandbox(network).status().up
        networks.append(network)
        raise CheckFailed("it did not come up")

    with pytest.raises(CheckFailed):
        Demo(said.append, fail, Told()).perform(keep)  # type: ignore[arg-type]
    assert len(said) == 3
    with pytest.raises(SandboxError, match="does not answer"):
        Sandbox(networks[0]).status()
    assert bool(list(place.iterdir())) is keep


def test_an_interrupt_between_two_steps_cleans_up(place: Path) -> None:
    with pytest.raises(Interrupted):
        Demo(lambda text: None, lambda environment, act: 0.0, Told(2)).perform(False)  # type: ignore[arg-type]
    assert not list(place.iterdir())


def test_the_numbers_at_the_end() -> None:
    assert number_lines(NUMBERS) == [
        "",
        "requests sent  1,500",
        "failed         0",
        "stale          0",
        "slow           0, p99 9 ms",
        "by color       blue 500, green 1,000",
        "switch         first answer of the new color after 0.1 s",
        "rollback       first answer of the old color after 0.2 s",
    ]


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1)])
def test_a_failed_request_is_a_failed_demo(failed: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = Numbers(10, failed, 0, 0, {}, 0.0, 0.0, 0.0, "HTTP 502")
    monkeypatch.setattr("bluegreen.cli.demo.Demo.perform", lambda self, keep: numbers)
    assert run(["demo"]) == code
