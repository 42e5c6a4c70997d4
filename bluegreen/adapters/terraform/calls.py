"""Calls Terraform for one layer and turns how it ended into an outcome or a typed error."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bluegreen.adapters.printable import printable
from bluegreen.adapters.signals import NeverInterrupted
from bluegreen.adapters.state.files import private_folder
from bluegreen.adapters.terraform.argv import Argv
from bluegreen.adapters.terraform.hints import find_hint
from bluegreen.adapters.terraform.leftovers import ours
from bluegreen.adapters.terraform.messages import Fact, Message, Outputs, Stage, parse_line, parse_stderr
from bluegreen.adapters.terraform.process import PATIENCE, Command, Ended, Patience, run
from bluegreen.adapters.terraform.state_lock import LOCK_INFO, StateLock, find_lock
from bluegreen.errors import ApplyNotBegun, BluegreenError, Diagnostic, Interrupted, Locked, TerraformError
from bluegreen.events import Emit, ResourceChanging
from bluegreen.model import OUTPUT
from bluegreen.ports import Change, Interruptions, KeepLog, Log

_HINTS: Mapping[str, str] = {
    "init": "mend it, then try: bluegreen plan, which changes nothing",
    "plan": "mend it, then try: bluegreen plan, which changes nothing",
    "apply": "look at what there is now: bluegreen tf {layer} -- plan; then mend it and run this again",
}
"""What to do after a command that failed; after others, which only read the state, ask for that by hand."""

_READ_BY_HAND = "look at the state by hand: bluegreen tf {layer} -- state pull"

HELD = (LOCK_INFO, "already locked", "resource temporarily unavailable")
"""One of these stands in what Terraform says of a lock that is held; the last is the kernel's, of a local state's."""

LOCK_KEPT = "Error releasing the state lock"
LOCK_TAKEN = "Error acquiring the state lock"
"""How a taken lock is told from other errors: the summary of its diagnostic, a constant in Terraform and OpenTofu."""


@dataclass(slots=True)
class Outcome:
    """What one command did. stdout: its output, until the call is left. stderr: its text, "" when it said nothing.

    begun: Unix seconds.
    """

    stdout: Path
    begun: float
    messages: list[Message] = field(default_factory=list)
    ended: Ended = field(default_factory=lambda: Ended(0, False, 0.0))
    stderr: str = ""

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(message.fact for message in self.messages if isinstance(message.fact, Change))

    @property
    def began(self) -> bool:
        """Whether anything may have been done to a resource.

        Only Terraform's own end can say that nothing was, and only by a stream that also tells the error: with a full
        disk it goes on, and what it says is lost.
        """
        told = any(said.severity == "error" for said in self.diagnostics)
        return self.ended.exit_code != 1 or not told or self.changed

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(message.fact for message in self.messages if isinstance(message.fact, Diagnostic))

    @property
    def changed(self) -> bool:
        """Whether it has told of a change that it began."""
        return any(isinstance(one.fact, Stage) for one in self.messages)

    @property
    def lock_held(self) -> bool:
        """Whether it has shown that it held the state's lock: by a change, or by what it says of giving it back."""
        return self.changed or any(said.summary == LOCK_KEPT for said in self.diagnostics)

    @property
    def lock_taken(self) -> str:
        """What is said of the state's lock when somebody else holds it; "" when that was not why it failed.

        Under the same summary Terraform also says that the lock could not be asked for; then it tells of no holder.
        """
        errors = (said for said in self.diagnostics if said.severity == "error" and said.summary == LOCK_TAKEN)
        return next((said.detail for said in errors if any(word in said.detail for word in HELD)), "")

    @property
    def output(self) -> Mapping[str, Any] | None:
        """The value of the output `bluegreen`, None when an apply gave none."""
        values = [message.fact.values for message in self.messages if isinstance(message.fact, Outputs)]
        return values[-1].get(OUTPUT) if values else None


class Calls:
    """Calls Terraform in one folder.

    environment: asked at each call. data_dir: private; scratch folders go there. clean: takes secrets out of what
    Terraform says, before anything is kept or raised.
    """

    def __init__(
        self,
        layer: str,
        folder: Path,
        data_dir: Path,
        environment: Callable[[], Mapping[str, str]],
        emit: Emit,
        interruptions: Interruptions,
        clean: Callable[[str], str],
        patience: Patience = PATIENCE,
        keep_log: KeepLog = lambda log: None,
    ) -> None:
        self._keep_log = keep_log
        self._patience = patience
        self._clean = clean
        self._layer = layer
        self._folder = folder
        self._data_dir = data_dir
        self._environment = environment
        self._emit = emit
        self._interruptions = interruptions
        self._called_off = False

    @contextmanager
    def called_off(self) -> Iterator[None]:
        """Within, what runs here is interrupted, and killed when that does not help; nothing is begun."""
        self._called_off = True
        try:
            yield
        finally:
            self._called_off = False

    @contextmanager
    def ran(self, name: str, command: Argv, *, anyway: bool = False) -> Iterator[Outcome]:
        """Run one command to its end; its output files live while the outcome is looked at.

        anyway: whoever asked the run to stop has to wait for this one.
        """
        interruptions = NeverInterrupted() if anyway else self._interruptions
        if interruptions.requested or self._called_off:
            raise Interrupted(f"interrupted before terraform {name}", where=self._layer)
        with self.scratch() as scratch:
            outcome = Outcome(scratch / "stdout", time.time())
            stderr = scratch / "stderr"
            order = Command(
                self._layer,
                name,
                command,
                self._folder,
                self._environment(),
                outcome.stdout,
                stderr,
                self._patience,
                lambda: self._called_off,
            )
            try:
                outcome.ended = run(order, lambda line: self._note(line, outcome), self._emit, interruptions)
                outcome.stderr = self._clean(parse_stderr(stderr.read_text(errors="replace")))
            finally:
                said = "".join(f"{message.text}\n" for message in outcome.messages if message.text)
                self._keep_log(Log(self._layer, name, printable(said)))
            yield outcome

    def _note(self, line: bytes, outcome: Outcome) -> None:
        message = parse_line(line)
        if message is None:
            return
        message = replace(message, text=self._clean(message.text), fact=self._cleaned(message.fact))
        outcome.messages.append(message)
        if isinstance(fact := message.fact, Stage):
            self._emit(ResourceChanging(self._layer, fact.address, fact.action, fact.stage, fact.seconds))

    def _cleaned(self, fact: Fact | None) -> Fact | None:
        if not isinstance(fact, Diagnostic):
            return fact
        return replace(fact, summary=self._clean(fact.summary), detail=self._clean(fact.detail))

    def expect(self, name: str, outcome: Outcome, *codes: int) -> None:
        """Raise unless the command ended with one of `codes`, 0 by default. Nothing but the exit code decides."""
        if outcome.ended.exit_code in (codes or (0,)):
            return
        if outcome.ended.interrupted and not outcome.ended.overdue:
            raise Interrupted(f"terraform {name} was interrupted", where=self._layer)
        raise self._failure(name, outcome)

    def _failure(self, name: str, outcome: Outcome) -> BluegreenError:
        errors = tuple(said for said in outcome.diagnostics if said.severity == "error")
        if outcome.lock_taken:
            return self.locked(find_lock(outcome.lock_taken), since=outcome.begun)
        return self.error(
            f"terraform {name} {self._how(outcome.ended)}: {_summary(errors, outcome)}",
            place=next((error.where or error.address for error in errors), ""),
            diagnostics=outcome.diagnostics,
            command=name,
            began=outcome.began,
            known=find_hint("\n".join([*(f"{one.summary}\n{one.detail}" for one in errors), outcome.stderr])),
        )

    def locked(self, lock: StateLock | None, since: float = math.inf) -> Locked:
        """Return the error of a state's lock that is taken.

        since: when it was asked for; a lock made after that is the asker's own, which is what some backends show.
        """
        if lock is not None and lock.created >= since:
            lock = None
        unlock = f"bluegreen tf {self._layer} -- force-unlock {lock.id if lock else 'ID'}"
        return Locked(
            f"somebody else's Terraform holds the state's lock{f': {lock}' if lock else ''}",
            where=self._layer,
            hint=f"wait for the other Terraform to end; if it is gone: {unlock}",
        )

    def _how(self, ended: Ended) -> str:
        if not ended.overdue:
            return "failed"
        killed = f", and was killed {self._patience.grace:g} s later" if ended.exit_code < 0 else ""
        return f"was interrupted at its deadline of {self._patience.deadline:g} s{killed}"

    def error(
        self,
        message: str,
        *,
        place: str = "",
        diagnostics: Sequence[Diagnostic] = (),
        command: str = "",
        began: bool = True,
        known: str = "",
    ) -> TerraformError:
        """Return the error of this layer; it says where the state lies if an apply could not store it.

        command: the one that failed, "" when it ended well and what it printed cannot be read. began: whether
        anything was done to a resource. known: what is to be done first, see hints.
        """
        left = self._folder / "errored.tfstate"
        applying = command == "apply"
        hint = _HINTS.get(command, _READ_BY_HAND)
        hint = "; ".join(filter(None, (known, hint))).format(layer=self._layer, folder=self._folder)
        if applying and left.exists():
            push = f"bluegreen tf {self._layer} -- state push {left.name}"
            hint = f"the state could not be stored and lies in {left}: {push}"
        where = f"{self._layer}: {place}" if place else self._layer
        kind = TerraformError if began or not applying else ApplyNotBegun
        return kind(message, where=where, hint=hint, diagnostics=diagnostics, applying=applying)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Make a private folder that is gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=f"run-{ours()}-", dir=private_folder(self._data_dir)))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _summary(errors: Sequence[Diagnostic], outcome: Outcome) -> str:
    """Return in one line what went wrong. Before its stream begins, Terraform speaks on stderr only."""
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return errors[0].summary + more
    warnings, error, rest = outcome.stderr.partition("Error: ")
    if error:
        return error + rest
    if outcome.ended.overdue:
        return "it had told of no error"
    return warnings or f"exit code {outcome.ended.exit_code}, and it said nothing"
