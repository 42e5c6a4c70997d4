"""The composition root: a project folder in, environments with ready-to-run verbs out.

import bluegreen
result = bluegreen.load("shop").environment("pro").deploy(to="green", release="1.5.0")
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluegreen import __version__
from bluegreen.adapters.called_back import CalledBack
from bluegreen.adapters.clock import SystemClock
from bluegreen.adapters.commands import SystemCommands
from bluegreen.adapters.emitter import Emitter
from bluegreen.adapters.http import HttpProbe
from bluegreen.adapters.prober import ThreadProber
from bluegreen.adapters.provenance import ci_url, commit
from bluegreen.adapters.redaction import cleaned, environment_secrets, redact
from bluegreen.adapters.signals import NeverInterrupted
from bluegreen.adapters.state.host import host, lives, who
from bluegreen.adapters.state.journal import BestEffortStore, new_run_id
from bluegreen.adapters.state.keeping import Keeping, keeping, refuse_unkept
from bluegreen.adapters.terraform.engine import Engine, find_engine
from bluegreen.adapters.terraform.process import Patience
from bluegreen.adapters.terraform.workspace import TerraformWorkspace
from bluegreen.adapters.vendors import ImportMeanwhile, LocalVendors, Vendors
from bluegreen.config.environment import EnvironmentConfig
from bluegreen.config.load import Config, load_config
from bluegreen.config.stack import LayerConfig
from bluegreen.errors import BluegreenError, ConfigError, Locked, UsageError
from bluegreen.events import COUNTED, Event, Result, RunResumed, RunStarted, Said, envelope
from bluegreen.model import EMPTY, Action, Color, Value
from bluegreen.ports import Freeze, Holder, Interruptions, JournalEntry, Lock, Store
from bluegreen.sandbox.address import DNS_PORT, TOKEN, Network
from bluegreen.sandbox.presence import refuse_unless_up
from bluegreen.sandbox.state_service import SandboxStates
from bluegreen.switch.conduct import RunResult, conduct
from bluegreen.switch.guard import Allowance, Guard, Step
from bluegreen.switch.history import FROZEN, NOTHING_TO_DO, UNLOCKED, History, PastRun
from bluegreen.switch.request import (
    DEPLOYS,
    DeployRequest,
    DirectRequest,
    ReconcileRequest,
    RetireRequest,
    RollbackRequest,
)
from bluegreen.switch.stack import Layer, Stack
from bluegreen.switch.succession import Turn
from bluegreen.switch.world import Confirm, World

if TYPE_CHECKING:  # each verb imports what it needs of these when it is called: a rollback waits for nothing else
    from bluegreen.switch.preview import Preview
    from bluegreen.switch.status import StatusReport
    from bluegreen.switch.steps import Steps

OnEvent = Callable[[Mapping[str, Any]], None]
"""Called with each event's JSON object, in order."""

LOOKING = ("plan", "status")
"""Verbs that keep no journal."""

UNWRITTEN = "nobody will be reminded: once Terraform works again, bluegreen reconcile --to live"
"""Of a rollback past Terraform whose journal cannot be written."""

DATA = ".bluegreen"
"""Folder in a project that holds journals, locks, Terraform's data and the sandbox. Never committed."""


def load(path: str | Path = ".") -> Project:
    """Read the project in a folder. Raises ConfigError with everything that is wrong with its bluegreen.yaml."""
    folder = Path(path).absolute()
    return Project(folder, load_config(folder))


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a bluegreen.yaml."""

    folder: Path
    config: Config

    def environment(self, name: str | None = None, *, terraform: bool = True) -> Environment:
        """Return an environment; without a name, the only one. Raises ConfigError when that is none.

        terraform: False for `rollback_directly` alone, which needs no variables that only Terraform is given.
        """
        return Environment(self.folder, self.config, self.config.environment(name, terraform=terraform))

    @property
    def network(self) -> Network | None:
        """The sandbox's network, if this project has one."""
        return sandbox_network(self.config)


def sandbox_network(config: Config) -> Network | None:
    """Return the network that `sandbox.network` names, such as 127.77.12.0/24."""
    return Network(config.sandbox.network.rsplit(".", 1)[0]) if config.sandbox else None


def _nobody_to_ask(question: str) -> None:
    raise UsageError(f"this needs a yes: {question}", hint="--yes, or confirm= in the library, says so beforehand")


def _unheard(event: Event) -> None:
    """Nobody listens: what Terraform is called for is no run."""


@dataclass
class Environment:
    """One environment, and what can be done with it. Each verb returns how its run ended, or raises its error.

    wait_lock: seconds for which a deploy, prepare, switch or retire waits for a lock that another run holds.
    """

    folder: Path
    config: Config
    configured: EnvironmentConfig
    on_event: OnEvent | None = None
    confirm: Confirm = _nobody_to_ask
    interruptions: Interruptions = field(default_factory=NeverInterrupted)
    wait_lock: float = 0.0

    def __post_init__(self) -> None:
        for path in (self.data.parent, self.data):
            if path.is_symlink():
                hint = "replace the link by what it points at: no link is followed to where states and plans lie"
                raise ConfigError("this is a symbolic link", where=str(path), hint=hint)

    @property
    def name(self) -> str:
        return self.configured.name

    @property
    def data(self) -> Path:
        return self.folder / DATA / self.name

    @cached_property
    def network(self) -> Network | None:
        """The sandbox's network, if this project has one."""
        return sandbox_network(self.config)

    @cached_property
    def keeping(self) -> Keeping:
        """Where journals and the lock are kept."""
        return keeping(self.configured.store, self.data, self.config.service, self.name)

    @property
    def _hurried(self) -> Keeping:
        """The same, for who cannot wait for it."""
        return keeping(self.configured.store, self.data, self.config.service, self.name, hurried=True)

    @property
    def store(self) -> Store:
        return self._reached()[0]

    def _reached(self) -> tuple[Store, Lock]:
        """Return store and lock of one run, after what was kept here while the store was out of reach came home."""
        self.keeping.bring_home()
        return self.keeping.open()

    def deploy(
        self,
        *,
        to: str | None = None,
        release: str | None = None,
        sets: Mapping[str, Value] | None = None,
        retry: bool = False,
        reason: str = "",
        allow: Sequence[str] = (),
        no_way_back: str = "",
    ) -> RunResult:
        """Bring a release up on the idle color and switch the public to it.

        to: "blue" or "green"; the idle color by default. sets: fields of the color's object, over the configured ones.
        no_way_back: why nobody may go back from this release; then what goes bad is held, and not returned from.
        Raises a BluegreenError whose class says how it ended; its `result` attribute is the RunResult.
        """
        request = _deploy_request(to, release, sets, retry, reason, allow)
        return self._deploy("deploy", replace(request, no_way_back=no_way_back or self._no_way_back))

    def prepare(
        self,
        *,
        to: str | None = None,
        release: str | None = None,
        sets: Mapping[str, Value] | None = None,
        retry: bool = False,
        reason: str = "",
        allow: Sequence[str] = (),
    ) -> RunResult:
        """Bring the idle color up and check it; switch nothing. Arguments and errors are those of `deploy`."""
        return self._deploy("prepare", _deploy_request(to, release, sets, retry, reason, allow))

    def _deploy(self, verb: str, request: DeployRequest) -> RunResult:
        from bluegreen.switch.deploy import Deploy

        def run() -> RunResult:
            with self._world(verb, request.allow) as world:
                asked = {"allow": list(request.allow), "no_way_back": request.no_way_back}
                return self._conduct(world, verb, Deploy(world, request=request), request.reason, asked)

        return self._wait_for(run)

    def switch(self) -> RunResult:
        """Check the prepared color again, and switch the public to it. Raises TargetRefused when none is prepared."""
        from bluegreen.switch.deploy import SwitchPrepared

        request = DeployRequest(no_way_back=self._no_way_back)

        def run() -> RunResult:
            with self._world("switch") as world:
                asked = {"no_way_back": request.no_way_back}
                return self._conduct(world, "switch", SwitchPrepared(world, request=request), asked=asked)

        return self._wait_for(run)

    @property
    def _no_way_back(self) -> str:
        return "" if self.configured.reversible else "reversible: false"

    def rollback(self, *, to: str | None = None, force: bool = False, reason: str = "") -> RunResult:
        """Send the public back to the color that it came from.

        A deploy that is under way is asked to go back by itself, and waited for.
        """
        request = RollbackRequest(Color(to) if to else None, force, reason)
        turn = self._turn()
        return turn.take(lambda: self._rollback(request, reason), lambda holder: turn.call_back(holder, request))

    def _turn(self) -> Turn:
        store, lock = self._reached()
        clock = SystemClock(self.interruptions)
        return Turn(store, lock, clock, lambda run: self._emitter(run, clock, None), who(os.environ))

    def _wait_for(self, run: Callable[[], RunResult]) -> RunResult:
        """Do a run, after another one that holds the lock if that is to be waited for."""
        turn = self._turn()
        until = turn.clock.monotonic() + self.wait_lock
        return turn.take(run, lambda holder: turn.wait(holder, until))

    def _rollback(self, request: RollbackRequest, reason: str) -> RunResult:
        from bluegreen.switch.rollback import Rollback

        with self._world("rollback") as world:
            asked = {"force": request.force}
            return self._conduct(world, "rollback", Rollback(world, request=request), reason, asked)

    def rollback_directly(self, *, to: str, reason: str, address: str = "", force: bool = False) -> RunResult:
        """Point the public records at a color past Terraform, when that is what does not work.

        address: the color's own; the one that the zone publishes, if left out. Needs no engine, no state and no lock.
        Until `resume` has brought Terraform to the same truth, nothing is deployed.
        """
        from bluegreen.switch.conduct import conduct_past_locks
        from bluegreen.switch.direct import Direct

        request = DirectRequest(Color(to), reason, address, force)
        with self._world("rollback", terraform=False) as world:
            hostname = next(iter(self.configured.edge.hostnames), "")
            public_url = self.network.public_url if self.network else f"https://{hostname}/"
            steps = Direct(world, request=request, edge=self._vendors().edge_switch(), public_url=public_url)
            opening = self._opening("rollback", terraform=False)
            started = RunStarted(**opening, reason=reason, asked={"direct": True})
            result = conduct_past_locks(world, started, steps)
        with contextlib.suppress(BluegreenError):  # it is tried again by whatever comes next
            self._hurried.bring_home()
        return _ended(result)

    def retire(
        self, *, standby: str = "", due: bool = False, dry_run: bool = False, force: bool = False, reason: str = ""
    ) -> RunResult:
        """End the warm time of the idle color. standby: "stop" or "destroy"; the configured one by default."""
        from bluegreen.switch.retire import Retire

        request = RetireRequest(standby, due, dry_run, force, reason)

        def run() -> RunResult:
            with self._world("retire") as world:
                return self._conduct(world, "retire", Retire(world, request=request), reason, {"standby": standby})

        return self._wait_for(run)

    def reconcile(self, *, to: str) -> RunResult:
        """End a disagreement of state and live edge. to: "live" or "state", the one that is right."""
        from bluegreen.switch.reconcile import Reconcile

        with self._world("reconcile") as world:
            return self._conduct(world, "reconcile", Reconcile(world, request=ReconcileRequest(to)), asked={"to": to})

    @property
    def unfinished(self) -> PastRun | None:
        """The run that was cut off, or got stuck, and that `resume` would take up; None when there is none."""
        return History(self.store).unfinished

    @property
    def past_terraform(self) -> PastRun | None:
        """The run that pointed the public elsewhere past Terraform, which does not know that yet; None if none did."""
        try:
            return History(self.store).past_terraform
        except BluegreenError:  # whoever needs the journals says that they cannot be read
            return None

    def resume(self) -> RunResult:
        """Take up the run that was cut off or got stuck, and finish it; do nothing when there is none."""
        from bluegreen.switch.recovery import resume

        cut = self.unfinished
        if cut is None:
            return self._nothing("no run was cut off or got stuck")

        def run() -> RunResult:
            with self._world(cut.verb, cut.asked.get("allow", ()), run=cut.id) as world:
                return _ended(resume(world, RunResumed(**self._opening(cut.verb), asked=cut.asked, phase=cut.phase)))

        turn = self._turn()
        return turn.take(run, turn.succeed)

    def plan(
        self, *, to: str | None = None, release: str | None = None, sets: Mapping[str, Value] | None = None
    ) -> Preview:
        """Look at what a deploy would change; changes nothing and takes no lock."""
        from bluegreen.switch.preview import preview

        with self._world("plan") as world:
            shown: Preview = cleaned(preview(world, _deploy_request(to, release, sets)), self._clean)
            return shown

    def status(self) -> StatusReport:
        """Look at the environment: what is active, how healthy, and whether a rollback would work."""
        from bluegreen.switch.status import look

        with self._world("status") as world:
            report: StatusReport = cleaned(look(world), self._clean)
            return report

    def history(self) -> Iterator[PastRun]:
        """Return the runs, newest first."""
        return History(self.store).runs()

    def journal(self, run: str) -> Sequence[JournalEntry]:
        """Return one run's events. Raises UsageError when there is no such run."""
        return self.store.journal(run)

    def _nothing(self, why: str) -> RunResult:
        """Tell that there is nothing to do, in no journal."""
        emit = self._emitter("", SystemClock(self.interruptions), None)
        emit(Said(why))
        emit(Result(NOTHING_TO_DO, 0, requests=dict.fromkeys(COUNTED, 0)))
        return RunResult("", "resume", NOTHING_TO_DO, 0, active="", previous="", release="", seconds=0.0)

    def lock(self, *, reason: str, until: float = 0.0) -> None:
        """Freeze this environment: nothing may be deployed or retired. until: Unix seconds; 0: until `unlock`."""
        clock = SystemClock(self.interruptions)
        freeze = Freeze(reason, who(os.environ), clock.time(), until)
        self.store.set_freeze(freeze)
        self._tell_of("lock", clock, FROZEN, reason, f"{self.name} is {freeze.title}")

    def unlock(self, holder: Holder | None = None, *, reason: str = "") -> None:
        """End a freeze, and break the lock that `holder` holds, as `locked_by` says; the history keeps who, and why.

        Raises Locked when its process is seen to live, or when somebody else holds the lock by now.
        """
        store, lock = self._reached()
        told = f"the lock of {holder.title} was broken" if holder else f"{self.name} may be deployed to again"
        if holder is not None:
            lock.break_(holder)
            self._shut_out(holder, store, told)
        store.set_freeze(None)
        self._tell_of("unlock", SystemClock(self.interruptions), UNLOCKED, reason, told)

    def _tell_of(self, verb: str, clock: SystemClock, verdict: str, reason: str, told: str) -> None:
        """Keep in the history what was done without a run."""
        store = self.store
        emit = self._emitter(new_run_id(clock.time(), store.runs()), clock, store)
        emit(RunStarted(**self._opening(verb, terraform=False), reason=reason))
        emit(Said(told, "warning"))
        emit(Result(verdict, 0, requests=dict.fromkeys(COUNTED, 0)))

    def _shut_out(self, holder: Holder, store: Store, told: str) -> None:
        """Write into the journal of whoever lost the lock: should he live after all, he is the one who cannot go on."""
        if holder.run and holder.run in store.runs():
            around = envelope(time=time.time(), run=holder.run, environment=self.name, service=self.config.service)
            store.append(holder.run, {**around, **Said(told, "warning").as_dict()}, durable=True)

    @property
    def frozen(self) -> bool:
        """Whether a freeze is set, be it one whose time is over, or one that cannot be read."""
        try:
            return self.store.freeze() is not None
        except Locked:
            return True

    @property
    def locked_by(self) -> Holder | None:
        """Who holds the lock; None when nobody does, or a process that is provably gone."""
        return self._reached()[1].holder()

    def _conduct(
        self, world: World, verb: str, steps: Steps, reason: str = "", asked: Mapping[str, Any] = EMPTY
    ) -> RunResult:
        return _ended(conduct(world, RunStarted(**self._opening(verb), reason=reason, asked=asked), steps))

    def _opening(self, verb: str, *, terraform: bool = True) -> dict[str, Any]:
        """What the first line of a journal says, whoever begins or goes on with a run. terraform: it is looked for."""
        return {
            "verb": verb,
            "service": self.config.service,
            "who": who(os.environ),
            "host": host(),
            "version": __version__,
            "engine": f"{self.engine.product} {self.engine.version}" if terraform else "",
            "commit": commit(self.folder, os.environ),
            "ci_url": ci_url(os.environ),
        }

    @contextlib.contextmanager
    def _world(self, verb: str, allow: Sequence[str] = (), run: str = "", *, terraform: bool = True) -> Iterator[World]:
        """Yield everything that one run acts through; without Terraform, its stack has no layers."""
        if terraform:
            self._refuse_shared_state()
        if self.network is not None:
            refuse_unless_up(self.network)
        if verb in LOOKING or not terraform:  # which go on without the store
            store, lock = (self.keeping if terraform else self._hurried).open()
            known: Sequence[str] = ()
            with contextlib.suppress(BluegreenError):
                known = () if terraform else store.runs()
        else:
            store, lock = self._reached()
            known = store.runs()
        run = run or new_run_id(time.time(), known)
        interruptions = self.interruptions
        if verb in DEPLOYS:
            refuse_unkept(self.configured.store, os.environ)
            interruptions = CalledBack(interruptions, store, run)
        clock = SystemClock(interruptions)
        journal = None if verb in LOOKING else store
        if not terraform:
            journal = BestEffortStore(self.data, lambda error: emit(Said(f"{error}; {UNWRITTEN}", "warning")))
        emit = self._emitter(run, clock, journal)
        layers = [
            Layer(layer.name, layer.color, self.workspace(layer, emit, interruptions))
            for layer in (self.config.stack if terraform else ())
        ]
        stack = Stack(layers, self._guard(allow), emit, clock)
        prober = ThreadProber(probe := HttpProbe(self.folder))
        vendors = self._vendors()
        try:
            yield World(
                environment=self.name,
                settings=self.configured,
                run=run,
                stack=stack,
                live=vendors.live,
                cache=vendors.cache,
                instances=vendors.instances,
                resolver=vendors.resolver,
                probe=probe,
                prober=prober,
                commands=SystemCommands(self._clean, self.folder, interruptions),
                store=store,
                history=History(store, without=run),
                lock=lock,
                lives=lives,
                clock=clock,
                interruptions=interruptions,
                emit=emit,
                confirm=self.confirm,
            )
        except BluegreenError as error:
            error.message, error.where, error.hint = map(self._clean, (error.message, error.where, error.hint))
            raise
        finally:
            prober.stop()

    def _refuse_shared_state(self) -> None:
        terraform = self.configured.terraform
        if len(self.config.names) > 1 and not terraform.backend_config and not terraform.workspace:
            raise ConfigError(
                f"nothing tells the state of {self.name} from that of another environment",
                where="bluegreen.yaml",
                hint="write terraform.backend_config with {environment} in it, or a terraform.workspace, for each",
            )

    @cached_property
    def _secrets(self) -> frozenset[str]:
        return environment_secrets(os.environ) | self.configured.secrets

    def _clean(self, text: str) -> str:
        return redact(text, self._secrets)

    def _emitter(self, run: str, clock: SystemClock, store: Store | None) -> Callable[[Event], None]:
        return Emitter(
            store,
            service=self.config.service,
            environment=self.name,
            run=run,
            clock=clock.time,
            sinks=[ImportMeanwhile(), *([self.on_event] if self.on_event else [])],
            secrets=self._secrets,
        )

    def _vendors(self) -> Vendors:
        local = LocalVendors(self.network.api, DNS_PORT, TOKEN) if self.network else None
        return Vendors(self.configured.edge, {**os.environ, **self._terraform_env}, local)

    @cached_property
    def _terraform_env(self) -> Mapping[str, str]:
        """What is added to Terraform's environment: a sandbox's endpoints, and what is configured."""
        configured = {key: value.get_secret_value() for key, value in self.configured.terraform.env.items()}
        return {**(self.network.environment if self.network else {}), **configured}

    def _guard(self, allow: Sequence[str]) -> Guard:
        configured = self.configured.guard
        ownership = [(owner, pattern) for owner, patterns in configured.ownership.items() for pattern in patterns]
        allowances = [
            Allowance(
                entry.address,
                frozenset(Action(action) for action in entry.actions),
                frozenset(Step.SWITCH if phase == "return" else Step(phase) for phase in entry.phases),
            )
            for entry in configured.allow
        ]
        return Guard(ownership, [*allowances, *(Allowance(address) for address in allow)])

    @cached_property
    def engine(self) -> Engine:
        """The Terraform that is used here. Raises EngineError when there is none."""
        engine = self.configured.terraform.engine
        wanted = str(self.folder / os.path.expanduser(engine)) if "/" in engine else engine
        return find_engine(wanted, cache=self.folder / DATA)

    def layer_data(self, layer: LayerConfig) -> Path:
        """Return where Terraform's data of one layer lies."""
        return self.data / "layers" / layer.name

    def keeps_values(self, layer: LayerConfig) -> bool:
        """Return whether a layer's folder serves it alone, so that one values file in it can be right."""
        return sum(other.folder == layer.folder for other in self.config.stack) * len(self.config.names) == 1

    def workspace(
        self,
        layer: LayerConfig,
        emit: Callable[[Event], None] = _unheard,
        interruptions: Interruptions | None = None,
    ) -> TerraformWorkspace:
        """Return the Terraform of one layer."""
        from bluegreen.render.tfvars import render_tfvars

        terraform = self.configured.terraform
        words = {"service": self.config.service, "environment": self.name, "layer": layer.name}
        return TerraformWorkspace(
            layer=layer.name,
            folder=layer.folder,
            data_dir=self.layer_data(layer),
            engine=self.engine,
            render=render_tfvars,
            emit=emit,
            interruptions=interruptions or self.interruptions,
            backend_config=[_filled(text, words) for text in terraform.backend_config],
            workspace=terraform.workspace,
            var_files=[self.folder / file for file in terraform.var_files],
            env=self._terraform_env,
            lock_timeout=round(terraform.lock_timeout),
            keep_values=self.keeps_values(layer),
            clean=self._clean,
            patience=Patience(terraform.deadline, terraform.grace),
            service=SandboxStates(self.network) if self.network else None,
        )


def _ended(result: RunResult) -> RunResult:
    """Return how a run ended; raise the error that ended it."""
    if result.error is not None:
        result.error.result = result
        raise result.error
    return result


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text


def _deploy_request(
    to: str | None,
    release: str | None,
    sets: Mapping[str, Value] | None = None,
    retry: bool = False,
    reason: str = "",
    allow: Sequence[str] = (),
) -> DeployRequest:
    return DeployRequest(Color(to) if to else None, release, dict(sets or {}), retry, reason, tuple(allow))
