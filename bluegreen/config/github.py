"""The section `github`: how the workflows are to be that `bluegreen generate github` writes."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, Strict, WithJsonSchema

from bluegreen.config.fields import Text, listed
from bluegreen.config.wording import Wrong, did_you_mean

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY, _TIME = f"({'|'.join(DAYS)})", r"([0-2]\d:[0-5]\d)"
HOURS = re.compile(rf"{_DAY}(?:-{_DAY})? {_TIME}-{_TIME} (UTC|[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+)", re.ASCII)
_HOURS_HINT = "for example Mon-Fri 09:00-16:00 Europe/Berlin"


class Hours(NamedTuple):
    """first, last: of DAYS. begin, end: "09:00", the end is no longer within. zone: of the tz database."""

    first: str
    last: str
    begin: str
    end: str
    zone: str


def _action(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40}", text, re.ASCII):
        raise Wrong("must be a repository at a full commit", "OWNER/bluegreen@ and the 40 digits of git rev-parse HEAD")
    return text


def _branch(text: str) -> str:
    if not re.fullmatch(r"[\w./-]+", text, re.ASCII):
        raise Wrong("must be the name of a branch", "for example main")
    return text


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    for label in labels:
        if not re.fullmatch(r"[\w.-]+", label, re.ASCII):
            raise Wrong("must be a runner's label, or a list of them", "for example [self-hosted, near-the-servers]")
    return labels


def _hours(text: object) -> Hours:
    match = HOURS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise Wrong("must be days, hours and a time zone", _HOURS_HINT)
    first, last, begin, end, zone = match.groups()
    hours = Hours(first, last or first, begin, end, zone)
    if DAYS.index(hours.first) > DAYS.index(hours.last) or not begin < end <= "24:00":
        raise Wrong("ends before it begins", _HOURS_HINT)
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        known = available_timezones()
        if known:  # else this machine knows none
            raise Wrong(f"names no time zone: {zone}", did_you_mean(zone, known) or "Area/City") from None
    return hours


ActionReference: TypeAlias = Annotated[str, AfterValidator(_action)]
Branch: TypeAlias = Annotated[str, AfterValidator(_branch)]
WorkingHours: TypeAlias = Annotated[
    Hours, PlainValidator(_hours), WithJsonSchema({"type": "string", "pattern": f"^{HOURS.pattern}$"})
]
Labels: TypeAlias = Annotated[
    tuple[Text, ...], Strict(False), Field(min_length=1), BeforeValidator(listed), AfterValidator(_labels)
]
