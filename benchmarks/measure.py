"""Running a process and measuring it, and what many measurements come to."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAST = 7
"""Measurements that a median needs before it is worth quoting."""

_LOOK = 0.002
"""Seconds between two looks at a process's memory: its last growth may be missed by that much."""


@dataclass(frozen=True)
class Spread:
    """Many measurements of one thing, in one unit."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def as_dict(self) -> dict[str, Any]:
        return {
            "n": len(self.values),
            "min": min(self.values),
            "median": self.median,
            "max": max(self.values),
            "values": list(self.values),
        }

    def written(self, unit: str, scale: float = 1.0, digits: int = 0) -> str:
        """Return minimum, median and maximum, each multiplied by `scale`."""
        shown = (f"{value * scale:.{digits}f}" for value in (min(self.values), self.median, max(self.values)))
        return " / ".join(shown) + f" {unit} (n={len(self.values)})"


def interleaved(rounds: int, **measures: Callable[[], float]) -> dict[str, Spread]:
    """Measure A B C A B C ..., so that what else the machine does falls on all alike."""
    values: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            values[name].append(measure())
    return {name: Spread(tuple(found)) for name, found in values.items()}


def seconds_of(argv: Sequence[str], folder: Path) -> float:
    """Run a command; return its seconds from start to end. Raises RuntimeError with what it said when it fails."""
    begun = time.monotonic()
    with subprocess.Popen(
        argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        assert child.stderr is not None
        said = child.stderr.read()
    if child.returncode:
        raise RuntimeError(f"{' '.join(argv)}: exit {child.returncode}\n{said.decode(errors='replace')}")
    return time.monotonic() - begun


def peak_of(argv: Sequence[str], folder: Path) -> float:
    """Run a command; return the most memory that its own process held, in MB (10^6 bytes), without its children.

    From /proc, because what wait4 says of a child counts the one that forked it, and the child's own children, too.
    """
    with subprocess.Popen(
        argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        peak = 0
        while child.poll() is None:
            peak = max(peak, _peak_so_far(child.pid))
            time.sleep(_LOOK)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, argv)
    return peak * 1024 / 1e6


def _peak_so_far(pid: int) -> int:
    """Return VmHWM in KiB; 0 when the process is gone."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
    return 0
