"""What the core asks of the world, as Protocols, and the frozen values that travel through them.

Each port has one fake beside the real adapter, and one suite in tests/contracts runs against both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from typing import Any, Protocol

from bluegreen.model import EMPTY, Action, Value


class Clock(Protocol):
    """Time. Every wait of the core goes through `sleep`, which is where an interruption is noticed."""

    def time(self) -> float:
        """Return Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never step."""
        ...

    @property
    def waited(self) -> float:
        """Seconds that were slept so far."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Interrupted as soon as an interruption was asked for and is not shielded."""
        ...


class Interruptions(Protocol):
    """Whether INT, TERM or HUP arrived, or somebody else asked the run to go back.

    asked_by: who that was, from then on; "" when it was no more than a signal.
    """

    @property
    def requested(self) -> bool: ...

    @property
    def asked_by(self) -> str: ...

    def clear(self) -> None:
        """Forget what arrived: it has been answered."""
        ...

    def shielded(self) -> AbstractContextManager[None]:
        """Within, `requested` stays False whatever arrives."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that a plan changes. previous_address: where a moved one came from, else ""."""

    address: str
    action: Action
    previous_address: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A saved plan of one layer.

    empty: nothing to apply, not even outputs. path: the saved plan, "" when it was only looked at.
    contents: address -> the planned content (a record's address) of every resource that has one, changed or not;
    None unless asked for.
    """

    layer: str
    changes: tuple[Change, ...] = ()
    empty: bool = True
    path: str = ""
    contents: Mapping[str, str] | None = None
    values: Mapping[str, Value] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A saved plan that was kept for later. output: what the layer said when it was planned."""

    plan: Plan
    output: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What a layer's state holds. output: the value of the output `bluegreen`, None when there is none.

    engine: the version of the Terraform that wrote it, "" for none. providers: of its resources, as in Survey.
    """

    lineage: str = ""
    serial: int = 0
    resources: tuple[str, ...] = ()
    output: Mapping[str, Any] | None = None
    engine: str = ""
    providers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DeadTerraform:
    """A Terraform process that may have left its lock: it was killed, or it failed when it had begun to change things.

    started, ended: Unix seconds; ended: infinity where nobody has seen its end. birth: see events.TerraformStarted.
    """

    layer: str
    command: str
    pid: int
    started: float
    ended: float = inf
    birth: int = 0


class Workspace(Protocol):
    """One layer's Terraform, in its folder, with its own data directory and state.

    All methods raise TerraformError when Terraform fails, EngineError when it cannot run, Locked when the state is
    locked by someone else, Interrupted when an interruption ended it.
    """

    @property
    def layer(self) -> str: ...

    @property
    def variables(self) -> frozenset[str]:
        """The variables that the root declares, found by scanning it."""
        ...

    def check_folder(self) -> None:
        """Raise ConfigError when a tfvars file that loads by itself sets one of the contract's variables."""
        ...

    def check_room(self) -> None:
        """Raise BluegreenError when the disk has no room for what a plan and an apply write."""
        ...

    def init(self, *, look: bool = False) -> None:
        """Initialise, only when something that matters has changed since the last time.

        look: leave the project's files alone; then it fails where providers are pinned by no lock file.
        """
        ...

    def recover(self, dead: DeadTerraform | None) -> None:
        """Mend what a killed Terraform left behind; only for a run that holds the lock, and when none of ours lives.

        dead: the one of the run before, if it was at work here. Raises Locked when the state lock is somebody else's.
        """
        ...

    def read(self) -> State: ...

    def plan(self, values: Mapping[str, Value], *, contents: bool = False, look: bool = False) -> Plan:
        """Plan with `values`. contents: also read each record's planned content. look: no lock, nothing kept."""
        ...

    def called_off(self) -> AbstractContextManager[None]:
        """Within, a plan that another thread is making is ended, whatever it waits for: it raises Interrupted."""
        ...

    def apply(self, plan: Plan) -> Mapping[str, Any] | None:
        """Apply exactly that saved plan; return the output `bluegreen` that the apply gave, None if it gave none.

        Raises ApplyNotBegun when it touched no resource: the state has changed since it was planned, for one. What
        was kept is kept no more, unless the state was locked.
        """
        ...

    def keep(self, kept: KeptPlan) -> None:
        """Keep a saved plan until another is kept or anything is applied. Raises BluegreenError."""
        ...

    def kept(self) -> KeptPlan | None:
        """Return the plan that is kept, if it can be applied here; Terraform itself says whether it is still right."""
        ...

    def discard(self, plan: Plan) -> None:
        """Delete a saved plan."""
        ...


@dataclass(frozen=True, slots=True)
class Pinned:
    """A provider in a lock file. portable: other platforms than the one where it was written find a checksum."""

    version: str
    portable: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """What one layer's files say, without Terraform.

    folder: below the project. declares: its outputs and resources, as `output.NAME` and `TYPE.NAME`.
    required, locked, installed: of the code, the lock file, the last init here; by provider, such as hashicorp/google.
    required holds the constraint, "" for any version; locked is None where there is no lock file.
    modules: call -> source and version of those that come from elsewhere.
    """

    folder: str
    declares: frozenset[str] = frozenset()
    required: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    locked: Mapping[str, Pinned] | None = None
    installed: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    modules: Mapping[str, str] = field(default_factory=lambda: EMPTY)

    @property
    def unpinned(self) -> bool:
        """Whether it needs providers, and no lock file says which."""
        return bool(self.required) and self.locked is None


@dataclass(frozen=True, slots=True)
class Question:
    """One HTTP request. address: connect there instead of resolving the URL's host; host: Host and SNI.

    timeout: seconds for the whole answer. headers: sent besides our own; they may hold secrets. unique: with a query
    of its own each time, so that no cache has its answer. private: it may lead to an address that only this machine or
    its network can reach; to a link-local one, or a cloud's metadata service, none ever does. A fresh connection each
    time, no redirects followed.
    """

    url: str
    address: str = ""
    host: str = ""
    timeout: float = 10.0
    verify: bool = True
    ca_file: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY, repr=False)
    unique: bool = False
    private: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. status 0: no complete answer, and `error` says why.

    reached: the host itself answered, be it only to refuse the connection. refused: nobody was asked, since that would
    have been at an address to which no probe goes.
    headers: names in lower case. body: its first 64 KiB. asked: when the request was begun, monotonic seconds.
    certificate_days: days until the server's certificate ends; None without TLS.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    body: bytes = b""
    error: str = ""
    reached: bool = True
    seconds: float = 0.0
    asked: float = 0.0
    certificate_days: float | None = None
    refused: bool = False

    @property
    def outcome(self) -> str:
        """In words: what went wrong, else its status."""
        return self.error or f"HTTP {self.status}"


class Probe(Protocol):
    def ask(self, question: Question) -> Answer:
        """Ask once. Never raises for what the network does: that is an Answer with status 0."""
        ...


class Prober(Protocol):
    """Asks one question again and again in the background, without waiting for one answer before the next."""

    def start(self, question: Question, every: float) -> None:
        """Ask this every so many seconds from now on, whatever was asked before; the answers' numbers go on."""
        ...

    def pace(self, every: float) -> None:
        """Ask every so many seconds from now on."""
        ...

    def answers(self, since: int) -> Sequence[Answer]:
        """Return the answers from number `since` on, in the order in which they came. Never blocks."""
        ...

    def stop(self, within: float = math.inf) -> None:
        """Ask no more; answers under way are waited for, no longer than their own timeout, nor than `within` seconds.

        What is not answered then has failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """One live DNS record."""

    id: str
    name: str
    type: str
    content: str
    proxied: bool = False
    ttl: int = 1


class Records(Protocol):
    """The live edge, looked at. Nothing here writes."""

    def named(self, zone_id: str, names: Sequence[str]) -> Sequence[Record]:
        """Return every record of each of these names. Raises BluegreenError when the API cannot be asked."""
        ...


class EdgeSwitch(Records, Protocol):
    """The live edge, looked at and switched without Terraform: for the night on which Terraform is the problem."""

    def zone_id(self, name: str) -> str:
        """Return the id of the zone `name`. Raises ConfigError when there is none, BluegreenError."""
        ...

    def switch(self, zone_id: str, contents: Mapping[str, str]) -> None:
        """Give each of these records, by id, its new content: all of them, or none.

        Raises BluegreenError, and they may have been given it all the same: read them then. Again is harmless.
        """
        ...


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone at the records' API. status: "active" once its registrar has delegated it to `name_servers`.

    full: the whole of its DNS is there. paused: its records are answered, and nothing is proxied.
    """

    id: str
    name: str
    status: str
    name_servers: tuple[str, ...] = ()
    full: bool = True
    paused: bool = False


class Zones(Protocol):
    """What the token for the records opens, looked at. Each raises BluegreenError when the API cannot be asked."""

    def zones(self) -> Sequence[Zone]:
        """Return the zones that the token can see; of more than 50 the first ones."""
        ...

    def expires(self) -> float | None:
        """Return when the token expires, Unix seconds; None when it does not, or does not say so."""
        ...


class Permissions(Protocol):
    """What an account may do in a project of Google Cloud."""

    def held(self, project: str, asked: Sequence[str]) -> frozenset[str]:
        """Return those of the asked permissions that the account has on the project itself; at most 100 are asked.

        Raises ConfigError when there are no credentials, BluegreenError when the API cannot be asked.
        """
        ...


class Cache(Protocol):
    """What the CDN keeps of a zone's answers. To empty it is nothing that Terraform's provider can do."""

    def purge_hosts(self, zone_id: str, hostnames: Sequence[str]) -> None:
        """Forget every answer kept for these hostnames; none named, none forgotten.

        Raises BluegreenError, and some of it may have been forgotten by then. Purging again is harmless.
        """
        ...

    def purge_everything(self, zone_id: str) -> None:
        """Forget every answer kept for the zone. Raises BluegreenError."""
        ...


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a hostname resolves to: IPv4 addresses, then IPv6 ones, in the order in which they were answered.

    system: by the name servers of this machine. authoritative: by one of the zone's own. error: what of it could not
    be found out, and why; "" when all was.
    """

    system: tuple[str, ...] = ()
    authoritative: tuple[str, ...] = ()
    error: str = ""


class Resolver(Protocol):
    """Looks a hostname up, to be shown beside a check; it judges nothing."""

    def resolve(self, hostname: str) -> Resolution:
        """Return within 3 s. Never raises for what DNS does: that is a Resolution with an error."""
        ...

    def name_servers(self, zone: str) -> tuple[str, ...]:
        """Return the name servers that this machine is told for a zone, in order; none when it cannot be found out."""
        ...


class InstanceState(StrEnum):
    """What a server's machine does. GONE: the provider knows of no such machine."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """A machine's state. started: when it was last started, Unix seconds; None when that is not known."""

    state: InstanceState
    started: float | None = None


class Instances(Protocol):
    """The machines behind the colors, looked at. Nothing here writes.

    instance: the provider's id of one, as the stack's output says it: projects/P/zones/Z/instances/N, or the full URL.
    Each method raises ConfigError when that names no instance, or when there are no credentials, and BluegreenError
    when the API cannot be asked.
    """

    def status(self, instance: str) -> InstanceStatus: ...

    def console(self, instance: str, size: int) -> str:
        """Return the end of what it wrote to its first serial port: at most `size` bytes, safe to print.

        Raises BluegreenError also when it does not run.
        """
        ...


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the environment's lock. started: the start time of its process, Unix seconds.

    One without a name, `run` and all, is there where the lock does not say who holds it; since: when it was written.
    beat: how many signs of life it has given.
    """

    run: str
    verb: str
    who: str
    host: str
    boot: str
    pid: int
    started: float
    since: float
    beat: int = 0

    @property
    def title(self) -> str:
        """Who that is, in words."""
        if not self.run:
            return "somebody whom the lock does not name"
        return f"{self.verb} {self.run} of {self.who} (process {self.pid} on {self.host}, since {_utc(self.since)})"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing may be deployed for a while. since, until: Unix seconds; until 0: as long as nobody ends it."""

    reason: str
    who: str
    since: float
    until: float = 0.0

    def holds(self, now: float) -> bool:
        return not self.until or now < self.until

    @property
    def title(self) -> str:
        """Who did that, since when and why, in words."""
        until = f" until {_utc(self.until)}" if self.until else ""
        return f"locked by {self.who} since {_utc(self.since)}{until}: {self.reason}"


def _utc(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


class Lock(Protocol):
    """Lets one run at a time work on an environment.

    ttl: seconds; a holder that gives no sign of life for so long holds it no longer. Infinity where none are given.
    """

    @property
    def ttl(self) -> float: ...

    def acquire(self, run: str, verb: str) -> Holder | None:
        """Take the lock; return the holder that was provably gone and has been succeeded, else None.

        Raises Locked, naming the holder, when it is held.
        """
        ...

    def release(self) -> None:
        """Release it, if it is still ours."""
        ...

    def break_(self, holder: Holder) -> None:
        """Break the lock of exactly this holder, who does not live any more or cannot be seen from here.

        Raises Locked when it is seen to live, or when the lock is not this holder's.
        """
        ...

    def holder(self) -> Holder | None:
        """Return who holds it now; None when nobody does or the holder is provably gone."""
        ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One event as the journal holds it: its JSON object, with time (Unix seconds), run and environment."""

    data: Mapping[str, Any]

    @property
    def event(self) -> str:
        return str(self.data.get("event", ""))

    @property
    def time(self) -> float:
        return float(self.data.get("time", 0.0))


@dataclass(frozen=True, slots=True)
class Log:
    """What Terraform said while it ran one command in a layer: no values, no secrets, and safe to print."""

    layer: str
    command: str
    text: str


KeepLog = Callable[[Log], None]


class Commands(Protocol):
    """Runs a user's own command: an argument list, no shell, in its own process group."""

    def run(
        self, argv: Sequence[str], environment: Mapping[str, str], timeout: float, stdin: bytes = b""
    ) -> tuple[int, str]:
        """Return its exit code and the end of what it printed; -1 when it did not end in `timeout` seconds.

        Raises Interrupted, and then it has been ended, when an interruption is asked for that is not shielded.
        """
        ...


class Store(Protocol):
    """What is kept of one environment: journals and logs, by run, and whether it is frozen."""

    def append(self, run: str, entry: Mapping[str, Any], *, durable: bool) -> None:
        """Add one line to a run's journal; durable: it is on disk before this returns."""
        ...

    def runs(self) -> Sequence[str]:
        """Return the ids of all runs, newest first."""
        ...

    def journal(self, run: str) -> Sequence[JournalEntry]:
        """Read one run. Raises BluegreenError when there is none, or when it cannot be read."""
        ...

    def keep_log(self, run: str, log: Log) -> None:
        """Keep what one command of a run said, or the end of that. Raises BluegreenError."""
        ...

    def logs(self, run: str) -> Sequence[Log]:
        """Return what is kept of what a run's commands said, in order. Raises BluegreenError."""
        ...

    def call_back(self, run: str, who: str) -> None:
        """Ask the run, which may be another process's, to go back; with who "" ask it no longer."""
        ...

    def called_back(self, run: str) -> str:
        """Return who asked the run to go back, "" when nobody does."""
        ...

    def freeze(self) -> Freeze | None:
        """Return the freeze that was set, though its time may be over. Raises BluegreenError when it is damaged."""
        ...

    def set_freeze(self, freeze: Freeze | None) -> None:
        """Freeze the environment, or end that with None. Durable when this returns."""
        ...
