"""Requests at the daemon's door, as its log has them, and faults: what happens to the next ones that match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from types import UnionType
from typing import Any

from bluegreen.sandbox.call import Rejected, Reply
from bluegreen.sandbox.compute.cloud import Failure
from bluegreen.sandbox.compute.refusals import envelope

EFFECTS = ("refuse", "delay", "hang", "lose_answer", "fail_operation")
LONGEST = 600.0
"""Seconds that a request may be told to hang, or its answer to be late."""
KINDS: Mapping[str, UnionType | type] = {
    **dict.fromkeys(("method", "path", "effect", "code", "message"), str),
    **dict.fromkeys(("times", "retry_after"), int | None),
    "status": int,
    "seconds": int | float,
}
"""Field of a fault -> its type."""
GOOGLE: Mapping[int, tuple[str, str, str]] = {
    401: ("authError", "global", "Invalid Credentials"),
    403: ("forbidden", "global", "Required permission is missing, or the API is not enabled."),
    429: (
        "rateLimitExceeded",
        "usageLimits",
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
    ),
    500: ("internalError", "global", "Internal error. Please try again or contact Google Support."),
    503: ("backendError", "global", "The service is currently unavailable."),
}
"""Status -> reason, domain and message."""
CLOUDFLARE: Mapping[int, tuple[int, str]] = {
    401: (10000, "Authentication error"),
    403: (9109, "Unauthorized to access requested resource"),
    429: (971, "Please wait and consider throttling your request speed"),
}
"""Status -> code and message; Cloudflare documents none for its 5xx."""
FAILURES: Mapping[str, Failure] = {
    failure.code: failure
    for failure in (
        Failure(
            "ZONE_RESOURCE_POOL_EXHAUSTED",
            "The zone '{scope}' does not have enough resources available to fulfill the request.  Try a different "
            "zone, or try again later.",
            503,
            "SERVICE UNAVAILABLE",
        ),
        Failure("QUOTA_EXCEEDED", "Quota 'CPUS' exceeded.  Limit: 24.0 in region {region}.", 403, "FORBIDDEN"),
        Failure("INTERNAL_ERROR", "Internal error. Please try again or contact Google Support.", 500, "INTERNAL ERROR"),
    )
}
"""How an operation can be told to fail."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, for the next `times` requests that match (None: until all faults are taken back).

    method: "*" is any. path: whole, with * and ?, for example "/compute/v1/*/instances".
    effect: one of EFFECTS. "refuse": answer with `status`, `retry_after` seconds, and `message` in place of the API's
    own words. "delay": begin to answer after `seconds`. "hang": say nothing for `seconds`, then cut the connection.
    "lose_answer": do it all, then cut the connection. "fail_operation": a Compute request is accepted, and its
    operation ends with the error `code`, one of FAILURES.
    """

    method: str
    path: str
    effect: str
    times: int | None = 1
    status: int = 0
    retry_after: int | None = None
    seconds: float = 0.0
    code: str = ""
    message: str = ""

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    @property
    def failure(self) -> Failure | None:
        return FAILURES.get(self.code)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. at: seconds since 1970, of its arrival; status: of its answer, 0 when none was sent."""

    at: float
    method: str
    path: str
    status: int


class Faults:
    """The faults that wait for their requests. They end with the daemon."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault behind those that wait; but one that stays lets all that are counted go first."""
        self._waiting = sorted([*self._waiting, fault], key=lambda one: one.times is None)

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault that matches, used up by one."""
        for index, fault in enumerate(self._waiting):
            if fault.matches(method, path):
                if fault.times is not None:
                    left = replace(fault, times=fault.times - 1)
                    self._waiting[index : index + 1] = [left] if left.times else []
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._waiting]


def read_fault(data: Mapping[str, Any]) -> Fault:
    """Return the fault that a call describes. Raises Rejected."""
    try:
        fault = Fault(**data)
    except TypeError as error:
        raise Rejected(400, f"this is no fault: {error}") from None
    for name, kind in KINDS.items():
        if isinstance(value := getattr(fault, name), bool) or not isinstance(value, kind):
            raise Rejected(400, f"{name} is {value!r}, not of its type")
    for good, why in _rules(fault):
        if not good:
            raise Rejected(400, why)
    return fault


def _rules(fault: Fault) -> Sequence[tuple[bool, str]]:
    """Return what must hold, each with what to say when it does not."""
    return (
        (fault.effect in EFFECTS, f"effect is {fault.effect!r}, not one of {', '.join(EFFECTS)}"),
        (fault.times is None or fault.times > 0, f"times is {fault.times!r}, not a number from 1, or null"),
        (fault.effect != "refuse" or 400 <= fault.status <= 599, f"status is {fault.status!r}, not from 400 to 599"),
        (0 <= fault.seconds <= LONGEST, f"seconds is {fault.seconds!r}, not from 0 to {LONGEST:g}"),
        (
            fault.effect != "fail_operation" or fault.failure is not None,
            f"code is {fault.code!r}, not one of {', '.join(FAILURES)}",
        ),
    )


def refusal(fault: Fault, path: str) -> Reply:
    """Return the answer of a "refuse" in the words of the API that `path` belongs to."""
    if path.startswith(("/compute/v1/", "/cloudresourcemanager/v1/")):
        reason, domain, message = GOOGLE.get(fault.status, ("unknown", "global", "The sandbox was told to refuse this"))
        reply = envelope(fault.status, reason, fault.message or message, domain=domain)
    elif path.startswith("/client/v4/"):
        code, message = CLOUDFLARE.get(fault.status, (fault.status, "The sandbox was told to refuse this"))
        data = {"success": False, "errors": [{"code": code, "message": fault.message or message}]}
        reply = Reply.json({**data, "messages": [], "result": None}, fault.status)
    else:
        reply = Reply.text(fault.message or "the sandbox was told to refuse this", fault.status)
    retry = () if fault.retry_after is None else (("retry-after", str(fault.retry_after)),)
    return replace(reply, headers=retry)
