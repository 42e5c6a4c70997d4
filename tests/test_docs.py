"""The documents say what the program does: made from the code where they can be, held against it where they cannot."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import generate
import pytest
import yaml

from bluegreen.cli.main import run

ROOT = Path(__file__).parents[1]
PAGES = tuple(sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")))
TEXTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", *PAGES)
MKDOCS = Path(sys.prefix) / "site" / "bin" / "mkdocs"
"""Made by `make site`, in an environment of its own."""

FIRST_SCREEN = 24
"""Lines of a small terminal."""

CALL = re.compile(r"\bbluegreen(?: [^`;|&)#]*)?")


@pytest.mark.parametrize("page", generate.PAGES)
def test_what_is_made_from_the_code_says_what_the_code_says(page: str) -> None:
    text = (ROOT / page).read_text()
    assert text == generate.PAGES[page](text), f"{page} is old: .venv/bin/python docs/generate.py"


def code_lines(text: str) -> Iterator[str]:
    """Yield what a reader would type: indented lines, and in consoles what follows the prompt."""
    for line in text.splitlines():
        if line.startswith("$ ") or re.match(r" {4,}\S", line):
            yield line.removeprefix("$ ").strip()


def calls() -> list[tuple[str, str]]:
    """Return every complete call of the program in the documents, with its page."""
    found = []
    for page in TEXTS:
        text = (ROOT / page).read_text()
        spans = re.findall(r"`(bluegreen [^`]+)`", text)
        typed = [call for line in code_lines(text) for call in CALL.findall(line) if " " in call]
        found += [(page, call.strip()) for call in dict.fromkeys([*spans, *typed])]
    return found


@pytest.mark.parametrize(("page", "call"), calls())
def test_every_call_in_the_documents_is_one_that_the_program_knows(
    page: str, call: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(click.Command, "invoke", lambda command, context: 0)  # read the arguments, and do nothing
    words = shlex.split(re.sub(r" \[.*?\]", "", call))[1:]
    named_only = ["--help"] if len(words) == 1 else []
    assert run([*words, *named_only]) == 0, f"{page}: {call}: {capsys.readouterr().err}"


def test_calls_are_found_and_wrong_ones_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.Command, "invoke", lambda command, context: 0)
    assert {("README.md", "bluegreen deploy --release 1.5.0"), ("README.md", "bluegreen sandbox up")} <= set(calls())
    assert run(["deploy", "--relase", "1.5.0"]) == 2
    assert run(["sandbox", "upp"]) == 2


def test_the_first_screen_of_the_readme_says_what_bg_is_in_a_shell() -> None:
    first = "\n".join((ROOT / "README.md").read_text().splitlines()[:FIRST_SCREEN])
    assert "builtin of bash and zsh" in first
    assert "make demo" in first


def anchors(path: Path) -> set[str]:
    """Return what a link into a page may name, as GitHub and the site make it of headings."""
    prose = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        there = path.parent / name if name else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def navigation(entries: list[Any]) -> Iterator[str]:
    """Yield every page, or pattern for pages, of the site's navigation."""
    for entry in entries:
        if isinstance(entry, Mapping):
            for inner in entry.values():
                yield from navigation(inner if isinstance(inner, list) else [inner])
        else:
            yield entry


def test_every_page_is_in_the_navigation_and_it_names_no_other() -> None:
    entries = list(navigation(yaml.safe_load((ROOT / "docs" / ".nav.yml").read_text())["nav"]))
    pages = [page.removeprefix("docs/") for page in PAGES]
    assert [page for page in pages if not any(fnmatch(page, pattern) for pattern in entries)] == []
    assert [one for one in entries if not any(fnmatch(page, one) for page in pages)] == []


@pytest.mark.skipif(not MKDOCS.exists(), reason="no mkdocs here: make site")
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_another_host(tmp_path: Path) -> None:
    built = subprocess.run(
        [MKDOCS, "build", "--strict", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert built.returncode == 0, built.stderr
    pages = {page.removeprefix("docs/").replace(".md", ".html") for page in PAGES}
    assert {page for page in pages if not (tmp_path / page).exists()} == set()
    elsewhere = re.compile(r"""<(?!a )\w[^>]*(?:src|href)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|class="mermaid""")
    for file in (*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")):
        text = file.read_text()
        assert not elsewhere.search(text), file.relative_to(tmp_path)
        assert "<p>bluegreen " not in text, f"{file.relative_to(tmp_path)}: code in a list is indented by 8 here"


def test_scripts_and_pages_call_the_program_by_the_name_that_no_shell_owns() -> None:
    for page in TEXTS:
        assert not [line for line in code_lines((ROOT / page).read_text()) if re.match(r"bg\b", line)]


def test_every_control_of_the_security_page_has_a_test_that_is_there() -> None:
    files = (ROOT / "tests").rglob("test_*.py")
    tests = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    cells = re.findall(r"^\| (?!threat |-).* \| .* \| (.*) \|$", (ROOT / "docs/security.md").read_text(), re.MULTILINE)
    assert cells
    for cell in cells:
        named = set(re.findall(r"`(\w+)`", cell))
        assert named, "a control without a test"
        assert named - tests == set()
