"""What `status`, `doctor` and `plan` print. Pure: reports in, lines out; columns line up, every line stands alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bluegreen.cli.words import at, took, until

if TYPE_CHECKING:
    from bluegreen.doctor.findings import Diagnosis
    from bluegreen.ports import Holder
    from bluegreen.switch.preview import LayerPreview, Preview
    from bluegreen.switch.status import ColorStatus, LastRun, StatusReport

DRIFT_HINT = "hint: bluegreen reconcile --to state, or --to live"


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Align the columns of rows that have equally many, two spaces apart."""
    whole = [tuple(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in whole]


def status_lines(report: StatusReport, now: float) -> list[str]:
    """Return the text of `bluegreen status`. now: Unix seconds."""
    colors = [_color(name, color, name == report.active) for name, color in report.colors.items()]
    return [*table(_facts(report, now)), "", *table(colors), *_findings(report)]


def _facts(report: StatusReport, now: float) -> Iterator[tuple[str, str]]:
    yield "environment", report.environment
    yield "active", report.active
    answers = "" if report.public.startswith("fails") else "answers "
    yield "public", f"{report.public_url} {answers}{report.public}"
    if report.warm_until:
        left = f", {took(report.warm_until - now)} more" if report.warm_until > now else ""
        cost = f", about {report.warm_cost:.2f}" if report.warm_cost is not None else ""
        since = f"; since {at(report.warm_since, now)}{cost}" if report.warm_since else ""
        held = report.unfinished and report.warm_until < 0
        yield "warm", ("until the unfinished run has ended" if held else until(report.warm_until, now)) + left + since
    way = report.rollback
    expected = f", about {took(way.seconds)}" if way.ready and way.seconds is not None else ""
    prepared = ", its plan is prepared" if way.prepared else ""
    possible = "ready" if way.ready else "asks before it goes there" if way.asks else "not possible"
    yield "rollback", f"{possible}: {way.reason}{prepared}{expected}"
    yield "lock", _lock(report.lock, now)
    if report.freeze is not None:
        yield "deploys", f"{report.freeze.title}; bluegreen unlock ends that"
    yield "drift", drift_found(report)
    if report.last_run is not None:
        yield "last run", f"{last_run(report.last_run, now)}: {report.last_run.run}"
    if report.history:
        yield "history", report.history
    if report.unfinished:
        yield "unfinished", f"{report.unfinished}; bluegreen resume finishes it, bluegreen rollback goes back"


def drift_found(report: StatusReport) -> str:
    return f"{len(report.drift)} found" if report.drift else "none"


def last_run(run: LastRun, now: float) -> str:
    """Write what the last run was, how it ended, and when it began."""
    return f"{run.verb} {run.verdict or 'unfinished'} {at(run.began, now)}"


def _lock(holder: Holder | None, now: float) -> str:
    if holder is None:
        return "free"
    if not holder.run:
        return "held, but its file does not say by whom"
    return f"{holder.verb} {holder.run}, {holder.who} since {at(holder.since, now)}"


def _color(name: str, color: ColorStatus, active: bool) -> tuple[str, ...]:
    health = {True: "healthy", False: color.trouble, None: color.presence or "not running"}[color.healthy]
    return ("*" if active else " ", name, color.release or "-", health, color.address or "-", color.backend_url or "-")


def _findings(report: StatusReport) -> list[str]:
    if not report.drift:
        return []
    # A run that was cut off explains the drift; what ends that run is said beside it.
    return ["", *_drift(report.drift), *([] if report.unfinished else [DRIFT_HINT])]


def _drift(findings: Iterable[str]) -> list[str]:
    return [f"drift: {finding}" for finding in findings]


def doctor_lines(diagnosis: Diagnosis) -> list[str]:
    """Return the text of `bluegreen doctor`: a line for each finding, below it what to do about it, and a sum."""
    checks = max(len(finding.check) for finding in diagnosis.findings)
    lines = []
    for finding in diagnosis.findings:
        lines.append(f"{finding.level:<7}  {finding.check:<{checks}}  {finding.seen}")
        lines += [f"{'':7}  {'':{checks}}  fix: {finding.fix}"] if finding.fix else []
    counted = Counter(str(finding.level) for finding in diagnosis.findings)
    plural = {level: "s" if counted[level] != 1 else "" for level in ("failure", "warning")}
    levels = ("failure", "warning", "skipped", "ok")
    return [*lines, "", ", ".join(f"{counted[level]} {level}{plural.get(level, '')}" for level in levels)]


def plan_lines(preview: Preview) -> list[str]:
    """Return the text of `bluegreen plan`."""
    drift = [*_drift(preview.drift), DRIFT_HINT] if preview.drift else []
    if not preview.target:
        return [f"nothing to do: {preview.active} runs {preview.release} already", *drift]
    first = "" if preview.active else ", the first deploy here"
    lines = [f"{preview.release} would go to {preview.target}{first}; nothing was changed"]
    phase = ""
    for layer in preview.layers:
        if layer.phase != phase:
            phase = layer.phase
            lines += ["", phase]
        lines += _layer(layer)
    guarded = any(layer.refusal for layer in preview.layers)
    verdict = "the guard would refuse this" if guarded else "the guard would let this pass"
    despite = ", but a deploy is refused while there is drift" if drift and not guarded else ""
    return [*lines, "", verdict + despite, *drift]


def _layer(layer: LayerPreview) -> list[str]:
    if layer.refusal:
        return [f"  {layer.layer}: refused", *(f"    {line.strip()}" for line in layer.refusal.splitlines())]
    if layer.known_after:
        # The same root once more: in a phase before this one, which has to be applied first.
        first = "PREPARE's apply" if layer.known_after == layer.layer else layer.known_after
        return [f"  {layer.layer}: known after {first}"]
    if not layer.changes:
        return [f"  {layer.layer}: no changes"]
    changed = table((f"    {action}", address) for address, action in layer.changes.items())
    return [f"  {layer.layer}: {len(layer.changes)} to change", *changed]
