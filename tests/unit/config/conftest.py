"""Projects made of one text, and the problems of a text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bluegreen.config.load import Config, load_config
from bluegreen.errors import ConfigError, Problem

MINIMAL = "service: shop\nstack: terraform\nenvironments:\n  pro:\n    identity: none\n"


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Config]:
    for folder in ("terraform", "tf/network", "tf/server", "tf/edge"):
        (tmp_path / folder).mkdir(parents=True)

    def load(text: str) -> Config:
        (tmp_path / "bluegreen.yaml").write_text(text, encoding="utf-8")
        return load_config(tmp_path)

    return load


@pytest.fixture
def problems(load: Callable[[str], Config]) -> Callable[[str], list[Problem]]:
    def problems(text: str) -> list[Problem]:
        with pytest.raises(ConfigError) as caught:
            load(text)
        return list(caught.value.problems)

    return problems


@pytest.fixture
def setting(problems: Callable[[str], list[Problem]]) -> Callable[[str], list[Problem]]:
    """The problems of one line of an otherwise good environment; the line is number 6, its text begins in column 5."""
    return lambda line: problems(f"{MINIMAL}    {line}\n")


@pytest.fixture
def minimal() -> str:
    return MINIMAL
