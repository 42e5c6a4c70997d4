"""bluegreen unlock"""

from __future__ import annotations

import click

from bluegreen.cli.console import ask, document, tell
from bluegreen.cli.deploying import check_forced, reason_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment


@click.command("unlock", cls=Verb)
@reason_option
@click.pass_obj
def command(options: Options, reason: str) -> int:
    """Break the lock of a run that is gone, after saying whose it is.

    A run whose process is gone from this machine holds up nobody: the next one succeeds it. This is for the lock of
    another machine, or one that does not say whose it is. Refused (4) while its process is seen to live. Who broke it,
    and why, is kept in the history.
    """
    environment = open_environment(options)
    holder = environment.locked_by
    if holder is not None:
        check_forced(True, reason, "unlock")
        ask(f"{holder.title} holds the lock. If it still runs, two would run at once. Break it?", yes=options.yes)
        environment.unlock(holder, reason=reason)
    if options.json:
        document({"environment": environment.name, "broken": holder and holder.run})
    elif holder is None:
        tell("nobody holds the lock", color=options.color)
    else:
        tell(f"broken: the lock of {holder.title}; next: bluegreen status", color=options.color)
    return 0
