"""The options by which plan, prepare and deploy say what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bluegreen.cli.options import COLORS
from bluegreen.errors import UsageError

if TYPE_CHECKING:
    from bluegreen.model import Value

Function = TypeVar("Function", bound=Callable[..., Any])


Given = TypeVar("Given", str, None, tuple[str, ...])


def decoded(context: click.Context, parameter: click.Parameter, value: Given) -> Given:
    """Refuse what values, plans and journals cannot hold: Python hands over undecodable bytes as lone surrogates."""
    try:
        "".join(value or ()).encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is not UTF-8 text", context, parameter) from None
    return value


to_option = click.option("--to", type=click.Choice(COLORS), help="The color meant; the idle one by default.")
reason_option = click.option("--reason", callback=decoded, metavar="TEXT", default="", help="Why; kept in the history.")


def seconds(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Return the seconds of a duration. Raises BadParameter."""
    from bluegreen.config.durations import parse_duration
    from bluegreen.config.wording import Wrong

    try:
        return None if value is None else parse_duration(value)
    except Wrong as wrong:
        raise click.BadParameter(f"{wrong.message}: {wrong.hint}", context, parameter) from None


def _waiting(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Put the seconds of --wait-lock where the run is begun. Raises BadParameter."""
    context.find_root().obj.wait_lock = seconds(context, parameter, value) or 0.0


wait_lock_option = click.option(
    "--wait-lock",
    callback=_waiting,
    expose_value=False,
    metavar="DURATION",
    help="Wait so long for a run that holds the lock, 10m say.",
)


def _stacked(*options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


wanted_options = _stacked(
    to_option,
    click.option(
        "--release", callback=decoded, metavar="VERSION", help="What it is to run; the environment's by default."
    ),
    click.option(
        "--set",
        "sets",
        callback=decoded,
        metavar="KEY=VALUE",
        multiple=True,
        help="A field of the color's object, as YAML.",
    ),
)

deploy_options = _stacked(
    wanted_options,
    click.option("--retry", is_flag=True, help="Although this release was taken out of service here."),
    reason_option,
    click.option(
        "--allow",
        callback=decoded,
        metavar="ADDRESS",
        multiple=True,
        help="Let the guard pass an update of this resource.",
    ),
    wait_lock_option,
)


def parse_sets(texts: Sequence[str]) -> Mapping[str, Value]:
    """Read `--set` options into a nested object. Raises UsageError."""
    from bluegreen.config.variables import parse_set, with_values

    return with_values({}, [parse_set(text) for text in texts])


def check_forced(forced: bool, reason: str, option: str) -> None:
    """Raise UsageError when something is forced and nobody says why."""
    if forced and not reason:
        raise UsageError(f"{option} needs --reason TEXT", hint="say why; it is kept in the history")
