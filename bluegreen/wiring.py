"""What one environment acts through, put together from its configuration: ports to adapters, and nothing decided."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bluegreen import __version__
from bluegreen.adapters.called_back import CalledBack
from bluegreen.adapters.clock import SystemClock
from bluegreen.adapters.commands import SystemCommands
from bluegreen.adapters.emitter import Emitter
from bluegreen.adapters.http import HttpProbe
from bluegreen.adapters.notifier import Notifier, notifier
from bluegreen.adapters.prober import ThreadProber
from bluegreen.adapters.provenance import ci_url, commit
from bluegreen.adapters.redaction import environment_secrets, redact
from bluegreen.adapters.signals import NeverInterrupted
from bluegreen.adapters.state.files import explained
from bluegreen.adapters.state.host import host, lives, who
from bluegreen.adapters.state.journal import BestEffortStore, new_run_id
from bluegreen.adapters.state.keeping import Keeping, keeping, refuse_unkept
from bluegreen.adapters.state.logs import RunLogs
from bluegreen.adapters.terraform.engine import Engine, find_engine
from bluegreen.adapters.terraform.process import Patience
from bluegreen.adapters.terraform.workspace import TerraformWorkspace
from bluegreen.adapters.vendors import ImportMeanwhile, LocalVendors, Vendors
from bluegreen.config.environment import EnvironmentConfig
from bluegreen.config.load import Config
from bluegreen.config.stack import LayerConfig
from bluegreen.errors import BluegreenError, ConfigError, UsageError
from bluegreen.events import Event, Said
from bluegreen.ports import Interruptions, KeepLog, Lock, Store
from bluegreen.sandbox.address import DNS_PORT, TOKEN, Network
from bluegreen.sandbox.presence import refuse_unless_up
from bluegreen.sandbox.state_service import SandboxStates
from bluegreen.switch.guard import Guard
from bluegreen.switch.history import History
from bluegreen.switch.request import DEPLOYS
from bluegreen.switch.stack import Layer, Stack
from bluegreen.switch.world import Confirm, World

OnEvent = Callable[[Mapping[str, Any]], None]
"""Called with each event's JSON object, in order."""

LOOKING = ("doctor", "plan", "status")
"""Verbs that keep no journal."""

UNWRITTEN = "nobody will be reminded: once Terraform works again, bluegreen reconcile --to live"
"""Of a rollback past Terraform whose journal cannot be written."""

DATA = ".bluegreen"
"""Folder in a project that holds journals, locks, Terraform's data and the sandbox. Never committed."""


def sandbox_network(config: Config) -> Network | None:
    """Return the network that `sandbox.network` names, such as 127.77.12.0/24."""
    return Network(config.sandbox.network.rsplit(".", 1)[0]) if config.sandbox else None


def _nobody_to_ask(question: str) -> None:
    raise UsageError(f"this needs a yes: {question}", hint="--yes, or confirm= in the library, says so beforehand")


@dataclass
class Wiring:
    """One environment, wired. on_event: see OnEvent. confirm: asks a person. interruptions: what a run may hear."""

    folder: Path
    config: Config
    configured: EnvironmentConfig
    on_event: OnEvent | None = None
    confirm: Confirm = _nobody_to_ask
    interruptions: Interruptions = field(default_factory=NeverInterrupted)

    def __post_init__(self) -> None:
        for path in (self.data.parent, self.data):
            with explained(path, "look at what runs have left here"):
                linked = path.is_symlink()
            if linked:
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
        return self.keeping_for()

    def keeping_for(self, *, hurried: bool = False) -> Keeping:
        return keeping(self.configured.store, self.data, self.config.service, self.name, hurried=hurried)

    @property
    def store(self) -> Store:
        return self._reached()[0]

    def _reached(self) -> tuple[Store, Lock]:
        """Return store and lock of one run, after what was kept here while the store was out of reach came home."""
        self.keeping.bring_home()
        return self.keeping.open()

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

    def _opened(self, verb: str, *, terraform: bool) -> tuple[Store, Lock]:
        """Return store and lock. What only looks, and what goes past Terraform, go on without a store."""
        if not terraform:
            return self.keeping_for(hurried=True).open()
        return self.keeping.open() if verb in LOOKING else self._reached()

    def _next_run(self, verb: str, store: Store, *, terraform: bool) -> str:
        """Return the id of a new run, which comes after all others; of what keeps no journal, any one."""
        known: Sequence[str] = ()
        with contextlib.nullcontext() if terraform else contextlib.suppress(BluegreenError):
            known = () if verb in LOOKING else store.runs()
        return new_run_id(time.time(), known)

    @contextlib.contextmanager
    def _world(self, verb: str, allow: Sequence[str] = (), run: str = "", *, terraform: bool = True) -> Iterator[World]:
        """Yield everything that one run acts through; without Terraform, its stack has no layers."""
        if terraform:
            self._refuse_shared_state()
        if self.network is not None:
            refuse_unless_up(self.network)
        store, lock = self._opened(verb, terraform=terraform)
        run = run or self._next_run(verb, store, terraform=terraform)
        interruptions = self.interruptions
        if verb in DEPLOYS:
            refuse_unkept(self.configured.store, os.environ)
            interruptions = CalledBack(interruptions, store, run)
        clock = SystemClock(interruptions)
        journal = None if verb in LOOKING else store
        if journal is not None and not terraform:
            journal = BestEffortStore(self.data, lambda error: emit(Said(f"{error}; {UNWRITTEN}", "warning")))
        emit = self._emitter(run, clock, journal)
        logs = RunLogs(journal, run, lambda told: emit(Said(told, "warning")))
        layers = [
            Layer(layer.name, layer.color, self.workspace(layer, emit, interruptions, logs.keep))
            for layer in (self.config.stack if terraform else ())
        ]
        stack = Stack(layers, Guard.of(self.configured.guard, allow), emit, clock)
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
            logs.close()

    def _refuse_shared_state(self) -> None:
        terraform = self.configured.terraform
        if len(self.config.names) > 1 and not terraform.backend_config and not terraform.workspace:
            raise ConfigError(
                f"nothing tells the state of {self.name} from that of another environment",
                where="bluegreen.yaml",
                hint="write terraform.backend_config with {environment} in it, or a terraform.workspace, for each",
            )

    @cached_property
    def secrets(self) -> frozenset[str]:
        """What is never to be shown: of the configuration, and of variables whose names say that they are secret."""
        return environment_secrets(os.environ) | self.configured.secrets

    def _clean(self, text: str) -> str:
        return redact(text, self.secrets)

    @cached_property
    def _notifier(self) -> Notifier:
        return notifier(self.configured.notify, os.environ)

    def _emitter(self, run: str, clock: SystemClock, store: Store | None) -> Callable[[Event], None]:
        emit = Emitter(
            store,
            service=self.config.service,
            environment=self.name,
            run=run,
            clock=clock.time,
            sinks=[ImportMeanwhile(), *filter(None, [self.on_event]), lambda data: self._notifier.take(data, emit)],
            secrets=self.secrets,
        )
        return emit

    def _vendors(self) -> Vendors:
        local = LocalVendors(self.network.api, DNS_PORT, TOKEN) if self.network else None
        return Vendors(self.configured.edge, {**os.environ, **self._terraform_env}, local)

    @cached_property
    def _terraform_env(self) -> Mapping[str, str]:
        """What is added to Terraform's environment: a sandbox's endpoints, and what is configured."""
        configured = {key: value.get_secret_value() for key, value in self.configured.terraform.env.items()}
        return {**(self.network.environment if self.network else {}), **configured}

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
        emit: Callable[[Event], None] = lambda event: None,  # what it is called for is no run
        interruptions: Interruptions | None = None,
        keep_log: KeepLog = lambda log: None,
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
            keep_log=keep_log,
        )


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    return text
