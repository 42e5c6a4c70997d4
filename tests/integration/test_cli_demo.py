"""`bluegreen demo`: what a stranger runs first."""

from __future__ import annotations

import json
from pathlib import Path

from program import Program


def test_the_demo_switches_and_returns_and_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    ended = Program(tmp_path, {"TMPDIR": str(tmp_path / "tmp")})("demo", "--json")
    assert ended.code == 0, ended.err
    numbers = json.loads(ended.out)
    assert (numbers["failed"], numbers["stale"]) == (0, 0)
    assert numbers["by_color"].keys() == {"blue", "green"}
    assert "rolled back: blue (1.4.2) serves the public again" in ended.err
    assert not list((tmp_path / "tmp").iterdir()), "nothing is left behind"
