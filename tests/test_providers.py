"""`make providers`, with stand-ins for the Terraform that asks the registry and for the program that unpacks."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = re.compile(r'source *= "([a-z]+/[a-z]+)"')
REACHED = """
for target; do :; done
mkdir -p "$target/registry.terraform.io"
cp versions.tf "$target/asked"
"""
UNREACHED = f"""{REACHED}
echo "registry.terraform.io: no such host" >&2
exit 1
"""
UNPACKED = """
mkdir -p "$1/mirror"
echo unpacked >"$1/mirror/asked"
echo settings >"$1/terraformrc"
"""


class Machine:
    """Where `make providers` is run. folder: what it fills; calls: how often each stand-in was asked."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "providers"
        self._here = tmp_path

    def has(self, program: str, does: str) -> None:
        path = self._here / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh -e\necho "$0" >>"{self._here}/calls"\n{does}')
        path.chmod(0o755)

    def make_providers(self) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
        return subprocess.run(
            ["make", "providers", f"PROVIDERS={self.folder}", f"PROVIDERS_FROM={self._here / 'from'}"],
            cwd=ROOT,
            env={**kept, "PATH": f"{self._here / 'bin'}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def calls(self) -> list[str]:
        return [Path(line).name for line in (self._here / "calls").read_text().splitlines()]

    @property
    def left(self) -> list[str]:
        """What lies in the folder now."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_registry_is_asked_for_what_the_modules_require_and_once(machine: Machine) -> None:
    machine.has("bin/terraform", REACHED)
    machine.has("from/unpack", UNPACKED)
    made = machine.make_providers()
    assert made.returncode == 0, made
    assert machine.left == ["mirror/asked", "terraformrc"]
    settings = (machine.folder / "terraformrc").read_text()
    assert f'filesystem_mirror {{\n    path = "{machine.folder}/mirror"\n' in settings
    required = {
        source
        for folder in ("terraform/modules", "examples")
        for file in (ROOT / folder).rglob("versions.tf")
        for source in SOURCE.findall(file.read_text())
    }
    assert required <= set(SOURCE.findall((machine.folder / "mirror" / "asked").read_text()))
    assert machine.make_providers().returncode == 0
    assert machine.calls == ["terraform"]


def test_without_the_registry_they_are_unpacked(machine: Machine) -> None:
    machine.has("bin/terraform", UNREACHED)
    machine.has("from/unpack", UNPACKED)
    for _ in range(2):
        assert machine.make_providers().returncode == 0
    assert (machine.folder / "mirror" / "asked").read_text() == "unpacked\n"
    assert machine.left == ["mirror/asked", "terraformrc"]  # and nothing of the registry's half
    assert machine.calls == ["terraform", "unpack"]


def test_where_there_are_none_it_says_why_and_leaves_nothing_half_made(machine: Machine) -> None:
    machine.has("bin/terraform", UNREACHED)
    failed = machine.make_providers()
    assert failed.returncode != 0
    assert "registry.terraform.io: no such host" in failed.stderr
    assert f"there is no {machine.folder.parent}/from/unpack" in failed.stderr
    assert "make providers PROVIDERS_FROM=FOLDER" in failed.stderr
    assert machine.left == []
    machine.has("bin/terraform", REACHED)
    assert machine.make_providers().returncode == 0
    assert machine.left == ["mirror/asked", "terraformrc"]


def test_the_settings_appear_whole(machine: Machine) -> None:
    machine.has("bin/terraform", REACHED)
    from_elsewhere = f'case "$1" in "{machine.folder}"/*) exec /bin/mv "$@" ;; esac; exit 1'
    machine.has("bin/mv", from_elsewhere)  # a copy, where that is another file system, and a kill tears it
    assert machine.make_providers().returncode == 0
    assert machine.left == ["mirror/asked", "terraformrc"]


def test_an_unpack_that_fails_is_not_taken_for_done(machine: Machine) -> None:
    machine.has("bin/terraform", UNREACHED)
    machine.has("from/unpack", f"{UNPACKED}\nexit 1\n")
    assert machine.make_providers().returncode != 0
    assert "terraformrc" not in machine.left
    machine.has("from/unpack", UNPACKED)
    assert machine.make_providers().returncode == 0
    assert machine.left == ["mirror/asked", "terraformrc"]
