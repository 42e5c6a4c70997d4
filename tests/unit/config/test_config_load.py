"""What a file comes to, and every problem of it at once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from bluegreen.config.environment import DEFAULT, shown
from bluegreen.config.load import Config
from bluegreen.config.schema import Matcher, json_schema
from bluegreen.errors import ConfigError, Problem
from bluegreen.model import Color

Load = Callable[[str], Config]
Problems = Callable[[str], list[Problem]]

SANDBOX = "sandbox: {network: 127.77.12.0/24}\n"


def test_every_problem_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    found = problems(
        "servce: shop\n"
        "stack: nowhere\n"
        "defaults:\n"
        "  check: {helthy: 3, every: 5}\n"
        "  identity: none\n"
        "environments:\n"
        "  pro:\n"
        "    check: {every: 1s}\n"
        "    standby: stpo\n"
        "  Stg: {}\n"
        "  pre:\n"
    )
    assert [(p.where.removeprefix("bluegreen.yaml:"), p.path, p.message, p.hint) for p in found] == [
        ("1:1", "service", "is required", "the name of what is deployed: service: shop"),
        ("1:1", "servce", "is no key that is known here", 'did you mean "service"?'),
        ("2:8", "stack", "there is no folder nowhere", found[2].hint),
        ("4:11", "defaults.check.helthy", "is no key that is known here", 'did you mean "healthy"?'),
        ("4:29", "defaults.check.every", "is a number without a unit", "write 5s for seconds"),
        ("9:14", "environments.pro.standby", 'must be stop or destroy, not "stpo"', 'did you mean "stop"?'),
        ("10:3", "environments.Stg", found[6].message, "for example shop or pre-2"),
    ]


@pytest.mark.parametrize(
    ("line", "path", "message"),
    [
        ("check: {healthy: 0}", "check.healthy", "must be at least 1, not 0"),
        ("check: {healthy: 101}", "check.healthy", "must be at most 100, not 101"),
        ("check: {healthy: 2.5}", "check.healthy", "must be a whole number, not a number"),
        ("check: {healthy: true}", "check.healthy", "must be a whole number, not true or false"),
        ("check: {verify: 1}", "check.verify", "must be true or false, not a whole number"),
        ("check: {path: healthz}", "check.path", "must be the path of a URL"),
        ("check: {path: //host/healthz}", "check.path", "must be the path of a URL"),
        ("check: {expect: 200}", "check.expect", "must be a list, not a whole number"),
        ("check: {expect: []}", "check.expect", "must not be empty"),
        ("check: {expect: [200, 99]}", "check.expect.1", "must be from 100 to 599"),
        ("check: {expect: [299-200]}", "check.expect.0", "must be from 100 to 599"),
        ("check: {expect: [true]}", "check.expect.0", "must be a status code"),
        ("check: {smoke: {timeout: 1s}}", "check.smoke.command", "is required"),
        ("check: {smoke: {command: []}}", "check.smoke.command", "must not be empty"),
        ("check: {ca_file: nowhere.pem}", "check.ca_file", "there is no file nowhere.pem"),
        ("check:", "check", "must be a mapping of keys to values, not nothing"),
        ("warm: {on_deploy: refuze}", "warm.on_deploy", 'must be replace or refuse, not "refuze"'),
        ("first_active: red", "first_active", 'must be blue or green, not "red"'),
        ("keep_warm: never", "keep_warm", 'is "never", not a duration'),
        ("keep_warm: 3600", "keep_warm", "is a number without a unit"),
        ("probe: {settle: forever}", "probe.settle", 'is "forever", not a duration'),
        ("probe: {control: example.com}", "probe.control", "must be a whole URL"),
        ("probe: {control: 'https://u:p@example.com/'}", "probe.control", "must not hold a user or a password"),
        ("probe: {control: 'https://[1'}", "probe.control", "must be a whole URL"),
        ("guard: {allow: [{actions: [update]}]}", "guard.allow.0.address", "is required"),
        ("guard: {allow: [{address: a, actions: [create]}]}", "guard.allow.0.actions.0", "must be update or replace"),
        ("guard: {allow: [{address: a, phases: []}]}", "guard.allow.0.phases", "must not be empty"),
        ("guard: {ownership: {publik: a}}", "guard.ownership.publik", "is no key that is known here"),
        ("guard: {ownership: {public: [a, 3]}}", "guard.ownership.public.1", "must be text"),
        ("terraform: {engine: tofuu}", "terraform.engine", "must be auto, terraform, tofu, embedded or the path"),
        ("terraform: {env: {TF_DATA_DIR: x}}", "terraform.env.TF_DATA_DIR", "is never handed to Terraform"),
        ("terraform: {env: {1a: x}}", "terraform.env.1a", "must be the name of an environment variable"),
        ("terraform: {var_files: [no.tfvars]}", "terraform.var_files.0", "there is no file no.tfvars"),
        ("terraform: {backend_config: ['password=x']}", "terraform.backend_config.0", "looks like a secret"),
        ("edge: {kind: sandbox}", "edge.kind", "the file has no sandbox"),
        ("store: gcs", "store", "must be auto, local or a bucket"),
        ("store: gs://Bad_Bucket", "store", "must be auto, local or a bucket"),
        ("store: gs://bucket/../elsewhere", "store", "must be auto, local or a bucket"),
        ("store: lokal", "store", "must be auto, local or a bucket"),
        ("keep_warm: 9m", "keep_warm", "is shorter than twice probe.settle (5m)"),
        ("check: {timeout: 6m}", "check.timeout", "is longer than check.deadline"),
        ("check: {deadline: 4s, timeout: 1s}", "check.deadline", "cannot be met: 5 answers, one each 1s"),
        ("rollback_check: {every: 5s}", "rollback_check.deadline", "cannot be met: 3 answers, one each 5s"),
        ("bake: {bad: 62}", "bake.bad", "do not fit into bake.for"),
        ("bake: {for: 20m}", "bake.blind_deadline", "is shorter than bake.for"),
        ("release: ' '", "release", "is empty"),
        ("notify: [{url_env: slack://a/b}]", "notify.0.url_env", "must be the name of an environment variable"),
        (
            "notify: [{url_env: CHAT, events: [swiched]}]",
            "notify.0.events.0",
            "must be started or prepared or switched",
        ),
        ("notify: [{events: [stuck]}]", "notify.0.url_env", "is required"),
    ],
)
def test_values_that_cannot_be_meant(setting: Problems, line: str, path: str, message: str) -> None:
    (problem,) = setting(line)
    assert problem.path == f"environments.pro.{path}"
    assert message in problem.message
    assert problem.where.startswith("bluegreen.yaml:6:")


def test_a_problem_between_a_value_and_a_default_names_what_was_written(problems: Problems, minimal: str) -> None:
    (problem,) = problems(SANDBOX + minimal + "    bake: {for: 2m}\n")
    assert (problem.where, problem.path) == ("bluegreen.yaml:7:11", "environments.pro.bake.blind_deadline")
    (problem,) = problems("defaults: {probe: {settle: 1h}}\n" + minimal)
    assert (problem.where, problem.path) == ("bluegreen.yaml:6:5", "environments.pro.keep_warm")


def test_identity_must_be_chosen_and_both_ways_are_told(problems: Problems, setting: Problems) -> None:
    (problem,) = problems("service: shop\nstack: terraform\nenvironments: {pro: }\n")
    assert (problem.path, problem.message) == ("environments.pro.identity", "is required")
    assert "header: X-Color" in problem.hint
    assert "identity: none" in problem.hint
    for written in ("", "null", "nome", "[]"):
        found = problems(f"service: shop\nstack: terraform\nenvironments: {{pro: {{identity: {written}}}}}\n")
        assert [p.hint for p in found] == [problem.hint]


@pytest.mark.parametrize(
    ("matcher", "message"),
    [
        ("{}", "needs exactly one"),
        ("{header: A, json: b}", "needs exactly one"),
        ("{pattern: '('}", "is no regular expression"),
        ("{pattern: 'blue'}", "needs a group"),
        ("{pattern: '([[a])'}", "is no regular expression"),
    ],
)
def test_a_matcher_is_exactly_one_thing(problems: Problems, matcher: str, message: str) -> None:
    head = "service: shop\nstack: terraform\nenvironments:\n  pro:\n    identity:\n"
    (problem,) = problems(f"{head}      color: {matcher}\n")
    assert problem.path.startswith("environments.pro.identity.color")
    assert message in problem.message


def test_what_an_environment_replaces_is_still_checked_in_defaults(problems: Problems, minimal: str) -> None:
    (problem,) = problems("defaults: {standby: 3}\n" + minimal + "    standby: stop\n")
    assert (problem.where, problem.path) == ("bluegreen.yaml:1:21", "defaults.standby")


def test_environments_lie_over_defaults(load: Load) -> None:
    environment = load(
        "service: shop\nstack: terraform\n"
        "defaults:\n"
        "  identity: {color: {header: X-Color}, release: {json: release}}\n"
        "  check: {healthy: 7, expect: [200, 204], smoke: {command: [a]}}\n"
        "  variables: {size: {cpu: 1, memory: 2}}\n"
        "environments:\n"
        "  pro:\n"
        "    identity: {color: {pattern: '(blue|green)'}}\n"
        "    check: {deadline: 10m, expect: [201], smoke: {timeout: 5s}}\n"
        "    variables: {size: {cpu: 4}}\n"
    ).environment("pro", {})
    assert (environment.check.healthy, environment.check.deadline) == (7, 600)
    assert [environment.check.expect.contains(code) for code in (200, 201)] == [False, True]
    assert environment.check.smoke is not None
    assert (environment.check.smoke.command, environment.check.smoke.timeout) == (("a",), 5)
    assert environment.variables == {"size": {"cpu": 4, "memory": 2}}
    assert environment.identity is not None
    assert environment.identity.color == Matcher.model_validate({"pattern": "(blue|green)"})
    assert environment.identity.release == Matcher.model_validate({"json": "release"})


def test_origins(load: Load, minimal: str) -> None:
    text = "defaults:\n  check: {healthy: 7}\n" + SANDBOX + minimal + "    keep_warm: forever\n"
    environment = load(text).environment(None, {})
    rows = {path: (value, origin) for path, value, origin in shown(environment)}
    assert rows["check.healthy"] == (7, "bluegreen.yaml:2")
    assert rows["keep_warm"] == ("forever", "bluegreen.yaml:9")
    assert rows["check.every"] == ("50ms", DEFAULT)
    assert rows["bake.bad"] == (6, DEFAULT)
    assert rows["identity"] == ("none", "bluegreen.yaml:8")
    assert environment.keep_warm == math.inf
    json.dumps(rows)


def test_the_sandbox_waits_for_less(load: Load, minimal: str) -> None:
    slow, fast = (load(text).environment(None, {}) for text in (minimal, SANDBOX + minimal))
    assert (slow.check.every, slow.probe.settle, slow.probe.deadline, slow.bake.lasts) == (1, "auto", 600, 300)
    assert (fast.check.every, fast.probe.settle, fast.probe.deadline, fast.bake.lasts) == (0.05, 1, 30, 3)
    assert (slow.edge.kind, fast.edge.kind) == ("cloudflare", "sandbox")
    assert slow.keep_warm == fast.keep_warm == 3600


@pytest.mark.parametrize("network", ["10.0.0.0/24", "127.1.0.0/16", "127.1.2.3/24", "127.1.2.0", "x"])
def test_the_sandbox_is_a_24_of_loopback(problems: Problems, minimal: str, network: str) -> None:
    (problem,) = problems(f"sandbox: {{network: {network}}}\n" + minimal)
    assert (problem.path, problem.message) == ("sandbox.network", "must be a /24 of 127.0.0.0/8")


def test_choosing_an_environment(load: Load) -> None:
    config = load("service: s\nstack: terraform\ndefaults: {identity: none}\nenvironments: {stg: , pro: }\n")
    assert config.names == ("stg", "pro")
    assert config.environment("pro", {}).name == "pro"
    with pytest.raises(ConfigError, match=r"which environment\? There are stg, pro"):
        config.environment()
    with pytest.raises(ConfigError, match='there is no environment "prod", only stg, pro') as caught:
        config.environment("prod")
    assert caught.value.hint == 'did you mean "pro"?'


def test_a_file_has_bounded_environments(problems: Problems) -> None:
    many = ", ".join(f"e{number}: " for number in range(101))
    (problem,) = problems(f"service: s\nstack: terraform\nenvironments: {{{many}}}\n")
    assert (problem.path, problem.message) == ("environments", "must not have more than 100 entries")


def test_a_single_root_is_one_layer(load: Load, minimal: str) -> None:
    config = load(minimal)
    (layer,) = config.stack
    assert config.single
    assert (layer.name, layer.folder.name, layer.color, layer.shared, layer.last) == (
        "main",
        "terraform",
        None,
        False,
        True,
    )


LAYERS = "[network: tf/network, blue: tf/server, green: tf/server, edge: tf/edge]"


def test_layers(load: Load, minimal: str) -> None:
    config = load(minimal.replace("stack: terraform", f"stack: {LAYERS}"))
    assert not config.single
    assert [(la.name, la.folder.name, la.color, la.shared, la.last) for la in config.stack] == [
        ("network", "network", None, True, False),
        ("blue", "server", Color.BLUE, False, False),
        ("green", "server", Color.GREEN, False, False),
        ("edge", "edge", None, False, True),
    ]


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("", "must be a folder or a list"),
        ("{}", "must be a folder or a list"),
        ("[]", "must be a folder or a list"),
        ("/tmp", "must be relative"),
        ("..", "leads out of the project"),
        ("terraform/../../x", "leads out of the project"),
        ("bluegreen.yaml", "there is no folder"),
        ('"a\\0b"', "cannot be a folder"),
        ("[blue: terraform, edge: tf/edge]", "has no layer green"),
        ("[network: tf/network]", "has no layer blue and no layer green and no layer edge"),
        ("[edge: tf/edge, blue: tf/server, green: tf/server]", "the last layer must be edge"),
        (LAYERS.replace("network:", "blue:"), "there is a layer blue already"),
        (LAYERS.replace("network:", "Net:"), "is no name for a layer"),
        (LAYERS.replace("network: tf/network", "tf/network"), "must be one layer"),
        (LAYERS.replace("network: tf/network", "{a: b, c: d}"), "must be one layer"),
        (LAYERS.replace("tf/network", "3"), "must be a folder"),
        (LAYERS.replace("tf/network", "tf/nothing"), "there is no folder tf/nothing"),
    ],
)
def test_stacks_that_cannot_be_meant(problems: Problems, minimal: str, stack: str, message: str) -> None:
    (problem,) = problems(minimal.replace("stack: terraform", f"stack: {stack}"))
    assert problem.where.startswith("bluegreen.yaml:2:")
    assert problem.path.startswith("stack")
    assert message in problem.message


def test_a_link_out_of_the_project_is_refused(
    problems: Problems, minimal: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (tmp_path / "link").symlink_to(outside)
    (problem,) = problems(minimal.replace("stack: terraform", "stack: link"))
    assert "leads out of the project" in problem.message


@pytest.mark.parametrize("name", ["../shared.tfvars", "linked.tfvars", "/etc/hostname"])
def test_values_from_outside_of_the_project_are_refused(setting: Problems, tmp_path: Path, name: str) -> None:
    outside = tmp_path.parent / "shared.tfvars"
    outside.touch()
    (tmp_path / "linked.tfvars").symlink_to(outside)
    the_systems = "check: {ca_file: /etc/hostname}"  # which may lie anywhere
    (problem,) = setting(f"{the_systems}\n    terraform: {{var_files: [{name}]}}")
    assert problem.path == "environments.pro.terraform.var_files.0"
    assert problem.message == "leads out of the project"


def test_json_schema_says_durations_as_they_are_written() -> None:
    schema = json_schema()
    json.dumps(schema)
    definitions = schema["$defs"]
    assert definitions["Bake"]["properties"]["for"]["default"] == "5m"
    assert {"const": "none"} in definitions["EnvironmentSettings"]["properties"]["identity"]["anyOf"]
    assert "required" not in definitions["EnvironmentSettings"]
    assert schema["required"] == ["service", "stack", "environments"]
    assert schema["additionalProperties"] is False
