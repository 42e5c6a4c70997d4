"""Writing to disk so that a crash at any moment leaves the old content or the new one, never half of it.

Files are 0600 and folders 0700, whatever the umask: they may hold what nobody else may read. None of this follows a
symbolic link in a path's last part, where somebody else could have laid one. Every OSError leaves as a BluegreenError.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bluegreen.errors import BluegreenError

_BLOCK = 4096
_REASONS = {
    errno.ENOSPC: ("the disk is full", "make room and run it again"),
    errno.EDQUOT: ("the disk quota is used up", "make room and run it again"),
    errno.EROFS: ("the file system is read-only", "put the store where it can be written"),
    errno.EACCES: ("permission denied", "run it as the user who owns the store, or give the store to this one"),
    errno.EPERM: ("permission denied", "run it as the user who owns the store, or give the store to this one"),
    errno.ELOOP: ("it is a symbolic link", "replace the link by what it points at; the store follows none"),
    errno.ENOTDIR: ("what should be a folder is a file", "move that file away, then run this again"),
    errno.EISDIR: ("what should be a file is a folder", "move that folder away, then run this again"),
}
_OTHERWISE = "see what is there, mend it and run this again"


@contextmanager
def explained(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError into a BluegreenError that says what could not be done, where, why, and what to do next."""
    try:
        yield
    except OSError as error:
        reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), _OTHERWISE))
        blocked = error.errno == errno.ENOTDIR
        where = _no_folder(path) if blocked else path
        raise BluegreenError(f"cannot {doing}: {reason}", where=str(where), hint=hint) from error


def _no_folder(path: Path) -> Path:
    """Return the first part of a path that is there and is no folder."""
    return next((part for part in (*reversed(path.parents), path) if part.exists() and not part.is_dir()), path)


def private_folder(path: Path) -> Path:
    """Make `path` a folder that only its user can enter, with those above it that are missing. Returns it.

    Raises BluegreenError when it cannot be made, is a symbolic link or is no folder.
    """
    with explained(path, "make this a private folder"):
        _make_folder(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_mode & 0o077:
                os.fchmod(descriptor, 0o700)
        finally:
            os.close(descriptor)
    return path


def _make_folder(path: Path) -> None:
    if os.path.lexists(path):
        return
    _make_folder(path.parent)
    with suppress(FileExistsError):  # somebody else made it meanwhile
        path.mkdir(mode=0o700)
        sync_folder(path.parent)


def create_file(path: Path, content: bytes = b"", *, durable: bool = False) -> Path:
    """Write a file that is not there yet, with mode 0600; durable: onto the disk. Returns its path.

    Raises OSError, as FileExistsError.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _write(descriptor, content)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file, or make it. Once this returns, it is on the disk. Raises BluegreenError."""
    temporary = beside(path)
    with explained(path, "write this file"):
        try:
            create_file(temporary, content, durable=True)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def beside(path: Path) -> Path:
    """Return a hidden name in the same folder that nobody else uses."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def sync_folder(path: Path) -> None:
    """Put a folder's entries on the disk: without it a file may be there and its name not. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def append_line(path: Path, line: bytes, *, durable: bool) -> None:
    """Add `line`, which holds no newline, to a file; make the file if need be.

    A last line that lacks its newline was torn by a crash and is cut first; else the new line would become its end,
    and a broken line in the middle. durable: the line is on the disk when this returns. Raises BluegreenError.
    """
    with explained(path, "add to this file"):
        descriptor, created = _open_for_append(path)
        try:
            _cut_torn_line(descriptor)
            _write(descriptor, line + b"\n")
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if created:
            sync_folder(path.parent)


def read_file(path: Path) -> bytes:
    """Return the whole content. Raises OSError, as FileNotFoundError."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        return file.read()


def has_a_line(path: Path) -> bool:
    """Return whether a file holds at least one whole line; not so when there is no file. Raises OSError."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            return file.readline().endswith(b"\n")
    except FileNotFoundError:
        return False


def _open_for_append(path: Path) -> tuple[int, bool]:
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags), False
    except FileNotFoundError:
        return os.open(path, flags | os.O_CREAT, 0o600), True


def _cut_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    whole = _end_of_last_line(descriptor, size)
    if whole < size:
        os.ftruncate(descriptor, whole)


def _end_of_last_line(descriptor: int, size: int) -> int:
    """Return the offset behind the last newline, looking backwards from the end; 0 when there is none."""
    end = size
    while end:
        start = max(0, end - _BLOCK)
        newline = os.pread(descriptor, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
