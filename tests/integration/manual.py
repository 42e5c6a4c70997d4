"""Reads a page of the manual, and does what it tells its reader to type, in one bash, in order.

A page promises what each command says: line by line, `...` for whatever is left out, and what differs from run to run
as LOOSE has it. A command ends with 0, unless the page shows its reader another code by `$ echo $?` after it.
What is not run from here stands below a comment that no reader sees: `<!-- not run: why -->`, or
`<!-- run by: test_name -->` where some other test does it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from program import command, environment

from bluegreen.sandbox.address import Network
from bluegreen.sandbox.lifecycle import down

ROOT = Path(__file__).parents[2]
CONSOLE = "console"
FROM_NOTHING = ("README.md", "docs/tutorials/sandbox.md")
"""Pages that begin in an empty folder."""
AFTER_A_SWITCH = ("docs/how-to/ci.md", "docs/how-to/operators.md", "docs/how-to/stopped-color.md")
"""Pages that begin in the sandbox, in a shop whose green serves 1.5.0, with 1.4.2 warm on blue."""
IN_THE_CLOUD = ("docs/tutorials/cloud.md", "docs/how-to/three-addresses.md")
"""Pages that begin in an empty folder, and in a shop of the cloud's Terraform after its first switch."""
RUN = (*FROM_NOTHING, *AFTER_A_SWITCH, *IN_THE_CLOUD, "docs/adopt.md")
DEADLINE = 100.0
"""Seconds for one command."""

KINDS = (
    r"\d{8}-\d{6}-[0-9a-f]{4}",  # a run
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    r"(?:\d\d-\d\d )?\d\d:\d\d\b",
    r"\b\d+(?:\.\d+)? (?:ms|s|min|h)\b(?: \d+ (?:s|min)\b)?",
    r"\b\d+ more minutes\b",
    r"\b127\.\d+\.\d+(?=\.)",  # a project's network
    r"\b\d+ requests\b",
    r"\b0/\d+",  # failed requests: none, of so many
    r"\bprocess \d+",
    r" +",
)
"""Where one of these is promised, another of its kind will do."""
LOOSE: Mapping[str, str] = {
    **dict(zip(KINDS, KINDS, strict=True)),
    r"/home/ana\b": r"/\S*",
    r"\bana@desk\b": r"\S+@\S+",
    r"\.\.\.": r".*",
}
"""What a page promises -> what may come instead. Releases, colors, verdicts, codes and all other counts must be so."""

_LOOSE = re.compile("|".join(f"({promised})" for promised in LOOSE))
_ACCEPTED = tuple(LOOSE.values())
_NOTE = re.compile(r"<!-- (not run|run by): (.+) -->")


@dataclass(frozen=True, slots=True)
class Step:
    """One command, and what it is promised to say. line: of the page."""

    line: int
    command: str
    promised: Sequence[str]


@dataclass(frozen=True, slots=True)
class Block:
    """What a page has its reader type, or keep. line: of its first line.

    language: of its fence, "text" where that says none, "" for indented code. excuse: "not run" and why, or "run by"
    and which test; empty for neither.
    """

    line: int
    language: str
    text: Sequence[str]
    excuse: Sequence[str]

    @property
    def steps(self) -> list[Step]:
        """What is typed into a console: lines that begin with a prompt, `$`, and go on after another one, `>`."""
        steps: list[tuple[int, list[str], list[str]]] = []
        for number, line in enumerate(self.text, self.line):
            if line.startswith("$ "):
                steps.append((number, [line[2:]], []))
            elif (line == ">" or line.startswith("> ")) and not steps[-1][2]:
                steps[-1][1].append(line[2:])
            else:
                steps[-1][2].append(line)
        return [Step(number, "\n".join(typed), promised) for number, typed, promised in steps]

    @property
    def commands(self) -> list[str]:
        """What is typed: of a console its steps', of indented code each line's, without a comment behind it."""
        if self.language:
            return [step.command for step in self.steps]
        return [re.sub(r"\s+#.*", "", line) for line in self.text if line]


def read_blocks(text: str) -> list[Block]:
    """Return the fenced and the indented blocks of a page."""
    return list(_blocks(text.splitlines()))


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    number, above = 0, ""
    while number < len(lines):
        line = lines[number]
        fence = re.match(r"( *)(`{3,})([^` ]*)", line)
        if fence:
            end = next(at for at in range(number + 1, len(lines)) if lines[at].strip() == fence[2])
            text = [line.removeprefix(fence[1]) for line in lines[number + 1 : end]]
            yield Block(number + 2, fence[3] or "text", text, _excuse(above))
            number, above = end + 1, ""
        elif line.startswith("    "):
            end = number
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end]):
                end += 1
            yield Block(number + 1, "", [line[4:] for line in lines[number:end]], _excuse(above))
            number, above = end, ""
        else:
            above = line if line else above
            number += 1


def _excuse(line: str) -> Sequence[str]:
    note = _NOTE.fullmatch(line.strip())
    return note.groups() if note else ()


def fits(promised: str, said: str) -> bool:
    """Whether a line is what was promised, but for what differs from run to run."""
    pattern, end = "", 0
    for found in _LOOSE.finditer(promised):
        assert found.lastindex is not None
        pattern += re.escape(promised[end : found.start()]) + _ACCEPTED[found.lastindex - 1]
        end = found.end()
    return re.fullmatch(pattern + re.escape(promised[end:]), said.rstrip()) is not None


def unkept(promised: Sequence[str], said: Sequence[str]) -> str:
    """Return the first promise that was not kept, "" where all were."""
    after = {0}  # so many lines of what was said may be accounted for by the promises so far
    for promise in promised:
        if promise == "...":
            after = set(range(min(after), len(said) + 1))
        else:
            after = {count + 1 for count in after if count < len(said) and fits(promise, said[count])}
        if not after:
            return promise
    return "" if len(said) in after else "nothing more"


class Shell:
    """One bash for a whole page. What it starts dies with it, but for sandboxes."""

    def __init__(self, folder: Path, said: Path, env: Mapping[str, str], deadline: float) -> None:
        self._said, self._deadline, self._read, self._count = said, deadline, 0, 0
        with said.open("ab") as out:
            self._bash = subprocess.Popen(
                ["bash", "--noprofile", "--norc"],
                cwd=folder,
                env=env,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def type(self, command: str) -> tuple[int, list[str]]:
        """Return how a command ended, and the lines that it, and what goes on in the background, said meanwhile."""
        assert self._bash.stdin is not None
        self._count += 1
        mark = f"-- typed {self._count}"
        told = f"code=$?; printf '\\n%s %s\\n' '{mark}' $code"
        self._bash.stdin.write(f"(exit ${{code:-0}}); eval {shlex.quote(command)} </dev/null; {told}\n".encode())
        self._bash.stdin.flush()
        end = time.monotonic() + self._deadline
        while time.monotonic() < end:
            said = self._said.read_text(errors="replace")[self._read :]
            ended = re.search(rf"\n{mark} (\d+)\n", said)
            if ended:
                self._read += ended.end()
                return int(ended[1]), said[: ended.start()].rstrip("\n").splitlines()
            assert self._bash.poll() is None, f"the shell has ended:\n{said}"
            time.sleep(0.02)
        raise AssertionError(f"not done in {self._deadline:g} s:\n{said}")

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.communicate()


@contextmanager
def shell(folder: Path, scratch: Path, deadline: float = DEADLINE, **more: str) -> Iterator[Shell]:
    """Yield a bash in `folder` whose `bluegreen` is the one under test, and leave no sandbox below it up.

    scratch: a folder for that program, and for what is said.
    """
    program = scratch / "bluegreen"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
    program.chmod(0o700)
    path = f"{scratch}{os.pathsep}{os.environ['PATH']}"
    opened = Shell(folder, scratch / "said", environment({"PATH": path, "PYTHONUNBUFFERED": "1", **more}), deadline)
    try:
        yield opened
    finally:
        opened.end()
        for sandbox in folder.rglob(".bluegreen/sandbox"):
            down(sandbox, Network.for_path(sandbox.parents[1]))


def follow(page: str, steps: Sequence[Step], shell: Shell) -> None:
    """Type what a page says. Raises AssertionError at the first line of it that does not hold."""
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        code, said = shell.type(step.command)
        told = f"{page}:{step.line}: $ {step.command}\n" + "\n".join(said)
        broken = unkept(step.promised, said)
        assert not broken, f"{told}\n-- promised was: {broken}"
        shown = after is not None and after.command == "echo $?"
        assert code == 0 or shown, f"{told}\n-- it ended with {code}, and the page does not say so"


def steps(page: str) -> list[Step]:
    """Return what is typed at the consoles of a page, but for blocks with an excuse."""
    blocks = read_blocks((ROOT / page).read_text())
    return [step for block in blocks if block.language == CONSOLE and not block.excuse for step in block.steps]
