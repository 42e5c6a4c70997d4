"""Secrets come from the environment, are never silently empty and never shown; elsewhere they are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bluegreen.config.environment import shown
from bluegreen.config.load import Config
from bluegreen.config.secrets import looks_like_secret
from bluegreen.config.variables import parse_set, with_values
from bluegreen.errors import ConfigError, Problem, UsageError

Load = Callable[[str], Config]
Problems = Callable[[str], list[Problem]]

REFERRING = """    edge: {token: "${CF_TOKEN}"}
    terraform: {env: {A: "x-${A_SECRET}", REGION: eu-west-1}}
"""
ENVIRON = {"CF_TOKEN": "cf-very-secret", "A_SECRET": "a-very-secret"}


def test_replaced_collected_and_never_shown(load: Load, minimal: str) -> None:
    environment = load(minimal + REFERRING).environment(None, ENVIRON)
    assert environment.edge.token is not None
    assert environment.edge.token.get_secret_value() == "cf-very-secret"
    assert environment.terraform.env["A"].get_secret_value() == "x-a-very-secret"
    assert environment.secrets == {"cf-very-secret", "a-very-secret"}
    rows = {path: value for path, value, _ in shown(environment)}
    assert rows["edge.token"] == rows["terraform.env.A"] == "***"
    assert rows["terraform.env.REGION"] == "eu-west-1"
    everything = f"{environment!r} {environment} {environment.model_dump()} {environment.model_dump_json()} {rows}"
    assert "very-secret" not in everything


def test_who_is_told_has_an_address_that_is_a_secret_and_need_not_be_there(load: Load, minimal: str) -> None:
    config = load(minimal + "    notify: [{url_env: CHAT}, {url_env: PAGER, events: [stuck]}]\n")
    environment = config.environment(None, {"CHAT": "slack://very-secret"})
    assert environment.secrets == {"slack://very-secret"}
    assert [channel.url_env for channel in environment.notify] == ["CHAT", "PAGER"]
    assert set(environment.notify[0].events) > set(environment.notify[1].events) == {"stuck"}
    assert "very-secret" not in f"{environment!r} {shown(environment)}"


@pytest.mark.parametrize("value", ["very-secret\n", " very-secret", "very\x00secret", "sécret"])
def test_a_header_that_cannot_be_sent_is_refused_and_not_repeated(load: Load, minimal: str, value: str) -> None:
    config = load(minimal + '    probe: {headers: {X-Probe: "${PROBE}"}}\n')
    with pytest.raises(ConfigError, match="no HTTP header can carry") as caught:
        config.environment(None, {"PROBE": value})
    assert "cret" not in str(caught.value.problems)


@pytest.mark.parametrize(("environ", "state"), [({}, "not set"), ({"CF_TOKEN": ""}, "empty")])
def test_never_silently_empty(load: Load, minimal: str, environ: dict[str, str], state: str) -> None:
    config = load(minimal + REFERRING)
    with pytest.raises(ConfigError) as caught:
        config.environment(None, {"A_SECRET": "x"} | environ)
    (problem,) = caught.value.problems
    assert problem.message == f"the environment variable CF_TOKEN is {state}"
    assert (problem.where, problem.path) == ("bluegreen.yaml:6:19", "environments.pro.edge.token")


def test_a_header_whose_variable_is_not_set_is_one_problem(load: Load, minimal: str) -> None:
    config = load(minimal + '    probe: {headers: {Authorization: "Bearer ${PROBE}"}}\n')
    with pytest.raises(ConfigError, match="PROBE is not set") as caught:
        config.environment(None, {})
    assert len(caught.value.problems) == 1


def test_staging_needs_no_token_of_productions(load: Load, minimal: str) -> None:
    assert load(minimal + REFERRING + "  stg: {identity: none}\n").environment("stg", {}).secrets == frozenset()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('release: "${RELEASE}"', "is not replaced here"),
        ('variables: {a: [{b: "x${HOME}"}]}', "is not replaced here"),
        ('terraform: {workspace: "${WS}"}', "is not replaced here"),
        ('terraform: {env: {A: "${}"}}', "must hold the name"),
        ('terraform: {env: {A: "${A"}}', "must hold the name"),
        ('terraform: {env: {A: "${a-b}"}}', "must hold the name"),
        ("terraform: {env: {API_TOKEN: abc}}", "is a secret written out"),
        ("edge: {token: abc}", "is a secret written out"),
        ("variables: {api_token: abc}", "looks like a secret"),
        ("variables: {a: {b: [AKIAIOSFODNN7EXAMPLE]}}", "looks like a secret"),
    ],
)
def test_refused_elsewhere(setting: Problems, line: str, message: str) -> None:
    (problem,) = setting(line)
    assert message in problem.message
    assert "abc" not in str(problem) + problem.hint
    assert "AKIA" not in str(problem) + problem.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", "x"),
        ("db_password", "x"),
        ("dbPassword", "x"),
        ("API-KEY", "x"),
        ("apiKey", "x"),
        ("key", "x"),
        ("a.token", "x"),
        ("plain", {"secret": "x"}),
        ("tokens", ["x"]),
        ("url", "postgres://app:hunter2@db/shop"),
        ("text", "ghp_" + "a" * 36),
        ("pem", "-----BEGIN RSA PRIVATE KEY-----"),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc"),
    ],
)
def test_looks_like_a_secret(key: str, value: object) -> None:
    assert looks_like_secret(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", ""),
        ("password", None),
        ("enable_token", True),
        ("public_key", "ssh-ed25519 AAAA"),
        ("kms_key", "projects/p/locations/l"),
        ("secret_name", "shop-db"),
        ("token_url", "https://example.com/token"),
        ("monkey", "x"),
        ("keyboard", "x"),
        ("url", "https://example.com:8080/a@b"),
        ("image", "registry/shop@sha256:abc"),
    ],
)
def test_does_not_look_like_one(key: str, value: object) -> None:
    assert not looks_like_secret(key, value)


@pytest.mark.parametrize(
    ("argument", "pair"),
    [
        ("a=1", ("a", 1)),
        ("a.b=true", ("a.b", True)),
        ('a=""', ("a", "")),
        ("größe_2.x-y=1", ("größe_2.x-y", 1)),
        ("a=x=y", ("a", "x=y")),
        ("a=[1, {b: c}]", ("a", [1, {"b": "c"}])),
        ('a="1.10"', ("a", "1.10")),
        ("a=1.5", ("a", 1.5)),
        ("a=null", ("a", None)),
    ],
)
def test_set(argument: str, pair: tuple[str, object]) -> None:
    assert parse_set(argument) == pair


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("a", "needs key=value"),
        ("=1", "needs a key"),
        ("a..b=1", "needs a key"),
        ("a: b=1", "'a: b' is no key"),
        ("a.9=1", "'9' is no key"),
        ("a =1", "'a ' is no key"),
        ("a=", "needs a value"),
        ("a= ", "needs a value"),
        ("a=[", "not YAML"),
        ("a=1.10", "1.10 is read as the number 1.1"),
        ("a=12e4", "12e4 is read as the number 120000"),
        ("a=2.0", "2.0 is read as the number 2"),
        ("a=no", "no without quotes"),
        ("a=${HOME}", "is not replaced here"),
        ("a=e\u0301", "normal form C"),
        ("release=2", "is not yours to set"),
        ("running=false", "is not yours to set"),
        ("db.password=hunter2", "looks like a secret"),
        ("a={token: hunter2}", "looks like a secret"),
    ],
)
def test_set_refused(argument: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_set(argument)
    assert message in caught.value.message
    assert caught.value.exit_code == 2
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_set_says_which_form_is_meant() -> None:
    with pytest.raises(UsageError) as empty:
        parse_set("a=")
    assert empty.value.hint == "an empty text is --set 'a=\"\"', and nothing at all is --set a=null"
    with pytest.raises(UsageError) as other:
        parse_set("a: b=1")
    assert other.value.hint.endswith("""--set 'labels={"a: b": x}'""")
    assert parse_set('labels={"a: b": x}') == ("labels", {"a: b": "x"})


def test_set_lies_over_variables() -> None:
    variables = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert with_values(variables, [("a.b", 3), ("d", [2]), ("e.f", None), ("a.b", 4)]) == {
        "a": {"b": 4, "c": 2},
        "d": [2],
        "e": {"f": None},
    }
    assert variables == {"a": {"b": 1, "c": 2}, "d": [1]}


def test_without_terraform_only_what_that_alone_wants_may_be_missing(load: Load, minimal: str) -> None:
    config = load(minimal + REFERRING)
    environment = config.environment(None, {**ENVIRON, "A_SECRET": ""}, terraform=False)
    assert "A" not in environment.terraform.env
    assert environment.edge.token is not None
    with pytest.raises(ConfigError, match="CF_TOKEN is not set"):
        config.environment(None, {"A_SECRET": "x"}, terraform=False)
