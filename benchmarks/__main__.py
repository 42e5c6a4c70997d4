"""Measures the installed program: make bench, or .venv/bin/python -P benchmarks --help."""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path

import flips
import memory
import startup
import switching
from measure import LEAST
from report import Report, say

BENCHMARKS = {
    "startup": startup.measure,
    "switching": switching.measure,
    "memory": memory.measure,
    "flips": flips.measure,
}


def main() -> None:
    """Run the chosen benchmarks. Ends with 0 also when a reach is not met: this measures, it does not test."""
    parser = argparse.ArgumentParser(prog="python -P benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all of them by default")
    parser.add_argument("--rounds", type=int, default=15, help=f"measurements of each time, at least {LEAST}")
    parser.add_argument("--requests", type=int, default=100_000, help="least requests under which the flips happen")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement here too")
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}, only {', '.join(BENCHMARKS)}")
    machine = f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}"
    say(f"{machine}; times are minimum / median / maximum")
    reports = {
        name: measure(rounds=max(LEAST, options.rounds), requests=options.requests)
        for name, measure in BENCHMARKS.items()
        if not options.names or name in options.names
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
