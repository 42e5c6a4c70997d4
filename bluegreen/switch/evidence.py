"""CHECK, PROVE and BAKE: how long to look, and what it takes to believe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urljoin

from bluegreen.addresses import is_public
from bluegreen.config.schema import EnvironmentSettings
from bluegreen.errors import BluegreenError, CheckFailed, UsageError
from bluegreen.events import Emit, Probed, Said, WaitingFor
from bluegreen.health import Judged, Origin, Public, Verdict, await_good
from bluegreen.model import Color, ColorFacts, StackFacts
from bluegreen.ports import Answer, Clock, Probe, Question
from bluegreen.switch.audience import Audience, Seen
from bluegreen.switch.background import in_background, interruptibly
from bluegreen.switch.check import Check

_PROOF_TICK = 0.02
"""Seconds between two looks at what the background prober has brought."""


class Blind(BluegreenError):
    """Nothing answered, not even a control: this machine cannot tell."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Asks colors and the public, by an environment's settings."""

    settings: EnvironmentSettings
    probe: Probe
    check: Check
    clock: Clock
    emit: Emit

    def public_question(self, facts: StackFacts) -> Question:
        probe = self.settings.probe
        url = urljoin(facts.public_url, probe.path)
        private = not any(is_public(color.address) for color in facts.colors.values())
        return Question(url, timeout=probe.timeout, headers=probe.secrets, unique=True, private=private)

    def public(self, color: Color, release: str) -> Public:
        return Public(self.settings.probe.expect, self.settings.identity, str(color), release)

    def serving(self, facts: StackFacts, color: Color) -> Public:
        """How the public's answers are told apart while `color` serves it with what it runs."""
        return self.public(color, facts.of(color).release)

    def ask(self, color: ColorFacts, release: str) -> Judged:
        """Ask one color once, as `check.via` says. One that hangs keeps no run from going back."""
        if self.settings.check.via == "command":  # a process is not left behind
            return self.check.ask(color, release)
        return interruptibly("check", lambda: self.check.ask(color, release), self.clock)

    def try_asking(self, color: ColorFacts, release: str) -> Judged:
        """Ask one color once. That it cannot be asked as `check.via` says means that it was not reached from here."""
        try:
            return self.ask(color, release)
        except UsageError as error:
            return Judged(Verdict.NO_ANSWER, error.message, Answer(0, error=error.message, reached=False))

    def ask_public(self, facts: StackFacts, public: Public) -> Seen:
        """Ask the public URL once."""
        answer = self.probe.ask(self.public_question(facts))
        return Seen(public.origin(answer), answer)

    def await_healthy(
        self,
        color: ColorFacts,
        release: str,
        *,
        needed: int,
        every: float,
        deadline: float,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Return after `needed` good answers in a row. deadline: monotonic seconds. Raises CheckFailed."""
        hint = ""

        def told(judged: Judged, row: int) -> None:
            nonlocal hint
            hint = self.check.hint(judged)
            self.tell(color.color, judged, row, needed)
            meanwhile()

        try:
            await_good(
                lambda: self.ask(color, release),
                needed=needed,
                every=every,
                deadline=deadline,
                clock=self.clock,
                seen=told,
            )
        except CheckFailed as failed:
            failed.hint = hint
            raise

    def tell(self, color: Color, judged: Judged, row: int = 0, needed: int = 0) -> None:
        answer = judged.answer
        self.emit(Probed(str(color), judged.verdict, judged.detail, answer.status, answer.seconds, row, needed))
        days = answer.certificate_days
        if days is not None and 1 <= days < 14 and row == 1:
            self.emit(Said(f"the certificate of {color} ends in {days:.0f} days", "warning"))

    def prove(self, audience: Audience, public: Public, settle: float, looks: Looks | LastResort) -> None:
        """Return once the public URL has answered from the new color alone for the whole settle time, in seconds.

        First `probe.healthy` new answers in a row, then none that is old, unmarked or failed for so long; each such
        answer starts the settle time anew. looks: taken meanwhile, with `bake.every` seconds between two. Failed public
        answers count for Looks once they cannot be the old color's: it answered well, or the new one has answered.
        Raises CheckFailed at the deadline, or by a look.
        """
        probe = self.settings.probe
        good = Origin.UNMARKED if public.identity is None else Origin.NEW
        deadline = self.clock.monotonic() + settle + probe.deadline
        self.emit(WaitingFor(f"the public to be answered by {public.color} alone", settle))
        proof = _Proof(good, probe.healthy, settle)
        slower = max(probe.every, settle / 100)
        look_at, heard = self.clock.monotonic() + self.settings.bake.every, list[Seen]()
        while True:
            came = audience.read()
            if any(map(proof.take, came)):
                return
            now = self.clock.monotonic()
            if now > deadline:
                raise CheckFailed(
                    f"the public URL did not settle on {public.color} in time: {proof.why or 'no evidence'}"
                )
            if looks.whoever_fails or audience.was_good or audience.answered:
                heard += came
            if now >= look_at:
                looks.look(heard)
                look_at, heard = self.clock.monotonic() + self.settings.bake.every, []
            if proof.settling and slower:
                audience.pace(slower)
                slower = 0.0
            self.clock.sleep(min(_PROOF_TICK, probe.every))

    def bake(self, target: ColorFacts, other: ColorFacts, audience: Audience) -> None:
        """Watch both colors for `bake.lasts`; raise CheckFailed after `bake.bad` bad looks in a row.

        A look at which nothing answers, not even a control, is none: it extends the bake, until Blind is raised.
        """
        bake, looks = self.settings.bake, Looks(self, target, other)
        end = self.clock.monotonic() + bake.lasts
        self.emit(WaitingFor(f"{target.color} to bake", bake.lasts))
        while True:
            looks.look(audience.read())
            now = self.clock.monotonic()
            if now >= end and not looks.blind and looks.bad == 0:
                return
            if now >= end + bake.blind_deadline:
                raise Blind(
                    f"nothing answers any more, not even a control: whether {target.color} is well is not known"
                )
            self.clock.sleep(bake.every)

    def look(self, target: ColorFacts, other: ColorFacts, public: Sequence[Seen]) -> tuple[Judged, bool]:
        """Look at both colors and the public once; return the new color's judgement and whether this is blind."""
        judged = self.ask(target, target.release)
        self.tell(target.color, judged)
        if judged.good and _fails(public):
            judged = Judged(Verdict.WRONG_ANSWER, "its public answers fail", public[-1].answer)
        answered = judged.answer.reached or any(seen.answer.reached for seen in public)
        control = self._control_answers(other)
        return judged, not answered and not control

    def _control_answers(self, other: ColorFacts) -> bool:
        url = self.settings.probe.control
        question = Question(url=url or "", timeout=self.settings.check.timeout)
        reached = bool(url) and interruptibly("control", lambda: self.probe.ask(question), self.clock).reached
        if not other.running:
            return reached
        judged = self.ask(other, other.release)
        self.tell(other.color, judged)
        return reached or judged.answer.reached


@dataclass(slots=True)
class Looks:
    """Looks at the color that the public was just sent to, and at the other one beside it.

    bad: at how many looks in a row the new color was bad. blind: at the last one nothing answered, not even a control.
    """

    whoever_fails: ClassVar[bool] = False
    witness: Witness
    target: ColorFacts
    other: ColorFacts
    bad: int = 0
    blind: bool = False

    def look(self, public: Sequence[Seen]) -> None:
        """Look once. public: its answers since the last look. Raises CheckFailed after `bake.bad` bad looks in a row.

        A blind look counts for nothing.
        """
        judged, self.blind = self.witness.look(self.target, self.other, public)
        if not self.blind:
            self.bad = 0 if judged.good else self.bad + 1
        _refuse_bad(self.witness, self.target, self.bad, judged)


@dataclass(slots=True)
class LastResort:
    """Looks at the color that a way back leads to. There is no better one, and the proof waits for none of its answers.

    It is bad only where it answers badly while the public fails, whoever it is that fails there. One that is not
    reached from here may be well; so may one that a command checks, which is not run: it could outlive the run.
    """

    whoever_fails: ClassVar[bool] = True
    witness: Witness
    target: ColorFacts
    bad: int = 0
    _asked: Future[Judged | None] | None = None

    def look(self, public: Sequence[Seen]) -> None:
        """Judge what came since the last look, and ask again. public: its answers since then. Raises CheckFailed."""
        if self.witness.settings.check.via == "command":
            return
        if self._asked is not None:
            if not self._asked.done():
                return
            judged = self._asked.result()
            if judged is not None:
                self.witness.tell(self.target.color, judged)
                bad = not judged.good and judged.answer.reached and _fails(public)
                self.bad = self.bad + 1 if bad else 0
                _refuse_bad(self.witness, self.target, self.bad, judged)
        self._asked = in_background("last-resort", self._ask)

    def _ask(self) -> Judged | None:
        """Ask once; None where that is not possible."""
        with suppress(UsageError):
            return self.witness.check.ask(self.target, self.target.release)
        return None


def _fails(public: Sequence[Seen]) -> bool:
    return bool(public) and all(seen.origin is Origin.FAILED for seen in public)


def _refuse_bad(witness: Witness, target: ColorFacts, bad: int, judged: Judged) -> None:
    if bad >= witness.settings.bake.bad:
        raise CheckFailed(f"{target.color} went bad: {bad} times in a row {judged.verdict} {judged.detail}")


@dataclass(slots=True)
class _Proof:
    """Takes public answers one by one. good: the origin wanted; needed: so many in a row; settle: seconds."""

    good: Origin
    needed: int
    settle: float
    row: int = 0
    quiet_since: float | None = None
    why: str = ""

    @property
    def settling(self) -> bool:
        return self.quiet_since is not None

    def take(self, seen: Seen) -> bool:
        """Take one answer; return whether that is proof. An answer without evidence counts for nothing."""
        if not seen.origin.is_evidence:
            return False
        if seen.origin is not self.good:
            self.row = 0
            self.why = f"the last other answer was {seen.origin}"
            if self.quiet_since is not None:
                self.quiet_since = max(self.quiet_since, seen.answer.asked)
            return False
        self.row += 1
        if not self.settling and self.row >= self.needed:
            self.quiet_since = seen.answer.asked
        settled = self.quiet_since is not None and seen.answer.asked - self.quiet_since >= self.settle
        return settled and self.row >= self.needed
