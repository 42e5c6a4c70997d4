"""The documents say what the program does: made from the code where they can be, held against it where they cannot."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from bluegreen.cli.main import run

ROOT = Path(__file__).parents[1]
PAGES = tuple(f"docs/{page}.md" for page in ("adopt", "events", "github-actions", "limits", "recovery", "security"))
TEXTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", *PAGES)
FIRST_SCREEN = 24
"""Lines of a small terminal."""

CALL = re.compile(r"\bbluegreen(?: [^`;|&)#]*)?")


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_generator()


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


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    text = path.read_text()
    headings = {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines()}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif "://" not in target:
            assert (path.parent / target).exists(), target


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
