from __future__ import annotations

from pathlib import Path

import pytest

from bluegreen import resources


def test_a_checkout_keeps_them_beside_the_package() -> None:
    assert resources.shipped("templates", "tfvars", "values.tfvars.j2").is_file()


def test_a_wheel_keeps_them_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_shipped" / "examples").mkdir(parents=True)
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    assert resources.shipped("examples") == tmp_path / "_shipped" / "examples"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(FileNotFoundError, match="no_such_folder"):
        resources.shipped("no_such_folder")
