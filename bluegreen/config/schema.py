"""The shape of `bluegreen.yaml`: every key, its type and its default. Durations are float seconds.

`reference/bluegreen.yaml` says what each key means, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    SecretStr,
    SkipValidation,
    Strict,
    model_validator,
)

from bluegreen.config.durations import AUTO, format_duration
from bluegreen.config.fields import (
    BackendSetting,
    Duration,
    DurationOrAuto,
    DurationOrForever,
    EnvironmentVariable,
    HeaderName,
    HeaderValue,
    Masked,
    Name,
    Network,
    NoneIsAWord,
    OneOrMany,
    Pattern,
    RegularExpression,
    StatusRange,
    StorePlace,
    TerraformEngine,
    Text,
    Url,
    UrlPath,
    VariableName,
    none_is_a_word,
)
from bluegreen.config.github import ActionReference, Branch, Labels, WorkingHours
from bluegreen.config.wording import Wrong
from bluegreen.model import Color, Value

Texts: TypeAlias = Annotated[tuple[Text, ...], Strict(False)]
"""A list of texts; YAML has lists only, so a tuple has to be made of one."""

MOST_ENVIRONMENTS = 100
"""Each is merged with all of `defaults`, so this bounds the work that a file can make."""

SETTLE = 300.0
"""Seconds. A change of a proxied record takes effect "within five minutes or less", says Cloudflare's DNS manual."""

GuardedPhase: TypeAlias = Literal["prepare", "switch", "return", "retire"]

OwnedClass: TypeAlias = Literal[
    "marker", "public", "backend.blue", "backend.green", "server.blue", "server.green", "shared"
]


class Section(BaseModel):
    """One mapping of the file: unknown keys are refused, and nothing changes once it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Statuses(RootModel[Annotated[tuple[StatusRange, ...], Strict(False), Field(min_length=1)]]):
    """HTTP status codes and ranges of them."""

    model_config = ConfigDict(frozen=True, strict=True)

    def contains(self, code: int) -> bool:
        return any(first <= code <= last for first, last in self.root)


class Warm(Section):
    on_deploy: Literal["replace", "refuse"] = "replace"


class Smoke(Section):
    """A command of the user's. command: argv, no shell."""

    command: Annotated[Texts, Field(min_length=1)]
    timeout: Duration = 60.0


class Hook(Smoke):
    """A command that belongs to a switch. idempotent: it may be run again when it was cut off."""

    on_failure: Literal["stop", "continue"] = "stop"
    idempotent: bool = False


class ReturnHook(Hook):
    """One of a way back, which goes on without it, unless it says `stop`: then the run is stuck."""

    on_failure: Literal["stop", "continue"] = "continue"


class LastHook(Hook):
    """One that comes when all is done, and so can stop nothing."""

    on_failure: Literal["continue"] = "continue"


HookList: TypeAlias = Annotated[tuple[Hook, ...], Strict(False)]
ReturnHookList: TypeAlias = Annotated[tuple[ReturnHook, ...], Strict(False)]


class Hooks(Section):
    """Commands around what a run does, each run in turn. A rollback runs the ones of a return, and no others."""

    before_prepare: HookList = ()
    after_prepare: HookList = ()
    before_switch: HookList = ()
    after_switch: HookList = ()
    before_return: ReturnHookList = ()
    after_return: ReturnHookList = ()
    after_done: Annotated[tuple[LastHook, ...], Strict(False)] = ()


class Check(Section):
    """The idle color, asked by its own backend hostname before anything is switched.

    via: connect to its address, ask through the edge, or run `command` (argv, no shell). host: by which name.
    """

    via: Literal["direct", "edge", "command"] = "direct"
    host: Literal["backend", "public"] = "backend"
    command: Annotated[Texts | None, Field(min_length=1)] = None
    healthy: Annotated[int, Field(ge=1, le=100)] = 5
    every: Duration = 1.0
    deadline: Duration = 300.0
    timeout: Duration = 10.0
    path: UrlPath = "/healthz"
    expect: Statuses = Statuses.model_validate([200])
    latency: Duration = 2.0
    verify: bool = True
    ca_file: Text | None = None
    smoke: Smoke | None = None


class RollbackCheck(Section):
    """The same before a rollback, where every second costs."""

    healthy: Annotated[int, Field(ge=1, le=100)] = 3
    every: Duration = 1.0
    deadline: Duration = 10.0


class PublicProbe(Section):
    """The public URL, asked from before the first apply until the switch is proven.

    settle: seconds, or AUTO, which the live records decide. headers: sent with whatever goes through the edge.
    """

    path: UrlPath = "/"
    every: Duration = 0.1
    timeout: Duration = 10.0
    expect: Statuses = Statuses.model_validate(["200-399"])
    latency: Duration = 2.0
    healthy: Annotated[int, Field(ge=1, le=100)] = 5
    settle: DurationOrAuto = AUTO
    deadline: Duration = 600.0
    control: Url | None = None
    headers: dict[HeaderName, HeaderValue] = {}

    @property
    def secrets(self) -> Mapping[str, str]:
        """The headers with their values readable."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}


class Matcher(Section):
    """Where in an answer a word stands: exactly one of the three is set.

    header: its name. json: dotted path into the body. pattern: regular expression for the body; its first group.
    """

    header: Text | None = None
    json_path: Annotated[Text | None, Field(alias="json")] = None
    pattern: RegularExpression | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Matcher:
        if len([one for one in (self.header, self.json_path, self.pattern) if one is not None]) != 1:
            raise Wrong("needs exactly one of header, json and pattern", "for example {header: X-Color}")
        return self


class Identity(Section):
    """How an answer says which color, and which release, it came from."""

    color: Matcher
    release: Matcher | None = None


class Bake(Section):
    """The time after the switch in which bad answers send the public back."""

    lasts: Annotated[Duration, Field(alias="for")] = 300.0
    every: Duration = 5.0
    bad: Annotated[int, Field(ge=1, le=1000)] = 6
    on_failure: Literal["rollback", "hold"] = "rollback"
    blind_deadline: Duration = 900.0


class Allowance(Section):
    """What the guard lets pass beyond its rules. address: a pattern for resource addresses."""

    address: Pattern
    actions: Annotated[tuple[Literal["update", "replace", "delete"], ...], Strict(False), Field(min_length=1)] = (
        "update",
    )
    phases: Annotated[tuple[GuardedPhase, ...], Strict(False), Field(min_length=1)] = ("prepare",)


class Guard(Section):
    """ownership: whose a resource is, class -> patterns for addresses; the first that fits wins, these before the
    built-in ones."""

    allow: Annotated[tuple[Allowance, ...], Strict(False)] = ()
    ownership: dict[OwnedClass, OneOrMany] = {}


class Terraform(Section):
    """How Terraform is run. env: what is added to its environment. deadline: how long one command may take before it
    is interrupted; grace: from then until it is killed."""

    engine: TerraformEngine = "auto"
    backend_config: Annotated[tuple[BackendSetting, ...], Strict(False)] = ()
    workspace: str = ""
    var_files: Texts = ()
    env: dict[EnvironmentVariable, Annotated[SecretStr, Strict(False), Masked]] = {}
    lock_timeout: Duration = 30.0
    deadline: Duration = 3600.0
    grace: Duration = 120.0


class Edge(Section):
    """Where the public records live, for looking at them; Terraform writes them, and `rollback --direct`.

    purge: what the CDN is to forget once traffic has moved.
    """

    kind: Literal["cloudflare", "sandbox"] = "cloudflare"
    zone: Text | None = None
    hostnames: Texts = ()
    proxied: bool = True
    purge: Literal["none", "hosts", "everything"] = "none"
    base_url: Url | None = None
    token: Annotated[SecretStr, Strict(False), Masked] | None = None


Notified: TypeAlias = Literal[
    "started",
    "prepared",
    "switched",
    "rolled-back",
    "returned",
    "failed",
    "stuck",
    "warm-ending",
    "lock-taken-over",
]


class Channel(Section):
    """Somebody who is told of runs. url_env: the variable that holds the address, in apprise's form; it is a secret."""

    url_env: VariableName
    events: Annotated[tuple[Notified, ...], Strict(False), Field(min_length=1)] = get_args(Notified)


class EnvironmentSettings(Section):
    """One environment, after `defaults` were laid under it.

    keep_warm: seconds, math.inf for ever. identity: None when the file says `identity: none`. variables: the color's
    object without its release.
    """

    release: Text | None = None
    variables: dict[str, Any] = {}
    first_active: Annotated[Color, Strict(False)] = Color.BLUE
    keep_warm: DurationOrForever = 3600.0
    standby: Literal["stop", "destroy"] = "stop"
    lock_after_return: bool = False
    reversible: bool = True
    cost_per_hour: Annotated[float | None, Field(ge=0, le=1e6)] = None
    warm: Warm = Warm()
    check: Check = Check()
    rollback_check: RollbackCheck = RollbackCheck()
    probe: PublicProbe = PublicProbe()
    identity: Annotated[Identity | None, BeforeValidator(none_is_a_word), NoneIsAWord()]
    bake: Bake = Bake()
    hooks: Hooks = Hooks()
    guard: Guard = Guard()
    terraform: Terraform = Terraform()
    edge: Edge = Edge()
    notify: Annotated[tuple[Channel, ...], Strict(False)] = ()
    store: StorePlace = "auto"

    def settle(self, ttl: float = 0.0) -> float:
        """Return the seconds for which old answers may still come after a switch.

        ttl: of the public records, seconds; it counts where they are not proxied, so that resolvers keep them.
        """
        configured = self.probe.settle
        if isinstance(configured, float):
            return configured
        return SETTLE if self.edge.proxied else max(SETTLE, 2 * ttl)


class Sandbox(Section):
    """The world on localhost. network: its /24."""

    network: Network


class GitHub(Section):
    """What `generate github` writes. action: this program as one. queue: which of the deploys that wait are kept."""

    action: ActionReference
    runner: Labels = ("ubuntu-24.04",)
    branch: Branch = "main"
    hours: WorkingHours | None = None
    queue: Literal["newest", "max"] = "newest"

    @property
    def hosted(self) -> bool:
        """Whether a machine of GitHub's does it, which has no address of its own."""
        return "self-hosted" not in self.runner


class ConfigFile(Section):
    """The whole file. What it skips is validated elsewhere: stack.py, and each environment once it was merged."""

    service: Name
    stack: SkipValidation[str | list[dict[str, str]]]
    sandbox: Sandbox | None = None
    github: GitHub | None = None
    defaults: SkipValidation[EnvironmentSettings] | None = None
    environments: Annotated[
        dict[Name, SkipValidation[EnvironmentSettings | None]], Field(min_length=1, max_length=MOST_ENVIRONMENTS)
    ]


SANDBOX_DEFAULTS: Mapping[str, Value] = {
    "check": {"every": "50ms", "timeout": "2s"},
    "rollback_check": {"every": "50ms"},
    "probe": {"settle": "1s", "deadline": "30s", "timeout": "2s"},
    "bake": {"for": "3s", "every": "500ms", "blind_deadline": "30s"},
    "edge": {"kind": "sandbox"},
    "store": "local",
}
"""Where the file has a `sandbox`, these lie under `defaults`: on loopback there is nothing to wait for."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file.

    What an environment may leave out because `defaults` holds it is not required in either.
    """
    schema = ConfigFile.model_json_schema(by_alias=True)
    for merged in (EnvironmentSettings, Identity, Smoke):
        schema["$defs"][merged.__name__].pop("required", None)
    for section in schema["$defs"].values():
        for key in section.get("properties", {}).values():
            if isinstance(key.get("default"), float):  # every float of this file is a duration
                key["default"] = format_duration(key["default"])
    return {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "bluegreen.yaml"}
