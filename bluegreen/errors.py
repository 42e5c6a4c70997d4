"""The exception tree. Each class owns one exit code and one word; nothing else decides how a command ends.

BluegreenError              1  failed, the public never left the old color
|-- TerraformError          1  Terraform ended with an error; carries its diagnostics
|   `-- ApplyNotBegun       1  an apply did, before it touched any resource
|-- HookFailed              1  a command of the user's that belongs to the switch failed, or was cut off
|-- CheckFailed             1  the idle color did not become healthy in time
|-- UsageError              2  usage or environment: what was asked for cannot be meant
|   |-- ConfigError         2  bluegreen.yaml, tfvars or a stack's output is wrong; carries every problem
|   |-- EngineError         2  Terraform is missing, too old, or told to run elsewhere
|   `-- SandboxError        2  the sandbox is not up, or cannot come up
|-- Refused                 3  nothing was applied in this phase
|   |-- GuardRefused        3  a plan touches what its phase has no business touching
|   |-- DriftFound          3  state and live edge disagree
|   `-- TargetRefused       3  the color asked for is sick, gone or used up
|-- Locked                  4  another run, or a foreign Terraform, holds the lock
|-- Waiting                 5  resume later
|-- Returned                6  failed after the switch; the public is back on the old color
|-- Stuck                   7  a human is needed; the hint is the command to run
`-- Interrupted           130  INT, TERM or HUP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class BluegreenError(Exception):
    """Something went wrong and one clear message says what.

    message: what is wrong, one sentence, no final period needed.
    where: file:line:column, a Terraform address or a URL; "" when there is no place.
    hint: what to do next; "" when there is nothing to add.
    details: what somebody else said of it beyond the message, a line each.
    result: how the run ended that this error ended; None outside a run.
    """

    exit_code: ClassVar[int] = 1
    verdict: ClassVar[str] = "failed"
    result: object = None

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning of Terraform.

    severity: "error" or "warning". where: "main.tf:12", or "" when Terraform names no place.
    """

    severity: str
    summary: str
    detail: str = ""
    where: str = ""
    address: str = ""


MOST_DETAILS = 12
"""Lines of what Terraform said under an error, as long as a person reads on; all of it is in the log."""


class TerraformError(BluegreenError):
    """Terraform ended with an error.

    applying: whether an apply had been started, so that something may have changed.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        diagnostics: Sequence[Diagnostic] = (),
        applying: bool = False,
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.diagnostics = tuple(diagnostics)
        said = (line.strip() for one in diagnostics if one.severity == "error" for line in one.detail.splitlines())
        self.details = tuple(filter(None, said))[:MOST_DETAILS]
        self.applying = applying


class ApplyNotBegun(TerraformError):
    """An apply ended with an error before it touched any resource."""


class HookFailed(BluegreenError):
    """A command of the user's that belongs to the switch failed, or was cut off."""


class CheckFailed(BluegreenError):
    """The idle color did not become healthy before the deadline."""


class UsageError(BluegreenError):
    """What was asked for cannot be meant, or cannot be done here."""

    exit_code = 2
    verdict = "usage"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input: where (file:line:column), path (dotted), message, hint."""

    where: str
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        path = f"{self.path}: " if self.path else ""
        return f"{place}{path}{self.message}"


class ConfigError(UsageError):
    """An input file is wrong; `problems` holds everything that is, not only the first."""

    def __init__(self, problems: Sequence[Problem] | str, *, where: str = "", hint: str = "") -> None:
        if isinstance(problems, str):
            problems = (Problem(where, "", problems, hint),)
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        path = f"{first.path}: " if first.path else ""
        super().__init__(f"{path}{first.message}{more}", where=first.where, hint=hint or first.hint)


class EngineError(UsageError):
    """Terraform is missing, too old, or configured to run somewhere else."""


class SandboxError(UsageError):
    """The sandbox is not up, or cannot come up."""


class Refused(BluegreenError):
    """Refused; nothing was applied in this phase."""

    exit_code = 3
    verdict = "refused"


class GuardRefused(Refused):
    """A plan touches what its phase has no business touching."""


class DriftFound(Refused):
    """State and live edge disagree."""


class TargetRefused(Refused):
    """The color asked for is sick, gone or used up."""


class Locked(BluegreenError):
    """Another run, or a foreign Terraform, holds the lock."""

    exit_code = 4
    verdict = "locked"


class Waiting(BluegreenError):
    """The run waits; take it up again later."""

    exit_code = 5
    verdict = "waiting"


class Returned(BluegreenError):
    """Failed after the switch; the public is back on the old color."""

    exit_code = 6
    verdict = "returned"


class Stuck(BluegreenError):
    """A human is needed; the hint is the command to run."""

    exit_code = 7
    verdict = "stuck"


class Interrupted(BluegreenError):
    """INT, TERM or HUP arrived."""

    exit_code = 130
    verdict = "interrupted"
