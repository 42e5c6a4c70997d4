"""A rollback past Terraform, for the night on which Terraform is the problem: its state, a provider, a lock.

What it needs to know it reads from the zone. It leaves an obligation: until `resume` has brought Terraform to the same
truth, the run counts as unfinished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import ClassVar
from urllib.parse import urljoin

from bluegreen.errors import BluegreenError, CheckFailed, ConfigError, Refused, Stuck, TargetRefused
from bluegreen.events import ApplyStarted, RouteChosen
from bluegreen.health import Origin
from bluegreen.model import EMPTY, Color, ColorFacts, EdgeFacts, StackFacts
from bluegreen.ports import EdgeSwitch, Holder, Record
from bluegreen.run.engine import Leave, Routes
from bluegreen.run.engine import Step as PhaseStep
from bluegreen.switch import history
from bluegreen.switch.audience import Seen
from bluegreen.switch.background import interruptibly
from bluegreen.switch.drift import ROUTING
from bluegreen.switch.phases import DIRECT, NOT_BEGUN, Phase
from bluegreen.switch.request import DEPLOYS, DirectRequest, refuse_closed
from bluegreen.switch.steps import Steps


@dataclass(slots=True)
class Direct(Steps):
    """Its steps.

    public_at: public hostname -> the URL at which the public asks there, and its Host, "" for the one in the URL.
    contents: record id -> the content that it is to be given.
    """

    done: ClassVar[str] = history.DIRECT
    _: KW_ONLY
    request: DirectRequest
    edge: EdgeSwitch
    public_at: Callable[[str], tuple[str, str]]
    contents: Mapping[str, str] = field(default_factory=lambda: EMPTY)

    def routes(self, verb: str) -> Routes:
        return DIRECT

    def steps(self) -> dict[str, PhaseStep]:
        return {
            Phase.PREFLIGHT: self.preflight,
            Phase.SWITCH: self.switch,
            Phase.PROVE: self.prove_everywhere,
        }

    @property
    def way_out(self) -> str:
        return f"bluegreen rollback --direct --to {self.target} --reason TEXT, again"

    def preflight(self) -> None:
        """Find the target's address and the records to move, and ask. Raises ConfigError, Refused, BluegreenError."""
        self.target = self.request.to
        self.origin = self.target.other
        zone, hostnames = self._configured()
        zone_id = self.edge.zone_id(zone)
        names = {color: self._own_names(color, zone, hostnames) for color in Color}
        records = self.edge.named(zone_id, [*hostnames, *names[Color.BLUE], *names[Color.GREEN]])
        public = _public(records, hostnames)
        published = {color: _address(records, names[color]) for color in Color}
        addresses = {self.origin: published[self.origin], self.target: self._target_address(published, names)}
        self.contents = {one.id: addresses[self.target] for one in public if one.content != addresses[self.target]}
        self.world.stack.seen = StackFacts(
            colors={color: ColorFacts(color, enabled=True, address=address) for color, address in addresses.items()},
            active=self.target,
            public_hostnames=tuple(hostnames),
            public_url=self.public_at(hostnames[0])[0],
            edge=EdgeFacts(zone_id=zone_id),
        )
        self.world.emit(RouteChosen(self.origin, "", self.target, "", EMPTY))
        self._agree(f"Point {', '.join(hostnames)} at {self.target} ({addresses[self.target]}), past Terraform?")

    def _configured(self) -> tuple[str, Sequence[str]]:
        """Return zone and public hostnames, which only the configuration can say here."""
        edge = self.world.settings.edge
        if not edge.zone or not edge.hostnames:
            raise ConfigError(
                "edge.zone and edge.hostnames are needed to go past Terraform",
                where="bluegreen.yaml",
                hint="edge: {zone: example.com, hostnames: [shop.example.com]}",
            )
        return edge.zone, [name.lower() for name in edge.hostnames]

    def _own_names(self, color: Color, zone: str, hostnames: Sequence[str]) -> Sequence[str]:
        """Return the names that may publish a color's address: of this environment, never of another in the zone."""
        return [f"backend-{color}-access.{below}" for below in (f"{self.world.environment}.{zone}", *hostnames)]

    def _target_address(self, published: Mapping[Color, str], names: Mapping[Color, Sequence[str]]) -> str:
        """Return where to point the public. Raises TargetRefused when that is unknown or doubtful."""
        address = self.request.address or published[self.target]
        if not address:
            raise TargetRefused(
                f"the zone does not say where {self.target} is: it has no A record {' or '.join(names[self.target])}",
                hint="--address IP says it",
            )
        if address == published[self.target.other]:
            raise TargetRefused(
                f"{address} is where {self.target.other} is", hint="is it the right --to, and --address?"
            )
        try:
            refuse_closed(self.world.history, self.target, self.request)
            known = self.world.history.last_address(self.target)
        except TargetRefused:
            raise
        except BluegreenError as error:
            self.say(f"whether {self.target} served from {address} before cannot be read: {error}", "warning")
            return address
        if known and known != address and not self.request.address:
            raise TargetRefused(
                f"the zone says that {self.target} is at {address}, and when it last served it was at {known}",
                hint="--address IP says which one it is to be",
            )
        return address

    def _agree(self, question: str) -> None:
        """Ask. A deploy that is under way is asked to go back, too, and not waited for."""
        holder: Holder | None = None
        with suppress(BluegreenError):
            holder = self.world.lock.holder()
        other = holder if holder is not None and holder.run != self.world.run else None
        self.world.confirm(f"{other.title} may move the public again. {question}" if other else question)
        if other is not None and other.verb in DEPLOYS:
            with suppress(BluegreenError):
                self.world.store.call_back(other.run, f"run {self.world.run}")

    def switch(self) -> None:
        """Point the records at the target in one transaction, and read them back: an answer may have been lost."""
        facts = self.world.stack.complete()
        public = self.world.witness.serving(facts, self.target)
        self.watch(facts, public)
        self.audience.pace(self.world.settings.probe.every)
        self.audience.expect(public)
        self.world.emit(ApplyStarted("edge", Phase.SWITCH))
        self.moving = True
        failed: BluegreenError | None = None
        try:
            if self.contents:
                self.edge.switch(facts.edge.zone_id, self.contents)
        except BluegreenError as error:
            failed = error
            self.say(f"{error.message}; looking whether it was done all the same", "warning")
        self.live.begin(facts)
        found = self.live.drift()
        if found.live == self.target:
            self.active = self.target
            return
        told = "; ".join(f"{name} points at {content or 'nothing'}" for name, content in found.records.items())
        if failed is not None and found.live == self.origin:
            raise Leave(NOT_BEGUN, failed)
        raise Stuck(f"the public records were not all switched: {told}") from failed

    def prove_everywhere(self) -> None:
        """Prove the first public hostname as other runs do, then that the origin answers at no other one any more.

        What does not say who answers, such as a name that the CDN redirects, is no evidence: it is said, and ends
        nothing. Raises CheckFailed.
        """
        self.prove_interruptibly()
        good = Origin.UNMARKED if self.world.settings.identity is None else Origin.NEW
        for hostname in self.world.stack.complete().public_hostnames[1:]:
            seen = self._settled(hostname)
            if seen.origin is not good:
                self.say(f"{hostname} does not say who answers there: {seen.origin} ({seen.answer.outcome})", "warning")

    def _settled(self, hostname: str) -> Seen:
        """Return the last of `probe.healthy` answers in a row that are not the origin's. Raises CheckFailed."""
        world, probe, facts = self.world, self.world.settings.probe, self.world.stack.complete()
        public, (url, host) = world.witness.serving(facts, self.target), self.public_at(hostname)
        question = replace(world.witness.public_question(facts), url=urljoin(url, probe.path), host=host)
        deadline, row = world.clock.monotonic() + probe.deadline, 0
        while True:
            answer = interruptibly(hostname, lambda: world.probe.ask(question), world.clock)
            seen = Seen(public.origin(answer), answer)
            row = 0 if seen.origin is Origin.OLD else row + 1
            if row >= probe.healthy:
                return seen
            if world.clock.monotonic() > deadline:
                raise CheckFailed(
                    f"{hostname} did not settle on {self.target} in time: it is answered by another color"
                )
            world.clock.sleep(probe.every)


def _public(records: Sequence[Record], hostnames: Sequence[str]) -> Sequence[Record]:
    """Return the A record of each public hostname. Raises Refused when one has none, or others beside it."""
    found = [record for record in records if record.name in hostnames and record.type in ROUTING]
    types = {name: [record.type for record in found if record.name == name] for name in hostnames}
    strange = [f"{name} has {', '.join(has) or 'none'}" for name, has in types.items() if has != ["A"]]
    if strange:
        raise Refused(
            f"each public hostname needs one A record: {'; '.join(strange)}",
            hint="mend that in the zone by hand; nothing was changed",
        )
    return found


def _address(records: Sequence[Record], names: Sequence[str]) -> str:
    """Return the address under the first of these names that has one; "" when none has."""
    known = {record.name: record.content for record in records if record.type == "A"}
    return next((known[name] for name in names if name in known), "")
