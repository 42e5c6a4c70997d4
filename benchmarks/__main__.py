"""Measures the installed program: make bench, or .venv/bin/python -P benchmarks --help."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cloud
import flips
import memory
import startup
import switching
from measure import LEAST
from report import Report, say


@dataclass(frozen=True)
class Benchmark:
    """One of them. rounds: unless others are asked for. by_name: runs only when it is named."""

    measure: Callable[..., Report]
    rounds: int = 15
    by_name: bool = False


BENCHMARKS = {
    "startup": Benchmark(startup.measure),
    "switching": Benchmark(switching.measure),
    "memory": Benchmark(memory.measure),
    "flips": Benchmark(flips.measure),
    "cloud": Benchmark(cloud.measure, rounds=LEAST, by_name=True),
}


def main() -> None:
    """Run the chosen benchmarks. Ends with 0 also when a reach is not met: this measures, it does not test."""
    parser = argparse.ArgumentParser(prog="python -P benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; by default all but cloud")
    parser.add_argument("--rounds", type=int, help=f"measurements of each time; {LEAST} at least, to be quoted")
    parser.add_argument("--requests", type=int, default=100_000, help="least requests under which the flips happen")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement here too")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}, only {', '.join(BENCHMARKS)}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an editable install would be compiled anew at each start
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}"
    say(f"{machine}; times are minimum / median / maximum")
    reports = {
        name: chosen.measure(rounds=options.rounds or chosen.rounds, requests=options.requests)
        for name, chosen in BENCHMARKS.items()
        if name in options.names or not (options.names or chosen.by_name)
    }
    _summarize(reports)
    if options.json:
        found = {"machine": machine, "benchmarks": {name: report.as_dict() for name, report in reports.items()}}
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def _summarize(reports: dict[str, Report]) -> None:
    say("\n== Reach")
    for report in reports.values():
        for reach in report.reaches:
            say(f"   {reach}")


if __name__ == "__main__":
    main()
