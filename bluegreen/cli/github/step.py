"""One step of a GitHub workflow: what the runner reads from its stderr, and from the files that it names.

While a step is open the runner obeys nothing on stderr but what comes from here, whatever a server, Terraform or a
hook has said there: commands are stopped, by a word that nobody else can know.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from bluegreen.adapters.printable import one_line
from bluegreen.adapters.redaction import SHORTEST
from bluegreen.adapters.state.files import replace_file
from bluegreen.cli.github.step_summary import error_summary, lines_summary, run_summary
from bluegreen.cli.github.workflow_commands import command
from bluegreen.cli.timeline import Timeline
from bluegreen.errors import BluegreenError, ConfigError, Problem

Outputs = Mapping[str, str | int]

_PLACE = re.compile(r"(?P<file>.+?)(?::(?P<line>\d+))?(?::(?P<column>\d+))?")


class Step:
    """environment: the process's. write: writes text to stderr. masks: what is written there is read by the runner
    alone, so that secrets may be named to it."""

    def __init__(self, environment: Mapping[str, str], write: Callable[[str], object], *, masks: bool) -> None:
        self._environment = environment
        self._write = write
        self._masks = masks
        self._token = secrets.token_hex(16)
        self._grouped = False
        self._told = False

    def __enter__(self) -> Step:
        self._write(f"{command('stop-commands', self._token)}\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write(f"{command(self._token)}\n")

    def _command(self, *commands: str) -> None:
        # In one piece, so that nothing else comes between.
        obeyed = (command(self._token), *commands, command("stop-commands", self._token))
        self._write("".join(f"{line}\n" for line in obeyed))

    def mask(self, values: Iterable[str]) -> None:
        """Have the runner hide secrets in this job's log, each line of one by itself."""
        lines = {line.strip() for value in values for line in value.splitlines() if len(line.strip()) >= SHORTEST}
        if self._masks and lines:
            self._command(*(command("add-mask", line) for line in sorted(lines)))

    def take(self, data: Mapping[str, Any]) -> None:
        """Take one event of a run: a phase is a group of lines."""
        match data.get("event"):
            case "phase-started":
                self._command(command("group", data["phase"]))
                self._grouped = True
            case "phase-finished" | "result" if self._grouped:
                self._command(command("endgroup"))
                self._grouped = False

    def annotate(self, error: BluegreenError, folder: Path) -> None:
        """Show an error at the run, and at its line where it names a file. folder: the project's."""
        problems = error.problems if isinstance(error, ConfigError) else ()
        for each in problems or (Problem(error.where, "", error.message, error.hint),):
            said = f"{each.path}: {each.message}" if each.path else each.message
            text = one_line(said) + (f"\n{one_line(each.hint)}" if each.hint else "")
            self._command(command("error", text, **self._place(each.where, folder)))

    def _place(self, where: str, folder: Path) -> Mapping[str, str]:
        found = _PLACE.fullmatch(where)
        if found is None:
            return {}
        workspace = Path(self._environment.get("GITHUB_WORKSPACE") or folder)
        try:
            path = (folder / found["file"]).resolve(strict=True)
            file = path.relative_to(workspace.resolve()).as_posix()
        except (OSError, ValueError):  # it is no file, or none of the repository's
            return {}
        return {"file": file, "line": found["line"] or "", "col": found["column"] or ""}

    def end_run(self, timeline: Timeline, told: Sequence[str]) -> None:
        """Write the summary and the outputs of a run that has ended. told: see run_summary."""
        result = timeline.result
        outputs = {
            "verdict": result["verdict"],
            "active": result["active"],
            "previous": result["previous"],
            "release": result["release"],
            "run": timeline.run,
            "public-url": result.get("public_url", ""),
            "requests-failed": result["requests"].get("failed", 0),
        }
        self._end(timeline.run or "nothing", run_summary(timeline, told), outputs)

    def end_look(self, title: str, lines: Iterable[str], **outputs: str) -> None:
        """Write the summary and the outputs of a command that only looks. outputs: with _ where they have a -."""
        named = {name.replace("_", "-"): value for name, value in outputs.items()}
        self._end(title.partition(" ")[0], lines_summary(title, list(lines)), named)

    def end_badly(self, verb: str, error: BluegreenError) -> None:
        """Write them of a command that an error ended, unless they are written already."""
        if not self._told:
            title = f"{verb or 'bluegreen'}: {error.verdict}"
            self._end(verb or "error", error_summary(title, str(error), error.hint), {"verdict": error.verdict})

    def _end(self, name: str, summary: str, outputs: Outputs) -> None:
        self._told = True
        outputs = {**outputs, "report": self._report(name, summary)}
        self._append("GITHUB_STEP_SUMMARY", f"{summary}\n")
        self._append("GITHUB_OUTPUT", "".join(f"{key}={one_line(str(value))}\n" for key, value in outputs.items()))

    def _report(self, name: str, summary: str) -> str:
        """Write the summary where later steps of the job find it too; return its path, "" when there is none."""
        folder = self._environment.get("RUNNER_TEMP")
        if not folder:
            return ""
        path = Path(folder) / f"bluegreen-{name}.md"
        try:
            replace_file(path, summary.encode(errors="backslashreplace"))
        except BluegreenError as error:
            self._command(command("warning", f"no report: {error}"))
            return ""
        return str(path)

    def _append(self, variable: str, text: str) -> None:
        """Add to one of the runner's files. A run ends as it ended, whether or not that can be written."""
        path = self._environment.get(variable)
        if not path:
            return
        try:
            with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError as error:
            self._command(command("warning", f"{variable} cannot be written: {error.strerror}"))


def this_step(environment: Mapping[str, str]) -> Step:
    """Return the step that this process is."""
    return Step(environment, _to_stderr, masks=_read_by_nobody_else())


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _read_by_nobody_else() -> bool:
    """Return whether stderr is no file, in which secrets would stay in clear."""
    try:
        return not stat.S_ISREG(os.fstat(2).st_mode)
    except OSError:
        return False
