"""Who holds a state's lock, as far as that can be seen by whoever does not take it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from bluegreen.adapters.state.objects import Objects
from bluegreen.adapters.terraform.local_state import LocalState, read_backend
from bluegreen.adapters.terraform.state_lock import StateLock, read_lock
from bluegreen.errors import EngineError


class StateService(Protocol):
    """The server of a state, where it can be asked about more than Terraform asks. address: as the backend has it."""

    def lock(self, address: str) -> Mapping[str, Any] | None:
        """Return the record of who holds a state's lock; None when nobody does."""
        ...

    def break_lock(self, address: str) -> None: ...

    def acts_on(self, state: bytes) -> bool:
        """Return whether storing this state is itself what changes servers and records."""
        ...


def seen_lock(service: StateService | None, local: LocalState, address: str) -> StateLock | None:
    """Return the lock of a state that is a file here, or that a server has which can be asked; else None."""
    record = None
    if service is not None and address:
        record = service.lock(address)
    elif local.is_local:
        record = local.read_lock()
    return read_lock(record) if record else None


def find_holder(
    folder: Path,
    terraform_data: Path,
    workspace: str,
    service: StateService | None,
    bucket: Callable[[str, str], Objects],
) -> str | None:
    """Return who holds a layer's state lock, "" when nobody does; None when its backend tells only whoever takes it.

    terraform_data: of an `init` that has been. bucket: opens the objects of a name and prefix. Raises BluegreenError.
    """
    backend = read_backend(terraform_data)
    config = backend.get("config") or {}
    local = LocalState(folder, terraform_data, terraform_data, workspace)
    if backend.get("type") == "gcs":
        return _in_bucket(bucket, config, workspace)
    if not local.is_local and service is None:
        return None
    lock = seen_lock(service, local, str(config.get("address") or ""))
    return str(lock) if lock else ""


def _in_bucket(bucket: Callable[[str, str], Objects], config: Mapping[str, Any], workspace: str) -> str | None:
    """Terraform's gcs backend keeps the lock in an object beside the state's."""
    prefix = str(config.get("prefix") or "").strip("/")
    try:
        found = bucket(str(config.get("bucket") or ""), f"{prefix}/" if prefix else "").read(
            f"{workspace or 'default'}.tflock", quick=True
        )
    except EngineError:  # without the extra `gcs` there is no client
        return None
    if found is None:
        return ""
    try:
        lock = read_lock(json.loads(found))
    except (ValueError, AttributeError):
        lock = None
    return str(lock) if lock else "somebody whom the lock does not name"
