"""A run's journal as the story that its report shows. Pure: entries in, a story or its page out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bluegreen.adapters.printable import one_line, printable
from bluegreen.cli.narrate import NORMAL, Narrator
from bluegreen.cli.past import Row, row_of
from bluegreen.cli.summary import summarize
from bluegreen.cli.timeline import PhaseSeen, Timeline
from bluegreen.cli.words import SELDOM, WENT_WELL, cost, running, took
from bluegreen.render.report.page import render_report
from bluegreen.render.report.story import (
    Failure,
    Figure,
    Happening,
    Planned,
    Probed,
    Story,
    Stretch,
    Tone,
    Turn,
    Window,
)

if TYPE_CHECKING:
    from bluegreen.ports import JournalEntry

Data = Mapping[str, Any]

UNFINISHED = "unfinished"

TONES: Mapping[str, Tone] = {
    UNFINISHED: Tone.OPEN,
    "switched": Tone.GOOD,
    "prepared": Tone.GOOD,
    "nothing-to-do": Tone.GOOD,
    "rolled-back": Tone.GOOD,
    "rolled-back-directly": Tone.WARNING,
    "retired": Tone.GOOD,
    "reconciled": Tone.GOOD,
    "frozen": Tone.WARNING,
    "unlocked": Tone.WARNING,
    "waiting": Tone.OPEN,
    "returned": Tone.WARNING,
}
"""Verdicts; any other one is bad."""

TWICE = ("planned", "probed", "public-answered")
"""Events that a report shows in a place of their own."""


def report_of(run: str, entries: Sequence[JournalEntry]) -> str:
    """Return the report of a run as one HTML page that is complete in itself."""
    return render_report(story_of(run, entries))


def story_of(run: str, entries: Sequence[JournalEntry]) -> Story:
    """Return what the report of a run shows; the run may go on still, or have been cut off."""
    timeline = Timeline()
    for entry in entries:
        timeline.take(entry.data)
    row = row_of(run, entries)
    verdict = row["verdict"] or UNFINISHED
    began, ended = (entries[0].time, entries[-1].time) if entries else (0.0, 0.0)
    place = " in ".join(filter(None, (timeline.service, timeline.environment)))
    return Story(
        run=run,
        title=one_line(f"{row['verb'] or 'run'} of {place}" if place else run),
        verdict=verdict,
        tone=TONES.get(verdict, Tone.BAD),
        happened=one_line(_happened(timeline)),
        cost=_cost(timeline),
        figures=tuple(_figures(timeline, ended - began)),
        facts=tuple((label, one_line(str(value))) for label, value in _facts(row, timeline, entries) if value),
        began=began,
        ended=ended,
        runs={timeline.origin: one_line(timeline.origin_release), timeline.target: one_line(timeline.release)},
        turn=_turn(entries),
        phases=tuple(_phases(timeline, ended)),
        windows=tuple(_windows(entries, ended)),
        failures=tuple(_failures(entries)),
        probes=tuple(_probe(entry) for entry in entries if entry.event == "probed"),
        plans=tuple(_plan(entry.data) for entry in entries if entry.event == "planned"),
        happenings=tuple(_happenings(entries)),
    )


def _happened(timeline: Timeline) -> str:
    if timeline.result:
        return summarize(timeline)[0]
    target = running(timeline.target, timeline.release)
    where = f"; the target is {target}" if timeline.target else ""
    return f"under way, or cut off, in {timeline.phase or 'its very beginning'}{where}"


def _cost(timeline: Timeline) -> str:
    if timeline.result:
        return summarize(timeline)[1].removeprefix("public: ")
    return cost(timeline.requests, silent=True)


def _figures(timeline: Timeline, seconds: float) -> Iterator[Figure]:
    requests = timeline.result.get("requests", timeline.requests)
    yield Figure("from first to last line" if not timeline.result else "in all", took(seconds))
    if timeline.first_answer is not None:
        yield Figure("to the first answer", took(timeline.first_answer))
    if requests.get("sent"):
        failed = requests["failed"]
        yield Figure("public requests", f"{requests['sent']:,}")
        yield Figure("failed", f"{failed:,}", Tone.BAD if failed else Tone.GOOD)
        yield from (Figure(SELDOM[key], f"{requests[key]:,}", Tone.WARNING) for key in SELDOM if requests.get(key))


def _facts(row: Row, timeline: Timeline, entries: Sequence[JournalEntry]) -> Iterator[tuple[str, str]]:
    told = {entry.event: entry.data for entry in entries}
    started = told.get("run-started", {})
    if row["to"]:
        yield "from", running(row["from"], row["from_release"]) or "nothing"
        yield "to", running(row["to"], row["release"])
    yield "who", row["who"]
    yield "why", row["reason"]
    yield "commit", row["commit"]
    yield "CI", row["ci_url"]
    yield "engine", started.get("engine", "")
    yield "host", row["host"]
    yield "no way back", timeline.no_way_back
    if timeline.result:
        yield "exit code", str(timeline.result["exit_code"])
        yield "proof", timeline.result.get("proof", "")


def _phases(timeline: Timeline, ended: float) -> Iterator[Stretch]:
    for number, seen in enumerate(timeline.phases, 1):
        last = number == len(timeline.phases)
        until = ended if last else timeline.phases[number].began
        yield _stretch(seen, until, goes_on=last and not timeline.result)


def _stretch(seen: PhaseSeen, until: float, *, goes_on: bool) -> Stretch:
    if seen.seconds is None:
        outcome = "under way, or cut off" if goes_on else "cut off"
        return Stretch(seen.name, seen.began, until, 0.0, outcome, Tone.OPEN, took(until - seen.began))
    tone = Tone.GOOD if seen.outcome in WENT_WELL else Tone.BAD
    waited = f", {took(seen.waiting)} of it waiting" if seen.waiting >= 0.1 else ""
    ended = seen.began + seen.seconds
    return Stretch(seen.name, seen.began, ended, seen.waiting, seen.outcome, tone, f"{took(seen.seconds)}{waited}")


def _turn(entries: Sequence[JournalEntry]) -> Turn | None:
    """Return when traffic first moved, and when the last proof of that, or of the way back, ended."""
    turn: Turn | None = None
    for entry in entries:
        phase = entry.data.get("phase")
        match entry.event:
            case "apply-started" if turn is None and phase == "SWITCH":
                turn = Turn(entry.time)
            case "first-answer" if turn is not None and turn.answered is None:
                turn = replace(turn, answered=entry.time)
            case "phase-finished" if turn is not None and phase in ("PROVE", "RETURN"):
                turn = replace(turn, settled=entry.time)
    return turn


def _windows(entries: Sequence[JournalEntry], ended: float) -> Iterator[Window]:
    """Yield what was measured. A window ends where the next one begins, be it before its time."""
    measured = [entry.data for entry in entries if entry.event == "public-measured"]
    following = [data["began"] for data in measured[1:]]
    for data, end in zip(measured, [*following, ended], strict=False):
        seconds = max(0.001, min(data["seconds"], end - data["began"]))
        milliseconds = {float(took): count for took, count in data["milliseconds"].items()}
        yield Window(data["began"], seconds, data["sent"], data["failed"], data["by_color"], milliseconds)


def _failures(entries: Sequence[JournalEntry]) -> Iterator[Failure]:
    found: dict[str, Failure] = {}
    for entry in entries:
        if entry.event == "public-answered" and entry.data["origin"] == "failed":
            detail = one_line(entry.data.get("detail", ""))
            known = found.get(detail, Failure(entry.time, entry.time, 0, detail))
            found[detail] = replace(known, last=entry.time, count=known.count + 1)
    yield from found.values()


def _probe(entry: JournalEntry) -> Probed:
    data = entry.data
    detail = f" ({data['detail']})" if data["detail"] and data["verdict"] != "good" else ""
    words = one_line(f"{data['verdict']}{detail}")
    good = data["verdict"] == "good"
    return Probed(entry.time, one_line(data["color"]), good, words, data["status"], 1000 * data["seconds"])


def _plan(data: Data) -> Planned:
    changes = tuple((one_line(action), one_line(address)) for address, action in data["changes"].items())
    return Planned(data["phase"], one_line(data["layer"]), changes, data["allowed"])


def _happenings(entries: Sequence[JournalEntry]) -> Iterator[Happening]:
    narrator = Narrator(NORMAL)
    phase = ""
    for entry in entries:
        if entry.event == "phase-started":
            phase = entry.data["phase"]
        told = OTHERWISE.get(entry.event, _narrated)(narrator, entry.data)
        for one in told if entry.event not in TWICE else ():
            yield Happening(entry.time, phase, one_line(one.words), one.tone, printable(one.output))


@dataclass(frozen=True, slots=True)
class _Told:
    words: str
    tone: Tone = Tone.OPEN
    output: str = ""


def _narrated(narrator: Narrator, data: Data) -> Iterator[_Told]:
    for line in narrator.tell(data):
        yield _Told(line, Tone.WARNING if line.startswith("warning:") else Tone.OPEN)


def _error(narrator: Narrator, data: Data) -> Iterator[_Told]:
    yield from map(_Told, narrator.tell(data))  # it remembers what went wrong
    more = [data.get("where", ""), *data.get("details", ())]
    yield _Told(f"error: {data['message']}", Tone.BAD, "\n".join(filter(None, more)))
    if data.get("hint"):
        yield _Told(f"hint: {data['hint']}")


def _hook(narrator: Narrator, data: Data) -> Iterator[_Told]:
    tone = Tone.OPEN if data["exit_code"] == 0 else Tone.BAD
    yield from (_Told(line, tone, data.get("output", "")) for line in narrator.tell(data))


def _console(narrator: Narrator, data: Data) -> Iterator[_Told]:
    yield _Told(f"the console of {data['color']}'s machine ends so", Tone.WARNING, data["text"])


OTHERWISE: Mapping[str, Callable[[Narrator, Data], Iterator[_Told]]] = {
    "error": _error,
    "hook-finished": _hook,
    "console": _console,
}
"""Events that are told with what stands behind them; any other one is told by its narrator's line."""
