"""bluegreen prepare"""

from __future__ import annotations

import click

from bluegreen.cli.deploying import check_forced, deploy_options, parse_sets
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct


@click.command("prepare", cls=Verb)
@deploy_options
@click.pass_obj
def command(
    options: Options,
    to: str | None,
    release: str | None,
    sets: tuple[str, ...],
    retry: bool,
    reason: str,
    allow: tuple[str, ...],
) -> int:
    """Bring a release up on the idle color and check it. Nothing public changes; `bluegreen switch` does that later.

    May be repeated. The lock is released at its end.
    """
    check_forced(retry, reason, "--retry")
    wanted = parse_sets(sets)
    return conduct(
        options,
        lambda environment: environment.prepare(
            to=to, release=release, sets=wanted, retry=retry, reason=reason, allow=allow
        ),
    )
