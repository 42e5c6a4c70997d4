from __future__ import annotations

import json
from typing import Any

import pytest

from bluegreen.errors import ConfigError
from bluegreen.render.tfvars import EXACT_INTEGER, render_tfvars, to_hcl


def test_one_variable_a_line_in_the_order_given() -> None:
    values: dict[str, Any] = {"server_active": "blue", "blue": {"release": "1.4.2", "size": 2}, "green": None}
    assert render_tfvars(values, header="First.\nSecond.") == (
        '# First.\n# Second.\nserver_active = "blue"\nblue = {"release": "1.4.2", "size": 2}\ngreen = null\n'
    )


def test_no_values_are_a_header_only() -> None:
    assert render_tfvars({}, header="x") == "# x\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("${x}", r'"\u0024{x}"'),
        ("$${x}", r'"$\u0024{x}"'),
        ("%{if}", r'"\u0025{if}"'),
        ("$ { %", '"$ { %"'),
        ("\b\f", r'"\u0008\u000c"'),
        ("\\b\\\\f", r'"\\b\\\\f"'),
        ('"\n', r'"\"\n"'),
        ("é", '"é"'),
        (True, "true"),
        ([1, 2.5, None], "[1, 2.5, null]"),
        ({"${k}": 1}, r'{"\u0024{k}": 1}'),
    ],
)
def test_hcl_is_json_but_for_what_it_would_evaluate(value: Any, text: str) -> None:
    assert to_hcl(value) == text
    assert json.loads(text) == value  # and stays JSON


@pytest.mark.parametrize(
    ("value", "place", "what"),
    [
        ("e\u0301", "blue", "NFC"),
        ({"tags": ["fine", "e\u0301"]}, "blue.tags[1]", "NFC"),
        ({"e\u0301": 1}, "blue.e\u0301", "NFC"),
        ("\ud800", "blue", "surrogate"),
        ({"\ud800": 1}, "blue.\\ud800", "surrogate"),
        (float("nan"), "blue", "no number"),
        ([float("-inf")], "blue[0]", "no number"),
        (EXACT_INTEGER + 1, "blue", "512 bits"),
        ({"a": -EXACT_INTEGER - 1}, "blue.a", "512 bits"),
        ({"a": b"x"}, "blue.a", "bytes"),
        ({"a": {1: 2}}, "blue.a.1", "not text"),
        ((1, 2), "blue", "tuple"),
    ],
)
def test_what_terraform_would_not_give_back_is_refused_by_place(value: Any, place: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what) as raised:
        render_tfvars({"blue": value})
    assert [problem.path for problem in raised.value.problems] == [place]
    str(raised.value).encode()  # the message can be printed whatever the value was


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        render_tfvars({"a": float("nan"), "b": ["e\u0301", "\udfff"]})
    assert [problem.path for problem in raised.value.problems] == ["a", "b[0]", "b[1]"]
