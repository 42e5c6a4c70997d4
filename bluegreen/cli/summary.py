"""Three lines after a run: what happened, what it cost the public, what to do next. Pure."""

from __future__ import annotations

from bluegreen.cli.timeline import Timeline
from bluegreen.cli.words import WENT_WELL, cost, running, took, until


def summarize(timeline: Timeline, *, hint: str = "", now: float | None = None) -> list[str]:
    """Return the three lines of a finished run.

    hint: what the error that ended it advises. now: Unix seconds.
    """
    return [_happened(timeline), f"public: {_cost(timeline)}", _next(timeline, hint, now)]


def _happened(timeline: Timeline) -> str:
    result = timeline.result
    after = f"after {took(result['seconds'])}"
    active = _serving(timeline)
    target = running(timeline.target, timeline.release)
    how = "was interrupted" if result["exit_code"] == 130 else "failed"
    in_phase = f"in {_decisive(timeline)} {after}"
    match result["verdict"]:
        case "switched" if not timeline.origin:
            return f"deployed: {active} serves the public, {after}; it is the first here"
        case "switched":
            return f"switched: {active} serves the public, {after}"
        case "prepared":
            return f"prepared: {target} is healthy, {after}; {active} serves the public"
        case "nothing-to-do":
            return f"nothing to do: {timeline.said or f'{active} serves the public'}"
        case "rolled-back":
            return f"rolled back: {active} serves the public again, {after}"
        case "rolled-back-directly":
            return f"rolled back past Terraform: {active} serves the public again, {after}"
        case "reconciled":
            return f"reconciled: state and live edge both say {active}, {after}"
        case "retired":
            return f"retired: {target} is no longer warm; {active} serves the public"
        case "returned":
            return f"returned: {target} {how} {in_phase}; {active} serves the public again"
        case "stuck":
            return f"stuck {in_phase}: the live record says {active or 'no color'}; a human is needed"
        case verdict:
            stayed = f"; the public never left {active}" if active and not timeline.drifted else ""
            ended = "not begun, stopped" if verdict == "usage" else verdict
            return f"{ended} {in_phase}{stayed if timeline.applied else '; nothing was changed'}"


def _serving(timeline: Timeline) -> str:
    active = timeline.result["active"]
    known = {timeline.origin: timeline.origin_release, timeline.target: timeline.release}
    return running(active, known.get(active) or "")


def _decisive(timeline: Timeline) -> str:
    """Return the phase that went wrong first, else the last one."""
    bad = (seen.name for seen in timeline.phases if seen.outcome and seen.outcome not in WENT_WELL)
    return next(bad, timeline.phase or "PREFLIGHT")


def _cost(timeline: Timeline) -> str:
    result = timeline.result
    both = f"; both colors answered for {took(result['overlap_seconds'])}" if result["overlap_seconds"] >= 0.05 else ""
    proof = "; proof: records-only" if result.get("proof") == "records-only" else ""
    # Only a run that did something, and that knew where the public was, can say that nobody noticed.
    silent = not timeline.origin or not timeline.applied or timeline.drifted
    return f"{cost(result['requests'], silent=silent)}{both}{proof}"


def _next(timeline: Timeline, hint: str, now: float | None) -> str:
    result = timeline.result
    show = f"bluegreen show {timeline.run}"
    match result["verdict"]:
        case "switched" if timeline.no_way_back:
            return f"next: bluegreen status; there is no way back: {timeline.no_way_back}"
        case "switched" if timeline.origin:
            warm = f"{timeline.origin} {timeline.origin_release} warm {until(result['warm_until'], now)}"
            return f"next: way back: bluegreen rollback ({warm})"
        case "prepared":
            return "next: bluegreen switch"
        case "rolled-back":
            return "next: when it is mended: bluegreen deploy --release VERSION"
        case "rolled-back-directly":
            return "next: once Terraform works again: bluegreen resume"
        case "switched" | "nothing-to-do" | "retired" | "reconciled":
            return "next: bluegreen status"
    return f"hint: {hint or show}"
