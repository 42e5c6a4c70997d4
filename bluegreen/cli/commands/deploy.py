"""bluegreen deploy"""

from __future__ import annotations

import click

from bluegreen.cli.deploying import check_forced, decoded, deploy_options, parse_sets
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import conduct


@click.command("deploy", cls=Verb)
@deploy_options
@click.option(
    "--no-way-back",
    callback=decoded,
    metavar="REASON",
    default="",
    help="Nobody may go back from this: what goes bad is held, and a rollback needs --force.",
)
@click.pass_obj
def command(
    options: Options,
    to: str | None,
    release: str | None,
    sets: tuple[str, ...],
    retry: bool,
    reason: str,
    allow: tuple[str, ...],
    no_way_back: str,
) -> int:
    """Bring a release up on the idle color, check it, switch the public to it, and prove it from outside.

    The old color stays warm for an instant `bluegreen rollback`. When something goes wrong after the switch, the public
    is sent back by itself.

    \b
    Exit codes: 0 done or nothing to do, 1 failed before the switch, 2 usage,
    3 refused, 4 locked, 6 failed and returned, 130 interrupted, 7 stuck:
    the last line is the command to run.
    """
    check_forced(retry, reason, "--retry")
    wanted = parse_sets(sets)
    return conduct(
        options,
        lambda environment: environment.deploy(
            to=to, release=release, sets=wanted, retry=retry, reason=reason, allow=allow, no_way_back=no_way_back
        ),
    )
