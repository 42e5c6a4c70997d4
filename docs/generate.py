"""Writes what the documents say about the code, from the code: .venv/bin/python docs/generate.py, after `make dev`.

One place says each thing: the events are the classes of bluegreen/events.py, the routes the tables of
bluegreen/switch/phases.py, the commands click's, the keys those of the reference configuration. What is made stands
between two marks, what is written by hand around them. A test fails when a document says something else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from generator.commands import commands_text
from generator.configuration import configuration_text
from generator.contract import contract_text
from generator.event_list import events_text
from generator.exit_codes import exit_codes_text
from generator.marks import replaced
from generator.routes import routes_diagram, routes_text
from generator.schemas import as_json, doctor_schema, events_schema, plan_schema, status_schema

from bluegreen.switch.phases import DEPLOY

ROOT = Path(__file__).resolve().parents[1]

PHASES = re.compile(r"(^\| phase \|.*?\n)\n", re.MULTILINE | re.DOTALL)
"""README's table of what each phase does."""


def _marked(mark: str, make: Callable[[], str]) -> Callable[[str], str]:
    return lambda text: replaced(text, f"<!-- {mark} -->", "<!-- end -->", f"\n{make()}")


def _phases() -> str:
    found = PHASES.search((ROOT / "README.md").read_text())
    assert found, "README.md has no table of phases"
    return found[1]


def _routes() -> str:
    return f"{_phases()}\n{routes_text()}"


PAGES: Mapping[str, Callable[[str], str]] = {
    "docs/schema/events.json": lambda _: as_json(events_schema()),
    "docs/schema/status.json": lambda _: as_json(status_schema()),
    "docs/schema/doctor.json": lambda _: as_json(doctor_schema()),
    "docs/schema/plan.json": lambda _: as_json(plan_schema()),
    "docs/events.md": _marked("events", events_text),
    "docs/reference/commands.md": _marked("commands", commands_text),
    "docs/reference/configuration.md": _marked("configuration", configuration_text),
    "docs/reference/contract.md": _marked("contract", contract_text),
    "docs/reference/exit-codes.md": _marked("exit codes", exit_codes_text),
    "docs/reference/routes.md": _marked("routes", _routes),
    "README.md": lambda text: replaced(text, "```mermaid", "```", routes_diagram(DEPLOY)),
}
"""Path -> what makes the page anew out of what it is now."""


def main() -> None:
    for name, make in PAGES.items():
        path = ROOT / name
        path.write_text(make(path.read_text() if path.exists() else ""))


if __name__ == "__main__":
    main()
