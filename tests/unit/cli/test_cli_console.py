"""Asking, and streams whose reader leaves, or does not read."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

import click
import pytest

from bluegreen.adapters.signals import Signals
from bluegreen.cli.console import ask
from bluegreen.cli.pump import MOST, unhurried
from bluegreen.cli.streams import Patient
from bluegreen.errors import Interrupted, Refused, UsageError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Pressed(Terminal):
    """A terminal at which Ctrl-C is pressed."""

    def readline(self, size: int | None = -1) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        signal.sigtimedwait([], 5)  # the handler runs here
        return "y"


@pytest.mark.parametrize("answer", ["y\n", "yes\n", " Y \n"])
def test_yes_is_yes(answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ask("Go on?", yes=False)
    assert capsys.readouterr() == ("", "Go on? [y/N] ")


@pytest.mark.parametrize("answer", ["\n", "n\n", "", "maybe\n"])
def test_anything_else_is_no(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    with pytest.raises(Refused, match="answered no"):
        ask("Go on?", yes=False)


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError) as raised:
        ask("Go on?", yes=False)
    assert "--yes" in raised.value.hint
    ask("Go on?", yes=True)


def test_ctrl_c_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Pressed())
    with Signals() as signals:  # as within a run, where a signal alone raises nothing
        with pytest.raises(Interrupted):
            ask("Go on?", yes=False)
        assert not signals.requested
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.requested


def test_a_stream_goes_nowhere_once_its_reader_left() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as raw:
        stream = Patient(raw, data=True)
        os.close(reader)
        stream.write("lost")
        stream.flush()
        stream.write("more")
        stream.flush()
        assert stream.fileno() == writer


@contextmanager
def full_disk() -> Iterator[TextIO]:
    """Yield a file to which nothing can be written. That closing it fails as well must hide no failure of a test."""
    full = open("/dev/full", "w")  # noqa: SIM115  closed below, where that may fail
    try:
        yield full
    finally:
        with suppress(OSError):
            full.close()


def test_a_full_disk_is_an_error_where_data_was_asked_for_and_silence_where_people_are_told() -> None:
    with full_disk() as full:
        told = Patient(full, data=False)
        told.write("lost")
        told.flush()
        told.write("more")
        told.flush()
    with full_disk() as full:
        data = Patient(full, data=True)
        data.write("lost")
        with pytest.raises(OSError, match="No space left"):
            data.flush()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_goes_nowhere_and_no_file_gets_its_number(closed: str) -> None:
    code = (
        "import sys; from bluegreen.cli.streams import make_patient; make_patient();"
        "print('lost'); print('lost', file=sys.stderr, flush=True); sys.stdin.read();"
        "sys.exit(open('/dev/null').fileno())"
    )
    script = f'"$0" -c "$1" {closed}'
    argv = ["bash", "-c", script, sys.executable, code]
    ended = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30)
    assert (ended.returncode, "Traceback" in ended.stderr) == (3, False), ended


def test_a_stream_goes_nowhere_once_its_terminal_was_closed() -> None:
    ours, its = pty.openpty()
    with os.fdopen(its, "w") as raw:
        stream = Patient(raw, data=True)
        os.close(ours)
        stream.write("lost\n")
        stream.flush()
        stream.write("more\n")
        stream.flush()


LONGER = "x" * 2**20
"""More than a pipe holds."""

Redirect = Callable[[TextIO, TextIO], None]


@pytest.fixture
def redirect(monkeypatch: pytest.MonkeyPatch) -> Redirect:
    """Make two files patient, and this process's stdout and stderr."""

    def apply(out: TextIO, err: TextIO) -> None:
        monkeypatch.setattr(sys, "stdout", Patient(out, data=True))
        monkeypatch.setattr(sys, "stderr", Patient(err, data=False))

    return apply


@contextmanager
def pipe() -> Iterator[tuple[TextIO, Callable[[], list[str]]]]:
    """Yield what writes into a pipe, and what begins to read it; that returns all lines once the writer is closed."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as writer, os.fdopen(reading) as reader:
        yield writer, lambda: list(reader)


def test_who_does_not_read_holds_nobody_up_and_gets_all_of_the_data_in_the_end(redirect: Redirect) -> None:
    read: list[str] = []
    with pipe() as (out, lines), open(os.devnull, "w") as err:
        redirect(out, err)
        with unhurried():
            for number in range(2 * MOST):
                click.echo(f"{number} {LONGER}" if number == 0 else number)
            reader = threading.Thread(target=lambda: read.extend(lines()))
            reader.start()
        out.close()
        reader.join(30)
    assert [int(line.split()[0]) for line in read] == list(range(2 * MOST))


def test_people_who_do_not_read_are_spared_the_rest(redirect: Redirect) -> None:
    read: list[str] = []
    with pipe() as (err, lines), open(os.devnull, "w") as out:
        redirect(out, err)
        with unhurried():
            click.echo(LONGER, err=True)
            for number in range(2 * MOST):
                sys.stderr.write(f"{number}\n")
            reader = threading.Thread(target=lambda: read.extend(lines()))
            reader.start()
        click.echo("after", err=True)
        err.close()
        reader.join(30)
    assert read[-1] == "after\n"
    assert MOST - 5 <= len(read) <= MOST + 5


@pytest.mark.parametrize("ends", [pty.openpty, os.pipe])
def test_two_streams_to_one_place_keep_their_order(redirect: Redirect, ends: Callable[[], tuple[int, int]]) -> None:
    ours, its = ends()
    with os.fdopen(its, "w") as out, os.fdopen(os.dup(its), "w") as err:
        redirect(out, err)
        with unhurried():
            for number in range(200):
                click.echo(number, err=bool(number % 2))
        click.echo("end")
        told = b""
        while b"end" not in told:
            told += os.read(ours, 2**16)
    os.close(ours)
    assert told.decode().split() == [*map(str, range(200)), "end"]


def test_a_terminal_is_told_while_nobody_reads_the_data(redirect: Redirect) -> None:
    ours, its = pty.openpty()
    with pipe() as (out, lines), os.fdopen(its, "w") as err:
        redirect(out, err)
        with unhurried():
            click.echo(LONGER)
            click.echo("said", err=True)
            assert os.read(ours, 100) == b"said\r\n"
            reader = threading.Thread(target=lines)
            reader.start()
        out.close()
        reader.join(30)
    os.close(ours)


def test_a_full_disk_is_told_at_the_next_write(redirect: Redirect) -> None:
    with full_disk() as out, pipe() as (err, lines):
        redirect(out, err)
        told = None
        with unhurried():
            end = time.monotonic() + 30
            while told is None and time.monotonic() < end:
                try:
                    click.echo("lost")
                except OSError as error:
                    told = error.strerror
        err.close()
        assert (told, lines()) == ("No space left on device", []), "and once"


def test_a_full_disk_under_the_last_write_is_told_as_well(redirect: Redirect) -> None:
    with full_disk() as out, pipe() as (err, lines):
        redirect(out, err)
        with unhurried():
            click.echo("lost")
        err.close()
        assert lines() == ["warning: not everything could be written: No space left on device\n"]


def test_streams_that_are_not_ours_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with unhurried():
        click.echo("at once")
        assert capsys.readouterr().out == "at once\n"


FULL = 65_536 - 4_096
"""Bytes in a pipe of Linux's usual size that leave less room than one buffer of Python's needs."""


def waiting_in(pipe: int) -> int:
    """Return the bytes that nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_pipe_that_somebody_has_set_not_to_wait_loses_nothing(name: str, unbuffered: str) -> None:
    """As a Node program does that shares it."""
    code = (
        "import sys; from bluegreen.cli.streams import make_patient; make_patient()\n"
        f"for number in range(20_000): print('{LONGER[:50]}', number, file=sys.{name})"
    )
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with os.fdopen(reading) as reader:
        told: dict[str, int] = {name: writing}
        with subprocess.Popen([sys.executable, "-c", code], env=environment, **told) as writer:  # type: ignore[call-overload]
            os.close(writing)
            end = time.monotonic() + 30
            while waiting_in(reading) < FULL and time.monotonic() < end:
                time.sleep(0.01)
            lines = reader.readlines()
    assert (writer.returncode, [int(line.split()[1]) for line in lines]) == (0, list(range(20_000)))
