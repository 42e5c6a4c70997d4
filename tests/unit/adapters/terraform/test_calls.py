"""How a Terraform command ended, as an error that says what to do next."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bluegreen.adapters.fakes.clock import FakeInterruptions
from bluegreen.adapters.redaction import GONE, redact
from bluegreen.adapters.terraform.calls import Calls
from bluegreen.adapters.terraform.process import PATIENCE, Patience
from bluegreen.errors import ApplyNotBegun, EngineError, TerraformError
from bluegreen.events import Emit, Event
from bluegreen.ports import Interruptions, Log


def ignore(event: Event) -> None:
    """Nobody listens."""


class Made(Calls):
    """Calls for the layer `edge`, in a folder, and the logs that were kept of them."""

    def __init__(
        self,
        folder: Path,
        emit: Emit = ignore,
        interruptions: Interruptions | None = None,
        clean: Callable[[str], str] = str,
        patience: Patience = PATIENCE,
    ) -> None:
        self.logs: list[Log] = []
        heard = interruptions or FakeInterruptions()
        data, keep_log = folder / "data", self.logs.append
        super().__init__("edge", folder, data, lambda: os.environ, emit, heard, clean, patience, keep_log)


@pytest.fixture
def calls(tmp_path: Path) -> Made:
    return Made(tmp_path)


def failed(calls: Calls, name: str, script: str = "exit 1") -> TerraformError:
    with pytest.raises(TerraformError) as raised, calls.ran(name, ("sh", "-c", script)) as outcome:
        calls.expect(name, outcome)
    return raised.value


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("init", "bluegreen plan"),
        ("plan", "bluegreen plan"),
        ("apply", "bluegreen tf edge -- plan"),
        ("state-pull", "bluegreen tf edge -- state pull"),
        ("show", "bluegreen tf edge -- state pull"),
    ],
)
def test_every_failure_names_the_next_command(name: str, command: str, calls: Calls) -> None:
    error = failed(calls, name)
    assert command in error.hint
    assert error.applying is (name == "apply")


def test_so_does_a_document_that_cannot_be_read(calls: Calls) -> None:
    assert "bluegreen tf edge -- state pull" in calls.error("the state cannot be read").hint


def test_a_state_that_could_not_be_stored_comes_first(calls: Calls, tmp_path: Path) -> None:
    (tmp_path / "errored.tfstate").touch()
    assert "bluegreen tf edge -- state push errored.tfstate" in failed(calls, "apply").hint


def test_a_program_that_cannot_be_started_names_the_setting(calls: Calls) -> None:
    with pytest.raises(EngineError) as raised, calls.ran("plan", ("/nowhere/terraform",)):
        pass
    assert "terraform.engine" in raised.value.hint


STALE = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Saved plan is stale"}}
STARTED = {
    "type": "apply_start",
    "hook": {"resource": {"addr": "a.b"}, "action": "update"},
}


@pytest.mark.parametrize(
    ("said", "code", "not_begun"),
    [([STALE], 1, True), ([STARTED, STALE], 1, False), ([STALE], 11, False), ([], 1, False)],
    ids=["refused", "begun", "crashed", "unheard: the disk was full"],
)
def test_an_apply_has_not_begun_only_when_terraform_says_so(
    calls: Calls, tmp_path: Path, said: list[object], code: int, not_begun: bool
) -> None:
    (tmp_path / "lines").write_text("".join(json.dumps(line) + "\n" for line in said))
    error = failed(calls, "apply", f"cat lines; exit {code}")
    assert isinstance(error, ApplyNotBegun) is not_begun


WARNED = "There are some problems with the CLI configuration:\n╷\n│ Warning: Unable to open CLI configuration file\n╵\n"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("cat warned >&2; printf 'Error: no such state\\n' >&2; exit 1", "failed: Error: no such state"),
        ("cat warned >&2; exit 1", "failed: There are some problems with the CLI configuration:"),
        (
            "cat warned >&2; trap 'exit 1' INT; while :; do sleep 0.05; done",
            "was interrupted at its deadline of 0.3 s: it had told of no error",
        ),
    ],
    ids=["an error", "nothing else", "overdue"],
)
def test_what_terraform_warns_of_first_is_not_taken_for_why_it_ended(tmp_path: Path, script: str, told: str) -> None:
    (tmp_path / "warned").write_text(WARNED)
    calls = Made(tmp_path, patience=Patience(deadline=0.3, grace=5.0))
    assert f"terraform state-pull {told}" in failed(calls, "state-pull", script).message


def test_a_log_can_be_printed_as_it_is(calls: Made, tmp_path: Path) -> None:
    said = ["red \x1b[31mred\x1b[0m", "\u202eevil\x07"]
    lines = [json.dumps({"type": "version", "@message": line}) + "\n" for line in said]
    (tmp_path / "lines").write_text("".join(lines))
    with calls.ran("plan", ("cat", "lines")):
        pass
    assert calls.logs == [Log("edge", "plan", "red red\nevil\n")]


def test_the_log_keeps_the_details_that_the_error_carries(calls: Made, tmp_path: Path) -> None:
    lines = [
        {"type": "version", "@message": "Terraform 1.11.4", "terraform": "1.11.4"},
        *(
            {"type": "diagnostic", "@message": f"{word}: Bad", "diagnostic": diagnostic}
            for word, diagnostic in (
                ("Warning", {"severity": "warning", "summary": "Bad", "detail": "harmless"}),
                ("Error", {"severity": "error", "summary": "Bad", "detail": "first\n\n  second"}),
                ("Error", {"severity": "error", "summary": "Bad", "detail": "Error: third"}),
            )
        ),
        {"type": "change_summary", "@message": "Plan: 0 to add"},
    ]
    (tmp_path / "lines").write_text("".join(json.dumps(line) + "\n" for line in lines))
    error = failed(calls, "plan", "cat lines; exit 1")
    assert error.details == ("first", "second", "Error: third")
    (log,) = calls.logs
    assert log.text.splitlines()[3:8] == ["Error: Bad", "  first", "  second", "Error: Bad", "  Error: third"]


def test_an_error_repeats_as_much_as_a_person_reads(calls: Calls, tmp_path: Path) -> None:
    detail = "\n".join(f"line {number}" for number in range(40))
    said = {"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "Bad", "detail": detail}}
    (tmp_path / "lines").write_text(json.dumps(said) + "\n")
    assert len(failed(calls, "plan", "cat lines; exit 1").details) == 12


SECRET = "hunter22-and-more"


class Reading:
    """Lets the command go on once the first part of its output has been read. go: the file that it waits for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.go, self._written = folder, folder / "go", False

    @property
    def requested(self) -> bool:
        """Asked before each reading: what was there when it was asked last has been read by now."""
        if self._written:
            self.go.touch()
        self._written = any(path.stat().st_size for path in self.folder.glob("data/run-*/stdout"))
        return False


def test_a_secret_that_is_written_in_two_parts_is_neither_kept_nor_repeated(tmp_path: Path) -> None:
    said = {"severity": "error", "summary": f"{SECRET} is bad", "detail": f"it is {SECRET}"}
    line = json.dumps({"type": "diagnostic", "@message": f"Error: {SECRET} is bad", "diagnostic": said})
    cut = line.rindex(SECRET) + len(SECRET) // 2
    (tmp_path / "first").write_text(line[:cut])
    (tmp_path / "second").write_text(line[cut:])
    reading, events = Reading(tmp_path), list[Event]()
    calls = Made(tmp_path, events.append, reading, lambda text: redact(text, [SECRET]))
    error = failed(calls, "plan", "cat first; until [ -e go ]; do sleep 0.01; done; cat second; exit 1")
    assert reading.go.exists()
    assert error.details == (f"it is {GONE}",)
    assert calls.logs == [Log("edge", "plan", f"Error: {GONE} is bad\n  it is {GONE}\n")]
    assert "hunter22" not in f"{error} {error.details} {events}"


def test_neither_is_one_that_terraform_wraps_for_people(tmp_path: Path) -> None:
    """Of a command without a stream of JSON: in a frame, and at most 78 characters a line."""
    passphrase = "correct horse battery staple"
    (tmp_path / "framed").write_text("╷\n│ Error: wrong passphrase\n│ \n│ It is correct horse\n│ battery staple.\n╵\n")
    calls = Made(tmp_path, clean=lambda text: redact(text, [passphrase]))
    error = failed(calls, "state-pull", "cat framed >&2; exit 1")
    assert f"It is {GONE}." in error.message
