"""Bytes that are no configuration: one clear error each, in bounded time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bluegreen.config.load import Config, load_config
from bluegreen.config.source import LARGEST, parse
from bluegreen.errors import ConfigError, Problem

Problems = Callable[[str], list[Problem]]

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("", "bluegreen.yaml", "the file is empty"),
        ("# nothing\n", "bluegreen.yaml", "the file is empty"),
        ("- a\n", "bluegreen.yaml:1:1", "must be a mapping"),
        ("shop\n", "bluegreen.yaml:1:1", "must be a mapping"),
        ("a:\n\tb: 1\n", "bluegreen.yaml:2:1", "a tab where YAML wants spaces"),
        ("a: 1\n---\nb: 2\n", "bluegreen.yaml:2:1", "a second document"),
        ("a: [1\n", "bluegreen.yaml:2:1", "this is not YAML"),
        ("a: 'x\n", "bluegreen.yaml:2:1", "found unexpected end of stream"),
        ("a: b: c\n", "bluegreen.yaml:1:5", "this is not YAML"),
        ("a: x\nb: \x07\n", "bluegreen.yaml:2:4", "a control character"),
        ('a: "\\UFFFFFFFF"\n', "bluegreen.yaml", "no Unicode character"),
        ("a: *b\n", "bluegreen.yaml:1:4", "the alias *b names nothing"),
        ("a: &a [*a]\n", "bluegreen.yaml:1:8", "the alias *a names nothing"),
        (BOMB, "bluegreen.yaml:5:8", "more than 20000 values"),
        ("a: " + "[" * 100_000, "bluegreen.yaml:1:54", "nested more than 50 levels deep"),
        ("a: 1\n" * 100_000, "bluegreen.yaml:10000:4", "more than 20000 values"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_one_clear_error(problems: Problems, text: str, where: str, message: str) -> None:
    first = problems(text)[0]
    assert first.where == where
    assert message in first.message


@pytest.mark.parametrize(
    ("line", "where", "message", "hint"),
    [
        ("standby: destroy\n    standby: stop", "7:5", "is written twice", "the first one is at bluegreen.yaml:6:5"),
        ("check: {verify: no}", "6:21", "no without quotes means different things", 'write false, or "no" in quotes'),
        ("variables: {on: 1}", "6:17", "on without quotes means different things", 'write true, or "on" in quotes'),
        ("variables: {country: NO}", "6:26", "NO without quotes", '"NO" in quotes'),
        ("variables: {state: Off}", "6:24", "Off without quotes", 'write false, or "Off" in quotes'),
        ("variables: {zip: 010}", "6:22", "010 without quotes", '"010" in quotes'),
        ("variables: {1: x}", "6:17", "a key must be text", 'write "1" in quotes'),
        ("variables: {? [a] : x}", "6:19", "a key must be text", ""),
        ("variables: {<<: {a: 1}}", "6:17", "merge keys", "`defaults`"),
        ("variables: {a: !!python/name:os.system x}", "6:20", "the tag", "leave it out"),
        ("variables: {a: !!str 1}", "6:20", "the tag", "quotes make a text"),
        ("variables: {a: .inf}", "6:20", "is no number that can be handed on", "quotes"),
        ("variables: {a: 1e999}", "6:20", "is no number that can be handed on", "quotes"),
        ("variables: {a: " + "9" * 5000 + "}", "6:20", "is no number that can be handed on", "quotes"),
        ('variables: {a: "\\ud800"}', "6:20", "half of a surrogate pair", "the character itself"),
        ("release: 1.10", "6:14", "must be text, not a number", 'write it in quotes: "1.10"'),
        ("release: 20260101", "6:14", "must be text, not a whole number", 'write it in quotes: "20260101"'),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_traps_of_yaml(setting: Problems, line: str, where: str, message: str, hint: str) -> None:
    (problem,) = setting(line)
    assert problem.where == f"bluegreen.yaml:{where}"
    assert message in problem.message
    assert hint in problem.hint


def test_dates_and_times_stay_text() -> None:
    node, problems = parse("{a: 2026-01-01, b: 12:30, c: 1_000, d: null, e: 0x1F, f: -.5, g: y}", "f")
    expected = {"a": "2026-01-01", "b": "12:30", "c": "1_000", "d": None, "e": 31, "f": -0.5, "g": "y"}
    assert (node.plain(), problems) == (expected, [])


def test_an_alias_is_a_copy_whose_problems_name_where_it_is_meant(problems: Problems, minimal: str) -> None:
    text = minimal + "    check: &c {healthy: x}\n  stg: {identity: none, check: *c}\n"
    found = problems(text)
    assert [(p.where, p.path) for p in found] == [
        ("bluegreen.yaml:6:25", "environments.pro.check.healthy"),
        ("bluegreen.yaml:6:25", "environments.stg.check.healthy"),
    ]


def test_a_byte_order_mark_is_no_character_of_the_first_line(
    load: Callable[[str], Config], problems: Problems, minimal: str
) -> None:
    assert load("\ufeff" + minimal).service == "shop"
    assert problems("\ufeffservce: shop\n" + minimal)[0].where == "bluegreen.yaml:1:1"


def test_missing_file_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(tmp_path / "bluegreen.yaml") in caught.value.message
    assert "`bluegreen init NAME`" in caught.value.hint
    assert "`bluegreen adopt DIR`" in caught.value.hint


def test_an_empty_file_is_not_for_init_which_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "bluegreen.yaml").touch()
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert caught.value.hint == "it begins with service: NAME"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "bluegreen.yaml").mkdir()
    with pytest.raises(ConfigError, match="is not a file") as caught:
        load_config(tmp_path)
    assert caught.value.hint


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bluegreen.yaml").touch()

    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything
    with pytest.raises(ConfigError, match="cannot be read: Permission denied") as caught:
        load_config(tmp_path)
    assert caught.value.hint


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "bluegreen.yaml").write_bytes(b"service: shop\nstack: \xff\n")
    with pytest.raises(ConfigError, match=r"^bluegreen.yaml:2: the file is not UTF-8 text") as caught:
        load_config(tmp_path)
    assert caught.value.hint


def test_ten_megabytes_are_not_even_read(tmp_path: Path) -> None:
    (tmp_path / "bluegreen.yaml").write_bytes(b"#" * 10 * LARGEST)
    with pytest.raises(ConfigError, match="larger than 1024 KiB"):
        load_config(tmp_path)
