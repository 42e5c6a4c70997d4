"""Whatever stands in the file: a Config or a ConfigError, and never pydantic's words."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bluegreen.config.load import load_config
from bluegreen.config.schema import EnvironmentSettings
from bluegreen.config.validate import known_keys
from bluegreen.config.variables import parse_set
from bluegreen.errors import ConfigError, UsageError

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    st.sampled_from(["none", "5m", "forever", "no", "stop", "/", "200-299", "${A}", "blue", "(", "http://[", "\ud800"]),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.sampled_from(["color", "header", "for", "a"]) | st.text(max_size=4), below, max_size=3)
    ),
    max_leaves=6,
)


def all_paths(path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    keys = known_keys(EnvironmentSettings, path)
    return [one for key in keys for one in ((*path, key), *(all_paths((*path, key)) if len(path) < 3 else ()))]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "terraform").mkdir()
    return folder


@given(text=st.text() | st.text(alphabet="ab:-[]{}&*!|>'\"%@#,?\n\t \\0", max_size=60))
def test_any_text(project: Any, text: str) -> None:
    (project / "bluegreen.yaml").write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(ConfigError):
        load_config(project)


@given(data=st.binary())
def test_any_bytes(project: Any, data: bytes) -> None:
    (project / "bluegreen.yaml").write_bytes(data)
    with pytest.raises(ConfigError):
        load_config(project)


@example(path=("keep_warm",), value="\ud800", where="defaults")
@given(path=st.sampled_from(all_paths()), value=values, where=st.sampled_from(["defaults", "pro", "top"]))
def test_any_value_anywhere(project: Any, path: tuple[str, ...], value: Any, where: str) -> None:
    document: dict[str, Any] = {
        "service": "shop",
        "stack": "terraform",
        "sandbox": {"network": "127.1.1.0/24"},
        "defaults": {"identity": {"color": {"header": "X-Color"}}},
        "environments": {"pro": {}},
    }
    if where == "top":
        document[list(document)[len(path[0]) % len(document)]] = value
    else:
        block = document["defaults"] if where == "defaults" else document["environments"]["pro"]
        for part in path[:-1]:
            block = block.setdefault(part, {})
        block[path[-1]] = copy.deepcopy(value)
    (project / "bluegreen.yaml").write_text(yaml.safe_dump(document), encoding="utf-8", errors="replace")
    try:
        load_config(project).environment(None, {"A": "x"})
    except ConfigError as error:
        for problem in error.problems:
            assert problem.message != "cannot be meant"
            assert problem.where.startswith("bluegreen.yaml") or "environment" in problem.message


@given(st.text())
def test_any_set(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse_set("a=" + text)
    with contextlib.suppress(UsageError):
        parse_set(text)
