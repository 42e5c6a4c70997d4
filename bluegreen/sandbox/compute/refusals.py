"""What Compute Engine answers when it refuses, in its own words."""

from __future__ import annotations

from typing import Any

from bluegreen.sandbox.call import Reply


class Refused(Exception):
    """A request is refused and nothing was changed. status: HTTP; reason: Google's word; at: its location."""

    def __init__(self, status: int, reason: str, message: str, at: tuple[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.at = at

    def reply(self) -> Reply:
        return envelope(self.status, self.reason, self.message, at=self.at)


def envelope(
    status: int, reason: str, message: str, *, domain: str = "global", at: tuple[str, str] | None = None
) -> Reply:
    """Return the answer that carries an error. at: location and locationType."""
    one: dict[str, Any] = {"message": message, "domain": domain, "reason": reason}
    if at is not None:
        one |= {"location": at[0], "locationType": at[1]}
    return Reply.json({"error": {"code": status, "message": message, "errors": [one]}}, status)


def not_found(path: str) -> Refused:
    return Refused(404, "notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> Refused:
    return Refused(409, "alreadyExists", f"The resource '{path}' already exists")


def not_ready(path: str) -> Refused:
    return Refused(400, "resourceNotReady", f"The resource '{path}' is not ready")


def in_use(kind: str, path: str, user: str) -> Refused:
    message = f"The {kind} resource '{path}' is already being used by '{user}'"
    return Refused(400, "resourceInUseByAnotherResource", message)


def invalid(field: str, value: object, why: str) -> Refused:
    return Refused(400, "invalid", f"Invalid value for field '{field}': '{value}'. {why}")


def required(field: str) -> Refused:
    return Refused(400, "required", f"Required field '{field}' not specified")


def condition_not_met(message: str) -> Refused:
    return Refused(412, "conditionNotMet", message, ("If-Match", "header"))


def quota_exceeded(metric: str, limit: int, region: str) -> Refused:
    return Refused(403, "quotaExceeded", f"Quota '{metric}' exceeded.  Limit: {limit:.1f} in region {region}.")
