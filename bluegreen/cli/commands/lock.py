"""bluegreen lock"""

from __future__ import annotations

import time
from datetime import datetime

import click

from bluegreen.cli.console import document, tell
from bluegreen.cli.deploying import check_forced, reason_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment
from bluegreen.cli.words import at
from bluegreen.errors import UsageError


@click.command("lock", cls=Verb)
@reason_option
@click.option("--until", metavar="TIME", help="When it ends by itself: 2026-11-24T08:00, or 90m from now.")
@click.pass_obj
def command(options: Options, reason: str, until: str | None) -> None:
    """Let nothing be deployed until it is unlocked, or until TIME.

    deploy, prepare, switch and retire are refused (4), and say why. A rollback passes, and so does what goes back by
    itself. A TIME without an offset is this machine's.
    """
    check_forced(True, reason, "lock")
    end = 0.0 if until is None else _read_time(until, time.time())
    environment = open_environment(options)
    environment.lock(reason=reason, until=end)
    if options.json:
        document({"environment": environment.name, "reason": reason, "until": end})
    else:
        ends = f" until {at(end)}" if end else ""
        tell(f"{environment.name} is locked{ends}: {reason}; bluegreen unlock ends that", color=options.color)


def _read_time(text: str, now: float) -> float:
    """Return Unix seconds. Raises UsageError for what is no time, and for one that has passed."""
    from bluegreen.config.durations import parse_duration
    from bluegreen.config.wording import Wrong

    try:
        when = datetime.fromisoformat(text).timestamp()
    except ValueError:
        try:
            when = now + parse_duration(text)
        except Wrong as wrong:
            raise UsageError(f"--until {wrong.message}, and no time", hint="write 2026-11-24T08:00, or 90m") from None
    if when <= now:
        raise UsageError(f"--until {text} has passed", hint="write 2026-11-24T08:00, or 90m")
    return when
