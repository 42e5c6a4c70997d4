"""Everything that a run acts through: the ports of one environment, bundled by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bluegreen.config.schema import EnvironmentSettings
from bluegreen.events import Emit
from bluegreen.model import StackFacts
from bluegreen.ports import (
    Cache,
    Clock,
    Commands,
    Instances,
    Interruptions,
    Lock,
    Probe,
    Prober,
    Record,
    Resolver,
    Store,
)
from bluegreen.switch.audience import Audience
from bluegreen.switch.check import Check
from bluegreen.switch.drift import Drift, compare
from bluegreen.switch.evidence import Witness
from bluegreen.switch.history import History
from bluegreen.switch.stack import Stack

Confirm = Callable[[str], None]
"""Asks a person; raises Refused when the answer is no, UsageError when there is nobody to ask."""

Lives = Callable[[str, int, float, int], bool]
"""Whether the process of that host, pid, start time (Unix seconds) and birth lives, as far as can be seen from here."""

LiveRecords = Callable[[StackFacts | None], Sequence[Record]]
"""Reads the public hostnames' live records; with None, of the hostnames that the configuration names."""


@dataclass(frozen=True, slots=True)
class World:
    """One environment, by its name and settings, and one run in it, by its id.

    cache, instances, resolver: make the adapter, which few runs need.
    """

    environment: str
    settings: EnvironmentSettings
    run: str
    stack: Stack
    live: LiveRecords
    cache: Callable[[], Cache]
    instances: Callable[[], Instances]
    resolver: Callable[[], Resolver]
    probe: Probe
    prober: Prober
    commands: Commands
    store: Store
    history: History
    lock: Lock
    lives: Lives
    clock: Clock
    interruptions: Interruptions
    emit: Emit
    confirm: Confirm

    @property
    def witness(self) -> Witness:
        facts = self.stack.facts
        check = Check(self.settings, self.probe, self.commands, facts.public_url if facts else "")
        return Witness(self.settings, self.probe, check, self.clock, self.emit)

    def drift(self, facts: StackFacts) -> Drift:
        """Compare what the state says with the live records. Raises BluegreenError when they cannot be read."""
        return compare(facts, self.live(facts), proxied=self.settings.edge.proxied)

    def audience(self) -> Audience:
        return Audience(self.prober, self.clock, self.emit, self.settings.probe.latency)
