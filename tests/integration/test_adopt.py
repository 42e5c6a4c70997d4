"""A project as the original design has it, deployed by hand and in service: adopted, switched and brought back."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from program import Ended, Program
from shop import QUICK, laid_over, terraform

from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.lifecycle import down, up
from bluegreen.sandbox.traffic import Traffic

TESTS = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """The original's root over modules whose servers and records the sandbox makes, deployed with its own tfvars."""
    folder = tmp_path / "project"
    root = folder / "terraform"
    shutil.copytree(TESTS / "unit" / "adoption" / "article", root)
    (root / "providers.tf").unlink()
    shutil.copytree(TESTS / "integration" / "article", root, dirs_exist_ok=True)
    network = Network.for_path(folder)
    for file in root.rglob("*.tf"):
        file.write_text(file.read_text().replace("127.77.12", network.prefix))
    with (root / "defaults.auto.tfvars").open("a") as tfvars:
        tfvars.write('zone_id = "unused"\nrequired_ips = 2\n')
    sandbox = folder / ".bluegreen" / "sandbox"
    up(sandbox, network, "shop")
    try:
        assert terraform(root, "init") == 0
        assert terraform(root, "apply", "-auto-approve") == 0
        with Traffic(network.public_url, workers=1, rate=20) as traffic:
            assert traffic.wait_for("blue"), "its server has come up"
        yield folder
    finally:
        down(sandbox, network)


def said_by_terraform(root: Path, *arguments: str) -> str:
    engine = find_engine(cache=root / ".engine")
    asked = subprocess.run(
        [*engine.argv, *arguments, "-no-color"], cwd=root, capture_output=True, text=True, timeout=60
    )
    assert asked.returncode == 0, asked.stderr
    return asked.stdout


def edit(path: Path, change: Callable[[str], str]) -> None:
    text = path.read_text()
    path.write_text(change(text))
    assert path.read_text() != text


def test_a_project_that_is_in_service_is_adopted_switched_and_brought_back(project: Path) -> None:
    root, network = project / "terraform", Network.for_path(project)
    program = Program(project)

    def ran(*arguments: str) -> Ended:
        ended = program(*arguments)
        assert ended.code == 0, ended.err
        return ended

    with Traffic(network.public_url, workers=2, rate=50) as traffic:
        names = ("--hostname", "shop.test", "--public-url", network.public_url, "--release", "1.4.2")
        told = ran("adopt", "terraform", *names)

        # What it says is done, in the order in which it says it.
        by_hand = next(line for line in told.err.splitlines() if "terraform -chdir=terraform apply" in line)
        _, _, verb, *values = shlex.split(by_hand)
        assert "Plan: 1 to add, 0 to change, 0 to destroy." in said_by_terraform(root, "plan", *values)
        assert "1 added, 0 changed, 0 destroyed" in said_by_terraform(root, verb, "-auto-approve", *values)
        assert "loads by itself and sets a variable" in program("deploy", "--release", "1.5.0").err
        for place in re.findall(r"^terraform/(defaults\.auto\.tfvars:\d+): fights", told.out, re.MULTILINE):
            name, _, number = place.partition(":")
            edit(root / name, lambda text, n=int(number): "\n".join(blanked(text.split("\n"), n)))
        edit(root / "main.tf", hand_on)
        settings = yaml.safe_load((project / "bluegreen.yaml").read_text())
        settings["sandbox"] = {"network": f"{network.prefix}.0/24"}
        identity = {"color": {"header": "x-color"}, "release": {"header": "x-release"}}
        settings["defaults"] = laid_over(settings["defaults"], {**QUICK, "edge": {"kind": "sandbox"}})
        settings["defaults"]["identity"] = identity
        (project / "bluegreen.yaml").write_text(yaml.safe_dump(settings))

        assert "module.green_server[0].terraform_data.server" in ran("plan", "--release", "1.5.0").out
        switched = ran("deploy", "--release", "1.5.0")
        assert "switched: green (1.5.0)" in switched.err
        assert "replace module.cdn.terraform_data.backend_green_access[0]" in switched.err
        back = ran("rollback")
        assert "rolled back: blue (1.4.2)" in back.err
    assert traffic.report.failed == 0


def blanked(lines: list[str], number: int) -> list[str]:
    return [*lines[: number - 1], "", *lines[number:]]


def hand_on(code: str) -> str:
    """Hand each color's object on to its server, as adopt says."""
    return re.sub(r'(  name +)= "(blue|green)"\n', r'\1= "\2"\n  server = var.\2\n', code)
