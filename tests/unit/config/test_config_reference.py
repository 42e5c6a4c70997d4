"""The commented reference is documentation, example and fixture: complete, and its defaults true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from bluegreen.config.environment import settings_of, shown
from bluegreen.config.load import Config
from bluegreen.config.schema import SANDBOX_DEFAULTS, ConfigFile, EnvironmentSettings, GitHub, Sandbox
from bluegreen.config.validate import known_keys

TEXT = (files("bluegreen.config") / "reference" / "bluegreen.yaml").read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
SECRETS = {
    "SHOP_DATABASE_PASSWORD": "for-the-test",
    "CLOUDFLARE_API_TOKEN": "for-the-test-too",
    "SHOP_PROBE_SECRET": "no less",
}

OPEN = {"variables", "guard.ownership", "terraform.env"}
"""Mappings whose keys are the user's, or listed in the text."""


def model_paths(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every dotted path of the schema, without list indexes."""
    for key in known_keys(model, path):
        here = (*path, key)
        if ".".join(here) in OPEN or not known_keys(model, here):
            yield ".".join(here)
        else:
            yield from model_paths(model, here)


def written_paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    for item in value if isinstance(value, list) else ():
        yield from written_paths(item, path)
    if path:
        yield ".".join(path)
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from written_paths(below, (*path, key))


def test_every_key_of_an_environment_is_in_it() -> None:
    blocks = [DOCUMENT["defaults"], *DOCUMENT["environments"].values()]
    written = {path for block in blocks for path in written_paths(block)}
    commented = {"identity.color.json", "identity.release.header", "identity.color.pattern", "identity.release.pattern"}
    # The lists of hooks are alike, so that one of them stands for all.
    known = {re.sub(r"^hooks\.\w+\.", "hooks.before_switch.", path) for path in model_paths(EnvironmentSettings)}
    assert known - written == commented
    explained = re.search(r"# Each of the two: exactly one of header .* json .*pattern ", TEXT)
    assert explained


def test_every_key_of_the_file_is_in_it() -> None:
    assert list(DOCUMENT) == list(ConfigFile.model_fields)
    for key, section in (("sandbox", Sandbox), ("github", GitHub)):
        assert section.model_validate(commented_out(key)).model_fields_set == set(section.model_fields)


def commented_out(key: str) -> dict[str, Any]:
    """Return the example of a section that is null in the reference."""
    commented = re.search(rf"^{key}: null\n((?:# .*\n)+)", TEXT, re.MULTILINE)
    assert commented
    example = yaml.safe_load(re.sub(r"^# ", "", commented[1], flags=re.MULTILINE))
    assert list(example) == [key]
    return dict(example[key])


def test_documented_defaults_of_workflows_are_the_real_ones() -> None:
    example = commented_out("github")
    assert GitHub.model_validate({**example, "hours": None}) == GitHub(action=example["action"])


def test_classes_of_resources_are_listed() -> None:
    listed = re.search(r"# Classes: (.*)\.\n", TEXT)
    assert listed
    assert tuple(listed[1].split(", ")) == tuple(known_keys(EnvironmentSettings, ("guard", "ownership")))


def test_documented_defaults_are_the_real_ones() -> None:
    documented = EnvironmentSettings.model_validate(DOCUMENT["defaults"] | {"identity": "none"})
    assert documented == EnvironmentSettings.model_validate({"identity": "none"})
    everything = {path for path, _ in settings_of(documented, frozenset())} - {"identity"}
    assert everything <= set(written_paths(DOCUMENT["defaults"]))


def test_documented_defaults_of_the_sandbox_are_the_real_ones() -> None:
    documented: dict[str, Any] = {}
    section = ""
    for line in TEXT.split("defaults:\n")[1].split("\nenvironments:")[0].splitlines():
        if match := re.match(r"  (\w+):", line):
            section = match[1]
        if match := re.match(r"  (\w+): .*\bsandbox: (\w+)$", line):
            documented[section] = match[2]
        if match := re.match(r"    (\w+): .*\bsandbox: (\w+)$", line):
            documented.setdefault(section, {})[match[1]] = match[2]
    assert documented == SANDBOX_DEFAULTS


def test_durations_are_written_as_they_are_shown(load: Callable[[str], Config]) -> None:
    """So that `config show` can be compared with the reference, line by line."""
    rows = {row.path: row for row in shown(load(TEXT).environment("stg", {}))}
    assert rows["probe.settle"].value == DOCUMENT["defaults"]["probe"]["settle"]
    assert rows["keep_warm"].value == "10m"
    line = int(rows["probe.settle"].origin.split(":")[1])
    assert TEXT.splitlines()[line - 1].strip().startswith("settle: auto")


@pytest.mark.parametrize("name", ["stg", "pro"])
def test_it_loads(load: Callable[[str], Config], name: str) -> None:
    environment = load(TEXT).environment(name, SECRETS)
    assert environment.service == "shop"
    assert not environment.single
