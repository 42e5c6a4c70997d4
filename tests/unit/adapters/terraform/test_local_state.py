from __future__ import annotations

import json
from pathlib import Path

import pytest

from bluegreen.adapters.terraform.local_state import LocalState
from bluegreen.errors import TerraformError


def state(lineage: str = "l", serial: int = 1) -> str:
    return json.dumps({"lineage": lineage, "serial": serial})


def make(tmp_path: Path, workspace: str = "", backend: object = None) -> LocalState:
    (tmp_path / "data").mkdir(exist_ok=True)
    if backend:
        (tmp_path / "data" / "terraform.tfstate").write_text(json.dumps({"backend": backend}))
    return LocalState(tmp_path, tmp_path / "data", tmp_path / "keep", workspace)


def test_one_copy_is_kept_the_newest(tmp_path: Path) -> None:
    local, path = make(tmp_path), tmp_path / "terraform.tfstate"
    for serial in (1, 2):
        path.write_text(state(serial=serial))
        local.save()
    (copy,) = (tmp_path / "keep").glob("*.tfstate")
    assert copy.read_text() == state(serial=2)
    record = json.loads((tmp_path / "keep" / "checked.json").read_text())
    assert (record["lineage"], record["serial"]) == ("l", 2)
    local.refuse_if_lost()


@pytest.mark.parametrize("text", ["", "{", state(lineage="other")])
def test_a_lost_lineage_is_refused_and_the_good_copy_stays(tmp_path: Path, text: str) -> None:
    local, path = make(tmp_path), tmp_path / "terraform.tfstate"
    path.write_text(state())
    local.save()
    path.write_text(text)
    with pytest.raises(TerraformError):
        local.refuse_if_lost()
    if not text.startswith('{"'):
        local.save()  # must not replace it
        (copy,) = (tmp_path / "keep").glob("*.tfstate")
        assert copy.read_text() == state()
        with pytest.raises(TerraformError):
            local.refuse_if_lost()


def test_an_older_state_of_the_same_lineage_may_be_put_back(tmp_path: Path) -> None:
    local, path = make(tmp_path), tmp_path / "terraform.tfstate"
    path.write_text(state(serial=5))
    local.save()
    path.write_text(state(serial=4))
    local.refuse_if_lost()


@pytest.mark.parametrize(("text", "refused"), [(None, False), (state(), False), ("", True), ("{", True)])
def test_after_a_first_apply_that_was_not_seen_to_end(tmp_path: Path, text: str | None, refused: bool) -> None:
    local = make(tmp_path)
    local.save()  # before it: no state yet
    if text is not None:
        (tmp_path / "terraform.tfstate").write_text(text)
    if refused:
        with pytest.raises(TerraformError, match="create everything again") as raised:
            local.refuse_if_lost()
        assert "first apply was killed" in raised.value.hint
    else:
        local.refuse_if_lost()


@pytest.mark.parametrize(
    ("workspace", "backend", "place"),
    [
        ("", {"type": "local", "config": {"path": "my.tfstate"}}, "my.tfstate"),
        ("", {"type": "local", "config": {"path": None}}, "terraform.tfstate"),
        ("default", None, "terraform.tfstate"),
        ("stg", None, "terraform.tfstate.d/stg/terraform.tfstate"),
        ("stg", {"type": "local", "config": {"workspace_dir": "w"}}, "w/stg/terraform.tfstate"),
    ],
)
def test_the_state_is_found_where_terraform_keeps_it(
    tmp_path: Path, workspace: str, backend: object, place: str
) -> None:
    local, path = make(tmp_path, workspace, backend), tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(state())
    local.save()
    path.write_text("")
    with pytest.raises(TerraformError) as raised:
        local.refuse_if_lost()
    assert raised.value.where == str(path)


def test_another_place_is_another_state(tmp_path: Path) -> None:
    local = make(tmp_path)
    (tmp_path / "terraform.tfstate").write_text(state())
    local.save()
    make(tmp_path, backend={"type": "local", "config": {"path": "other.tfstate"}}).refuse_if_lost()


def test_a_state_kept_elsewhere_is_not_watched(tmp_path: Path) -> None:
    local = make(tmp_path, backend={"type": "gcs", "config": {}})
    local.save()
    local.refuse_if_lost()
    assert not (tmp_path / "keep").exists()


@pytest.mark.parametrize("text", ["", "{", None])
def test_what_is_lost_is_restored_from_the_copy(tmp_path: Path, text: str | None) -> None:
    local, path = make(tmp_path), tmp_path / "terraform.tfstate"
    path.write_text(state())
    local.save()
    assert local.restore() is None
    path.unlink() if text is None else path.write_text(text)
    copy = local.restore()
    assert copy is not None
    assert copy.parent == tmp_path / "keep"
    assert (path.read_text(), path.stat().st_mode & 0o777) == (state(), 0o600)
    local.refuse_if_lost()


def test_another_lineage_is_never_written_over(tmp_path: Path) -> None:
    local, path = make(tmp_path), tmp_path / "terraform.tfstate"
    path.write_text(state())
    local.save()
    path.write_text(state(lineage="other"))
    assert local.restore() is None
    assert path.read_text() == state(lineage="other")
