"""The manual's commands are typed, in order, and say what their pages promise. The cloud's are in tests/cloud."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from manual import (
    AFTER_A_SWITCH,
    CONSOLE,
    DEADLINE,
    FROM_NOTHING,
    ROOT,
    RUN,
    Shell,
    fits,
    follow,
    read_blocks,
    shell,
    steps,
    unkept,
)
from shop import Shop
from worlds import Worlds, up

TESTS = ROOT / "tests"
ARTICLE = TESTS / "unit" / "adoption" / "article"
PAGES = ("README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")))
NOT_TYPED = ("hcl", "json", "mermaid", "python", "text", "yaml")
"""Languages of what nobody types."""
NOT_RUN: Mapping[tuple[str, str], int] = {
    ("README.md", "it is what runs this"): 1,
    ("README.md", "it shows what may be amiss; the tutorial of the cloud runs it where all is well"): 1,
    ("README.md", "needs the package index"): 1,
    ("docs/github-actions.md", "needs a Google account"): 1,
    ("docs/how-to/three-addresses.md", "needs a Google account"): 1,
    ("docs/tutorials/cloud.md", "needs a Google account and a Cloudflare account"): 1,
    ("docs/tutorials/sandbox.md", "it is what a fresh clone does in CI"): 1,
}
"""Page and reason -> so many blocks that nothing runs."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def bash(tmp_path: Path) -> Iterator[Shell]:
    """A shell in an empty folder."""
    home = tmp_path / "home"
    home.mkdir()
    with shell(home, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("page", FROM_NOTHING)
def test_a_page_that_begins_with_nothing_does_what_it_says(page: str, bash: Shell) -> None:
    follow(page, steps(page), bash)


@pytest.mark.parametrize("page", AFTER_A_SWITCH)
def test_a_page_about_a_shop_after_its_first_switch_does_what_it_says(
    page: str, worlds: Worlds[Shop], tmp_path: Path
) -> None:
    with up(worlds.at("layers", "switched")) as shop, shell(shop.folder, tmp_path) as bash:
        follow(page, steps(page), bash)


def test_a_root_that_somebody_has_is_adopted_as_the_page_says(bash: Shell, tmp_path: Path) -> None:
    shutil.copytree(ARTICLE, tmp_path / "home" / "terraform")
    follow("docs/adopt.md", steps("docs/adopt.md"), bash)


FOLLOWED: Mapping[str, Sequence[str]] = {
    test_a_page_that_begins_with_nothing_does_what_it_says.__name__: FROM_NOTHING,
    test_a_page_about_a_shop_after_its_first_switch_does_what_it_says.__name__: AFTER_A_SWITCH,
    test_a_root_that_somebody_has_is_adopted_as_the_page_says.__name__: ["docs/adopt.md"],
}
"""Test -> the pages whose every command it types."""


def test_every_command_of_the_manual_is_run_or_says_why_not() -> None:
    tests = set().union(*(re.findall(r"^def (test_\w+)", file.read_text(), re.M) for file in TESTS.rglob("test_*.py")))
    left_out: Counter[tuple[str, str]] = Counter()
    for page in PAGES:
        for block in read_blocks((ROOT / page).read_text()):
            place = f"{page}:{block.line}"
            assert block.language in (CONSOLE, "", *NOT_TYPED), f"{place}: what is typed stands in a console"
            if block.language in NOT_TYPED:
                continue
            assert block.excuse or (block.language and page in RUN), f"{place}: who runs this? see manual.py"
            kind, what = block.excuse or ("", "")
            assert kind != "run by" or what in tests, f"{place}: there is no {what}"
            if what in FOLLOWED:
                typed = {step.command for page in FOLLOWED[what] for step in steps(page)}
                assert set(block.commands) <= typed, f"{place}: {what} does not type all of it"
            left_out[page, what] += kind == "not run"
    assert +left_out == Counter(NOT_RUN)


@pytest.mark.parametrize(
    ("promised", "said", "first"),
    [
        (["a", "..."], ["a"], ""),
        (["a", "...", "b"], ["a", "x", "b"], ""),
        (["...", "b", "c"], ["b", "x", "b", "c"], ""),  # the first b is not the one that is meant
        (["a"], ["a", "b"], "nothing more"),
        ([], ["a"], "nothing more"),
        (["a", "b"], ["a", "x", "b"], "b"),
        (["...", "b", "a"], ["a", "b"], "a"),
        (["..."], [], ""),
    ],
)
def test_promises_are_kept_in_order_and_whole(promised: list[str], said: list[str], first: str) -> None:
    assert unkept(promised, said) == first


@pytest.mark.parametrize(
    ("promised", "said"),
    [
        ("blue (1.4.2) serves, after 8.4 s", "blue (1.4.2) serves, after 812 ms"),
        ("warm until 00:19, 59 min 59 s more", "warm until 11-28 00:19, 1 h more"),
        ("run 20261122-194930-6faf, by ana@desk", "run 20261127-231924-2112, by root@vm"),
        ("/home/ana/shop/bluegreen.yaml", "/tmp/x-0/home/shop/bluegreen.yaml"),
        ("blue  at 127.25.173.11", "blue    at 127.8.0.11"),
        ("public: 28 requests, 0 failed", "public: 1024 requests, 0 failed"),
        ("failed in ... after 7.2 s", "failed in BAKE after 71 s"),
    ],
)
def test_what_differs_from_run_to_run_may(promised: str, said: str) -> None:
    assert fits(promised, said)


@pytest.mark.parametrize(
    ("promised", "said"),
    [
        ("blue (1.4.2) serves", "blue (1.5.0) serves"),
        ("green: good 5/5", "green: good 4/5"),
        ("blue  at 127.25.173.11", "blue  at 127.25.173.12"),
        ("public: 28 requests, 0 failed", "public: 28 requests, 1 failed"),
        ("0/24", "1/24"),
        ("3", "4"),
        ("a.b", "axb"),
    ],
)
def test_what_is_a_promise_may_not(promised: str, said: str) -> None:
    assert not fits(promised, said)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("$ bluegreen --version\nbluegreen ...\n", ""),
        ("$ bluegreen --version\nbluegreen 9.9.9\n", "promised was: bluegreen 9.9.9"),
        ("$ bluegreen status --chekc\n...\n", "it ended with 2, and the page does not say so"),
        ("$ bluegreen status --chekc\n...\n$ echo $?\n2\n", ""),
        ("$ here=$PWD; cd /\n$ cat <<END\n> a\n>\n> END\na\n\n$ test $PWD = / && cd $here\n", ""),
        ("$ exit 3\n", "the shell has ended"),
        ("$ sleep 60\n", "not done in 0.5 s"),
    ],
)
def test_a_page_that_says_what_is_not_so_is_noticed(text: str, broken: str, tmp_path: Path) -> None:
    (block,) = read_blocks(f"```console\n{text}```\n")
    with shell(tmp_path, tmp_path, deadline=0.5 if "sleep" in text else DEADLINE) as bash:
        if broken:
            with pytest.raises(AssertionError, match=re.escape(broken)):
                follow("page", block.steps, bash)
        else:
            follow("page", block.steps, bash)


def test_blocks_are_found_with_what_excuses_them() -> None:
    late = "a\n\n<!-- not run: it is late -->\n\n    b\n\n    c\n"
    text = f"{late}\nd\n\n   <!-- run by: test_x -->\n   ```console\n   $ e\n   ```\n"
    assert [(block.line, block.language, *block.excuse) for block in read_blocks(text)] == [
        (5, "", "not run", "it is late"),
        (13, "console", "run by", "test_x"),
    ]
