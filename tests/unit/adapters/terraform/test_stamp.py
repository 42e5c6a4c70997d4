from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bluegreen.adapters.terraform.engine import Engine
from bluegreen.adapters.terraform.folder import CODE
from bluegreen.adapters.terraform.stamp import Stamp, digest, read_stamp, write_stamp
from bluegreen.errors import EngineError

TERRAFORM = Engine("Terraform", "1.11.4", ("terraform",), "terraform")


def test_a_stamp_is_read_as_written(tmp_path: Path) -> None:
    stamp = Stamp("Terraform", "1.11.4", "abc", ("a=b",))
    write_stamp(tmp_path / "stamp.json", stamp)
    assert read_stamp(tmp_path / "stamp.json") == stamp


@pytest.mark.parametrize("text", ["", "[]", "{", '{"other": 1}'])
def test_a_torn_stamp_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "stamp.json").write_text(text)
    assert read_stamp(tmp_path / "stamp.json") == Stamp()


@pytest.mark.parametrize("version", ["1.11.0", "1.12.0", "2.0.1"])
def test_the_same_product_may_grow_newer(version: str) -> None:
    Stamp("Terraform", "1.11.4").check_engine(Engine("Terraform", version, ("t",), "terraform"))


@pytest.mark.parametrize(("product", "version"), [("Terraform", "1.10.9"), ("OpenTofu", "1.12.6")])
def test_an_older_one_or_another_product_must_be_asked_for(product: str, version: str) -> None:
    stamp = Stamp("Terraform", "1.11.4")
    with pytest.raises(EngineError, match=r"belongs to Terraform 1\.11\.4") as raised:
        stamp.check_engine(Engine(product, version, ("t",), "x"))
    assert "terraform.engine" in raised.value.hint
    stamp.check_engine(Engine(product, version, ("t",), "x", asked=True))


def test_a_first_engine_is_welcome() -> None:
    Stamp().check_engine(TERRAFORM)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


CHANGES: dict[str, Callable[[Path], None]] = {
    "code": lambda base: write(base / "root" / "main.tf", "# changed"),
    "new file": lambda base: write(base / "root" / "b.tf.json", "{}"),
    "lock file": lambda base: write(base / "root" / ".terraform.lock.hcl", "#"),
    "module": lambda base: write(base / "module" / "main.tf", "# changed"),
    "backend": lambda base: write(base / "data" / "terraform.tfstate", "{}"),
    "provider": lambda base: write(base / "data" / "providers" / "r" / "n" / "t" / "1.0.0" / "linux_amd64" / "x", ""),
    "deleted": lambda base: (base / "data" / "modules" / "modules.json").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_everything_that_init_depends_on_counts(tmp_path: Path, change: str) -> None:
    write(tmp_path / "root" / "main.tf", "")
    write(tmp_path / "module" / "main.tf", "")
    modules = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Dir": "../module"}]}
    write(tmp_path / "data" / "modules" / "modules.json", json.dumps(modules))
    before = digest_of(tmp_path)
    write(tmp_path / "root" / "README.md", "does not count")
    assert digest_of(tmp_path) == before
    CHANGES[change](tmp_path)
    assert digest_of(tmp_path) != before


def test_engine_and_backend_settings_count(tmp_path: Path) -> None:
    newer = Engine("Terraform", "1.12.0", ("terraform",), "terraform")
    digests = {digest_of(tmp_path), digest_of(tmp_path, newer), digest_of(tmp_path, backend=("a=b",))}
    assert len(digests) == 3


def digest_of(base: Path, engine: Engine = TERRAFORM, backend: tuple[str, ...] = ()) -> str:
    return digest(engine, base / "root", base / "data", backend, CODE)
