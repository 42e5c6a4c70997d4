"""Asking, and streams whose reader leaves."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from bluegreen.adapters.signals import Signals
from bluegreen.cli.console import ask
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


def test_a_full_disk_is_an_error_where_data_was_asked_for_and_silence_where_people_are_told() -> None:
    with open("/dev/full", "w") as full:
        told = Patient(full, data=False)
        told.write("lost")
        told.flush()
        told.write("more")
        told.flush()
    with suppress(OSError), open("/dev/full", "w") as full:
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
