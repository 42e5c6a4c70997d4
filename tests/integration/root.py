"""One root module of its own, with real Terraform, and what its workspace said."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.terraform.engine import find_engine
from bluegreen.adapters.terraform.workspace import TerraformWorkspace
from bluegreen.events import Event, TerraformStarted
from bluegreen.model import Value
from bluegreen.render.tfvars import render_tfvars

ROOT = """
variable "server_active" { type = string }
variable "script" {
  type    = string
  default = "true"
}
variable "secret" {
  type      = string
  default   = ""
  sensitive = true
}
resource "terraform_data" "work" {
  input            = [var.server_active, var.secret]
  triggers_replace = var.script
  provisioner "local-exec" {
    command = var.script
  }
}
resource "terraform_data" "bluegreen" {
  input      = { server_active = var.server_active }
  depends_on = [terraform_data.work]
}
output "bluegreen" { value = terraform_data.bluegreen.output }
"""
BLUE: dict[str, Value] = {"server_active": "blue"}


class World:
    """One root and what its workspace said."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "root"
        self.data = tmp_path / "data"
        self.cache = tmp_path / "cache"
        self.state = self.folder / "terraform.tfstate"
        self.interruptions = FakeInterruptions()
        self.events: list[Event] = []
        self.on_event: Callable[[Event], None] = lambda event: None
        self.folder.mkdir()
        self.write(ROOT)

    def write(self, code: str, name: str = "main.tf") -> None:
        (self.folder / name).write_text(code)

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)

    def workspace(self, **options: Any) -> TerraformWorkspace:
        settings: dict[str, Any] = {"engine": find_engine(cache=self.cache), "lock_timeout": 0, **options}
        return TerraformWorkspace(
            layer="edge",
            folder=self.folder,
            data_dir=self.data,
            render=render_tfvars,
            emit=self.emit,
            interruptions=self.interruptions,
            **settings,
        )

    def ready(self, **options: Any) -> TerraformWorkspace:
        workspace = self.workspace(**options)
        workspace.init()
        return workspace

    @property
    def commands(self) -> list[str]:
        return [event.command for event in self.events if isinstance(event, TerraformStarted)]


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def held_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a local state as another Terraform would: in another process."""
    code = "import fcntl, sys; file = open(sys.argv[1], 'r+b'); fcntl.lockf(file, 2); print(flush=True); input()"
    argv = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            yield
        finally:
            holder.stdin.write(b"\n")
            holder.stdin.close()
