"""Counts faults that were injected, and those that were survived; the plugin that turns the counts into docs/faults.md.

A test of a fault is marked `fault(number)`. It counts as one fault, unless it counts itself by the fixture `tally`.
A control is a test marked `control(number)`: what bare Terraform, or a script, makes of the same fault, told by
`tally.control`. What is not marked `long` is the quick part, one or two tests of each class, that `make test` runs.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

CLASSES: Mapping[int, tuple[str, str]] = {
    1: ("killed", "`kill -9` before and after each write to the journal, and at random moments"),
    2: ("signals", "Ctrl-C once, twice, ten times; SIGHUP of the terminal; SIGTERM"),
    3: ("cancelled job", "SIGINT, SIGTERM after 7.5 s, SIGKILL after 2.5 s more, at random moments"),
    4: ("orphaned Terraform", "`bluegreen` killed while its Terraform lives on"),
    5: ("network cut", "the API out of reach between plan and apply, and in the middle of an apply"),
    6: ("half applied", "one of several public hostnames moved; the server there, the record not"),
    7: ("many operators", "two to eight runs begun at once"),
    8: ("sick colors", "the new color goes bad during SWITCH, PROVE, BAKE; the old one while it is warm; both"),
    9: ("edits by hand", "the public record's content or proxying changed, the record deleted or doubled"),
    10: ("bad Terraform", "missing, too old, crashing, printing garbage, hanging for ever"),
    11: ("stale plan", "the state changed, or the configuration edited, between plan and apply"),
    12: ("disk", "journal and state cut at every byte; disk full; folder read-only; no HOME"),
    13: ("bad answers of the API", "401, 403, 429, 5xx, 10 s late, reset, answers lost after the change was made"),
    14: ("odd surroundings", "stdout closed, no terminal, LANG=C, 40 columns; probes and commands that hang or flood"),
    15: ("secrets", "planted tokens in environment, variables and what providers say"),
    16: ("machine gone", "another machine killed in the middle of its run: nobody is there to release its lease"),
    17: ("machine paused", "a run stopped past its lease, succeeded from elsewhere, and woken up"),
    18: ("two operators", "1,000 schedules of two machines over one store, paused between looks and writes"),
    19: ("several machines", "two to eight that begin at once; a rollback of what another deploys, in each phase"),
    20: ("clocks", "another machine's clock an hour fast, an hour slow, or running away"),
    21: ("store unreachable", "the bucket answers nothing before a run, and in the middle of one"),
    22: ("past Terraform", "states refused, program missing, lock stuck; killed around the one call of a way back"),
    23: ("states lost", "every state deleted, and rebuilt by importing what is there"),
}
"""Number -> name, and what is injected."""

DOWNTIME = 0
"""In place of a class: a test of the second table only."""


@dataclass(slots=True)
class Tally:
    """What one test did. control: what the bare thing made of the fault. downtime: a row of the second table."""

    number: int
    injected: int = 0
    survived: int = 0
    control: str = ""
    downtime: Sequence[str] = ()

    @contextmanager
    def fault(self) -> Iterator[None]:
        """Count the fault that is injected here; it was survived when nothing is raised."""
        self.injected += 1
        yield
        self.survived += 1


TALLY = pytest.StashKey[Tally]()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    return request.node.stash[TALLY]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Collected(config.getoption("--faults-docs")), "faults-collected")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-docs", type=Path, help="write what the faults came to into this file")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Controls belong to the table, and to no quicker run."""
    for item in items:
        if item.get_closest_marker("control"):
            item.add_marker(pytest.mark.long)


def pytest_runtest_setup(item: pytest.Item) -> None:
    mark = item.get_closest_marker("control") or item.get_closest_marker("fault")
    if mark is not None:
        item.stash[TALLY] = Tally(mark.args[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    tally = item.stash.get(TALLY, None)
    if tally is not None and report.when == "call" and not report.skipped:
        if not item.get_closest_marker("control") and not tally.injected:
            tally.injected, tally.survived = 1, int(report.passed)
        report.user_properties.append(("fault", asdict(tally)))
    return report


@dataclass(slots=True, eq=False)
class Collected:
    """What all tests came to, in the process that distributes them. docs: the file to write, None for none."""

    docs: Path | None
    tallies: list[Tally] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.tallies += [Tally(**value) for name, value in report.user_properties if name == "fault"]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.docs is None or not self.tallies:
            return
        terminalreporter.section("faults")
        terminalreporter.write_line(faults_table(self.tallies))
        self.docs.write_text(document(self.tallies))


def faults_table(tallies: Sequence[Tally]) -> str:
    """Return the table of all classes, as Markdown."""
    lines = ["| | class | injected | faults | survived | control |", "|---|---|---|---|---|---|"]
    for number, (name, injected) in CLASSES.items():
        ours = [tally for tally in tallies if tally.number == number]
        controls = "; ".join(dict.fromkeys(tally.control for tally in ours if tally.control)).replace("|", "\\|")
        faults, survived = (sum(getattr(tally, count) for tally in ours) for count in ("injected", "survived"))
        lines.append(f"| {number} | {name} | {injected} | {faults} | {survived} | {controls or '-'} |")
    return "\n".join(lines)


def downtime_table(tallies: Sequence[Tally]) -> str:
    """Return the table of the causes of downtime, as Markdown."""
    rows = [tally.downtime for tally in tallies if tally.downtime]
    head = ["| cause | brought about | `bluegreen status` says | back after | not covered |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in sorted(rows, key=lambda row: row[0]))])


def document(tallies: Sequence[Tally]) -> str:
    return f"""# Faults that are survived

Written by `make faults`, which injects every one of these into real processes: the program, Terraform, servers,
traffic. After each of them traffic is on one healthy color, `bluegreen status` tells the truth, one `bluegreen resume`,
`bluegreen rollback` or the same command again converges without editing anything, the way back is known, the journal
is whole, and a bare `terraform plan` says no changes; where faults follow each other in one place, it is made after the
last of them. The control is what bare Terraform, or a script around it, makes of the same fault.

{faults_table(tallies)}

## Causes of downtime

Each was brought about on the active color while the other one was warm. `back after` is the time from
`bluegreen rollback` being begun until the public was served well again.

{downtime_table(tallies)}
"""
