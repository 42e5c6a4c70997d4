from __future__ import annotations

from dataclasses import replace

import pytest

from bluegreen.adapters.redaction import GONE, cleaned, environment_secrets, redact
from bluegreen.model import Color
from bluegreen.switch.status import ColorStatus, StatusReport, WayBack

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc==\n-----END RSA PRIVATE KEY-----"


def test_a_known_secret_is_taken_out_wherever_it_stands() -> None:
    assert redact("a hunter22 b hunter22", ["hunter22"]) == f"a {GONE} b {GONE}"


def test_of_a_secret_that_contains_another_nothing_is_left() -> None:
    assert redact("hunter22extra", ["hunter22", "hunter22extra"]) == GONE


def test_what_is_too_short_to_be_a_secret_is_left() -> None:
    assert redact("a true story", ["true", "", "a"]) == "a true story"


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a1B2" * 9,
        "ghs_" + "a1B2" * 9,
        "github_pat_" + "a1B2_" * 9,
        "AKIAIOSFODNN7EXAMPLE",
        "ya29.a0AfH6SM-x_y.z",
        KEY,
        KEY.removesuffix("-----END RSA PRIVATE KEY-----"),
        "-----BEGIN PRIVATE KEY-----\nMIIEow",
    ],
)
def test_the_form_of_a_secret_is_enough(secret: str) -> None:
    assert redact(f"it said: {secret}") == f"it said: {GONE}"


def test_what_stands_around_a_secret_stays() -> None:
    assert redact('{"Authorization": "Bearer abc.def-123", "x": 1}') == f'{{"Authorization": "Bearer {GONE}", "x": 1}}'
    assert redact("git::https://ada:pa55@example.com/x?ref=1") == f"git::https://{GONE}@example.com/x?ref=1"
    assert redact(f"{KEY} and on") == f"{GONE} and on"


@pytest.mark.parametrize(
    "text", ["module.cdn.root[0]", "https://pro.example.com:8443/healthz", "a ghp_ b", "1.5.0", "bearer of news"]
)
def test_ordinary_text_is_left(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "CLOUDFLARE_API_TOKEN",
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "TF_VAR_db_password",
        "DB_PASSWD",
        "AWS_SECRET_ACCESS_KEY",
        "GOOGLE_CREDENTIALS",
        "TF_TOKEN_app_example_com",
        "DEPLOY_PRIVATE_KEY",
        "SOME_API_KEY",
        "TF_VAR_apikey",
    ],
)
def test_a_variable_whose_name_says_secret_is_one(name: str) -> None:
    assert environment_secrets({name: "hunter22"}) == {"hunter22"}


@pytest.mark.parametrize("name", ["PATH", "HOME", "GOOGLE_APPLICATION_CREDENTIALS", "TOKEN_FILE", "TOKEN_URL"])
def test_other_variables_are_not(name: str) -> None:
    assert environment_secrets({name: "/home/ada/hunter22"}) == frozenset()


def test_values_too_short_to_hide_are_none() -> None:
    assert environment_secrets({"TOKEN": "12345", "SECRET": ""}) == frozenset()


def test_each_long_line_of_a_secret_counts_by_itself() -> None:
    line = "MIIEowIBAAKCAQEA1234567890"
    secrets = environment_secrets({"PRIVATE_KEY": f"head\n  {line}\nend"})
    assert redact(f"it printed {line}", secrets) == f"it printed {GONE}"
    assert redact("ahead", secrets) == "ahead"


@pytest.mark.parametrize(
    ("secret", "said", "left"),
    [
        ('pa"ss\\word', r'invalid value "pa\"ss\\word"', 'invalid value "{}"'),  # as Go and JSON quote it
        ("päss<wörd", r'{"value": "p\u00e4ss<w\u00f6rd"}', '{{"value": "{}"}}'),
        ("pa ss+/&", 'Get "http://host/?p=pa%20ss%2B%2F%26": EOF', 'Get "http://host/?p={}": EOF'),
        ("pa ss+/&", 'Get "http://host/?p=pa+ss%2B%2F%26": EOF', 'Get "http://host/?p={}": EOF'),
        ("correct horse battery", "Error: correct horse\nbattery is wrong", "Error: {} is wrong"),  # as Terraform wraps
        ("short\nlines\nonly", "it says\n  short\n  lines\n  only", "it says\n  {}"),
        ("short\nlines\nonly", r'"short\nlines\nonly"', '"{}"'),
    ],
)
def test_a_secret_is_found_however_it_is_written(secret: str, said: str, left: str) -> None:
    assert redact(said, [secret]) == left.format(GONE)


def test_a_report_is_cleaned_however_deep_and_stays_what_it_is() -> None:
    way = WayBack(True, "hunter22 is warm", "blue", 1.5)
    colors = {"blue": ColorStatus(True, "hunter22", "127.0.0.1", "", healthy=True)}
    report = StatusReport("pro", "blue", "", "blue", colors, 0.0, way, None, ("x", "hunter22 differs"))
    shown = cleaned(report, lambda text: redact(text, ["hunter22"]))
    assert shown.rollback == replace(way, reason=f"{GONE} is warm")
    assert shown.colors["blue"].release == GONE
    assert (shown.drift, shown.lock, shown.environment) == (("x", f"{GONE} differs"), None, "pro")
    assert cleaned({"color": Color.BLUE}, str.upper)["color"] is Color.BLUE
