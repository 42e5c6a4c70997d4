"""The examples, applied by real Terraform to a real sandbox, with traffic running."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bluegreen import __version__
from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.resources import shipped
from bluegreen.sandbox import lifecycle
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.client import Sandbox
from bluegreen.sandbox.project import create_project
from bluegreen.sandbox.traffic import Traffic

ROOT = Path(__file__).resolve().parents[2]


class Layer:
    """One root in a project, with its own data directory and values."""

    def __init__(self, folder: Path, data: Path, *backend: str):
        self.folder = folder
        self._data = data
        data.mkdir()
        self._program = find_engine(cache=data / "engine").argv
        self("init", "-input=false", *(f"-backend-config={item}" for item in backend))

    def __call__(self, *argv: str, expect: int = 0) -> str:
        keep = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        env = {**keep, "TF_DATA_DIR": str(self._data), "CHECKPOINT_DISABLE": "1"}
        process = subprocess.Popen(
            [*self._program, *argv, *([] if argv[0] == "force-unlock" else ["-no-color"])],
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output, _ = process.communicate(timeout=60)
        assert process.returncode == expect, output
        return output

    def apply(self, values: Mapping[str, Any], *, expect: int = 0) -> str:
        return self("apply", "-input=false", "-auto-approve", self._write(values), expect=expect)

    def plan(self, values: Mapping[str, Any], *, expect: int = 0) -> str:
        return self("plan", "-input=false", "-detailed-exitcode", self._write(values), expect=expect)

    def output(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("output", "-json", "bluegreen"))
        return found

    def _write(self, values: Mapping[str, Any]) -> str:
        file = self._data / "values.tfvars.json"
        file.write_text(json.dumps(values))
        return f"-var-file={file}"


class Project:
    """A copy of an example in a folder of its own, and its sandbox."""

    def __init__(self, folder: Path, example: str):
        self.folder = folder
        self.network = Network.for_path(folder)
        self.sandbox = Sandbox(self.network)
        shutil.copytree(ROOT / "examples" / "sandbox" / example, folder, dirs_exist_ok=True)
        for file in folder.rglob("*.tf"):
            text = file.read_text().replace("127.77.12", self.network.prefix)
            depth = "../" * (len(file.relative_to(folder).parents) + 2)
            file.write_text(text.replace(f"{depth}terraform/modules", str(ROOT / "terraform" / "modules")))
        lifecycle.up(self.place, self.network, "shop")

    @property
    def place(self) -> Path:
        return self.folder / ".bluegreen" / "sandbox"

    def layer(self, folder: str, name: str = "", *backend: str) -> Layer:
        return Layer(self.folder / folder, self.folder / f"data-{name}", *backend)


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path, "single")
    yield project
    lifecycle.down(project.place, project.network)


@pytest.fixture
def layers(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path, "layers")
    yield project
    lifecycle.down(project.place, project.network)


BLUE = {"blue_enabled": True, "blue": {"release": "1.4.2"}, "green_enabled": False, "green": None}
BOTH = {**BLUE, "green_enabled": True, "green": {"release": "1.5.0", "size": "big"}}
ON_BLUE = {"server_active": "blue", "server_previous": ""}
ON_GREEN = {"server_active": "green", "server_previous": "blue"}


def answers(project: Project, color: str, url: str = "") -> None:
    with Traffic(url or project.network.public_url, workers=2, rate=100) as traffic:
        assert traffic.wait_for(color, count=3), traffic.report


def test_single_root_switches_and_returns_without_losing_a_request(single: Project) -> None:
    root = single.layer("terraform")
    root.apply({**BLUE, **ON_BLUE})
    answers(single, "blue")
    with Traffic(single.network.public_url, rate=150) as traffic:
        root.apply({**BOTH, **ON_BLUE})
        answers(single, "green", root.output()["colors"]["green"]["backend_url"])
        pid = single.sandbox.status().server("blue")
        root.apply({**BOTH, **ON_GREEN})
        assert traffic.wait_for("green", count=5)
        stale = traffic.stale("green")
        root.apply({**BOTH, "server_active": "blue", "server_previous": ""})
        assert traffic.wait_for("blue", count=5)
    assert traffic.report.failed == 0, traffic.report
    assert set(traffic.report.by_color) == {"blue", "green"}
    assert stale == 0
    assert single.sandbox.status().server("blue") == pid, "a switch leaves servers alone"
    root.plan({**BOTH, **ON_BLUE})


def test_the_marker_keeps_the_contract(single: Project) -> None:
    root = single.layer("terraform")
    root.apply({**BOTH, **ON_GREEN})
    output = root.output()
    status = single.sandbox.status()
    assert (output["server_active"], output["server_previous"]) == ("green", "blue")
    assert output["colors"]["green"]["inputs"] == {"release": "1.5.0", "size": "big"}
    assert output["colors"]["blue"]["address"] == single.network.blue
    assert output["colors"]["blue"]["backend_hostname"] == "backend-blue-access.shop.test"
    assert output["public_url"] == single.network.public_url
    public = status.record("shop.test")
    assert public is not None
    assert output["edge"] == {"kind": "sandbox", "zone_id": status.zone_id, "records": {"shop.test": public.id}}
    assert (public.content, public.proxied) == (single.network.green, True)
    backend = status.record("backend-blue-access.shop.test")
    assert backend is not None
    assert (backend.content, backend.proxied) == (single.network.blue, False)


def test_a_switch_is_one_update_in_place_and_the_marker(single: Project) -> None:
    root = single.layer("terraform")
    root.apply({**BOTH, **ON_BLUE})
    text = root.plan({**BOTH, **ON_GREEN}, expect=2)
    changed = [line.split()[1] for line in text.splitlines() if " will be " in line or " must be " in line]
    assert sorted(changed) == ["module.cdn.terraform_data.root", "terraform_data.bluegreen"]
    assert "Plan: 0 to add, 2 to change, 0 to destroy." in text


def test_a_stopped_and_a_removed_color_have_no_process(single: Project) -> None:
    root = single.layer("terraform")
    root.apply({**BOTH, **ON_BLUE})
    stopped = {**BOTH, "green": {"release": "1.5.0", "running": False}}
    root.apply({**stopped, **ON_BLUE})
    green = single.sandbox.status().server("green")
    assert green is not None
    assert (green.running, green.alive) == (False, False)
    root.plan({**stopped, **ON_BLUE})
    gone = {**BLUE, "green": {"release": "1.5.0"}}
    root.apply({**gone, **ON_BLUE})
    assert single.sandbox.status().server("green") is None
    assert single.sandbox.status().record("backend-green-access.shop.test") is not None, "its address is still reserved"
    root.plan({**gone, **ON_BLUE})


def test_a_refused_write_fails_the_apply_and_changes_nothing(single: Project) -> None:
    root = single.layer("terraform")
    root.apply({**BOTH, **ON_BLUE})
    single.sandbox.refuse_state("demo/main", "record quota exceeded")
    text = root.apply({**BOTH, **ON_GREEN}, expect=1)
    assert "Failed to persist state to backend" in text
    assert root.output()["server_active"] == "blue"
    answers(single, "blue")
    assert single.sandbox.locks() == {}
    single.sandbox.accept_states()
    (root.folder / "errored.tfstate").unlink()
    root.apply({**BOTH, **ON_GREEN})
    answers(single, "green")


def test_a_lock_is_held_shown_and_broken_only_by_the_sandbox(single: Project) -> None:
    root = single.layer("terraform")
    root.apply({**BLUE, **ON_BLUE})
    lock = http.client.HTTPConnection(single.network.api, 8500, timeout=5)
    lock.request("LOCK", "/state/demo/main", json.dumps({"ID": "abc", "Who": "somebody", "Operation": "test"}))
    assert lock.getresponse().status == 200
    lock.close()
    assert "Error acquiring the state lock" in root.plan({**BLUE, **ON_BLUE}, expect=1)
    assert single.sandbox.locks()["demo/main"]["Who"] == "somebody"
    root("force-unlock", "-force", "abc", expect=1)
    assert "demo/main" in single.sandbox.locks()
    single.sandbox.break_lock("demo/main")
    root.plan({**BLUE, **ON_BLUE})


def test_layers_switch_with_the_edge_alone(layers: Project) -> None:
    network = layers.layer("tf/network", "network")
    network.apply({})
    colors = network.output()["colors"]
    servers = {}
    for color, release in (("blue", "1.4.2"), ("green", "1.5.0")):
        url = layers.network.state_url(f"demo/{color}")
        locks = (f"lock_address={url}", f"unlock_address={url}")
        layer = servers[color] = layers.layer("tf/server", color, f"address={url}", *locks)
        values = {"color": color, "enabled": True, "server": {"release": release}, "colors": colors}
        layer.apply(values)
        layer.plan(values)
        colors = {**colors, color: {**colors[color], **layer.output()["colors"][color]}}
    edge = layers.layer("tf/edge", "edge")
    edge.apply({"colors": colors, **ON_BLUE})
    answers(layers, "blue")
    answers(layers, "green", edge.output()["colors"]["green"]["backend_url"])
    with Traffic(layers.network.public_url, rate=150) as traffic:
        edge.apply({"colors": edge.output()["colors"], **ON_GREEN})
        assert traffic.wait_for("green", count=5)
    assert traffic.report.failed == 0, traffic.report
    assert traffic.stale("green") == 0
    edge.plan({"colors": edge.output()["colors"], **ON_GREEN})
    edge.apply({"colors": edge.output()["colors"], **ON_BLUE})
    answers(layers, "blue")
    status = layers.sandbox.status()
    assert status.states == ("demo/blue", "demo/edge", "demo/green", "demo/network")
    assert {server.color: server.release for server in status.servers} == {"blue": "1.4.2", "green": "1.5.0"}


def test_edge_output_is_complete(layers: Project) -> None:
    edge = layers.layer("tf/edge", "edge")
    colors = {
        "blue": {"address": layers.network.blue, "enabled": True, "inputs": {"release": "1"}, "instance": None},
        "green": {"address": layers.network.green, "enabled": False, "inputs": None},
    }
    edge.apply({"colors": colors, **ON_BLUE})
    echoed = edge.output()
    values = {"colors": echoed["colors"], "server_active": echoed["server_active"], "server_previous": ""}
    edge.plan(values)
    assert echoed["colors"]["blue"]["inputs"] == {"release": "1"}


@pytest.mark.parametrize("module", ["sandbox_network", "sandbox_server", "sandbox_cdn"])
def test_modules_keep_their_own_tests(module: str, tmp_path: Path) -> None:
    folder = tmp_path / module
    shutil.copytree(ROOT / "terraform" / "modules" / module, folder)
    layer = Layer(folder, tmp_path / "data")
    assert "Success!" in layer("test")


def test_terraform_takes_the_modules_of_a_repository(tmp_path: Path) -> None:
    repository = tmp_path / "modules.git"
    shutil.copytree(shipped("terraform", "modules"), repository / "terraform" / "modules")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.test"]
    for argv in (["init", "-q"], ["add", "."], ["commit", "-qm", "modules"], ["tag", f"v{__version__}"]):
        subprocess.run([*git, *argv], check=True, capture_output=True)
    folder = tmp_path / "books"
    create_project(folder, "books", "single", modules=f"git::file://{repository}")
    engine = find_engine(cache=tmp_path)
    for argv in (["init", "-backend=false", "-input=false"], ["validate"]):
        subprocess.run([*engine.argv, *argv], cwd=folder / "terraform", check=True, capture_output=True, timeout=60)
