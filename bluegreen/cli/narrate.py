"""A run off a terminal: one plain line per fact. Pure: events in, lines out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bluegreen.adapters.printable import one_line
from bluegreen.cli.words import WENT_WELL, running, took

Data = Mapping[str, Any]

QUIET, NORMAL, VERBOSE = 0, 1, 2


@dataclass(slots=True)
class Narrator:
    """Tells events as lines. level: QUIET, NORMAL or VERBOSE. last: the probe last told, per color."""

    level: int = NORMAL
    verb: str = ""
    phase: str = ""
    error: str = ""
    last: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def tell(self, data: Data) -> list[str]:
        """Return the lines for one event; none when it says nothing new, or nothing at this level."""
        name = str(data.get("event", ""))
        if name == "error":
            self.error = data["message"]
        if name == "phase-started":
            self.phase = data["phase"]
            self.last.clear()
        for level, tellers in ((QUIET, _QUIET), (NORMAL, _NORMAL), (VERBOSE, _VERBOSE)):
            if name in tellers and self.level >= level:
                return [one_line(line) for line in tellers[name](self, data)]
        return []


Teller = Callable[[Narrator, Data], Iterator[str]]


def _warned(narrator: Narrator, data: Data) -> Iterator[str]:
    if data["level"] == "warning":
        yield f"warning: {data['text']}"
    elif narrator.level >= NORMAL:
        yield str(data["text"])


def _started(narrator: Narrator, data: Data) -> Iterator[str]:
    narrator.verb = data["verb"]
    by = f", by {data['who']}" if data.get("who") else ""
    engine = f", with {data['engine']}" if narrator.level >= VERBOSE and data.get("engine") else ""
    yield f"{data['verb']} of {data['service']} in {data.get('environment', '')}: run {data.get('run', '')}{by}{engine}"


def _resumed(narrator: Narrator, data: Data) -> Iterator[str]:
    yield f"taken up again by {data['who']}:"
    yield from _started(narrator, data)


def _route(narrator: Narrator, data: Data) -> Iterator[str]:
    target = running(data["target"], data["release"])
    if not data["origin"]:
        yield f"nothing is deployed here yet; {target} comes first"
    elif data["origin"] == data["target"]:
        yield f"{target} is active"
    else:
        yield f"{running(data['origin'], data['origin_release'])} is active; the target is {target}"


def _phase_started(narrator: Narrator, data: Data) -> Iterator[str]:
    yield f"{data['phase']} begins"


def _phase_finished(narrator: Narrator, data: Data) -> Iterator[str]:
    phase, outcome, seconds = data["phase"], data["outcome"], took(data["seconds"])
    waited = f", {took(data['waiting'])} of it waiting" if data.get("waiting", 0.0) >= 0.1 else ""
    if outcome in WENT_WELL:
        yield f"{phase} done in {seconds}{waited}"
        return
    if outcome == "stale":
        yield f"{phase} left after {seconds}{waited}: looking anew"
        return
    # What ends the run is told in full at its end; what it goes on from is told here.
    why = f": {narrator.error}" if data["following"] == "RETURN" and narrator.error else ""
    on = "; going back" if data["following"] == "RETURN" and phase != "RETURN" else ""
    yield f"{phase} {'interrupted' if outcome == 'interrupted' else 'failed'} after {seconds}{waited}{why}{on}"


def _planned(narrator: Narrator, data: Data) -> Iterator[str]:
    changes, refused = data["changes"], "" if data["allowed"] else ", which the guard refuses"
    if data["phase"] == "RETURN" and narrator.phase == "SWITCH" and not refused:
        yield f"{data['layer']}: the way back is planned, for a rollback to apply"
        return
    if not changes:
        yield f"{data['layer']}: the plan changes nothing{refused}"
        return
    yield f"{data['layer']}: the plan changes {len(changes)}{refused}"
    for address, action in changes.items():
        yield f"  {action} {address}"


def _apply_started(narrator: Narrator, data: Data) -> Iterator[str]:
    yield f"{data['layer']}: applying"


def _apply_finished(narrator: Narrator, data: Data) -> Iterator[str]:
    yield f"{data['layer']}: applied in {took(data['seconds'])}"


def _resource(narrator: Narrator, data: Data) -> Iterator[str]:
    long = data["stage"] == "progress"
    if narrator.level >= VERBOSE or long or data["stage"] == "errored":
        so_far = f", {took(data['seconds'])} so far" if long else ""
        yield f"{data['layer']}: {data['action']} {data['address']}: {data['stage']}{so_far}"


def _probed(narrator: Narrator, data: Data) -> Iterator[str]:
    color, row, needed = data["color"], data["good_in_a_row"], data["needed"]
    fact = (data["verdict"], "" if data["verdict"] == "good" else data["detail"], row)
    if narrator.last.get(color) == fact:
        return
    narrator.last[color] = fact
    detail = f" ({data['detail']})" if fact[1] else ""
    counted = f" {row}/{needed}" if needed and row else ""
    yield f"{color}: {data['verdict']}{counted}{detail}"


def _first_answer(narrator: Narrator, data: Data) -> Iterator[str]:
    again = " again" if narrator.verb == "rollback" else ""
    yield f"public answers {data['color']}{again} after {took(data['seconds'])}"


def _waiting(narrator: Narrator, data: Data) -> Iterator[str]:
    most = f" ({took(data['seconds'])})" if data["seconds"] else ""
    yield f"waiting for {data['what']}{most}"


def _terraform(narrator: Narrator, data: Data) -> Iterator[str]:
    ended = "" if data["exit_code"] == 0 or data["command"] == "plan" else f", exit code {data['exit_code']}"
    yield f"{data['layer']}: terraform {data['command']} took {took(data['seconds'])}{ended}"


def _public(narrator: Narrator, data: Data) -> Iterator[str]:
    from_where = f" from {running(data['color'], data['release'])}" if data["color"] else ""
    fact = (data["origin"], data["detail"])
    if narrator.last.get("public") == fact:
        return
    narrator.last["public"] = fact
    if data["origin"] == "failed" or narrator.level >= VERBOSE:
        yield f"public: {data['origin']} answer{from_where} ({data['detail']})"


def _console(narrator: Narrator, data: Data) -> Iterator[str]:
    yield f"the console of {data['color']}'s machine ends with:"
    for line in data["text"].splitlines() or ["(nothing)"]:
        yield f"  | {line}"


def _witnessed(narrator: Narrator, data: Data) -> Iterator[str]:
    detail = f": {data['detail']}" if data["detail"] else ""
    yield f"the live records point at {data['active'] or 'no color'}{detail}"


def _hook_started(narrator: Narrator, data: Data) -> Iterator[str]:
    yield f"hook {data['hook']}: {' '.join(data['command'])}"


def _hook_finished(narrator: Narrator, data: Data) -> Iterator[str]:
    how = "" if data["exit_code"] == 0 else f", exit code {data['exit_code']}"
    yield f"hook {data['hook']} took {took(data['seconds'])}{how}"


_QUIET: dict[str, Teller] = {"said": _warned, "console": _console}
_NORMAL: dict[str, Teller] = {
    "run-started": _started,
    "run-resumed": _resumed,
    "route-chosen": _route,
    "phase-started": _phase_started,
    "phase-finished": _phase_finished,
    "planned": _planned,
    "apply-started": _apply_started,
    "apply-finished": _apply_finished,
    "resource": _resource,
    "probed": _probed,
    "first-answer": _first_answer,
    "waiting-for": _waiting,
    "hook-started": _hook_started,
    "hook-finished": _hook_finished,
    "public-answered": _public,
}
_VERBOSE: dict[str, Teller] = {
    "terraform-finished": _terraform,
    "witnessed": _witnessed,
}
