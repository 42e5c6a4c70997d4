"""How long a command takes that does little, against the bare import of click."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from measure import interleaved, peak_of, seconds_of
from report import Reach, Report
from shop import PROGRAM, open_shop


def measure(rounds: int, **_: Any) -> Report:
    """Run the three in turn, in a shop of color layers."""
    report = Report("Commands that do little, seconds from start to end")
    with open_shop("layers") as shop:
        commands = {
            'python -c "import click"': [sys.executable, "-c", "import click"],
            "bluegreen --help": [str(PROGRAM), "--help"],
            "bluegreen status": [str(PROGRAM), "status"],
        }
        for argv in commands.values():
            seconds_of(argv, shop.folder)  # once unmeasured: byte code is written, files are in memory
        took = interleaved(
            rounds, **{name: lambda argv=argv: seconds_of(argv, shop.folder) for name, argv in commands.items()}
        )
        memory = _memory(commands, shop.folder)
    bare = took['python -c "import click"'].median
    for name, spread in took.items():
        held = f", {memory[name]:.0f} MB at most" if name in memory else ""
        report.row(name, f"{spread.written('ms', 1000)}, {spread.median / bare:.2f} x{held}")
        report.data[name] = {"seconds": spread.as_dict(), "peak_mb": memory.get(name)}
    report.reach(Reach("--help, times bare click", took["bluegreen --help"].median / bare, 1.3))
    return report


def _memory(commands: dict[str, list[str]], folder: Path) -> dict[str, float]:
    """Return each command's peak: the greatest of three runs, in which nothing is timed. Empty without /proc."""
    if not Path("/proc/self/status").exists():
        return {}
    return {name: max(peak_of(argv, folder) for _ in range(3)) for name, argv in commands.items()}
