"""One saved plan, kept for later with what is needed to believe in it. It may hold secrets: private, on this disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bluegreen.adapters.state.files import replace_file
from bluegreen.adapters.terraform.engine import Engine
from bluegreen.model import Action
from bluegreen.ports import Change, KeptPlan, Plan

FORMAT = 1


class PlanShelf:
    """Holds one plan in a layer's data directory.

    engine: the only one that can apply what it has planned. state: where the state lies, workspace and backend
    settings: a saved plan is applied where it was made, whatever the configuration says by now.
    """

    def __init__(self, data_dir: Path, engine: Engine, state: Sequence[str] = ()) -> None:
        self._plan = data_dir / "kept.tfplan"
        self._note = data_dir / "kept.json"
        self._made = {"format": FORMAT, "engine": f"{engine.product} {engine.version}", "state": list(state)}

    @property
    def path(self) -> str:
        """Where the plan's file lies, if there is one."""
        return str(self._plan)

    def put(self, kept: KeptPlan) -> None:
        """Move a plan's file here, in place of what was here before. Raises BluegreenError, OSError."""
        self.clear()
        Path(kept.plan.path).replace(self._plan)
        note = {
            **self._made,
            "sha256": self._digest(),
            "plan": asdict(replace(kept.plan, contents=dict(kept.plan.contents or {}), values=dict(kept.plan.values))),
            "output": dict(kept.output),
        }
        replace_file(self._note, json.dumps(note).encode())

    def get(self) -> KeptPlan | None:
        """Return what is here; None when there is nothing, or nothing that this engine could apply as it was kept."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads(self._note.read_bytes())
            whole = all(note[name] == value for name, value in {**self._made, "sha256": self._digest()}.items())
            return KeptPlan(_read_plan(note["plan"], self._plan), note["output"]) if whole else None
        return None

    def clear(self) -> None:
        """Keep nothing any more."""
        for path in (self._note, self._plan):
            path.unlink(missing_ok=True)

    def _digest(self) -> str:
        return hashlib.sha256(self._plan.read_bytes()).hexdigest()


def _read_plan(data: Mapping[str, Any], path: Path) -> Plan:
    changes = tuple(
        Change(change["address"], Action(change["action"]), change["previous_address"]) for change in data["changes"]
    )
    return Plan(data["layer"], changes, data["empty"], str(path), data["contents"], data["values"])
