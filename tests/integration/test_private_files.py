"""What runs leave behind can be read by nobody else, under a umask that would let everybody."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Program
from shop import Shop


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Return the folder and all below it that its user alone could not read, by mode and path."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.lstat().st_mode for path in paths if not path.is_symlink()}
    return [f"{stat.filemode(mode)} {path.relative_to(folder)}" for path, mode in modes.items() if mode & 0o077]


@pytest.mark.parametrize("layout", ["layers"])
def test_every_file_of_real_runs_is_private_at_every_moment(shop: Shop) -> None:
    kept = shop.folder / ".bluegreen"
    found: set[str] = set()
    seen: set[str] = set()

    def look(event: object) -> None:
        found.update(open_to_others(kept))
        seen.update(path.name for path in kept.rglob("*"))

    shop.configure(hooks={"before_switch": [{"command": ["true"]}]})
    shop.environment(look).deploy(release="1.5.0")
    shop.environment().lock(reason="trying")
    look(None)
    shop.environment(look).rollback()
    for kind in ("*.tfvars", "*.tfplan", "*.jsonl", "*.log", "kept.json", "freeze.json", "lock", "engines.json"):
        assert any(Path(name).match(kind) for name in seen), f"no {kind} was seen: the test is blind"
    assert found == set()
    values = list(shop.folder.rglob("zz-bluegreen.auto.tfvars"))
    assert values
    assert [path for path in values if path.stat().st_mode & 0o077] == []
    left = [path.name for path in kept.rglob("*") if path.name.startswith(("run-", "plan-")) and path.suffix != ".log"]
    assert left == [], "plans and values are deleted once they were used"


@pytest.mark.parametrize("layout", ["single"])
def test_what_the_program_writes_is_private_also_by_hand(shop: Shop) -> None:
    program = Program(shop.folder)
    assert program("deploy", "--release", "1.5.0").code == 0
    assert program("tf", "main", "--", "plan", "-out=by-hand.tfplan").code == 0
    assert open_to_others(shop.folder / ".bluegreen") == []
    assert stat.filemode((shop.folder / "terraform" / "by-hand.tfplan").stat().st_mode) == "-rw-------"


@pytest.mark.parametrize("layout", ["single"])
@pytest.mark.parametrize("place", [".bluegreen", ".bluegreen/demo"])
def test_no_link_is_followed_to_where_states_and_plans_lie(tmp_path: Path, layout: str, place: str) -> None:
    shop = Shop(tmp_path / "shop", layout)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = shop.folder / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    ended = Program(shop.folder)("deploy", "--release", "1.5.0")
    assert (ended.code, "this is a symbolic link" in ended.err) == (2, True), ended
    assert list(elsewhere.iterdir()) == []
