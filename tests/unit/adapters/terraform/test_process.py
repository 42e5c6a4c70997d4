"""The runner, with small Python programs in Terraform's place."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.state.host import find_process
from bluegreen.adapters.terraform.process import Command, Ended, Patience, run
from bluegreen.errors import EngineError
from bluegreen.events import Event, TerraformFinished, TerraformStarted


class Child:
    """A program to run and what was seen of it."""

    def __init__(self, tmp_path: Path) -> None:
        self.stdout, self.stderr = tmp_path / "stdout", tmp_path / "stderr"
        self.folder = tmp_path
        self.lines: list[bytes] = []
        self.events: list[Event] = []
        self.interruptions = FakeInterruptions()

    def command(self, *argv: str) -> Command:
        return Command("edge", "apply", argv, self.folder, {"A": "1"}, self.stdout, self.stderr)

    def on_line(self, line: bytes) -> None:
        self.lines.append(line)

    def run(self, code: str) -> Ended:
        command = self.command(sys.executable, "-I", "-S", "-c", code)
        return run(command, self.on_line, self.events.append, self.interruptions)


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return Child(tmp_path)


def test_hands_on_every_line_and_the_exit_code(child: Child) -> None:
    ended = child.run(
        "import sys; print('one'); print('two'); sys.stdout.write('torn'); print('e', file=sys.stderr); sys.exit(2)"
    )
    assert (ended.exit_code, ended.interrupted) == (2, False)
    assert child.lines == [b"one", b"two", b"torn"]
    assert child.stderr.read_text() == "e\n"


def test_lines_arrive_while_it_runs(child: Child, tmp_path: Path) -> None:
    # The program waits for a file that is made only once its first line has been seen.
    go = tmp_path / "go"
    child.on_line = lambda line: (child.lines.append(line), go.touch())  # type: ignore[method-assign, assignment]
    code = f"import os, time\nprint('ready', flush=True)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    assert child.run(code).exit_code == 0
    assert child.lines == [b"ready"]


def test_a_line_written_in_pieces_is_one_line(child: Child) -> None:
    child.run("import os, time\nfor part in (b'a', b'b', b'c\\n'):\n  os.write(1, part); time.sleep(0.02)")
    assert child.lines == [b"abc"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a child's end")
def test_its_end_is_seen_before_the_next_look(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    for pause in ("SHORTEST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(f"bluegreen.adapters.terraform.process.{pause}", 3600.0)
    assert child.run("import time; print('last'); time.sleep(0.2)").exit_code == 0
    assert child.lines == [b"last"]


def test_where_nothing_tells_of_its_end_it_is_looked_for(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError

    monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    assert child.run("import time; print('last'); time.sleep(0.2)").exit_code == 0
    assert child.lines == [b"last"]


def test_the_child_is_on_its_own(child: Child) -> None:
    ended = child.run(
        "import os, sys\n"
        "print(os.getsid(0) == os.getpid(), os.read(0, 1), os.isatty(1), dict(os.environ).get('A'), os.getcwd())\n"
        "os.close(os.open('made', os.O_CREAT | os.O_WRONLY, 0o666))"
    )
    assert ended.exit_code == 0
    assert child.lines == [f"True b'' False 1 {child.folder}".encode()]
    for path in (child.stdout, child.stderr, child.folder / "made"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_says_when_it_began_and_ended(child: Child) -> None:
    child.run("import os, sys; print(os.getpid()); sys.exit(1)")
    started, finished = child.events
    assert isinstance(started, TerraformStarted)
    assert (started.layer, started.command, started.pid) == ("edge", "apply", int(child.lines[0]))
    assert abs(started.started - time.time()) < 60
    assert started.birth > 0 or sys.platform != "linux"
    assert isinstance(finished, TerraformFinished)
    assert (finished.layer, finished.command, finished.exit_code) == ("edge", "apply", 1)


COUNT_SIGNALS = """
import signal, sys, time
count = 0
def note(number, frame):
    global count
    count += 1
    print("stopping", flush=True)
signal.signal(signal.SIGINT, note)
print("ready", flush=True)
while not count: time.sleep(0.01)
for _ in range(20):
    print(".", flush=True)
    time.sleep(0.02)
print(count)
sys.exit(1)
"""


def test_exactly_one_interrupt_is_forwarded_however_long_it_takes(child: Child) -> None:
    def on_line(line: bytes) -> None:
        child.lines.append(line)
        child.interruptions.interrupt()

    child.on_line = on_line  # type: ignore[method-assign]
    ended = child.run(COUNT_SIGNALS)
    assert (ended.exit_code, ended.interrupted) == (1, True)
    assert child.lines[-1] == b"1"


def test_a_shielded_child_hears_of_nothing(child: Child) -> None:
    child.interruptions.interrupt()
    with child.interruptions.shielded():
        ended = child.run("print('done')")
    assert (ended.exit_code, ended.interrupted) == (0, False)


@pytest.mark.parametrize("where", ["event", "line"])
def test_when_the_watching_fails_the_child_is_stopped_once_and_waited_for(child: Child, where: str) -> None:
    def emit(event: Event) -> None:
        child.events.append(event)
        if where == "event":
            raise OSError("no space left")

    def on_line(line: bytes) -> None:
        raise OSError("no space left")

    command = child.command(sys.executable, "-c", "import time; print('x', flush=True); time.sleep(60)")
    with pytest.raises(OSError, match="no space left"):
        run(command, on_line, emit, child.interruptions)
    (started,) = child.events
    assert isinstance(started, TerraformStarted)
    with pytest.raises(ProcessLookupError):
        os.kill(started.pid, 0)


def end(patience: Patience) -> None:
    """Have a patience be over, once what it is for is under way, however long that has taken."""
    object.__setattr__(patience, "deadline", 0.0)


def test_one_that_does_not_stop_then_is_killed_when_its_patience_is_over(child: Child) -> None:
    patience = Patience(grace=0.2)

    def on_line(line: bytes) -> None:
        child.lines.append(line)
        end(patience)
        raise OSError("no space left")

    script = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(os.fork() or os.getpid(), flush=True)
time.sleep(300)
"""
    command = replace(child.command(sys.executable, "-I", "-S", "-c", script), patience=patience)
    with pytest.raises(OSError, match="no space left"):
        run(command, on_line, child.events.append, child.interruptions)
    (started,) = child.events
    assert isinstance(started, TerraformStarted)
    assert is_gone(started.pid)
    assert is_gone(int(child.lines[0]))


def test_a_killed_child_has_the_signals_number(child: Child) -> None:
    assert child.run("import os; os.kill(os.getpid(), 9)").exit_code == -signal.SIGKILL


STRUCK_AT_BIRTH = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    os.close(os.open("struck", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    print("done")
else:
    os.kill(os.getpid(), signal.SIGINT)
"""
"""Ends the first time as a child does that a Ctrl-C hits before it has a session of its own."""


def test_a_child_that_a_ctrl_c_has_hit_before_it_began_is_begun_again(child: Child) -> None:
    ended = child.run(STRUCK_AT_BIRTH)
    assert (ended.exit_code, ended.interrupted, child.lines) == (0, False, [b"done"])
    assert [event.name for event in child.events] == ["terraform-started", "terraform-finished"] * 2


def test_unless_the_run_has_heard_it_too(child: Child) -> None:
    def emit(event: Event) -> None:
        if isinstance(event, TerraformStarted):
            is_gone(event.pid)
            child.interruptions.interrupt()

    command = child.command(sys.executable, "-I", "-S", "-c", STRUCK_AT_BIRTH)
    ended = run(command, child.on_line, emit, child.interruptions)
    assert (ended.exit_code, ended.interrupted, child.lines) == (-signal.SIGINT, True, [])


def test_a_child_that_has_said_a_word_is_not_begun_again(child: Child) -> None:
    ended = child.run("import os, signal; print('x', flush=True); os.kill(os.getpid(), signal.SIGHUP)")
    assert (ended.exit_code, child.lines) == (-signal.SIGHUP, [b"x"])


def test_a_program_that_is_none(child: Child) -> None:
    with pytest.raises(EngineError, match="cannot be started") as raised:
        run(child.command("/no/such/terraform"), child.on_line, child.events.append, child.interruptions)
    assert raised.value.where == "/no/such/terraform"


@pytest.mark.parametrize(
    ("stops", "code"), [("signal.SIG_DFL", -signal.SIGINT), ("signal.SIG_IGN", -signal.SIGKILL)], ids=["stops", "hangs"]
)
def test_what_hangs_is_interrupted_at_its_deadline_and_killed_when_that_does_not_help(
    child: Child, stops: str, code: int
) -> None:
    script = f"""
import os, signal, time
signal.signal(signal.SIGINT, {stops})
if not os.fork():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(os.getpid(), flush=True)
time.sleep(60)
"""
    patience = Patience(grace=0.2)

    def on_line(line: bytes) -> None:
        child.lines.append(line)
        end(patience)

    command = replace(child.command(sys.executable, "-I", "-S", "-c", script), patience=patience)
    ended = run(command, on_line, child.events.append, child.interruptions)
    provider = int(child.lines[0])
    assert (ended.exit_code, ended.overdue, ended.interrupted) == (code, True, True)
    if code == -signal.SIGKILL:
        assert is_gone(provider)  # the group goes with it: a provider would go on with what it is at
    else:
        os.kill(provider, signal.SIGKILL)


@pytest.mark.parametrize("stops", ["signal.SIG_DFL", "signal.SIG_IGN"], ids=["stops", "hangs"])
def test_what_is_called_off_is_interrupted_and_killed_when_that_does_not_help(
    child: Child, monkeypatch: pytest.MonkeyPatch, stops: str
) -> None:
    monkeypatch.setattr("bluegreen.adapters.terraform.process.CALLED_OFF_GRACE", 0.2)
    script = f"import signal, time; signal.signal(signal.SIGINT, {stops}); print('up', flush=True); time.sleep(60)"
    command = replace(child.command(sys.executable, "-I", "-S", "-c", script), called_off=lambda: bool(child.lines))
    ended = run(command, child.on_line, child.events.append, child.interruptions)
    code = -signal.SIGINT if stops == "signal.SIG_DFL" else -signal.SIGKILL
    assert (ended.exit_code, ended.overdue, ended.interrupted) == (code, False, True)


def is_gone(pid: int) -> bool:
    """Wait until a process that was killed is no more, or only waits to be buried."""
    end = time.monotonic() + 10
    while find_process(pid) is not None:
        assert time.monotonic() < end
        time.sleep(0.01)
    return True
