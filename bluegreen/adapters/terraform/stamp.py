"""What the last `init` was done with: says whether another is needed, and whose the state is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bluegreen.adapters.state.files import replace_file
from bluegreen.adapters.terraform.engine import Engine, release_of
from bluegreen.adapters.terraform.folder import code_files
from bluegreen.errors import EngineError


@dataclass(frozen=True, slots=True)
class Stamp:
    """digest: of everything that `init` depends on. backend: the backend settings that came from outside the root."""

    product: str = ""
    version: str = ""
    digest: str = ""
    backend: tuple[str, ...] = ()

    def check_engine(self, engine: Engine) -> None:
        """Raise EngineError when this engine would take over a state of another product, or of a newer one, unasked."""
        if not self.product or engine.asked:
            return
        if engine.product != self.product or engine.release < release_of(self.version):
            raise EngineError(
                f"this state belongs to {self.product} {self.version}, and {engine.product} {engine.version} was found",
                where=engine.path,
                hint=f"bring {self.product} {self.version} back, or name the one you mean with terraform.engine",
            )


def read_stamp(path: Path) -> Stamp:
    """Read a stamp; an empty one when there is none, or none that can be read."""
    try:
        stamp = Stamp(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return Stamp()
    return Stamp(stamp.product, stamp.version, stamp.digest, tuple(stamp.backend))


def write_stamp(path: Path, stamp: Stamp) -> None:
    replace_file(path, json.dumps(asdict(stamp)).encode())


def digest(
    engine: Engine, folder: Path, terraform_data: Path, backend: Sequence[str], suffixes: tuple[str, ...]
) -> str:
    """Return a digest of what `init` reads, and of what it leaves in TF_DATA_DIR, which may have been deleted."""
    total = hashlib.sha256()
    for part in (engine.product, engine.version, *backend):
        total.update(part.encode() + b"\0")
    for path in _inputs(folder, terraform_data, suffixes):
        content = path.read_bytes() if path.is_file() else b""
        total.update(str(path).encode() + b"\0" + hashlib.sha256(content).digest())
    return total.hexdigest()


def _inputs(folder: Path, terraform_data: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    modules = terraform_data / "modules" / "modules.json"
    for used in sorted({folder, *(folder / part for part in _module_folders(modules))}):
        yield from code_files(used, suffixes)
    yield from (folder / ".terraform.lock.hcl", modules, terraform_data / "terraform.tfstate")
    # Host, namespace, type, version, platform: a link or a folder for each provider. Their binaries are not read.
    yield from sorted((terraform_data / "providers").glob("*/*/*/*/*"))


def _module_folders(modules: Path) -> Iterator[str]:
    """Yield the folder of each module that `init` installed or found, relative to the root."""
    try:
        document = json.loads(modules.read_bytes())
    except (OSError, ValueError):
        return
    for module in document.get("Modules") or ():
        yield str(module.get("Dir") or ".")
