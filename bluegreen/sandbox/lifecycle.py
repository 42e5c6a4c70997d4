"""Up, status, down."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bluegreen.adapters.state.files import private_folder
from bluegreen.errors import BluegreenError, SandboxError
from bluegreen.sandbox import pidfile
from bluegreen.sandbox.address import API_PORT, PUBLIC_PORT, Network
from bluegreen.sandbox.client import Sandbox, Status

DEADLINE = 20.0
"""Seconds until the API must answer; it takes 0.2 on two idle cores."""
WRITABLE = "the sandbox needs a folder that it can write to, on a disk with room"


def up(folder: Path, network: Network, service: str) -> Status:
    """Start the daemon, if it is not up; return once its API answers and the world is as it was before.

    folder: where everything is kept, for example <project>/.bluegreen/sandbox; made when missing.
    service: its first label names the zone, <service>.test. Raises SandboxError.
    """
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", service):
        raise SandboxError(f"{service!r} cannot name a zone", hint="use lower-case letters, digits and hyphens")
    folder = folder.resolve()
    try:
        private_folder(folder)
    except BluegreenError as error:
        raise SandboxError(f"the sandbox cannot come up: {error.message}", where=str(folder), hint=WRITABLE) from None
    try:
        return _up(folder, network, service)
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"the sandbox cannot come up: {error}", where=str(folder), hint=WRITABLE) from None


def _up(folder: Path, network: Network, service: str) -> Status:
    with _alone(folder):
        found = status(folder, network)
        if found.up:
            return _checked(found, service)
        _end_all(folder)
        for address, port in _places(network):
            _check_free(address, port)
        _start(folder, network, service)
        return _await_api(folder, network)


def status(folder: Path, network: Network) -> Status:
    """Return what there is; `up` is False when this folder's daemon does not answer. Never raises."""
    try:
        found = Sandbox(network).status()
    except SandboxError:
        return Status(up=False)
    return found if found.folder == str(folder.resolve()) else Status(up=False)


def down(folder: Path, network: Network) -> None:
    """End the daemon and every server, also those that a killed daemon left. The states and records stay.

    Raises SandboxError when a process does not end.
    """
    if folder.is_dir():
        with _alone(folder.resolve()):
            _end_all(folder.resolve())


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from starting or stopping the same sandbox meanwhile."""
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _checked(found: Status, service: str) -> Status:
    if found.service != service:
        raise SandboxError(
            f"the sandbox in {found.folder} is up for the service {found.service!r}, not {service!r}",
            hint="end it with `bluegreen sandbox down`",
        )
    return found


def _end_all(folder: Path) -> None:
    """End the daemon first, so that it restarts nothing, then the servers."""
    for path in (folder / "daemon.pid", *sorted(folder.glob("server-*.pid"))):
        if not pidfile.end(path):
            raise SandboxError(
                f"process {pidfile.holder(path)} does not end", where=str(path), hint="look at it with `ps`"
            )
        path.unlink(missing_ok=True)


def _places(network: Network) -> tuple[tuple[str, int], ...]:
    public = (*network.edge_addresses, network.blue, network.green)
    return ((network.api, API_PORT), *((address, PUBLIC_PORT) for address in public))


def _check_free(address: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise _unusable(address, port, error) from None


def _unusable(address: str, port: int, error: OSError) -> SandboxError:
    where = f"{address}:{port}"
    if error.errno == errno.EADDRINUSE:
        return SandboxError("something else listens here", where=where, hint=f"`ss -ltnp 'sport = :{port}'` shows what")
    prefix = address.rpartition(".")[0]
    return SandboxError(
        f"this machine does not have the address ({error.strerror})",
        where=where,
        hint=f"add it: for n in 1 2 3 4 11 12; do sudo ifconfig lo0 alias {prefix}.$n up; done",
    )


def _start(folder: Path, network: Network, service: str) -> None:
    """Start the daemon in a session of its own; it forks, so it is nobody's child."""
    argv = [sys.executable, "-m", "bluegreen.sandbox.daemon", "--folder", str(folder)]
    argv += ["--network", network.prefix, "--service", service]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(folder / "daemon.err", flags, 0o600), "wb") as errors:
        subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
            timeout=DEADLINE,
            check=False,
        )


def _environment() -> dict[str, str]:
    """Return our environment, in which the daemon finds this very package, in a checkout too."""
    package = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": f"{known}{os.pathsep}{package}" if known else package}


def _await_api(folder: Path, network: Network) -> Status:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        found = status(folder, network)
        if found.up:
            return found
        if errors := (folder / "daemon.err").read_text(errors="replace").strip():
            message = f"the sandbox cannot come up: {errors.splitlines()[-1]}"
            raise SandboxError(message, where=str(folder / "daemon.err"), hint="`daemon.log` beside it may say more")
        time.sleep(0.02)
    raise SandboxError(
        f"the sandbox does not answer after {DEADLINE:g} s",
        where=str(folder / "daemon.log"),
        hint="`bluegreen sandbox down`, then up again",
    )
