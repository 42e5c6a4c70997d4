"""Who and where we are, and which process is which: what a lock says of its holder."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def who(environment: Mapping[str, str]) -> str:
    """Return who runs this: the GitHub actor in a workflow, else user@host."""
    actor = environment.get("GITHUB_ACTOR", "")
    return actor or f"{_user()}@{host()}"


def host() -> str:
    return socket.gethostname()


def boot_id() -> str:
    """Return what names this boot of this machine; "" where the system does not say (no /proc)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def pid_namespace() -> str:
    """Return the name of the set of processes in which our pids mean something; "" where there is but one.

    Two containers of one machine may share a host name and a store, but not the meaning of a pid.
    """
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Process:
    """A living process of this machine. With its birth a pid names it for good.

    birth: clock ticks from boot to its start, which no correction of the clock moves; 0 where not known (no /proc).
    """

    pid: int
    birth: int

    @property
    def started(self) -> float:
        """When it was started, Unix seconds; 0 where not known."""
        return _boot_time() + self.birth / os.sysconf("SC_CLK_TCK") if self.birth else 0.0


def find_process(pid: int) -> Process | None:
    """Return the process with that pid; None when there is none, or only its unburied remains."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it lives, and is somebody else's
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except ProcessLookupError:  # it has ended between opening and reading
        return None
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else Process(pid, 0)
    except OSError:
        return Process(pid, 0)
    # The command's name, the second field, may itself hold spaces and parentheses.
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else Process(pid, int(rest[18]))


STARTED_APART = 2.0
"""Seconds by which two readings of a process's start time may differ: the kernel keeps its boot in whole ones."""


def lives(where: str, pid: int, started: float, birth: int = 0) -> bool:
    """Return whether the process that was started then lives; False when it ran on another host than this.

    started: Unix seconds; it counts where a birth is not known, for a clock that is set moves it.
    """
    process = find_process(pid) if where == host() else None
    if process is not None and process.birth and birth:
        return process.birth == birth
    return process is not None and (not process.started or abs(process.started - started) <= STARTED_APART)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user id without a name
        return f"uid {os.getuid()}"


def _boot_time() -> int:
    lines = Path("/proc/stat").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("btime "))
