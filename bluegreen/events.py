"""The facts a run emits. One stream feeds the live view, the JSON lines, the journal and the tests.

Each class is one fact, frozen. `name` is its word in JSON; `durable` says that the journal must hold it on disk, where
a power cut cannot take it, before the run goes on; that puts everything before it there too. Times are Unix seconds,
durations are seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeAlias

from bluegreen.errors import BluegreenError
from bluegreen.model import EMPTY


@dataclass(frozen=True, slots=True)
class Event:
    name: ClassVar[str] = ""
    durable: ClassVar[bool] = False

    def as_dict(self) -> dict[str, Any]:
        """Return the fact as a JSON object."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {"event": self.name, **{name: dict(v) if isinstance(v, Mapping) else v for name, v in values}}


SCHEMA = 1
"""Version of what is written here and printed by --json.

Events and fields are added within a version; whoever takes one away, or gives it another type or meaning, counts it up.
"""


def envelope(*, time: float, run: str = "", environment: str = "", service: str = "") -> dict[str, Any]:
    """Return what stands around each fact in a journal and in --json. time: Unix seconds."""
    return {"schema": SCHEMA, "time": time, "run": run, "environment": environment, "service": service}


Emit: TypeAlias = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The first line of every journal. engine: Terraform's name and version. asked: options that `resume` needs."""

    name: ClassVar[str] = "run-started"
    verb: str
    service: str
    who: str
    host: str
    version: str
    engine: str = ""
    commit: str = ""
    ci_url: str = ""
    reason: str = ""
    asked: Mapping[str, Any] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class RunResumed(RunStarted):
    """A run that was cut off, or got stuck, is taken up again. phase: the last one that it had begun.

    Durable: where two machines share a journal, it shuts out whoever was at the run before.
    """

    name: ClassVar[str] = "run-resumed"
    durable: ClassVar[bool] = True
    phase: str = ""


@dataclass(frozen=True, slots=True)
class RouteChosen(Event):
    """PREFLIGHT's findings, on which recovery stands.

    origin: the active color before this run, "" if none, and origin_release what it ran. inputs: the target's object.
    """

    name: ClassVar[str] = "route-chosen"
    origin: str
    origin_release: str
    target: str
    release: str
    inputs: Mapping[str, Any]
    first_deploy: bool = False


@dataclass(frozen=True, slots=True)
class PhaseStarted(Event):
    """A phase begins. The engine has not entered its step yet."""

    name: ClassVar[str] = "phase-started"
    durable: ClassVar[bool] = True
    phase: str


@dataclass(frozen=True, slots=True)
class PhaseFinished(Event):
    """outcome: the word by which the ROUTES table was left. waiting: how many of `seconds` nothing was done."""

    name: ClassVar[str] = "phase-finished"
    phase: str
    outcome: str
    following: str
    seconds: float
    waiting: float = 0.0


@dataclass(frozen=True, slots=True)
class TerraformStarted(Event):
    """A Terraform process began.

    started: its start time, Unix seconds. birth: the same in clock ticks from this machine's boot, 0 where not known;
    with it neither a reused pid nor a corrected clock deceives who looks for it.
    """

    name: ClassVar[str] = "terraform-started"
    layer: str
    command: str
    pid: int
    started: float
    birth: int = 0


@dataclass(frozen=True, slots=True)
class TerraformFinished(Event):
    """A Terraform process ended."""

    name: ClassVar[str] = "terraform-finished"
    layer: str
    command: str
    exit_code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class LockLeft(Event):
    """A Terraform was killed, or has held the state's lock and failed: perhaps it could not give that back.

    started, ended: Unix time.
    """

    name: ClassVar[str] = "lock-left"
    layer: str
    command: str
    pid: int
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class ResourceChanging(Event):
    """Terraform is on one resource. stage: start, progress, complete or errored."""

    name: ClassVar[str] = "resource"
    layer: str
    address: str
    action: str
    stage: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """What a plan of one layer changes. changes: address -> action."""

    name: ClassVar[str] = "planned"
    layer: str
    phase: str
    changes: Mapping[str, str]
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class ApplyStarted(Event):
    """Written before an apply is begun, or a switch past Terraform. color: whose server it may touch, "" if none."""

    name: ClassVar[str] = "apply-started"
    durable: ClassVar[bool] = True
    layer: str
    phase: str
    color: str = ""


@dataclass(frozen=True, slots=True)
class ApplyFinished(Event):
    """An apply ended well. One that failed is followed by an error instead."""

    name: ClassVar[str] = "apply-finished"
    layer: str
    phase: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Probed(Event):
    """One answer of a color by its backend. verdict: a word of health.Verdict."""

    name: ClassVar[str] = "probed"
    color: str
    verdict: str
    detail: str = ""
    status: int = 0
    seconds: float = 0.0
    good_in_a_row: int = 0
    needed: int = 0


@dataclass(frozen=True, slots=True)
class HookStarted(Event):
    """A command of the user's begins. hook: before_switch, ...; number: which one of its list, from 1."""

    name: ClassVar[str] = "hook-started"
    durable: ClassVar[bool] = True
    hook: str
    number: int
    command: Sequence[str]


@dataclass(frozen=True, slots=True)
class HookFinished(Event):
    """It ended. exit_code: -1 when it did not end in its time. output: the end of what it printed."""

    name: ClassVar[str] = "hook-finished"
    durable: ClassVar[bool] = True
    hook: str
    number: int
    exit_code: int
    seconds: float
    output: str = ""


@dataclass(frozen=True, slots=True)
class ConsoleRead(Event):
    """The end of what the machine of a color that did not come up wrote to its serial console."""

    name: ClassVar[str] = "console"
    color: str
    text: str


@dataclass(frozen=True, slots=True)
class PublicAnswered(Event):
    """One answer of the public URL, or many alike. origin: a word of health.Origin."""

    name: ClassVar[str] = "public-answered"
    origin: str
    color: str = ""
    release: str = ""
    detail: str = ""
    seconds: float = 0.0


COUNTED = ("sent", "failed", "slow", "wrong_release", "cached", "stopped")
"""What is counted of public requests."""


@dataclass(frozen=True, slots=True)
class PublicCounted(Event):
    """The public's answers so far. by_color: answers of each color; slow: longer than the latency budget.

    cached, stopped: given by a cache or by the edge itself, so that they say nothing and have not failed either.
    """

    name: ClassVar[str] = "public-counted"
    sent: int
    failed: int
    slow: int
    wrong_release: int
    cached: int = 0
    stopped: int = 0
    by_color: Mapping[str, int] = field(default_factory=lambda: EMPTY)


@dataclass(frozen=True, slots=True)
class PublicMeasured(Event):
    """The public's answers that came within one window of time: `began`, Unix time, and at most `seconds` from then on.

    by_color: good answers of each color. milliseconds: how many of the answers that have not failed took so long,
    rounded to two digits.
    """

    name: ClassVar[str] = "public-measured"
    began: float
    seconds: float
    sent: int
    failed: int
    by_color: Mapping[str, int]
    milliseconds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FirstAnswer(Event):
    """The public URL answered from the target for the first time, `seconds` after the switch's apply began."""

    name: ClassVar[str] = "first-answer"
    color: str
    seconds: float


@dataclass(frozen=True, slots=True)
class WaitingFor(Event):
    """What is being waited for. seconds: at most so long from now; 0 when it has no end of its own."""

    name: ClassVar[str] = "waiting-for"
    what: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class WarmEnding(Event):
    """The warm time of a color ends soon, and with it the instant way back. until: Unix time."""

    name: ClassVar[str] = "warm-ending"
    color: str
    release: str
    until: float


@dataclass(frozen=True, slots=True)
class LockTakenOver(Event):
    """Somebody held the lock who is gone, or is taken for it, and was succeeded. holder: who that was, in words."""

    name: ClassVar[str] = "lock-taken-over"
    holder: str


@dataclass(frozen=True, slots=True)
class Witnessed(Event):
    """What the live edge says. active: the color that the public records point at, "" when they point at none."""

    name: ClassVar[str] = "witnessed"
    active: str
    records: Mapping[str, str]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A fact for the reader that no other event carries. level: info or warning."""

    name: ClassVar[str] = "said"
    text: str
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Errored(Event):
    """Something went wrong; the fields are those of the exception. details: what Terraform said of it, by lines."""

    name: ClassVar[str] = "error"
    message: str
    where: str = ""
    hint: str = ""
    exit_code: int = 1
    details: Sequence[str] = ()

    @classmethod
    def of(cls, error: BluegreenError) -> Errored:
        return cls(error.message, error.where, error.hint, error.exit_code, error.details)


@dataclass(frozen=True, slots=True)
class Result(Event):
    """The last event of a run.

    verdict: switched, prepared, nothing-to-do, returned, rolled-back, rolled-back-directly, retired, reconciled,
    frozen, unlocked, refused, locked, usage, failed, stuck, interrupted, waiting or abandoned.
    warm_until: Unix time, -1 for ever, 0 for nothing. public_url: of the environment; idle_url: where the color that
    does not serve answers by itself, "" when it does not run. "" too for what is not known.
    """

    name: ClassVar[str] = "result"
    durable: ClassVar[bool] = True
    verdict: str
    exit_code: int
    active: str = ""
    previous: str = ""
    release: str = ""
    seconds: float = 0.0
    requests: Mapping[str, int] = field(default_factory=lambda: EMPTY)
    overlap_seconds: float = 0.0
    warm_until: float = 0.0
    proof: str = ""
    public_url: str = ""
    idle_url: str = ""
