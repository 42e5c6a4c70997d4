"""A call on its way through the API, and the envelope that its answer comes in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.cloudflare.account import Account
from bluegreen.sandbox.world import World

PER_PAGE, PER_PAGE_LIMIT = 100, 50_000


@dataclass(frozen=True, slots=True)
class Request:
    """id: the last name in the path that is not fixed, below the zone; "" when there is none."""

    world: World
    call: Call
    id: str = ""

    @property
    def account(self) -> Account:
        return self.world.ledger.account

    async def change(self, edit: Callable[[Account], Account]) -> None:
        """Apply an edit of the account. Raises what `edit` raises: then nothing has changed."""
        await self.world.change(lambda ledger: replace(ledger, account=edit(ledger.account)))


@dataclass(frozen=True, slots=True)
class Result:
    """What goes into the envelope. info: paging. status 204: an answer without any body."""

    result: Any
    info: Mapping[str, int] | None = None
    status: int = 200

    def reply(self) -> Reply:
        return Reply(204) if self.status == 204 else envelope(self.status, self.result, info=self.info)


def envelope(
    status: int,
    result: Any = None,
    errors: Sequence[Mapping[str, Any]] = (),
    info: Mapping[str, int] | None = None,
) -> Reply:
    data = {"success": not errors, "errors": list(errors), "messages": [], "result": result}
    return Reply.json({**data, "result_info": dict(info)} if info else data, status)


def page(items: Sequence[Any], parameters: Mapping[str, str]) -> Result:
    """Cut one page; the page after the last is empty, which is how clients know that they have all."""
    number = _number(parameters.get("page", "1"), "page", 2**31)
    per_page = _number(parameters.get("per_page", str(PER_PAGE)), "per_page", PER_PAGE_LIMIT)
    found = items[(number - 1) * per_page : number * per_page]
    info = {"page": number, "per_page": per_page, "count": len(found), "total_count": len(items)}
    return Result(found, {**info, "total_pages": math.ceil(len(items) / per_page)})


def _number(text: str, name: str, limit: int) -> int:
    number = int(text.removesuffix(".0")) if re.fullmatch(r"[0-9]{1,9}(\.0)?", text) else 0
    if not 1 <= number <= limit:
        raise Rejected(400, f"{name} is {text!r}, not a number from 1 to {limit}")
    return number
