"""Whether the states can be reached and are free, and what earlier runs have left behind."""

from __future__ import annotations

from collections.abc import Iterator

from bluegreen.doctor.findings import Finding, Silent, Unknown, failure, ok, skipped, together, warning
from bluegreen.doctor.subject import Subject
from bluegreen.errors import BluegreenError

LET_GO = "wait for the other Terraform to end; if it is gone: bluegreen tf {layer} -- force-unlock ID"


def states(subject: Subject) -> Finding:
    """Each layer's state can be read, and nobody holds its lock, as far as that is seen by who does not take it."""
    layers = [layer.name for layer in subject.world.stack.layers]
    if not layers:
        raise Unknown("there is no engine to read a state with")
    parts = [_one(subject, layer) for layer in layers]
    return together(parts, f"readable: {', '.join(part.seen for part in parts)}")


def _one(subject: Subject, layer: str) -> Finding:
    try:
        state = subject.state(layer)
        holder = subject.holder(layer)
    except Silent as why:
        return failure(str(why), "see whether its backend is up, then look again")
    except Unknown as why:
        return skipped(str(why))
    except BluegreenError as error:
        return failure(f"{layer}: {error.message}", error.hint)
    if holder:
        return warning(f"the state of {layer} is locked: {holder}", LET_GO.format(layer=layer))
    empty = "" if state.lineage else " (empty)"
    unseen = " (its backend tells nobody who holds its lock)" if holder is None else ""
    return ok(f"{layer}{empty}{unseen}")


def store(subject: Subject) -> Finding:
    """The journals can be read, nobody holds the environment's lock, and no run was left unfinished."""
    return together(_left(subject), "readable, unlocked, no run unfinished")


def _left(subject: Subject) -> Iterator[Finding]:
    world = subject.world
    holder, freeze, cut = world.lock.holder(), world.store.freeze(), world.history.unfinished
    if holder is not None:
        yield warning(f"locked: {holder.title}", "wait for it to end; if it is gone: bluegreen resume")
    elif cut is not None:
        yield warning(f"unfinished: {cut.verb} {cut.id}, {cut.stands}", "bluegreen resume, or bluegreen rollback")
    if freeze is not None and freeze.holds(world.clock.time()):
        yield warning(freeze.title, "bluegreen unlock --reason TEXT")
