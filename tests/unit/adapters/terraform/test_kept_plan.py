"""The plan that is kept on disk is believed only as it was put there, and by the engine that made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bluegreen.adapters.terraform.engine import Engine
from bluegreen.adapters.terraform.kept import PlanShelf
from bluegreen.model import Action
from bluegreen.ports import Change, KeptPlan, Plan

ENGINE = Engine("Terraform", "1.11.4", ("terraform",), "terraform")
CHANGES = (Change("module.cdn.root", Action.UPDATE), Change("a.b", Action.MOVE, "a.c"))


@pytest.fixture
def kept(tmp_path: Path) -> KeptPlan:
    file = tmp_path / "made.tfplan"
    file.write_bytes(b"PK plan")
    file.chmod(0o600)
    plan = Plan("edge", CHANGES, False, str(file), {"module.cdn.root": "192.0.2.1"}, {"server_active": "blue"})
    return KeptPlan(plan, {"server_active": "green"})


def test_what_is_put_is_got_and_its_file_has_moved(tmp_path: Path, kept: KeptPlan) -> None:
    shelf = PlanShelf(tmp_path, ENGINE)
    assert shelf.get() is None
    shelf.put(kept)
    got = PlanShelf(tmp_path, ENGINE).get()
    assert got == replace(kept, plan=replace(kept.plan, path=str(tmp_path / "kept.tfplan")))
    assert not Path(kept.plan.path).exists()
    assert [path.stat().st_mode & 0o777 for path in sorted(tmp_path.iterdir())] == [0o600, 0o600]


def test_another_engine_cannot_apply_it(tmp_path: Path, kept: KeptPlan) -> None:
    PlanShelf(tmp_path, ENGINE).put(kept)
    assert PlanShelf(tmp_path, replace(ENGINE, version="1.12.0")).get() is None
    assert PlanShelf(tmp_path, replace(ENGINE, product="OpenTofu")).get() is None


def test_it_is_for_the_state_for_which_it_was_made(tmp_path: Path, kept: KeptPlan) -> None:
    """Terraform applies a saved plan to the backend and workspace that were configured when it was made."""
    PlanShelf(tmp_path, ENGINE, ("", "bucket=one")).put(kept)
    assert PlanShelf(tmp_path, ENGINE, ("", "bucket=two")).get() is None
    assert PlanShelf(tmp_path, ENGINE, ("other", "bucket=one")).get() is None
    assert PlanShelf(tmp_path, ENGINE, ("", "bucket=one")).get() is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [("kept.tfplan", b"PK another"), ("kept.json", b"{"), ("kept.json", b'{"format": 2}'), ("kept.json", b"[]")],
)
def test_what_is_not_as_it_was_put_there_is_not_there(
    tmp_path: Path, kept: KeptPlan, name: str, content: bytes
) -> None:
    shelf = PlanShelf(tmp_path, ENGINE)
    shelf.put(kept)
    (tmp_path / name).write_bytes(content)
    assert shelf.get() is None


@pytest.mark.parametrize("name", ["kept.tfplan", "kept.json"])
def test_half_of_it_is_nothing(tmp_path: Path, kept: KeptPlan, name: str) -> None:
    shelf = PlanShelf(tmp_path, ENGINE)
    shelf.put(kept)
    (tmp_path / name).unlink()
    assert shelf.get() is None
    shelf.clear()
    assert list(tmp_path.iterdir()) == []
