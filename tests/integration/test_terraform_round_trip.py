"""What Terraform reads back is what went into the tfvars file."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.adapters.terraform.workspace import TerraformWorkspace
from bluegreen.render.tfvars import EXACT_INTEGER, render_tfvars

ROOT = """
variable "blue" { type = any }
output "bluegreen" { value = var.blue }
"""

# Unassigned characters are left out: what they normalise to depends on which edition of Unicode each side knows.
characters = st.characters(exclude_categories=["Cs", "Cn"])
traps = st.sampled_from(
    ["${", "$${", "%{", "%%{", "}", "$", "%", "{", "\\", '"', "\b", "\f", "\n", "\0", "\\b", "EOT", "é"]
)
texts = st.lists(traps | characters, max_size=12).map(lambda parts: unicodedata.normalize("NFC", "".join(parts)))
integers = st.integers() | st.integers(-EXACT_INTEGER, EXACT_INTEGER)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | integers | floats | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=10
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> TerraformWorkspace:
    folder = tmp_path_factory.mktemp("root")
    (folder / "main.tf").write_text(ROOT)
    made = TerraformWorkspace(
        layer="edge",
        folder=folder,
        data_dir=tmp_path_factory.mktemp("data"),
        engine=find_engine(cache=tmp_path_factory.mktemp("cache")),
        render=render_tfvars,
        emit=lambda event: None,
        interruptions=FakeInterruptions(),
    )
    made.init()
    return made


# Many values in one apply: Terraform's start is what takes time, not the values.
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(many=st.lists(values, min_size=20, max_size=60))
@example(
    many=[EXACT_INTEGER, -EXACT_INTEGER, EXACT_INTEGER - 1, 2**53 + 1, 2**64, sys.float_info.max, 5e-324, -0.0, 0.1]
)
@example(many=[{"${a}": "$${b}", "$": "$$${c}", "%": "%%{if}", "": "", "\b": ["\\b", "\\\\b"]}, None, {}, [], [[]]])
def test_values_come_back_as_they_went_in(workspace: TerraformWorkspace, many: list[Any]) -> None:
    plan = workspace.plan({"blue": {"round": len(many), "many": many}})
    output = workspace.apply(plan)
    if plan.empty:  # an example that hypothesis repeats
        output = workspace.read().output
    assert output is not None
    assert same(output["many"], many), (output["many"], many)


def same(back: Any, sent: Any) -> bool:
    """Compare by value, with true and 1 told apart, which Python would not.

    A large float comes back as the digits of its shortest form, all of them, which Python takes for an integer.
    """
    if isinstance(back, bool) or isinstance(sent, bool):
        return back is sent
    if isinstance(sent, list):
        return isinstance(back, list) and len(back) == len(sent) and all(map(same, back, sent))
    if isinstance(sent, dict):
        return isinstance(back, dict) and back.keys() == sent.keys() and all(same(back[key], sent[key]) for key in sent)
    return bool((float(back) if isinstance(sent, float) else back) == sent)
