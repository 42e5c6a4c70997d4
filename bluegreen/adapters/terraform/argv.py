"""What is run: pure functions from what is wanted to an argv and an environment. process.py runs them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Argv = tuple[str, ...]

# Settings of a person's shell that would change what a command does or prints, or point it at another state.
_STRIPPED = re.compile(r"TF_LOG.*|TF_CLI_ARGS.*|TF_WORKSPACE|TF_DATA_DIR|TF_INPUT|TF_REATTACH_PROVIDERS")


def child_environment(
    base: Mapping[str, str], data_dir: Path, extra: Mapping[str, str] | None = None, workspace: str = ""
) -> dict[str, str]:
    """Return Terraform's environment: ours and the environment's `env`, without what would change our commands.

    base: os.environ, so that TF_VAR_*, TF_TOKEN_*, TF_CLI_CONFIG_FILE, proxies and cloud credentials work.
    data_dir: becomes TF_DATA_DIR. workspace: becomes TF_WORKSPACE unless "".
    """
    merged = {**base, **(extra or {})}
    kept = {name: value for name, value in merged.items() if not _STRIPPED.fullmatch(name)}
    fixed = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1", "TF_DATA_DIR": str(data_dir)}
    return {**kept, **fixed, **({"TF_WORKSPACE": workspace} if workspace else {})}


def init(
    program: Sequence[str], backend_config: Sequence[str] = (), reconfigure: bool = False, *, look: bool = False
) -> Argv:
    """Return the argv of an init. reconfigure: take a new backend as it is; state is never migrated.

    look: fail rather than write a lock file.
    """
    return _build(
        program,
        "init",
        backend_config=list(backend_config),
        reconfigure=_flag(reconfigure),
        json=_flag(True),
        input=False,
        lockfile="readonly" if look else None,
    )


def plan(program: Sequence[str], var_files: Sequence[Path], out: Path | None, *, lock: bool, lock_timeout: int) -> Argv:
    """Return the argv of a plan. out: where to save it, None for nowhere. lock_timeout: seconds."""
    return _build(
        program,
        "plan",
        var_file=[str(path) for path in var_files],
        out=str(out) if out else None,
        detailed_exitcode=_flag(True),
        json=_flag(True),
        input=False,
        **_locking(lock, lock_timeout),
    )


def apply(program: Sequence[str], plan_file: Path, var_files: Sequence[Path] = (), *, lock_timeout: int) -> Argv:
    """Return the argv that applies exactly one saved plan. var_files: for OpenTofu alone. lock_timeout: seconds."""
    return _build(
        program,
        "apply",
        str(plan_file),
        var_file=[str(path) for path in var_files],
        json=_flag(True),
        input=False,
        **_locking(True, lock_timeout),
    )


def show(program: Sequence[str], plan_file: Path) -> Argv:
    """Return the argv that prints a saved plan as JSON, secrets included."""
    return _build(program, "show", str(plan_file), json=_flag(True), no_color=_flag(True))


def state_pull(program: Sequence[str]) -> Argv:
    """Return the argv that prints the state, secrets included."""
    return _build(program, "state pull")


def state_push(program: Sequence[str], state_file: Path) -> Argv:
    """Return the argv that stores a state; Terraform refuses one of another lineage, or an older one."""
    return _build(program, "state push", str(state_file))


def force_unlock(program: Sequence[str], lock_id: str) -> Argv:
    """Return the argv that removes a state's lock."""
    return _build(program, "force-unlock", lock_id, force=_flag(True))


def _locking(lock: bool, timeout: int) -> dict[str, Any]:
    return {"lock_timeout": f"{timeout}s"} if lock else {"lock": False}


def _flag(wanted: bool) -> type | None:
    from python_terraform import IsFlagged

    return IsFlagged if wanted else None


def _build(program: Sequence[str], command: str, *arguments: str, **options: Any) -> Argv:
    # Imported on first use: several milliseconds. `state` names a file that cannot exist, because the
    # constructor would otherwise load, and choke on, whatever terraform.tfstate lies in the current folder.
    from python_terraform import Terraform

    builder = Terraform(state="/dev/null/none", terraform_bin_path=program[0])
    built = builder.generate_cmd_string(command, *arguments, **options)
    return (*program, *built[1:])
