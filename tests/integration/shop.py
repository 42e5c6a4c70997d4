"""A shop in the sandbox: real Terraform, real servers, real traffic."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import bluegreen.app as app
from bluegreen.adapters.terraform.engine import Engine, find_engine
from bluegreen.app import Environment, Project
from bluegreen.errors import BluegreenError
from bluegreen.model import EMPTY, Color, StackFacts
from bluegreen.sandbox.address import Network
from bluegreen.sandbox.client import Sandbox
from bluegreen.sandbox.lifecycle import down, up
from bluegreen.sandbox.project import SANDBOX, create_project
from bluegreen.sandbox.traffic import Traffic
from bluegreen.switch.conduct import RunResult
from bluegreen.switch.values import as_it_is, layer_values

QUICK: Mapping[str, Any] = {
    "check": {"deadline": "10s"},
    "rollback_check": {"deadline": "3s"},
    "probe": {"settle": "300ms", "every": "50ms", "deadline": "10s"},
    "bake": {"for": "400ms", "every": "50ms", "bad": 3, "blind_deadline": "2s"},
}
"""Short waits: what a test waits for is a condition, and these bound how long it may take to come."""


class Shop:
    """One project in its own sandbox. events: everything that the runs have told."""

    STACK, ENVIRONMENT = SANDBOX, "demo"

    def __init__(self, folder: Path, layout: str, **settings: Any) -> None:
        self.folder, self.layout = folder, layout
        create_project(folder, "shop", layout, self.STACK, local=self.STACK != SANDBOX)
        self.network = Network.for_path(folder)
        self.configure(**{**QUICK, **settings})
        self.events: list[Mapping[str, Any]] = []

    @property
    def project(self) -> Project:
        return app.load(self.folder)

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.network)

    @property
    def edge_state(self) -> str:
        """The path of the last layer's state."""
        return "main" if self.layout == "single" else "edge"

    def up(self) -> None:
        up(self.folder / ".bluegreen" / "sandbox", self.network, "shop")

    def down(self) -> None:
        down(self.folder / ".bluegreen" / "sandbox", self.network)

    def keep(self, copy: Path) -> None:
        """Keep this world, while it is down, for `restore`."""
        shutil.copytree(self.folder, copy, symlinks=True)

    def restore(self, copy: Path) -> None:
        """Make this world, while it is down, what it was; its servers boot anew when it comes up."""
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder, symlinks=True)
        self.events = []

    def configure(self, **settings: Any) -> None:
        """Lay settings over the ones of the environment."""
        path = self.folder / "bluegreen.yaml"
        file = yaml.safe_load(path.read_text())
        environments = file["environments"]
        environments[self.ENVIRONMENT] = laid_over(environments[self.ENVIRONMENT], settings)
        path.write_text(yaml.safe_dump(file, sort_keys=False))

    def environment(self, on_event: Callable[[Mapping[str, Any]], None] | None = None) -> Environment:
        def note(event: Mapping[str, Any]) -> None:
            self.events.append(event)
            if on_event is not None:
                on_event(event)

        environment = self.project.environment()
        environment.on_event = note
        environment.confirm = lambda question: None
        return environment

    def run(self, verb: str, **arguments: Any) -> RunResult:
        result: RunResult = getattr(self.environment(), verb)(**arguments)
        return result

    def fail(self, verb: str, **arguments: Any) -> BluegreenError:
        """Run a verb that must fail, and return its error."""
        with pytest.raises(BluegreenError) as caught:
            getattr(self.environment(), verb)(**arguments)
        return caught.value

    def told(self, event: str) -> list[Mapping[str, Any]]:
        """Return the last run's events of one name."""
        run = self.events[-1]["run"]
        return [one for one in self.events if one["run"] == run and one["event"] == event]

    def facts(self) -> StackFacts:
        with self.environment()._world("status") as world:
            world.stack.last.workspace.init()
            world.stack.read(world.stack.last)
            return world.stack.complete()

    def live_color(self) -> str:
        """The color that the public record points at."""
        record = self.sandbox.status().record("shop.test")
        assert record is not None
        return {self.network.blue: "blue", self.network.green: "green"}[record.content]

    def assert_nothing_to_plan(self, *, but: Collection[str] = ()) -> None:
        """A bare plan of every layer says no changes, with the values that were left there or that are echoed.

        but: the layers for which one does say something.
        """
        with self.environment()._world("status") as world:
            for layer in world.stack.layers:
                layer.workspace.init()
            world.stack.read(world.stack.last)
            facts = world.stack.complete()
            assert facts.active is not None
            echoed = {str(color): dict(facts.of(color).echo) for color in Color}
            for layer in world.stack.layers:
                workspace = layer.workspace
                values = layer_values(as_it_is(facts, facts.active), layer.color, echoed, workspace.variables)
                plan = workspace.plan(values, look=True)
                assert plan.empty == (layer.name not in but), (layer.name, plan.changes)
        for root in self.roots():
            assert bare_plan(root) == 0, root

    def roots(self) -> list[Path]:
        """The folders that serve one layer, where a bare plan finds its values."""
        names = ["terraform"] if self.layout == "single" else ["tf/network", "tf/edge"]
        return [self.folder / name for name in names]

    def traffic(self) -> Traffic:
        return Traffic(self.network.public_url, workers=4, rate=100)


def laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `under` with what `over` says in place of what it said, mappings merged."""
    merged = dict(under)
    for key, value in over.items():
        merged[key] = laid_over(under.get(key) or {}, value) if isinstance(value, Mapping) else value
    return merged


def terraform(root: Path, *arguments: str, engine: Engine | None = None, variables: Mapping[str, str] = EMPTY) -> int:
    """Run Terraform in a root as a person would, in that root's own data directory; return its exit code.

    engine: None for the one that is found. variables: added to the environment.
    """
    engine = engine or find_engine(cache=root / ".engine")
    ended = subprocess.run(
        [*engine.argv, *arguments],
        cwd=root,
        env={**os.environ, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    return ended.returncode


def bare_plan(root: Path) -> int:
    """Run `terraform init` and `terraform plan`; return the plan's exit code (0: no changes)."""
    assert terraform(root, "init", "-input=false") == 0
    return terraform(root, "plan", "-input=false", "-detailed-exitcode", "-lock=false")
