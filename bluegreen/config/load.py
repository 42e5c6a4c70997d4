"""`bluegreen.yaml` in, `Config` out, or one ConfigError with everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bluegreen.config.environment import EnvironmentConfig, origins_of
from bluegreen.config.nodes import Node, merge, node_of
from bluegreen.config.references import refused_references, replace_references
from bluegreen.config.schema import (
    MOST_ENVIRONMENTS,
    SANDBOX_DEFAULTS,
    ConfigFile,
    EnvironmentSettings,
    GitHub,
    Sandbox,
)
from bluegreen.config.source import parse, read_text
from bluegreen.config.stack import LayerConfig, read_stack
from bluegreen.config.validate import impossible, validate
from bluegreen.config.variables import refused_variables
from bluegreen.config.wording import did_you_mean
from bluegreen.errors import ConfigError, Problem

FILE = "bluegreen.yaml"

_REPLACED_WHOLE = (("identity", "color"), ("identity", "release"))
"""A header in `defaults` and a pattern in an environment would be two where one is allowed."""


class _AsWritten(dict[str, str]):
    """An environment in which each variable holds its own reference."""

    def get(self, name: str, default: object = None) -> str:
        return f"${{{name}}}"


@dataclass(frozen=True, slots=True)
class Config:
    """A project's file, checked. project: its folder, absolute. stack: in the order in which it is applied."""

    project: Path
    service: str
    stack: tuple[LayerConfig, ...]
    sandbox: Sandbox | None
    github: GitHub | None
    _environments: Mapping[str, Node] = field(repr=False)

    @property
    def single(self) -> bool:
        """One root holds everything."""
        return len(self.stack) == 1

    @property
    def names(self) -> tuple[str, ...]:
        """The environments, in the order of the file."""
        return tuple(self._environments)

    def environment(
        self, name: str | None = None, environ: Mapping[str, str] | None = None, *, terraform: bool = True
    ) -> EnvironmentConfig:
        """Return one environment; None: the only one there is.

        environ: what `${NAME}` is taken from, the process's environment by default. Only this environment's are looked
        at, so that staging needs no token of production's. terraform: it will be run, so that all of terraform.env has
        to be there.
        Raises ConfigError when there is no such environment, or when one of its `${NAME}` is not set or empty.
        """
        chosen = self._chosen(name)
        environ = os.environ if environ is None else environ
        replaced = replace_references(self._environments[chosen], environ, terraform=terraform)
        settings, problems = validate(EnvironmentSettings, replaced.node)
        problems += replaced.problems
        if settings is None or problems:
            raise ConfigError(problems)
        addresses = {environ.get(channel.url_env, "") for channel in settings.notify}
        # Constructed, not validated again: durations are seconds by now.
        return EnvironmentConfig.model_construct(
            **{key: getattr(settings, key) for key in EnvironmentSettings.model_fields},
            name=chosen,
            service=self.service,
            project=self.project,
            stack=self.stack,
            sandbox=self.sandbox,
            origins=origins_of(settings, replaced.node),
            secrets=frozenset(replaced.secrets | addresses - {""}),
        )

    def described(self, name: str) -> EnvironmentConfig:
        """Return one environment with each `${NAME}` as it is written, for whoever runs nothing; see `references`."""
        return self.environment(name, _AsWritten())

    def references(self, name: str) -> list[str]:
        """Return the variables that one environment takes from the process's environment, by name."""
        return sorted(reference[2:-1] for reference in self.described(name).secrets)

    def _chosen(self, name: str | None) -> str:
        known = ", ".join(self.names)
        if name is None:
            if len(self.names) > 1:
                raise ConfigError(f"which environment? There are {known}", hint="name one with -e")
            return self.names[0]
        if name not in self.names:
            near = did_you_mean(name, self.names)
            raise ConfigError(
                f'there is no environment "{name}", only {known}', hint=near or "name one of them with -e"
            )
        return name


def load_config(project: Path) -> Config:
    """Read and check `bluegreen.yaml` of a project's folder.

    Raises ConfigError with every problem, in the order of the file.
    """
    project = project.absolute()
    root, problems = parse(read_text(project / FILE), FILE)
    if not isinstance(root.value, Mapping):
        raise ConfigError(
            [root.problem("the file must be a mapping of keys to values", "it begins with service: NAME")]
        )
    file, found = validate(ConfigFile, root)
    problems += found
    stack: tuple[LayerConfig, ...] = ()
    if "stack" in root.value:
        stack, found = read_stack(root.value["stack"], project)
        problems += found
    environments, found = _environments(root, project)
    problems += found
    if file is None or problems:
        raise ConfigError(_in_order(problems))
    return Config(project, file.service, stack, file.sandbox, file.github, environments)


def _environments(root: Node, project: Path) -> tuple[dict[str, Node], list[Problem]]:
    """Merge and check every environment; what is wrong with `defaults` alone is found as well."""
    sandbox = root.child("sandbox")
    in_sandbox = sandbox is not None and sandbox.value is not None
    base = node_of(SANDBOX_DEFAULTS if in_sandbox else {})
    problems: list[Problem] = []
    defaults = root.child("defaults")
    if defaults is not None and defaults.value is not None:
        problems += _check_alone(defaults)
        base = merge(base, defaults, _REPLACED_WHOLE)
    written = root.child("environments")
    if written is None or not isinstance(written.value, Mapping) or not isinstance(base.value, Mapping):
        return {}, problems
    if len(written.value) > MOST_ENVIRONMENTS:  # which the schema reports
        return {}, problems
    merged = {}
    for name, node in written.value.items():
        empty = node.value is None and not node.broken
        merged[name] = merge(base, Node({}, node.path, node.place, node.key_place) if empty else node, _REPLACED_WHOLE)
        problems += _check(merged[name], project, in_sandbox)
    return merged, problems


def _check(node: Node, project: Path, sandbox: bool) -> list[Problem]:
    settings, problems = validate(EnvironmentSettings, node)
    problems += _refused(node)
    if settings is not None:
        problems += impossible(settings, node, project, sandbox=sandbox)
    return problems


def _check_alone(defaults: Node) -> list[Problem]:
    """Check `defaults` by itself: an environment may replace, and so hide, what is wrong there."""
    _, problems = validate(EnvironmentSettings, defaults, partial=True)
    return problems + _refused(defaults)


def _refused(node: Node) -> list[Problem]:
    problems = list(refused_references(node))
    variables = node.child("variables")
    if variables is not None:
        problems += refused_variables(variables)
    return problems


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, in the order of the file."""

    def place(problem: Problem) -> tuple[int, ...]:
        return tuple(int(part) for part in problem.where.split(":")[1:])

    return sorted(dict.fromkeys(problems), key=place)
