"""Where each phase leads: the ROUTES tables of bluegreen/switch/phases.py, drawn and written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bluegreen.cli.table import COMMANDS
from bluegreen.run.engine import Routes
from bluegreen.switch import phases
from generator.marks import table

BESIDE: Mapping[str, tuple[str, Routes]] = {
    "rollback --direct": (
        "Past Terraform, by Cloudflare's API. `bluegreen resume` of it walks the table of `reconcile`.",
        phases.DIRECT,
    ),
    "deploy --no-way-back": (
        "Of a release that nobody may go back from, by `reversible: false` too: what would return is held.",
        phases.CLOSED["deploy"],
    ),
    "switch, with no way back": (
        "The same for a release that was prepared with `reversible: false`.",
        phases.CLOSED["switch"],
    ),
}
"""The tables that belong to no verb alone: title -> what it is about, and the table."""


def routes_text() -> str:
    """Return each table, and before them what the words mean by which a phase is left."""
    tables = {verb: (COMMANDS[verb], routes) for verb, routes in phases.TABLES.items()} | BESIDE
    parts = ["## Outcomes", *_outcomes(tables)]
    for title, (about, routes) in tables.items():
        parts += [f"## {title}", about, *_routes(routes)]
    return "\n\n".join(parts) + "\n"


def _outcomes(tables: Mapping[str, tuple[str, Routes]]) -> Iterator[str]:
    """Yield the meanings, in which the module's docstring has two columns. Raises KeyError for a word without one."""
    lines = (phases.__doc__ or "").splitlines()
    told = dict(pair for line in lines for pair in re.findall(r"(?: {4,})([a-z-]+) {2,}(\S.*?)(?= {2,}|$)", line))
    used = dict.fromkeys(word for _, routes in tables.values() for ways in routes.values() for word in ways)
    yield table(("a phase ended", "because"), [(f"`{word}`", told[word]) for word in used])


def _routes(routes: Routes) -> Iterator[str]:
    words = list(dict.fromkeys(word for ways in routes.values() for word in ways))
    order = sorted(routes, key=list(phases.Phase).index)
    yield table(("phase", *words), [(phase, *(routes[phase].get(word, "") for word in words)) for phase in order])


def routes_diagram(routes: Routes) -> str:
    """Return a ROUTES table as Mermaid's state diagram: one arrow for all outcomes that lead to the same phase."""
    lines = ["stateDiagram-v2", "    direction LR", f"    [*] --> {next(iter(routes))}"]
    for phase, ways in routes.items():
        arrows: dict[str, list[str]] = {}
        for outcome, following in ways.items():
            arrows.setdefault(following, []).append(outcome)
        lines += [f"    {phase} --> {following}: {', '.join(outcomes)}" for following, outcomes in arrows.items()]
    ends = dict.fromkeys(
        following for ways in routes.values() for following in ways.values() if following not in routes
    )
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in ends)])
