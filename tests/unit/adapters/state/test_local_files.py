from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bluegreen.adapters.state import files
from bluegreen.errors import BluegreenError


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def _open_umask() -> object:
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_private_folder_and_those_above_it_are_for_their_user_only(tmp_path: Path) -> None:
    folder = files.private_folder(tmp_path / "a" / "b")
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)


def test_a_folder_that_is_open_to_others_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o777)
    assert mode(files.private_folder(tmp_path / "a")) == 0o700


@pytest.mark.parametrize("standing", ["link", "dangling", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, standing: str) -> None:
    path = tmp_path / "a"
    if standing == "file":
        path.write_text("")
    else:
        path.symlink_to(tmp_path if standing == "link" else tmp_path / "nowhere")
    with pytest.raises(BluegreenError) as caught:
        files.private_folder(path)
    assert caught.value.where == str(path)
    assert caught.value.hint


def test_a_replaced_file_holds_the_new_content_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o666)
    files.replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_replaced_and_what_it_points_at_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "f").symlink_to(tmp_path / "target")
    files.replace_file(tmp_path / "f", b"new")
    assert (tmp_path / "target").read_text() == "theirs"
    assert not (tmp_path / "f").is_symlink()


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_replacement_that_fails_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "f"
    path.write_text("old")

    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, failing, fail)
        with pytest.raises(BluegreenError, match="the disk is full") as caught:
            files.replace_file(path, b"new")
    assert caught.value.hint
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the name of everything that is put on the disk."""
    names: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        names.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return names


def test_a_replacement_is_on_the_disk_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = synced(monkeypatch)
    files.replace_file(tmp_path / "f", b"new")
    assert names[0].startswith(".f.")
    assert names[1:] == [tmp_path.name]


def test_a_durable_line_is_on_the_disk_and_so_is_its_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = synced(monkeypatch)
    files.append_line(tmp_path / "f", b"one", durable=True)
    files.append_line(tmp_path / "f", b"two", durable=True)
    files.append_line(tmp_path / "f", b"three", durable=False)
    assert names == ["f", tmp_path.name, "f"]
    assert mode(tmp_path / "f") == 0o600


@pytest.mark.parametrize("torn", [0, 1, 5, files._BLOCK - 1, files._BLOCK, files._BLOCK + 1, 3 * files._BLOCK + 7])
@pytest.mark.parametrize("whole", [b"", b"one\n", b"one\n" + b"x" * 9000 + b"\n"])
def test_a_torn_last_line_is_cut_before_the_next_is_added(tmp_path: Path, whole: bytes, torn: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(whole + b"t" * torn)
    files.append_line(path, b"next", durable=False)
    assert path.read_bytes() == whole + b"next\n"


def test_a_write_that_is_cut_short_by_the_system_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    files.append_line(tmp_path / "f", b"0123456789", durable=False)
    assert (tmp_path / "f").read_bytes() == b"0123456789\n"


@pytest.mark.parametrize(
    ("number", "word"),
    [(errno.ENOSPC, "full"), (errno.EROFS, "read-only"), (errno.EACCES, "denied"), (errno.EIO, "I/O")],
)
def test_what_the_disk_refuses_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, word: str
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number).replace("Input/output", "I/O"))

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(BluegreenError, match=word) as caught:
        files.append_line(tmp_path / "f", b"one", durable=True)
    assert caught.value.where == str(tmp_path / "f")


def test_no_link_is_followed_when_a_line_is_added_or_a_file_read(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("theirs\n")
    (tmp_path / "f").symlink_to(tmp_path / "target")
    with pytest.raises(BluegreenError, match="symbolic link"):
        files.append_line(tmp_path / "f", b"ours", durable=True)
    with pytest.raises(OSError, match="symbolic"):
        files.read_file(tmp_path / "f")
    assert (tmp_path / "target").read_text() == "theirs\n"


@pytest.mark.parametrize("number", [errno.EIO, errno.ENAMETOOLONG, errno.ENOSPC, errno.EISDIR])
def test_whatever_the_system_refuses_has_a_hint(number: int, tmp_path: Path) -> None:
    with pytest.raises(BluegreenError) as caught, files.explained(tmp_path, "look"):
        raise OSError(number, os.strerror(number))
    assert caught.value.hint
