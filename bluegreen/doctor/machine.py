"""This machine: the names that it resolves, its clock, its disk."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from bluegreen.doctor.findings import Finding, Unknown, failure, ok, together, warning
from bluegreen.doctor.subject import Subject
from bluegreen.errors import BluegreenError
from bluegreen.model import Color, StackFacts
from bluegreen.ports import Question, Resolution

UNSURE, WRONG = 10.0, 120.0
"""Seconds by which a clock may be off until warm times get vague, and until tokens are refused for it."""

ROOMY = 1 << 30
"""Bytes. A provider's package is unpacked to 100 MB or more, for each layer that has no link to a shared one."""

SYNCHRONISE = "have it synchronised: timedatectl set-ntp true, or its hypervisor's clock"


def resolvers(subject: Subject) -> Finding:
    """This machine's name servers say of the hostnames what the zone's own say."""
    facts, resolver = subject.facts(), subject.world.resolver()
    names = [*facts.public_hostnames, *_backends(facts)]
    found = {name: resolver.resolve(name) for name in names}
    if found and not any(one.system for one in found.values()):
        errors = dict.fromkeys(one.error for one in found.values() if one.error)
        return failure(f"this machine resolves none of {', '.join(found)}: {'; '.join(errors)}", "see /etc/resolv.conf")
    return together(_stale(found, _backends(facts)), f"{len(found)} names resolve as their zone says")


def _backends(facts: StackFacts) -> dict[str, str]:
    """Return the backend hostnames of the colors that are there, each with the address that it is to have."""
    known = (facts.of(color) for color in Color)
    return {one.backend_hostname: one.address for one in known if one.enabled and one.backend_hostname}


def _stale(found: dict[str, Resolution], wanted: dict[str, str]) -> Iterator[Finding]:
    for name, one in found.items():
        if one.error:
            yield warning(f"{name}: {one.error}", "look again; probes go to a color's address, whatever its name says")
        elif set(one.system) != set(one.authoritative):
            here, there = ", ".join(one.system), ", ".join(one.authoritative)
            yield warning(
                f"{name} is {here} here, and {there} at its zone", "wait for its TTL, or ask another resolver"
            )
        elif name in wanted and wanted[name] not in one.authoritative:
            yield warning(
                f"{name} is {', '.join(one.authoritative)}, and not {wanted[name]}", "bluegreen tf edge -- plan"
            )


def clock(subject: Subject) -> Finding:
    """This machine's clock and the records' API agree: warm times and tokens stand on clocks."""
    world = subject.world
    answer = world.probe.ask(Question(f"{subject.records_api.rstrip('/')}/ips"))
    now = world.clock.time()
    try:
        there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        raise Unknown(f"{subject.records_api} did not say what time it is ({answer.outcome})") from None
    off = now - there
    seen = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the records' API"
    if abs(off) > WRONG:
        return failure(seen, SYNCHRONISE)
    if abs(off) > UNSURE:
        return warning(seen, SYNCHRONISE)
    return ok("agrees with the records' API")


def disk(subject: Subject) -> Finding:
    """There is room for states, plans and providers."""
    for layer in subject.world.stack.layers:
        try:
            layer.workspace.check_room()
        except BluegreenError as error:
            return failure(str(error), error.hint)
    free = subject.free()
    if free < ROOMY:
        return warning(f"{free >> 20} MiB are free", "make room: a Terraform that finds none loses what it has done")
    return ok(f"{free / (1 << 30):.1f} GiB are free")
