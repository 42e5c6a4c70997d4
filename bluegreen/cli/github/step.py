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
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from bluegreen.adapters.printable import one_line
from bluegreen.adapters.redaction import SHORTEST
from bluegreen.adapters.state.files import replace_file
from bluegreen.cli.github.step_summary import error_summary, lines_summary, run_summary, table_summary
from bluegreen.cli.github.workflow_commands import command
from bluegreen.cli.timeline import Timeline
from bluegreen.errors import BluegreenError, ConfigError, Problem, Waiting

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
        self._ended = False
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Step:
        self._write(f"{command('stop-commands', self._token)}\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._one_at_a_time:
            self._ended = True
            self._write(f"{command(self._token)}\n")

    def _command(self, *commands: str) -> None:
        """Have the runner obey commands, from any thread; after the step none, or the next one's would be stopped."""
        # In one piece, so that nothing else comes between.
        obeyed = (command(self._token), *commands, command("stop-commands", self._token))
        with self._one_at_a_time:
            if not self._ended:
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
        """Show an error at the run, and at its line where it names a file; to wait is none. folder: the project's."""
        level = "notice" if isinstance(error, Waiting) else "error"
        problems = error.problems if isinstance(error, ConfigError) else ()
        for each in problems or (Problem(error.where, "", error.message, error.hint),):
            said = f"{each.path}: {each.message}" if each.path else each.message
            text = one_line(said) + (f"\n{one_line(each.hint)}" if each.hint else "")
            self._command(command(level, text, **self._place(each.where, folder)))

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

    def keep_report(self, run: str, page: Callable[[], str]) -> None:
        """Write the report of a run that has ended where later steps of the job find it, and say where that is.

        page: makes it, which is one more look at the store, and may be in vain. What the run came to is told by then.
        """
        try:
            path = self._keep(f"bluegreen-{run}.html", page) if run else ""
        except BluegreenError as error:
            self._command(command("warning", f"no report: {error}"))
        except Exception as error:  # a page that cannot be drawn is not how the run ended
            self._command(command("warning", f"no report: internal error: {type(error).__name__}"))
        else:
            self._append("GITHUB_OUTPUT", f"report={one_line(path)}\n")

    def end_look(self, title: str, lines: Iterable[str], **outputs: str) -> None:
        """Write the summary and the outputs of a command that only looks. outputs: with _ where they have a -."""
        named = {name.replace("_", "-"): value for name, value in outputs.items()}
        self._end(title.partition(" ")[0], lines_summary(title, list(lines)), named)

    def end_look_everywhere(self, rows: Sequence[Sequence[str]], notes: Sequence[str], *, well: bool) -> None:
        """Write the summary and the one output of a look at several environments: whether all of them are well."""
        summary = table_summary("status of all environments", rows, notes)
        self._end("status", summary, {"verdict": "well" if well else "alarm"})

    def end_badly(self, verb: str, error: BluegreenError) -> None:
        """Write them of a command that an error ended, unless they are written already."""
        if not self._told:
            title = f"{verb or 'bluegreen'}: {error.verdict}"
            self._end(verb or "error", error_summary(title, str(error), error.hint), {"verdict": error.verdict})

    def _end(self, name: str, summary: str, outputs: Outputs) -> None:
        self._told = True
        try:
            path = self._keep(f"bluegreen-{name}.md", lambda: summary)
        except BluegreenError as error:
            self._command(command("warning", f"no summary for later steps: {error}"))
            path = ""
        outputs = {**outputs, "summary": path}
        self._append("GITHUB_STEP_SUMMARY", f"{summary}\n")
        self._append("GITHUB_OUTPUT", "".join(f"{key}={one_line(str(value))}\n" for key, value in outputs.items()))

    def _keep(self, name: str, text: Callable[[], str]) -> str:
        """Write a file that stays as long as the job; return its path, "" when there is no folder for such.

        text: makes it, and is asked only where it can be kept.
        """
        folder = self._environment.get("RUNNER_TEMP")
        if not folder:
            return ""
        path = Path(folder) / name
        replace_file(path, text().encode(errors="backslashreplace"))
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
