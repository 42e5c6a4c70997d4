"""`doctor`: each of its checks at each level. Here, because it looks at the same town as `status`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from bluegreen.adapters.fakes.account import FakePermissions, FakeZones
from bluegreen.adapters.state.freeze import Freeze
from bluegreen.doctor.examine import CHECKS, Check, examine
from bluegreen.doctor.findings import Diagnosis, Finding, Level, ok, skipped, together, warning
from bluegreen.doctor.google import FIRST, NEEDED
from bluegreen.doctor.subject import Subject
from bluegreen.errors import BluegreenError, ConfigError, EngineError, Locked
from bluegreen.ports import Answer, Holder, Pinned, Question, Resolution, State, Survey, Zone

if TYPE_CHECKING:
    from conftest import Town

Start = Callable[..., Any]
API = "http://127.0.0.9/client/v4"
INSTANCE = "projects/shop-1/zones/europe-west1-b/instances/blue"
MARKED = frozenset({"output.bluegreen", "terraform_data.bluegreen"})
GOOGLE, CLOUDFLARE = "hashicorp/google", "cloudflare/cloudflare"
ZONE = Zone("zone", "shop.test", "active", ("ns1.cloudflare.test", "ns2.cloudflare.test"))
NAMES = ("shop.test", "blue.test", "green.test")


@dataclass
class Looks:
    """What is looked at of a town beyond what its runs know, to be changed at will. skew: of the town's clock."""

    town: Town
    engine: str = "Terraform 1.11.4"
    no_engine: BluegreenError | None = None
    surveys: dict[str, Survey] = field(default_factory=dict)
    holders: dict[str, str | None] = field(default_factory=dict)
    zones: FakeZones = field(default_factory=lambda: FakeZones([ZONE]))
    permissions: FakePermissions = field(default_factory=lambda: FakePermissions("shop-1", NEEDED))
    project: str = ""
    free: int = 5 << 30
    skew: float = 0.0
    patience: float = 20.0
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        layers = [layer.name for layer in self.town.layers]
        folders = {"blue": "tf/server", "green": "tf/server"}
        self.surveys = {name: Survey(folders.get(name, f"tf/{name}"), MARKED) for name in layers}
        where = {"shop.test": "127.0.0.2", "blue.test": "127.0.0.11", "green.test": "127.0.0.12"}
        self.town.resolver.known = {name: Resolution((where[name],), (where[name],)) for name in NAMES}
        self.town.resolver.servers = {"shop.test": ZONE.name_servers}
        self._answer = self.town.probe._answer
        self.town.probe._answer = self.answer

    def answer(self, question: Question) -> Answer:
        if not question.url.startswith(API):
            return self._answer(question)
        now = datetime.fromtimestamp(self.town.clock.time() - self.skew, UTC)
        return Answer(400, {"date": format_datetime(now, usegmt=True)})

    def survey(self, layer: str, **changes: Any) -> None:
        self.surveys[layer] = replace(self.surveys[layer], **changes)

    def diagnosis(self, checks: Any = CHECKS) -> Diagnosis:
        world = self.town.world()
        if self.no_engine:
            world = replace(world, stack=replace(world.stack, layers=()))
        subject = Subject(
            world=world,
            engine=self.engine,
            program="/usr/bin/terraform",
            no_engine=self.no_engine,
            surveys=lambda: self.surveys,
            holder=lambda layer: self.holders.get(layer, ""),
            zones=lambda: self.zones,
            permissions=lambda: self.permissions,
            records_api=API,
            project=self.project,
            free=lambda: self.free,
            call_off=self.ended.set,
            patience=self.patience,
        )
        return examine(subject, checks)

    def find(self, name: str) -> Finding:
        (finding,) = self.diagnosis([check for check in CHECKS if check.name == name]).findings
        return finding


@pytest.fixture
def both(shop: Start) -> Callable[..., Looks]:
    """Found a town that serves release 2 from green, with 1 warm on blue, and look at it."""

    def make(layout: str = "layers", **settings: Any) -> Looks:
        town = shop(layout, **settings)
        town.run("deploy", release="2")
        return Looks(town)

    return make


@pytest.mark.parametrize("layout", ["single", "layers"])
def test_of_a_quiet_day_all_is_well_and_nothing_was_touched(both: Callable[..., Looks], layout: str) -> None:
    looks = both(layout)
    calls = {layer.name: len(layer.workspace.calls) for layer in looks.town.layers}  # type: ignore[attr-defined]
    diagnosis = looks.diagnosis()
    levels = {finding.check: finding.level for finding in diagnosis.findings}
    assert levels == {**dict.fromkeys((check.name for check in CHECKS), Level.OK), "google": Level.SKIPPED}
    assert not diagnosis.failed
    assert not [finding for finding in diagnosis.findings if finding.fix]
    asked = {call for layer in looks.town.layers for call in layer.workspace.calls[calls[layer.name] :]}  # type: ignore[attr-defined]
    assert asked == {"check_folder", "check_room", "init", "look", "read"}
    assert looks.town.place.holder is None


def test_before_the_first_deploy_what_stands_on_it_is_skipped(found: Start) -> None:
    looks = Looks(found("layers", edge={"zone": "shop.test"}), project="shop-1")
    assert (looks.find("google").level, "compute.networks.create" in looks.find("google").seen) == (Level.WARNING, True)
    looks.permissions.has |= set(FIRST)
    diagnosis = looks.diagnosis()
    assert not diagnosis.failed
    skipped = {finding.check for finding in diagnosis.findings if finding.level is Level.SKIPPED}
    assert skipped == {"colors", "code", "records", "public", "blue", "green", "resolvers"}
    assert {finding.seen for finding in diagnosis.findings if finding.check in skipped} == {"nothing is deployed yet"}


def test_without_an_engine_the_rest_is_looked_at(both: Callable[..., Looks]) -> None:
    looks = both(edge={"zone": "shop.test"})
    looks.no_engine = EngineError("no Terraform found", hint="install one")
    found = {finding.check: finding for finding in looks.diagnosis().findings}
    assert (found["engine"].level, found["engine"].fix) == (Level.FAILURE, "install one")
    assert found["states"].level is Level.SKIPPED
    assert {found[name].level for name in ("lock files", "token", "zone", "delegation", "clock", "disk")} == {Level.OK}


def test_a_silent_api_hangs_nothing(both: Callable[..., Looks]) -> None:
    looks, ended = both(), threading.Event()
    looks.patience = 0.01
    looks.zones.zones = lambda: ended.wait(30.0)  # type: ignore[method-assign, assignment, return-value]
    checks = [
        *(check for check in CHECKS if check.name in ("token", "disk")),
        Check("hung", _hangs(ended), within=0.01),
    ]
    try:
        found = {finding.check: finding for finding in looks.diagnosis(checks).findings}
    finally:
        ended.set()
    assert (found["token"].level, found["token"].seen) == (Level.SKIPPED, "the records' API has not answered")
    assert (found["hung"].level, found["hung"].seen) == (Level.FAILURE, "no answer in 0.01 s")
    assert found["disk"].level is Level.OK


def test_a_terraform_that_hangs_is_called_off_and_its_end_waited_for(both: Callable[..., Looks]) -> None:
    looks, ends = both(), []

    def read() -> State:
        looks.ended.wait(30.0)
        ends.append("in good order")
        raise BluegreenError("interrupted")

    looks.patience, looks.town.root("blue").read = 0.2, read  # type: ignore[method-assign]
    assert looks.find("states").level is Level.FAILURE
    assert ends == ["in good order"]


def _hangs(ended: threading.Event) -> Callable[[Subject], Finding]:
    def look(subject: Subject) -> Finding:
        ended.wait(30.0)
        return ok("too late")

    return look


def test_all_looks_are_under_way_at_once(both: Callable[..., Looks]) -> None:
    together = threading.Barrier(3)

    def look(subject: Subject) -> Finding:
        together.wait(20.0)
        return ok("met")

    found = both().diagnosis([Check(str(number), look) for number in range(3)]).findings
    assert [finding.seen for finding in found] == ["met"] * 3


def test_a_diagnosis_is_a_plain_document(both: Callable[..., Looks]) -> None:
    from dataclasses import asdict

    looks = both()
    looks.free = 1
    document = json.loads(json.dumps(asdict(looks.diagnosis())))
    assert document["findings"][-1] == {
        "check": "disk",
        "level": "warning",
        "seen": "0 MiB are free",
        "fix": "make room: a Terraform that finds none loses what it has done",
    }


def _engines(blue: str, green: str) -> Callable[[Looks], None]:
    def arrange(looks: Looks) -> None:
        looks.town.root("blue").engine, looks.town.root("green").engine = blue, green

    return arrange


def _locks(**by_layer: Mapping[str, Pinned] | None) -> Callable[[Looks], None]:
    def arrange(looks: Looks) -> None:
        for layer, locked in by_layer.items():
            looks.survey(layer, required={GOOGLE: "~> 7.0"}, locked=locked)

    return arrange


def _fails(layer: str, **errors: BluegreenError) -> Callable[[Looks], None]:
    def arrange(looks: Looks) -> None:
        for name, error in errors.items():
            setattr(looks.town.root(layer), name, error)

    return arrange


def _zone(**changes: Any) -> Callable[[Looks], None]:
    return lambda looks: setattr(looks.zones, "seen", [replace(ZONE, **changes)])


def _servers(*names: str) -> Callable[[Looks], None]:
    return lambda looks: looks.town.resolver.servers.update({"shop.test": names})


def _resolves(name: str, system: str, own: str, error: str = "") -> Callable[[Looks], None]:
    made = Resolution(tuple(system.split()), tuple(own.split()), error)
    return lambda looks: looks.town.resolver.known.update({name: made})


def _on_google(*without: str, plus: str = "") -> Callable[[Looks], None]:
    def arrange(looks: Looks) -> None:
        looks.town.run("deploy", release="3", sets={"machine": INSTANCE})
        looks.permissions.has = {one for one in NEEDED if one not in without} | ({plus} if plus else set())

    return arrange


def _unfinished(looks: Looks) -> None:
    looks.town.kill("deploy", "phase-started", fields={"phase": "CHECK"}, release="3")


def _held(looks: Looks) -> None:
    looks.town.place.holder = Holder("run-x", "deploy", "ada", "here", "b", 1, 0.0, 1.0)


def _frozen(looks: Looks) -> None:
    looks.town.store.set_freeze(Freeze("the sale", "ada", 1.0))


def _other_addresses(looks: Looks) -> None:
    looks.town.root("blue")._resources["server.disk"] = {}


def _soon(looks: Looks) -> None:
    looks.zones.end = looks.town.clock.time() + 3 * 86400.0


def _no_room(looks: Looks) -> None:
    looks.town.root("blue").fail_room = BluegreenError("less than 64 MiB are free", hint="make room")


def _silent_store(looks: Looks) -> None:
    looks.town.store.freeze = lambda: (_ for _ in ()).throw(Locked("the freeze cannot be read"))  # type: ignore[method-assign]


def _certificate(looks: Looks) -> None:
    answer = looks._answer
    looks._answer = lambda question: replace(answer(question), certificate_days=3.0)


def _alarm(**moods: str) -> Callable[[Looks], None]:
    return lambda looks: looks.town.moods.update(moods)


def _is(**flags: bool) -> Callable[[Looks], None]:
    def arrange(looks: Looks) -> None:
        for name, flag in flags.items():
            setattr(looks.town, name, flag)

    return arrange


def _unmarked(looks: Looks) -> None:
    answer = looks._answer
    looks._answer = lambda question: replace(answer(question), headers={})


LOCK_AT = {GOOGLE: Pinned("7.45.0")}
OLD_LOCK = {GOOGLE: Pinned("7.40.0")}
MODULE = "git::https://git.example/x.git"
W, F, S = Level.WARNING, Level.FAILURE, Level.SKIPPED


@pytest.mark.parametrize(
    ("name", "arrange", "level", "seen", "fix"),
    [
        ("engine", _engines("1.15.5", ""), W, "older than what wrote a state: blue by 1.15.5", "terraform.engine"),
        (
            "lock files",
            _locks(blue=None, green=None),
            W,
            "no lock file in tf/server: each machine",
            "providers lock -platform",
        ),
        ("lock files", _locks(blue={}, green={}), F, f"in tf/server has no {GOOGLE}", "providers lock"),
        ("lock files", _locks(green={GOOGLE: Pinned("7", portable=False)}), W, "one platform only", "-platform="),
        ("states", _locks(edge=None), S, "tf/edge has no lock file, and a look writes none", ""),
        ("states", lambda looks: _hung(looks), F, "the state of blue has not come", "backend is up"),
        ("records", _locks(edge=None), S, "tf/edge has no lock file", ""),
        ("records", _fails("edge", fail_read=BluegreenError("no")), S, "the state of edge cannot be read", ""),
        ("states", _fails("green", fail_read=BluegreenError("no bucket", hint="make it")), F, "green: no b", "make it"),
        (
            "states",
            lambda looks: looks.holders.update(edge="apply of bob"),
            W,
            "edge is locked: apply of bob",
            "unlock",
        ),
        ("store", _held, W, "locked: deploy run-x of ada", "bluegreen resume"),
        ("store", _unfinished, W, "unfinished: deploy run-003", "bluegreen rollback"),
        ("store", _frozen, W, "locked by ada", "bluegreen unlock"),
        ("store", _silent_store, F, "the freeze cannot be read", ""),
        (
            "contract",
            lambda looks: looks.survey("edge", declares=frozenset()),
            F,
            "edge lacks output.bluegreen",
            "docs/reference/contract.md",
        ),
        ("contract", _fails("blue", fail_folder=ConfigError("it sets color")), F, "it sets color", ""),
        ("versions", _engines("1.9.1", "1.11.4"), W, "blue by 1.9.1, green by 1.11.4", "bluegreen deploy"),
        ("versions", _locks(blue=LOCK_AT, network=OLD_LOCK), W, "7.40.0 in tf/network", "init -upgrade"),
        (
            "versions",
            lambda looks: looks.survey("edge", modules={"cdn": MODULE}),
            W,
            f"without a version: {MODULE}",
            "ref=",
        ),
        ("versions", lambda looks: _moved(looks), F, f"blue has resources of {GOOGLE}", "replace-provider"),
        ("versions", lambda looks: _behind(looks), W, f"blue has {GOOGLE} 7.40.0 here, and 7.45.0", "tf blue -- init"),
        ("versions", lambda looks: _other_module(looks), W, "other modules here: server", "init"),
        ("colors", lambda looks: _bigger(looks), W, "differ in size ('small', 'large')", "deploy once more"),
        ("colors", _other_addresses, W, "only blue has server.disk", "deploy once more"),
        ("code", _other_addresses, W, "blue is not what its code says: delete server.disk", "tf blue -- plan"),
        ("code", _fails("edge", fail_plan=BluegreenError("quota", hint="ask for more")), F, "quota", "ask for more"),
        ("token", lambda looks: looks.zones.seen.append(ZONE), W, "opens 2 zones", "the one zone"),
        ("token", lambda looks: looks.zones.seen.clear(), W, "may read no zone", "Zone:Read"),
        ("token", _soon, W, "expires in 3 days", "new one"),
        ("token", lambda looks: _refused(looks), F, "Cloudflare says no", "check it"),
        ("zone", _zone(status="pending"), F, "shop.test is pending", "ns1.cloudflare.test and ns2"),
        ("zone", _zone(paused=True), F, "is paused", "resume"),
        ("zone", lambda looks: _refused(looks), S, "the token opens no zones", ""),
        ("zone", _zone(id="other"), S, "zone is not among the 1 zones that", ""),
        ("delegation", _servers("ns1.old.test"), F, "delegated to ns1.old.test, and not", "ns1.cloudflare.test"),
        ("delegation", _servers(*ZONE.name_servers, "ns1.old.test"), W, "to ns1.old.test too", "no other"),
        ("delegation", _servers(), W, "no name server", "registrar"),
        ("delegation", _zone(full=False), S, "elsewhere, on purpose", ""),
        ("records", lambda looks: looks.town.records.point("shop.test", "127.0.0.11"), F, "points at", "reconcile"),
        ("records", lambda looks: setattr(looks.town.records, "error", BluegreenError("no")), F, "no", ""),
        (
            "google",
            _on_google(plus="resourcemanager.projects.setIamPolicy"),
            W,
            "more than a deploy needs",
            "account of",
        ),
        ("google", _on_google("compute.instances.stop"), F, "missing compute.instances.stop", "instanceAdmin.v1"),
        ("google", _on_google(*NEEDED), W, "enough to switch and to roll back", "where deploys run"),
        ("public", _is(cached=True), F, "from a cache", "cache rule"),
        ("public", _is(challenged=True), F, "stopped at the edge (HTTP 403)", "probe.headers"),
        ("public", _alarm(green="sick"), F, "fails: HTTP 500", "bluegreen status"),
        (
            "public",
            lambda looks: looks.town.records.point("shop.test", "127.0.0.11"),
            F,
            "by blue 1, and not as",
            "status",
        ),
        ("public", _unmarked, F, "does not say which color", "identity"),
        (
            "blue",
            _alarm(blue="walled"),
            F,
            "not reached from here at 127.0.0.11: timed out",
            "health_check_source_ranges",
        ),
        ("blue", _alarm(blue="sick"), W, "sick: wrong answer HTTP 500, so it is no way back", "status"),
        ("green", _alarm(green="sick"), F, "and it serves the public", "bluegreen rollback"),
        ("green", _certificate, W, "its certificate ends in 3 days", "renew"),
        ("resolvers", _resolves("shop.test", "127.0.0.3", "127.0.0.2"), W, "127.0.0.3 here, and 127.0.0.2 at", "TTL"),
        ("resolvers", _resolves("blue.test", "127.0.0.9", "127.0.0.9"), W, "127.0.0.9, and not 127.0.0.11", "plan"),
        ("resolvers", _resolves("blue.test", "", "", "system: no such name"), W, "no such name", "probes go"),
        ("resolvers", lambda looks: looks.town.resolver.known.clear(), F, "resolves none of", "resolv.conf"),
        ("clock", lambda looks: setattr(looks, "skew", 30.0), W, "s ahead of the records' API", "synchronised"),
        ("clock", lambda looks: setattr(looks, "skew", -500.0), F, "s behind", "synchronised"),
        ("clock", lambda looks: setattr(looks, "answer", None) or _mute(looks), S, "did not say what time it is", ""),
        ("disk", lambda looks: setattr(looks, "free", 100 << 20), W, "100 MiB are free", "make room"),
        ("disk", _no_room, F, "less than 64 MiB are free", "make room"),
    ],
)
def test_what_is_found(
    both: Callable[..., Looks], name: str, arrange: Callable[[Looks], object], level: Level, seen: str, fix: str
) -> None:
    looks = both()
    arrange(looks)
    found = looks.find(name)
    assert (found.check, found.level) == (name, level), found
    assert seen in found.seen
    assert fix in found.fix
    assert bool(fix) or not found.fix


def _moved(looks: Looks) -> None:
    looks.town.root("blue").providers = frozenset({GOOGLE, "terraform.io/builtin/terraform"})
    looks.survey("blue", locked={CLOUDFLARE: Pinned("5.22.0")})


def _behind(looks: Looks) -> None:
    looks.survey("blue", locked=LOCK_AT, installed={GOOGLE: "7.40.0"})


def _other_module(looks: Looks) -> None:
    looks.survey("blue", modules={"server": f"{MODULE}?ref=v1"})
    looks.survey("green", modules={"server": f"{MODULE}?ref=v2"})


def _bigger(looks: Looks) -> None:
    looks.town.run("deploy", release="3", sets={"size": "small"})
    looks.town.run("deploy", release="4", sets={"size": "large"})


def test_what_two_layers_have_in_common_is_said_once() -> None:
    same = skipped("tf/server has no lock file")
    found = together([same, same, warning("tf/edge is old", "renew it"), ok("fine")], "all is well")
    assert (found.level, found.seen, found.fix) == (
        Level.WARNING,
        "tf/server has no lock file; tf/edge is old",
        "renew it",
    )


def _refused(looks: Looks) -> None:
    looks.zones.error = BluegreenError("Cloudflare says no", hint="check it")


def _mute(looks: Looks) -> None:
    looks.town.probe._answer = lambda question: Answer(0, error="connection refused")


def _hung(looks: Looks) -> None:
    workspace = looks.town.root("blue")
    looks.patience = 0.2
    workspace.read = lambda: looks.ended.wait(30.0)  # type: ignore[method-assign, assignment, return-value]
