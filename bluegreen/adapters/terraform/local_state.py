"""Watches over a state that is a local file.

A `kill -9` during an apply often leaves that file empty: Terraform truncates, then writes. The next plan would offer,
with exit code 0, to create everything once more. So a checked copy is kept, and a state whose lineage vanished is
refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from bluegreen.adapters.state.files import private_folder, replace_file
from bluegreen.adapters.terraform.documents import parse_state
from bluegreen.errors import TerraformError
from bluegreen.ports import State


class LocalState:
    """The state file of one root, if its backend is `local`; does nothing otherwise.

    folder: the root. terraform_data: its TF_DATA_DIR. keep: folder for the copies.
    workspace: Terraform's, "" for default.
    """

    def __init__(self, folder: Path, terraform_data: Path, keep: Path, workspace: str = "") -> None:
        self._folder = folder
        self._terraform_data = terraform_data
        self._keep = keep
        self._workspace = workspace

    def save(self) -> None:
        """Keep a checked copy of the state as it is now. A torn one never replaces a good copy."""
        path = self._find()
        if path is None:
            return
        text = _read(path)
        try:
            state = parse_state(text)
        except ValueError:
            return
        if text or not self._record().get("lineage"):
            self._write(path, text, state)

    def refuse_if_lost(self) -> None:
        """Raise TerraformError when the state that the last apply left, or began from, is no longer there."""
        path, record = self._find(), self._record()
        if path is None or record.get("path") != str(path):
            return
        lineage = _lineage(path)
        # An apply that began with no state and left an empty or torn file was killed while it made things.
        if lineage == record["lineage"] and (lineage or not path.exists()):
            return
        if lineage and not record["lineage"]:
            return
        raise TerraformError(
            "the state is empty, torn, or not the one that the last apply left: a plan would create everything again",
            where=str(path),
            hint=self._way_out(path, record),
        )

    def restore(self) -> Path | None:
        """Put the checked copy in the place of a state that is empty, torn or gone; return it, None when there is none.

        The torn one is kept beside the copy.
        """
        path, record = self._find(), self._record()
        if path is None or record.get("path") != str(path) or not record["lineage"] or _lineage(path):
            return None
        copy = self._copy(record)
        if path.exists():
            replace_file(self._keep / "torn", _read(path))
        replace_file(path, _read(copy))
        return copy

    @property
    def is_local(self) -> bool:
        return self._find() is not None

    @property
    def lock_file(self) -> Path:
        """Where Terraform says who holds the lock; the lock itself is the kernel's, and ends with its process."""
        path = self._find()
        assert path is not None, "only a local state has one"
        return path.with_name(f".{path.name}.lock.info")

    def read_lock(self) -> dict[str, Any] | None:
        """Return the record of who holds the lock; None when there is none, or none that can be read."""
        return _read_json(self.lock_file)

    def _way_out(self, path: Path, record: dict[str, Any]) -> str:
        if record["lineage"]:
            return f"the checked copy is {self._copy(record)}: put it back; to start anew, delete {self._record_path}"
        return f"the first apply was killed: see what it made, then delete {path} and {self._record_path}"

    def _write(self, path: Path, text: bytes, state: State) -> None:
        digest = hashlib.sha256(text).hexdigest()
        record = {"path": str(path), "lineage": state.lineage, "serial": state.serial, "sha256": digest}
        if record == self._record():
            return
        private_folder(self._keep)
        copy = self._copy(record)
        replace_file(copy, text)
        replace_file(self._record_path, json.dumps(record).encode())
        for other in self._keep.glob("*.tfstate"):
            if other != copy:
                other.unlink(missing_ok=True)

    @property
    def _record_path(self) -> Path:
        return self._keep / "checked.json"

    def _copy(self, record: dict[str, Any]) -> Path:
        # Named by its content: the record never speaks of another copy, wherever a crash falls between the two.
        return self._keep / f"{record['sha256'][:16]}.tfstate"

    def _record(self) -> dict[str, Any]:
        return _read_json(self._record_path) or {}

    def _find(self) -> Path | None:
        """Return the state file's path, as `init` wrote down; None when the backend is not local."""
        backend = read_backend(self._terraform_data)
        if backend.get("type", "local") != "local":
            return None
        config = backend.get("config") or {}
        if self._workspace and self._workspace != "default":
            base = self._folder / (config.get("workspace_dir") or "terraform.tfstate.d") / self._workspace
            return base / "terraform.tfstate"
        return self._folder / (config.get("path") or "terraform.tfstate")


def read_backend(terraform_data: Path) -> dict[str, Any]:
    """Return the backend that `init` wrote down: type and config. Empty when the root names none, which is local."""
    try:
        backend = json.loads((terraform_data / "terraform.tfstate").read_bytes()).get("backend")
    except (OSError, ValueError, AttributeError):
        return {}
    return backend if isinstance(backend, dict) else {}


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _lineage(path: Path) -> str:
    """Return the lineage of a state file; "" when it is missing, empty or torn."""
    try:
        return parse_state(_read(path)).lineage
    except ValueError:
        return ""
