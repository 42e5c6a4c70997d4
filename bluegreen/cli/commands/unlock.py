"""bluegreen unlock"""

from __future__ import annotations

import click

from bluegreen.cli.console import ask, document, tell
from bluegreen.cli.deploying import reason_option
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment


@click.command("unlock", cls=Verb)
@reason_option
@click.pass_obj
def command(options: Options, reason: str) -> None:
    """End `bluegreen lock`, or break the lock of a run that is gone, after saying whose it is.

    A run whose process is gone from this machine holds up nobody: the next one succeeds it. Breaking is for the lock of
    another machine, or one that does not say whose it is; it needs a reason. Refused (4) while its process is seen to
    live. Who did it, and why, is kept in the history.
    """
    environment = open_environment(options)
    environment.confirm = lambda question: ask(question, yes=options.yes)
    holder, frozen = environment.unlock(reason=reason)
    if options.json:
        document({"environment": environment.name, "broken": holder and holder.run, "ended": frozen})
        return
    if holder is not None:
        tell(f"broken: the lock of {holder.title}; next: bluegreen status", color=options.color)
    if frozen:
        tell(f"{environment.name} may be deployed to again", color=options.color)
    elif holder is None:
        tell("nobody holds the lock", color=options.color)
