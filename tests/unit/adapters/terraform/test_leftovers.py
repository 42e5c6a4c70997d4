from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bluegreen.adapters.state.host import host
from bluegreen.adapters.terraform.leftovers import LEFTOVER_AGE, ours, sweep


def test_what_a_killed_process_left_is_deleted_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    old = 1.0
    kept = [tmp_path / f"run-{ours()}-x", tmp_path / f"plan-elsewhere-{gone.pid}-x.tfplan"]
    swept = [tmp_path / f"run-{host()}-{gone.pid}-x", tmp_path / "plan-elsewhere-1-y.tfplan"]
    for folder in (kept[0], swept[0]):
        folder.mkdir()
        (folder / "values.tfvars").touch()
    for file in (kept[1], swept[1]):
        file.touch()
    os.utime(swept[1], (old, old))
    assert swept[1].stat().st_mtime < kept[1].stat().st_mtime - LEFTOVER_AGE
    sweep([*kept, *swept])
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_a_link_is_deleted_and_what_it_points_at_is_left(tmp_path: Path) -> None:
    target = tmp_path / "target.tfplan"
    target.touch()
    link = tmp_path / "plan-elsewhere-1-z.tfplan"
    link.symlink_to(target)
    os.utime(link, (1.0, 1.0), follow_symlinks=False)
    sweep([link])
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_what_somebody_else_has_swept_meanwhile_is_nothing_to_do(tmp_path: Path) -> None:
    sweep([tmp_path / "run-elsewhere-1-x"])
