"""Files that are cut, damaged, full, read-only or not there."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from night import SWITCHED, Night
from root import BLUE, World
from tally import Tally

from bluegreen.adapters.terraform.local_state import LocalState
from bluegreen.errors import TerraformError

pytestmark = pytest.mark.timeout(300)

ROOM = 80 << 20
"""Bytes of the small disk: more than a run asks for before it begins."""


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Mount something at a folder; skip the test where that is not allowed."""
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this user may not mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def small_disk(night: Night) -> Iterator[Path]:
    """A small disk under all that is kept of the environment."""
    night.data.rename(night.data.with_name("before"))
    night.data.mkdir(mode=0o700)
    with mounted(night.data, "-t", "tmpfs", "-o", f"size={ROOM},mode=0700", "tmpfs"):
        subprocess.run(["cp", "-a", f"{night.data.with_name('before')}/.", str(night.data)], check=True)
        yield night.data


def fill(disk: Path) -> Path:
    """Take all of its room, to the last byte; return what takes it."""
    taken = disk / "full"
    with taken.open("ab", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass
    return taken


@pytest.mark.fault(12)
def test_a_full_disk_is_refused_before_anything_is_done(night: Night, small_disk: Path) -> None:
    taken = fill(small_disk)
    with night.traffic():
        ended = night.program("deploy", "--release", "2.0.0")
        assert (ended.code, "Traceback" in ended.err) == (1, False), ended
        assert str(small_disk) in ended.err
        taken.unlink()
        assert night.program("deploy", "--release", "2.0.0").code == 0
    night.assert_survived("green")


@pytest.mark.fault(12)
@pytest.mark.long
@pytest.mark.parametrize(
    ("event", "phase"),
    [
        ("apply-started", "PREPARE"),
        ("phase-started", "CHECK"),
        ("apply-started", "SWITCH"),
        ("apply-finished", "SWITCH"),
        ("phase-started", "PROVE"),
    ],
)
def test_a_disk_that_fills_up_under_a_run(night: Night, small_disk: Path, event: str, phase: str) -> None:
    with night.traffic():
        with night.program.start("deploy", "--release", "2.0.0") as deploy:
            deploy.wait_for(event, phase=phase)
            taken = fill(small_disk)
            ended = deploy.wait()
        assert (ended.code != 0 or night.answered() == "green", "Traceback" in ended.err) == (True, False), ended
        taken.unlink()
        night.await_terraform()
        night.status()
        resumed = night.program("resume")
        assert (resumed.code, night.answered()) in ((0, "green"), (0, "blue"), (6, "blue")), resumed
        if night.answered() == "blue":  # it could still be told in the journal that it was to go back, or had
            assert night.program("deploy", "--release", "2.0.1").code == 0
    night.assert_survived("green")
    night.assert_way_back()


@pytest.mark.fault(12)
@pytest.mark.long
def test_a_journal_that_was_cut_anywhere(night: Night, tally: Tally) -> None:
    """A finished run then looks like one that was killed there, and is finished once more."""
    chance = random.Random(12)
    for _ in range(10):
        release = night.release()
        with night.traffic():
            assert night.program("deploy", "--release", release).code == 0
            journal = max((night.data / "runs").glob("*.jsonl"))
            content = journal.read_bytes()
            with tally.fault():
                journal.write_bytes(content[: chance.randrange(len(content))])
                night.status()
                resumed = night.program("resume")
                assert resumed.code in (0, 3), resumed.err
                if resumed.code == 3:  # it had not begun its switch, so far as is known, and yet it is done
                    assert "serves the public since" in resumed.err
                    assert night.program("deploy", "--release", night.release()).code == 0
                night.assert_survived(night.answered(), plan=False)
    night.shop.assert_nothing_to_plan()


def damaged(content: bytes) -> bytes:
    lines = content.split(b"\n")
    return b"\n".join([*lines[:3], b"\0\0\0", *lines[4:]])


def newer(content: bytes) -> bytes:
    return content.replace(b'"journal":1', b'"journal":9', 1)


@pytest.mark.fault(12)
@pytest.mark.parametrize("spoil", [damaged, pytest.param(newer, marks=pytest.mark.long)])
@SWITCHED
def test_a_journal_that_cannot_be_read_is_refused_and_status_goes_on(
    night: Night, spoil: Callable[[bytes], bytes]
) -> None:
    journal = max((night.data / "runs").glob("*.jsonl"))
    journal.write_bytes(spoil(journal.read_bytes()))
    with night.traffic():
        said = night.status()
        assert (said["active"], str(journal) in said["history"]) == ("green", True)
        assert not said["rollback"]["ready"]
        for verb in ("rollback", "resume", "deploy"):
            ended = night.program(verb)
            assert (ended.code, str(journal) in ended.err, "Traceback" in ended.err) == (2, True, False), ended
        journal.rename(night.shop.folder / "aside")
        assert night.program("rollback").code == 0
    night.assert_survived("blue")


@pytest.mark.fault(12)
@pytest.mark.long
def test_a_local_state_that_was_cut_at_any_byte(world: World, tally: Tally) -> None:
    workspace = world.ready()
    workspace.apply(workspace.plan(BLUE))
    content = world.state.read_bytes()
    local = LocalState(world.folder, world.data / "terraform", world.data / "state")
    for size in range(len(content.rstrip())):
        with tally.fault():
            world.state.write_bytes(content[:size])
            with pytest.raises(TerraformError, match="create everything again"):
                local.refuse_if_lost()
            assert local.restore() is not None
            assert world.state.read_bytes() == content
    assert workspace.plan(BLUE).empty


@pytest.mark.fault(12)
def test_a_read_only_folder_is_refused_before_anything_is_done(night: Night) -> None:
    folder = night.shop.folder / "tf"
    with mounted(folder, "--bind", str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        with night.traffic():
            ended = night.program("deploy", "--release", "2.0.0")
        assert "Traceback" not in ended.err
        assert night.answered() == ("green" if ended.code == 0 else "blue"), ended
        assert night.program("status").code == 0
    assert night.program("deploy", "--release", "2.0.1").code == 0
    night.assert_survived(night.answered())


@pytest.mark.fault(12)
@pytest.mark.long
def test_a_data_folder_that_cannot_be_written_is_refused(night: Night) -> None:
    with mounted(night.data, "--bind", str(night.data)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(night.data)], check=True)
        with night.traffic():
            ended = night.program("deploy", "--release", "2.0.0")
        assert (ended.code, "Traceback" in ended.err, night.answered()) == (1, False, "blue"), ended
        assert str(night.data) in ended.err
    night.assert_survived("blue")


@pytest.mark.fault(12)
@pytest.mark.parametrize("home", ["", "/nowhere/at/all"])
@pytest.mark.long
def test_without_a_home(night: Night, home: str) -> None:
    with night.traffic():
        assert night.program("deploy", "--release", "2.0.0", HOME=home).code == 0
    night.assert_survived("green")


@pytest.mark.control(12)
def test_a_script_goes_on_with_a_full_disk(night: Night, small_disk: Path, tally: Tally) -> None:
    """The script of most people: apply, and a note of what is active."""
    fill(small_disk)
    script = f"terraform version > {small_disk}/log; echo green > {small_disk}/active; echo switched"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout.strip(), (small_disk / "active").read_text()) == (0, "switched", "")
    tally.control = "a script with no `set -e` says `switched`, and its note of what is active is empty"
