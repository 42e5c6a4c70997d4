"""The composition root: a project folder in, environments with ready-to-run verbs out.

import bluegreen
result = bluegreen.load("shop").environment("pro").deploy(to="green", release="1.5.0")
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bluegreen.adapters.clock import SystemClock
from bluegreen.adapters.provenance import ci_url
from bluegreen.adapters.redaction import cleaned
from bluegreen.adapters.state.host import who
from bluegreen.adapters.state.journal import new_run_id
from bluegreen.config.load import Config, load_config
from bluegreen.config.stack import LayerConfig
from bluegreen.errors import BluegreenError, EngineError, Locked, UsageError
from bluegreen.events import COUNTED, LockTakenOver, Result, RunResumed, RunStarted, Said
from bluegreen.model import EMPTY, Color, Value
from bluegreen.ports import Freeze, Holder, JournalEntry, Log, Store, Survey
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.state_service import SandboxStates
from bluegreen.switch.conduct import RunResult, close_abandoned, conduct
from bluegreen.switch.history import FROZEN, NOTHING_TO_DO, UNLOCKED, History, PastRun
from bluegreen.switch.request import (
    DeployRequest,
    DirectRequest,
    ReconcileRequest,
    RetireRequest,
    RollbackRequest,
)
from bluegreen.switch.succession import Turn
from bluegreen.switch.world import World
from bluegreen.wiring import Wiring, sandbox_network

if TYPE_CHECKING:  # each verb imports what it needs of these when it is called: a rollback waits for nothing else
    from bluegreen.doctor.findings import Diagnosis
    from bluegreen.doctor.subject import Subject
    from bluegreen.switch.preview import Preview
    from bluegreen.switch.status import StatusReport
    from bluegreen.switch.steps import Steps


PROJECT_VARIABLES = ("TF_VAR_project", "GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
"""Where a project of Google Cloud is named, as long as no machine there says it: the example's, then Google's own."""

LEAD_TO_A_SWITCH = frozenset({"deploy", "prepare", "switch", "rollback"})


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


@dataclass
class Environment(Wiring):
    """One environment, and what can be done with it. Each verb returns how its run ended, or raises its error.

    wait_lock: seconds for which a deploy, prepare, switch or retire waits for a lock that another run holds.
    """

    wait_lock: float = 0.0

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
            steps = Direct(world, request=request, edge=self._vendors().edge_switch(), public_at=self._public_at)
            opening = self._opening("rollback", terraform=False)
            started = RunStarted(**opening, reason=reason, asked={"direct": True})
            result = conduct_past_locks(world, started, steps)
        with contextlib.suppress(BluegreenError):  # it is tried again by whatever comes next
            self.keeping_for(hurried=True).bring_home()
        return _ended(result)

    def _public_at(self, hostname: str) -> tuple[str, str]:
        return (self.network.public_url, hostname) if self.network else (f"https://{hostname}/", "")

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

    def doctor(self) -> Diagnosis:
        """Look at everything that a run stands on, at once; changes nothing, takes no lock, and waits for nobody long.

        Also without an engine, or a state that can be read: then what stands on these is skipped.
        """
        from bluegreen.adapters.signals import CalledOff
        from bluegreen.doctor.examine import TERRAFORM, examine

        limits = self.configured.terraform
        short = limits.model_copy(update={"deadline": min(limits.deadline, TERRAFORM)})
        configured = self.configured.model_copy(update={"terraform": short})
        interruptions = CalledOff()
        looking = replace(self, configured=configured, interruptions=interruptions)
        return looking._examined(examine, interruptions.call_off)

    def _examined(self, examine: Callable[[Subject], Diagnosis], call_off: Callable[[], None]) -> Diagnosis:
        from bluegreen.doctor.subject import Subject

        try:
            engine, no_engine = f"{self.engine.product} {self.engine.version}", None
        except EngineError as error:
            engine, no_engine = "", error
        vendors, variables = self._vendors(), {**os.environ, **self._terraform_env}
        with self._world("doctor", terraform=no_engine is None) as world:
            subject = Subject(
                world=world,
                engine=engine,
                program="" if no_engine else self.engine.path,
                no_engine=no_engine,
                surveys=lambda: {layer.name: self._survey(layer) for layer in self.config.stack},
                holder=lambda name: self._holder(next(layer for layer in self.config.stack if layer.name == name)),
                zones=vendors.zones,
                permissions=vendors.permissions,
                records_api=vendors.records_api,
                project=next(filter(None, map(variables.get, PROJECT_VARIABLES)), ""),
                free=lambda: shutil.disk_usage(self.folder).free,
                call_off=call_off,
            )
            diagnosis: Diagnosis = cleaned(examine(subject), self._clean)
            return diagnosis

    def _survey(self, layer: LayerConfig) -> Survey:
        from bluegreen.adapters.terraform.survey import survey

        return survey(layer.folder, self.layer_data(layer) / "terraform", self.folder)

    def _holder(self, layer: LayerConfig) -> str | None:
        from bluegreen.adapters.cloud_storage import CloudStorage
        from bluegreen.adapters.terraform.holder import find_holder

        service = SandboxStates(self.network) if self.network else None
        data, workspace = self.layer_data(layer) / "terraform", self.configured.terraform.workspace
        return find_holder(layer.folder, data, workspace, service, CloudStorage)

    def history(self) -> Iterator[PastRun]:
        """Return the runs, newest first."""
        return History(self.store).runs()

    def journal(self, run: str) -> Sequence[JournalEntry]:
        """Return one run's events. Raises UsageError when there is no such run."""
        return self.store.journal(run)

    def logs(self, run: str) -> Sequence[Log]:
        """Return what Terraform said in one run, as far as that is kept."""
        return self.store.logs(run)

    def end_cancelled(self) -> RunResult:
        """End the run of this CI job that was cut off: what leads to a switch by going back, all else by finishing it.

        Do nothing when none was, and nothing to one that somebody else has under way. Raises UsageError outside of CI.
        """
        here = ci_url(os.environ)
        if not here:
            raise UsageError("this is no job of a workflow", hint="bluegreen rollback, or bluegreen resume")
        cut = self.unfinished
        if cut is None or not cut.cut_off or cut.ci_url != here:
            return self._nothing("no run of this job was cut off")
        return self.rollback(reason="its job was cancelled") if cut.verb in LEAD_TO_A_SWITCH else self.resume()

    def _nothing(self, why: str) -> RunResult:
        """Tell that there is nothing to do, in no journal."""
        emit = self._emitter("", SystemClock(self.interruptions), None)
        emit(Said(why))
        emit(Result(NOTHING_TO_DO, 0, requests=dict.fromkeys(COUNTED, 0)))
        return RunResult("", "resume", NOTHING_TO_DO, 0, active="", previous="", release="", seconds=0.0)

    def lock(self, *, reason: str, until: float = 0.0) -> None:
        """Freeze this environment: nothing may be deployed or retired. until: Unix seconds; 0: until `unlock`."""
        store, now = self.store, time.time()
        freeze = Freeze(reason, who(os.environ), now, until)
        store.set_freeze(freeze)
        self._tell_of("lock", store, FROZEN, reason, f"{self.name} is {freeze.title}")

    def unlock(self, *, reason: str = "") -> tuple[Holder | None, bool]:
        """End a freeze, and break the lock that somebody holds, once `confirm` agrees; the history keeps who, and why.

        Returns whose lock was broken, None for nobody's, and whether a freeze was ended. Raises UsageError when a lock
        is to be broken without a reason, Locked when its process is seen to live, or somebody else holds it by now.
        """
        store, lock = self._reached()
        holder, frozen = lock.holder(), _is_frozen(store)
        if holder is not None:
            if not reason:
                raise UsageError(f"{holder.title} holds the lock", hint="bluegreen unlock --reason TEXT breaks it")
            self.confirm(f"{holder.title} holds the lock. If it still runs, two would run at once. Break it?")
            lock.break_(holder)
            close_abandoned(store, holder.run, time=time.time(), environment=self.name, service=self.config.service)
        if frozen:
            store.set_freeze(None)
        if holder is not None or frozen:
            told = f"the lock of {holder.title} was broken" if holder else f"{self.name} may be deployed to again"
            self._tell_of("unlock", store, UNLOCKED, reason, told, broken=holder)
        return holder, frozen

    def _tell_of(
        self, verb: str, store: Store, verdict: str, reason: str, told: str, broken: Holder | None = None
    ) -> None:
        """Keep in the history what was done without a run. broken: whose lock was."""
        emit = self._emitter(new_run_id(time.time(), store.runs()), SystemClock(self.interruptions), store)
        emit(RunStarted(**self._opening(verb, terraform=False), reason=reason))
        emit(Said(told, "warning"))
        if broken is not None:
            emit(LockTakenOver(broken.title))
        emit(Result(verdict, 0, requests=dict.fromkeys(COUNTED, 0)))

    def _conduct(
        self, world: World, verb: str, steps: Steps, reason: str = "", asked: Mapping[str, Any] = EMPTY
    ) -> RunResult:
        return _ended(conduct(world, RunStarted(**self._opening(verb), reason=reason, asked=asked), steps))


def _is_frozen(store: Store) -> bool:
    """Return whether a freeze is set, be it one whose time is over, or one that cannot be read."""
    try:
        return store.freeze() is not None
    except Locked:
        return True


def _ended(result: RunResult) -> RunResult:
    """Return how a run ended; raise the error that ended it."""
    if result.error is not None:
        result.error.result = result
        raise result.error
    return result


def _deploy_request(
    to: str | None,
    release: str | None,
    sets: Mapping[str, Value] | None = None,
    retry: bool = False,
    reason: str = "",
    allow: Sequence[str] = (),
) -> DeployRequest:
    return DeployRequest(Color(to) if to else None, release, dict(sets or {}), retry, reason, tuple(allow))
