"""The workflows of GitHub Actions, made from `bluegreen.yaml`. Mirrors templates/github."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from bluegreen import __version__
from bluegreen.config.environment import EnvironmentConfig
from bluegreen.config.github import DAYS, Hours
from bluegreen.config.load import FILE, Config
from bluegreen.config.schema import GitHub
from bluegreen.errors import ConfigError, Problem
from bluegreen.resources import shipped

if TYPE_CHECKING:
    from jinja2 import Environment

WORKFLOWS = ("deploy", "rollback", "plan", "drift", "retire")

HEADER = "# Written by `bluegreen generate github` from bluegreen.yaml. "
"""How each of them begins; a file that does not is somebody's own."""

PINNED: Mapping[str, str] = {
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "auth": "google-github-actions/auth@7c6bc770dae815cd3e89ee6cdf493a5fab2cc093 # v3.0.0",
    "upload": "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "terraform": "hashicorp/setup-terraform@dfe3c3f87815947d99a8997f908cb6525fc44e9e # v4.0.1",
}
"""Actions of others, each by the full commit of the version behind it."""

AROUND = 600.0
"""Seconds for what is waited for nowhere in the configuration: a runner that starts, an installation, an init."""


def render_workflows(config: Config, names: Iterable[str], folder: str = "") -> dict[str, str]:
    """Return file name -> text of the workflows of some environments.

    folder: of bluegreen.yaml, seen from the repository's. With several environments in the file, each file is called
    for its own. Raises ConfigError when the file has no `github`, or asks for what a workflow cannot do.
    """
    if config.github is None:
        others = ", ".join(key for key in GitHub.model_fields if key != "action")
        hint = f"github: {{action: OWNER/bluegreen@COMMIT}} names your copy of this program; it may have {others} too"
        raise ConfigError("nothing says how workflows are to be", where=FILE, hint=hint)
    suffixes = {name: f"-{name}" if len(config.names) > 1 else "" for name in config.names}
    found = {name: config.described(name) for name in names}
    if problems := [problem for environment in found.values() for problem in _impossible(config.github, environment)]:
        raise ConfigError(problems)
    return {
        f"{workflow}{suffixes[name]}.yml": _jinja()
        .get_template(f"{workflow}.yml.j2")
        .render(_values(config.github, environment, config.references(name), folder))
        for name, environment in found.items()
        for workflow in WORKFLOWS
    }


def _impossible(github: GitHub, environment: EnvironmentConfig) -> Iterable[Problem]:
    """Yield what no workflow on this runner could do."""
    if github.hosted and environment.check.via == "direct":
        where = environment.origins["check.via"]
        yield Problem(
            where if where.startswith(FILE) else FILE,
            f"environments.{environment.name}.check.via",
            f"is direct, and {github.runner[0]} has no address of its own that a firewall could let in",
            "check.via: edge, or name a self-hosted runner in github.runner",
        )
    if environment.store == "auto":
        yield Problem(
            FILE,
            f"environments.{environment.name}.store",
            "is auto, and a runner's folder is thrown away",
            "store: gs://BUCKET/FOLDER under defaults, or store: local if the folder stays",
        )


def _values(
    github: GitHub, environment: EnvironmentConfig, references: Iterable[str], folder: str
) -> Mapping[str, object]:
    token = {"CLOUDFLARE_API_TOKEN"} if environment.edge.kind == "cloudflare" else set[str]()
    release = "${{ inputs.release }}" if environment.release else "${{ inputs.release || github.sha }}"
    return {
        "action": f"{github.action} # bluegreen {__version__}",
        "checkout": PINNED["checkout"],
        "upload": PINNED["upload"],
        "auth": PINNED["auth"],
        "google": environment.store.startswith("gs://"),
        "keeps": environment.store == "local",
        "terraform": PINNED["terraform"] if github.hosted and environment.terraform.engine == "terraform" else "",
        "branch": json.dumps(github.branch),
        "queue": github.queue,
        "hours": _hours(github.hours) if github.hours else None,
        "runner": json.dumps(github.runner[0] if len(github.runner) == 1 else github.runner),
        "environment": environment.name,
        "folder": json.dumps(folder) if folder else "",
        "secrets": sorted(token.union(references)),
        "release": release,
        "release_of_a_plan": "" if environment.release else "${{ github.event.pull_request.head.sha }}",
        "minutes": {name: math.ceil(seconds / 60) for name, seconds in waits(environment).items()},
    }


def _hours(hours: Hours) -> Mapping[str, str]:
    days = "".join(str(number) for number in range(DAYS.index(hours.first) + 1, DAYS.index(hours.last) + 2))
    span = hours.first if hours.first == hours.last else f"{hours.first}-{hours.last}"
    title = f"{span} {hours.begin}-{hours.end} {hours.zone}"
    return {"days": days, "begin": hours.begin, "end": hours.end, "zone": hours.zone, "title": title}


def waits(environment: EnvironmentConfig) -> Mapping[str, float]:
    """Return the seconds that each job may take: all that is waited for at the very most, on its way back too.

    A job that is ended by its time is cut off like a cancelled one, so this is what a run that hangs may cost, and not
    what one takes.
    """
    check, probe, bake, hooks = environment.check, environment.probe, environment.bake, environment.hooks
    apply = environment.terraform.deadline + environment.terraform.grace
    before = check.deadline + (check.smoke.timeout if check.smoke else 0.0)
    proof = environment.settle() + probe.deadline
    watched = max(bake.lasts, bake.blind_deadline)
    around = sum(hook.timeout for _, commands in hooks for hook in commands)
    return {
        "prepare": AROUND + apply + before + around,
        "switch": AROUND + 2 * apply + before + 2 * proof + watched + around,
        "rollback": AROUND + apply + before + environment.rollback_check.deadline + 2 * proof + around,
        "retire": AROUND + apply,
        "look": 2 * AROUND,
    }


@cache
def _jinja() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Delimiters that neither GitHub's expressions nor a shell know; autoescape is for HTML.
    return Environment(
        loader=FileSystemLoader(shipped("templates", "github")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # nosec B701
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
