"""Whether what answers can be believed, and whether this machine is let through to ask the colors themselves."""

from __future__ import annotations

from bluegreen.doctor.findings import Finding, Unknown, failure, ok, warning
from bluegreen.doctor.subject import Subject
from bluegreen.health import Origin, read_marks
from bluegreen.model import Color

QUESTIONS = 2
"""To the public URL: a cache that leaves the query aside has the second answer, if it keeps any."""

CERTIFICATE_DAYS = 14.0
BYPASS = "have the CDN cache nothing at probe.path: a cache rule with cache = false for it"
LET_BY = "let the probe by: a firewall rule that skips the challenge for a secret of probe.headers"
OPEN = "let this machine's address in at ports 80 and 443 (health_check_source_ranges), or write check.via: edge"


def public(subject: Subject) -> Finding:
    """The public URL answers from the active color, and its answer says so: a switch could be proven."""
    facts, world = subject.facts(), subject.world
    expected = world.witness.serving(facts, facts.serving)
    seen = [world.witness.ask_public(facts, expected) for _ in range(QUESTIONS)][-1]
    url = world.witness.public_question(facts).url
    match seen.origin:
        case Origin.CACHED:
            return failure(f"{url} is answered from a cache, which proves nothing", BYPASS)
        case Origin.STOPPED:
            return failure(f"{url} is stopped at the edge (HTTP {seen.answer.status}), which proves nothing", LET_BY)
        case Origin.FAILED:
            return failure(
                f"{url} fails: {seen.answer.outcome}", "bluegreen status, and probe.expect in bluegreen.yaml"
            )
        case Origin.OLD:
            marks = read_marks(seen.answer, world.settings.identity)
            told = " ".join(filter(None, (marks.color, marks.release)))
            return failure(f"{url} is answered by {told}, and not as {facts.serving} should", "bluegreen status")
        case Origin.UNMARKED if expected.identity is None:
            return warning(f"{url} answers, and identity is none: no switch can be proven by it", "write an identity")
        case Origin.UNMARKED:
            return failure(f"{url} does not say which color answers", "have the service send what identity asks for")
    return ok(f"{url} is answered by {facts.serving}")


def color(subject: Subject, *, color: Color) -> Finding:
    """This machine reaches the color as a run would, and it is well."""
    facts, world = subject.facts(), subject.world
    known = facts.of(color)
    if not known.running:
        raise Unknown(f"it is {known.presence}")
    judged = world.witness.try_asking(known, known.release)
    where = known.address or known.backend_url
    if not judged.answer.reached:
        fix = "" if world.settings.check.via != "direct" else OPEN
        return failure(f"not reached from here at {where}: {judged.detail}", fix)
    if not judged.good:
        seen = f"sick: {judged.verdict} {judged.detail}"
        if color is facts.serving:
            return failure(f"{seen}, and it serves the public", "bluegreen status, then bluegreen rollback")
        return warning(f"{seen}, so it is no way back", "bluegreen status")
    days = judged.answer.certificate_days
    if days is not None and days < CERTIFICATE_DAYS:
        return warning(
            f"its certificate ends in {days:.0f} days", "renew it: servers that are checked need one that holds"
        )
    return ok(f"{known.release} answers at {where}")
