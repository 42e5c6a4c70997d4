"""A town in memory: a stack, an edge, two servers, a public that keeps asking; and runs on it, killed at will."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from bluegreen.adapters.emitter import Emitter
from bluegreen.adapters.fakes.clock import FakeClock, FakeInterruptions
from bluegreen.adapters.fakes.commands import FakeCommands
from bluegreen.adapters.fakes.http import FakeProbe, FakeProber
from bluegreen.adapters.fakes.instances import FakeInstances
from bluegreen.adapters.fakes.records import FakeCache, FakeSwitch
from bluegreen.adapters.fakes.resolver import FakeResolver
from bluegreen.adapters.fakes.state import MemoryLock, MemoryPlace, MemoryStore
from bluegreen.adapters.fakes.terraform import Desired, FakeWorkspace
from bluegreen.config.schema import EnvironmentSettings
from bluegreen.errors import Refused
from bluegreen.events import RunResumed, RunStarted
from bluegreen.model import Color, StackFacts, Value
from bluegreen.ports import Answer, KeptPlan, Plan, Question, Record
from bluegreen.switch.conduct import RunResult, conduct, conduct_past_locks
from bluegreen.switch.deploy import Deploy, SwitchPrepared
from bluegreen.switch.direct import Direct
from bluegreen.switch.drift import ROUTING
from bluegreen.switch.guard import Guard
from bluegreen.switch.history import History, PastRun
from bluegreen.switch.preview import Preview, preview
from bluegreen.switch.reconcile import Reconcile
from bluegreen.switch.recovery import resume
from bluegreen.switch.request import DeployRequest, DirectRequest, ReconcileRequest, RetireRequest, RollbackRequest
from bluegreen.switch.retire import Retire
from bluegreen.switch.rollback import Rollback
from bluegreen.switch.stack import Layer, Stack
from bluegreen.switch.status import StatusReport, look
from bluegreen.switch.world import World

ADDRESSES = {"blue": "127.0.0.11", "green": "127.0.0.12"}
PUBLIC_URL = "http://127.0.0.2/"
HOSTNAME = "shop.test"
MARKER = "terraform_data.bluegreen"
ROOT = "module.cdn.terraform_data.root"
SETTINGS: Mapping[str, Any] = {
    "release": "1",
    "keep_warm": "1h",
    "identity": {"color": {"header": "X-Color"}, "release": {"header": "X-Release"}},
    "check": {"every": "1s", "deadline": "10s", "healthy": 2},
    "rollback_check": {"every": "1s", "deadline": "3s", "healthy": 2},
    "probe": {"every": "100ms", "settle": "2s", "deadline": "5s", "healthy": 3, "timeout": "1s"},
    "bake": {"for": "5s", "every": "1s", "bad": 3, "blind_deadline": "10s"},
}


class Killed(BaseException):
    """kill -9: no handler of ours sees it, and nothing is tidied up."""


def edge_output(colors: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    known = {
        color: {
            **echo,
            "backend_hostname": f"{color}.test",
            "backend_url": f"{(echo.get('inputs') or {}).get('scheme', 'http')}://{ADDRESSES[color]}/",
            "instance": (echo.get("inputs") or {}).get("machine"),
        }
        for color, echo in colors.items()
    }
    previous = {"server_previous": values["server_previous"]} if "server_previous" in values else {}
    return {
        "colors": known,
        "server_active": values["server_active"],
        **previous,
        "public_hostnames": [HOSTNAME],
        "public_url": PUBLIC_URL,
        "edge": {"kind": "fake", "zone_id": "zone", "records": {HOSTNAME: "r1"}},
    }


def described(resources: Mapping[str, Any], output: Mapping[str, Any]) -> Desired:
    return Desired({**resources, MARKER: {"input": json.dumps(output, sort_keys=True)}}, output)


def servers(color: str, enabled: Any, server: Any) -> dict[str, Any]:
    return {f"module.{color}_server[0].server": dict(server)} if enabled else {}


def single_root(values: Mapping[str, Value]) -> Desired:
    v: Mapping[str, Any] = values
    colors = {c: {"enabled": v[f"{c}_enabled"], "inputs": v[c], "address": ADDRESSES[c]} for c in ADDRESSES}
    made = {**servers("blue", v["blue_enabled"], v["blue"]), **servers("green", v["green_enabled"], v["green"])}
    root = {ROOT: {"content": ADDRESSES[v["server_active"]]}}
    return described({**made, **root}, edge_output(colors, v))


def network_root(values: Mapping[str, Value]) -> Desired:
    return described({"module.network.ip": {}}, {"colors": {c: {"address": a} for c, a in ADDRESSES.items()}})


def color_root(values: Mapping[str, Value]) -> Desired:
    v: Mapping[str, Any] = values
    echo = {"enabled": v["enabled"], "inputs": v["server"]}
    return described(servers(v["color"], v["enabled"], v["server"]), {"colors": {v["color"]: echo}})


def edge_root(values: Mapping[str, Value]) -> Desired:
    v: Mapping[str, Any] = values
    root = {ROOT: {"content": v["colors"][v["server_active"]]["address"]}}
    return described(root, edge_output(v["colors"], v))


EDGE = {"server_active", "server_previous"}
SINGLE = frozenset({"blue_enabled", "green_enabled", "blue", "green"} | EDGE)
COLOR = frozenset({"color", "enabled", "server", "colors"})


class Root(FakeWorkspace):
    """A root whose applies take a second, and reach the town as soon as they have stored something."""

    town: Town

    def plan(self, values: Mapping[str, Value], *, contents: bool = False, look: bool = False) -> Plan:
        if self.town.refreshes and self is self.town.root() and ROOT in self._resources:
            record = self.town.records.records.get("r1")
            self._resources = {name: one for name, one in self._resources.items() if name != ROOT}
            self._resources |= {ROOT: {"content": record.content}} if record else {}
        return super().plan(values, contents=contents, look=look)

    def keep(self, kept: KeptPlan) -> None:
        if self.town.prepares:
            super().keep(kept)
        else:
            self.discard(kept.plan)

    def apply(self, plan: Plan) -> Mapping[str, Any] | None:
        self.town.pass_time(1.0)
        self.town.prober.catch_up()
        try:
            return super().apply(plan)
        finally:
            self.town.equal_state()


class AskingProber(FakeProber):
    """Asks as time passes. Told before the town changes, so that each answer is of its own time."""

    def __init__(self, town: Town) -> None:
        super().__init__()
        self._town, self._next, self._every = town, 0.0, 1.0

    def start(self, question: Question, every: float) -> None:
        super().start(question, every)
        self._next, self._every = self._town.clock.monotonic(), every

    def pace(self, every: float) -> None:
        self.catch_up()
        super().pace(every)
        self._next += every - self._every
        self._every = every

    def answers(self, since: int) -> Any:
        self.catch_up()
        return super().answers(since)

    def stop(self, within: float = math.inf) -> None:
        self.catch_up()
        super().stop(within)

    def catch_up(self) -> None:
        while self._running and self._next <= self._town.clock.monotonic() + 1e-9:
            assert self.question is not None
            self.come([replace(self._town.answer(self.question), asked=self._next)])
            self._next += self._every


class Town:
    """Everything outside of a run, and runs on it.

    moods: color -> what is wrong with it: sick, dead, lost (not reached), walled (not reached from here), slow, or a
    release that it claims to run.
    refreshes: Terraform's plans see what became of the record, as those of a real provider do.
    prepares: the way back that a deploy has planned is kept.
    blind: nothing can be reached from here. cached: the public's answers come from a cache; challenged: from the edge.
    rebound: the public name leads to an address to which no probe goes.
    stuck: public hostname -> who answers there, whatever its record says.
    """

    def __init__(self, layout: str = "single", *, previous: bool = True, **settings: Any) -> None:
        self.layout = layout
        self.interruptions = FakeInterruptions()
        self.clock = FakeClock(self.interruptions)
        self.store, self.place = MemoryStore(), MemoryPlace()
        self.records, self.cache = FakeSwitch("shop.test", "zone"), FakeCache("zone")
        self.instances, self.resolver = FakeInstances({}), FakeResolver()
        self.moods: dict[str, str] = {}
        self.stuck: dict[str, str] = {}
        self.refreshes = self.prepares = False
        self.blind = self.cached = self.challenged = self.rebound = False
        self.commands = FakeCommands()
        self.settings = EnvironmentSettings.model_validate(_over(SETTINGS, settings))
        self.layers = [Layer(name, color, root) for name, color, root in self._roots(previous)]
        self.prober = AskingProber(self)
        self.probe = FakeProbe(self.answer)
        self.refuses_to_ask = False
        self.questions: list[str] = []
        self.listeners: list[Callable[[Mapping[str, Any]], None]] = []
        self.events: list[Mapping[str, Any]] = []
        self._runs = 0

    def _roots(self, previous: bool) -> Iterator[tuple[str, Color | None, Root]]:
        kept = lambda names: frozenset(names) if previous else frozenset(names) - {"server_previous"}  # noqa: E731
        if self.layout == "single":
            wanted = [("main", None, Root("main", kept(SINGLE), single_root))]
        else:
            wanted = [
                ("network", None, Root("network", frozenset(), network_root)),
                ("blue", Color.BLUE, Root("blue", COLOR, color_root)),
                ("green", Color.GREEN, Root("green", COLOR, color_root)),
                ("edge", None, Root("edge", kept({"colors", *EDGE}), edge_root)),
            ]
        for _, _, root in wanted:
            root.town = self
        yield from wanted

    def root(self, name: str = "") -> Root:
        """The workspace of a layer; the last one without a name, and the only one in a single root."""
        found = {layer.name: layer.workspace for layer in self.layers}
        workspace = found.get(name, self.layers[-1].workspace)
        assert isinstance(workspace, Root)
        return workspace

    _killed = Killed

    def terraform_lives(self) -> bool:
        """Whether the Terraform of a run that was killed goes on."""
        return False

    # What the world does

    def pass_time(self, seconds: float) -> None:
        with self.interruptions.shielded():
            self.clock.sleep(seconds)

    def equal_state(self) -> None:
        """Make the live records what the last layer's state says; nobody has them but Terraform."""
        root = self.root()._resources.get(ROOT)
        if root is None:
            return
        if not self.records.records:
            self.records.records["r1"] = Record("r1", HOSTNAME, "A", root["content"], proxied=True)
        self.records.point(HOSTNAME, root["content"])

    def server(self, color: str) -> Mapping[str, Any] | None:
        address = f"module.{color}_server[0].server"
        return next(
            (
                layer.workspace._resources[address]
                for layer in self.layers  # type: ignore[attr-defined]
                if address in layer.workspace._resources
            ),
            None,
        )  # type: ignore[attr-defined]

    @property
    def live(self) -> str:
        """The color that the public record points at."""
        contents = {
            record.content
            for record in self.records.records.values()
            if record.name == HOSTNAME and record.type in ROUTING
        }
        return next((c for c, a in ADDRESSES.items() if contents == {a}), "")

    def answer(self, question: Question) -> Answer:
        now = self.clock.monotonic()
        if self.blind:
            return Answer(0, error="no route", reached=False, asked=now)
        if question.url.startswith(PUBLIC_URL):
            if self.rebound:
                return Answer(0, error="refused: 10.0.0.7 is a private address", reached=False, asked=now, refused=True)
            if self.challenged:
                return Answer(403, {"cf-mitigated": "challenge"}, asked=now)
            answer = self._answer_of(self.stuck.get(question.host or HOSTNAME, self.live))
            return replace(answer, headers={**answer.headers, "cf-cache-status": "HIT"}) if self.cached else answer
        color = next((color for color, address in ADDRESSES.items() if address == question.address), "")
        if self.moods.get(color) == "walled":
            return Answer(0, error="timed out", reached=False, asked=now)
        return self._answer_of(color)

    def _answer_of(self, color: str) -> Answer:
        now, server, mood = self.clock.monotonic(), self.server(color), self.moods.get(color, "")
        if mood == "lost":
            return Answer(0, error="timed out", reached=False, asked=now)
        if server is None or server.get("running") is False or mood == "dead":
            return Answer(0, error="refused", asked=now)
        release = mood if mood not in ("", "sick", "slow", "walled") else str(server["release"])
        headers = {"x-color": color, "x-release": release}
        return Answer(500 if mood == "sick" else 200, headers, asked=now, seconds=9.0 if mood == "slow" else 0.01)

    # Runs

    def world(self, run: str = "") -> World:
        self.prober = AskingProber(self)
        return World(
            environment="demo",
            settings=self.settings,
            run=run,
            stack=Stack(self.layers, Guard(), self._emitter(run), self.clock),
            live=self._live,
            cache=lambda: self.cache,
            instances=lambda: self.instances,
            resolver=lambda: self.resolver,
            probe=self.probe,
            prober=self.prober,
            commands=self.commands,
            store=self.store,
            history=History(self.store, without=run),
            lock=MemoryLock(self.place),
            lives=lambda *process: self.terraform_lives(),
            clock=self.clock,
            interruptions=self.interruptions,
            emit=self._emitter(run),
            confirm=self._confirm,
        )

    def _live(self, facts: StackFacts | None) -> Any:
        return self.records.named("zone", facts.public_hostnames if facts else [HOSTNAME])

    def _confirm(self, question: str) -> None:
        self.questions.append(question)
        if self.refuses_to_ask:
            raise Refused("the answer was no")

    def _emitter(self, run: str) -> Emitter:
        store = self.store if run else MemoryStore()
        return Emitter(store, service="shop", environment="demo", run=run, clock=self.clock.time, sinks=[self._hear])

    def _hear(self, data: Mapping[str, Any]) -> None:
        self.events.append(data)
        for listener in tuple(self.listeners):
            listener(data)

    def run(self, verb: str, **asked: Any) -> RunResult:
        """Do one run, ten minutes after the one before; time enough for everything to settle."""
        self.pass_time(600.0)
        return self.at_once(verb, **asked)

    def at_once(self, verb: str, **asked: Any) -> RunResult:
        self._runs += 1
        world = self.world(f"run-{self._runs:03}")
        started = RunStarted(verb=verb, service="shop", who="ada", host="here", version="0", asked=asked)
        if verb == "direct":
            return self._past_terraform(world, replace(started, verb="rollback", asked={"direct": True}), asked)
        return conduct(world, started, _steps(world, verb, asked))

    def _past_terraform(self, world: World, started: RunStarted, asked: Mapping[str, Any]) -> RunResult:
        world = replace(world, stack=Stack([], Guard(), world.emit, self.clock))
        request = DirectRequest(reason="the state is gone", **asked)
        return conduct_past_locks(
            world, started, Direct(world, request=request, edge=self.records, public_at=lambda name: (PUBLIC_URL, name))
        )

    def resume(self) -> RunResult:
        """Take up the run that was cut off or got stuck, ten minutes later."""
        cut = self.history.unfinished
        assert cut is not None, "there is nothing to resume"
        return self.take_up(cut)

    def take_up(self, cut: PastRun) -> RunResult:
        self.pass_time(600.0)
        resumed = RunResumed(verb=cut.verb, service="shop", who="ada", host="here", version="0", phase=cut.phase)
        return resume(self.world(cut.id), resumed)

    def kill_at(self, number: int, verb: str, /, *, before: bool = False, **asked: Any) -> None:
        """Do one run, and kill it right before or after it writes that line of its journal, counted from 1."""
        left = [number]
        append = self.store.append

        def dying(run: str, entry: Mapping[str, Any], *, durable: bool) -> None:
            left[0] -= 1
            if left[0] == 0 and before:
                _kill()
            append(run, entry, durable=durable)
            if left[0] == 0:
                _kill()

        self.store.append = dying  # type: ignore[method-assign]
        try:
            with self.cut_off():
                self.run(verb, **asked)
        finally:
            self.store.append = append  # type: ignore[method-assign]

    @property
    def applies(self) -> int:
        """Applies of all roots so far."""
        return sum(self.root(layer.name).calls.count("apply") for layer in self.layers)

    def kill(self, verb: str, event: str, /, *, fields: Mapping[str, Any] | None = None, **asked: Any) -> None:
        """Do one run, and kill it as soon as it has told of that event."""
        with self.on(event, _kill, **(fields or {})), self.cut_off():
            self.run(verb, **asked)

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Leave the world as a kill does: what was not durable is lost, the lock stays, its holder is gone."""
        with suppress(Killed):
            yield
            pytest.fail("the run came to its end")
        world = self.world(f"run-{self._runs:03}")  # of the next process, so to speak
        journal = self.store._journals.get(world.run, [])
        del journal[self.store.durable.get(world.run, 0) :]
        world.lock.acquire(world.run, "killed")
        self.place.gone = True

    @contextmanager
    def on(self, event: str, act: Callable[[], None], **fields: Any) -> Iterator[None]:
        """Act once, at the first event of that name with these fields."""
        done = []

        def listen(data: Mapping[str, Any]) -> None:
            if data["event"] == event and fields.items() <= data.items() and not done:
                done.append(True)
                act()

        self.listeners.append(listen)
        try:
            yield
        finally:
            self.listeners.remove(listen)

    def told(self, event: str) -> list[Mapping[str, Any]]:
        """The last run's events of one name."""
        run = f"run-{self._runs:03}"
        return [one for one in self.events if one["run"] == run and one["event"] == event]

    @property
    def phases(self) -> list[str]:
        return [one["phase"] for one in self.told("phase-started")]

    @property
    def said(self) -> str:
        return "\n".join(one["text"] for one in self.told("said"))

    @property
    def output(self) -> Mapping[str, Any]:
        output = self.root().read().output
        assert output is not None
        return output

    @property
    def history(self) -> History:
        return History(self.store)

    def last(self) -> PastRun:
        return next(self.history.runs())

    def status(self) -> StatusReport:
        return look(self.world())

    def preview(self, **asked: Any) -> Preview:
        return preview(self.world(), DeployRequest(**asked))


def _kill() -> None:
    raise Killed


def _steps(world: World, verb: str, asked: Mapping[str, Any]) -> Any:
    match verb:
        case "deploy" | "prepare":
            return Deploy(world, request=DeployRequest(**asked))
        case "switch":
            return SwitchPrepared(world, request=DeployRequest(**asked))
        case "rollback":
            return Rollback(world, request=RollbackRequest(**asked))
        case "reconcile":
            return Reconcile(world, request=ReconcileRequest(**asked))
    return Retire(world, request=RetireRequest(**asked))


def _over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    deep = {k: {**base[k], **v} if k in base and isinstance(v, Mapping) else v for k, v in changes.items()}
    return {**base, **deep}


@pytest.fixture(autouse=True)
def one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on beside PROVE is done at once: what a test kills or counts comes in one order."""

    def at_once(name: str, work: Callable[[], Any]) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work())
        return done

    for module in ("planned_return", "evidence"):
        monkeypatch.setattr(f"bluegreen.switch.{module}.in_background", at_once)


@pytest.fixture
def found() -> Callable[..., Town]:
    """Found a town where nothing is deployed."""
    return Town


@pytest.fixture
def shop(found: Callable[..., Town]) -> Callable[..., Town]:
    """Found a town that serves release 1 from blue."""

    def make(layout: str = "single", **settings: Any) -> Town:
        town = found(layout, **settings)
        assert town.run("deploy").verdict == "switched"
        return town

    return make
