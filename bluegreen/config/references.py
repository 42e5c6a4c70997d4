"""`${NAME}`: values that come from the environment. Only where a secret is expected, and never silently empty."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bluegreen.config.nodes import Loc, Node
from bluegreen.config.secrets import looks_like_secret
from bluegreen.errors import Problem

_WHOLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)


def is_replaced(loc: Loc) -> bool:
    """Say whether `${NAME}` is replaced at this place of an environment."""
    return loc == ("edge", "token") or (len(loc) == 3 and loc[:2] in (("terraform", "env"), ("probe", "headers")))


def refused_references(node: Node, loc: Loc = ()) -> Iterator[Problem]:
    """Yield every `${` where none is replaced or that names nothing, and secrets written out where one is.

    node: an environment. loc: its place in it.
    """
    if isinstance(node.value, Mapping):
        for key, below in node.value.items():
            yield from refused_references(below, (*loc, key))
    elif isinstance(node.value, list):
        for below in node.value:
            yield from refused_references(below, (*loc, "[]"))
    elif isinstance(node.value, str):
        yield from _refused(node, node.value, loc)


def _refused(node: Node, text: str, loc: Loc) -> Iterator[Problem]:
    replaced = is_replaced(loc)
    if "${" in text and not replaced:
        yield node.problem("${...} is not replaced here", "only in edge.token, probe.headers and terraform.env")
    elif "${" in _WHOLE.sub("", text):
        yield node.problem(
            "${...} must hold the name of an environment variable", "for example ${CLOUDFLARE_API_TOKEN}"
        )
    elif replaced and "${" not in text and (loc[0] == "edge" or looks_like_secret(str(loc[-1]), text)):
        yield node.problem("is a secret written out", "put it into the environment, and write ${ITS_NAME} here")


@dataclass(slots=True)
class Replaced:
    """An environment after its references were replaced. secrets: what came from the environment."""

    node: Node
    terraform: bool = True
    secrets: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def replace_references(node: Node, environ: Mapping[str, str], *, terraform: bool = True) -> Replaced:
    """Replace each `${NAME}`; a NAME that is not set, or empty, is a problem.

    terraform: it will be run. Else what only its environment wants, and cannot have, is left out.
    """
    result = Replaced(node, terraform)
    result.node = _replaced(node, (), environ, result)
    return result


def _unset(node: Node, environ: Mapping[str, str]) -> bool:
    return isinstance(node.value, str) and not all(map(environ.get, _WHOLE.findall(node.value)))


def _replaced(node: Node, loc: Loc, environ: Mapping[str, str], result: Replaced) -> Node:
    if isinstance(node.value, Mapping):
        optional = not result.terraform and loc == ("terraform", "env")
        below = {
            key: _replaced(one, (*loc, key), environ, result)
            for key, one in node.value.items()
            if not (optional and _unset(one, environ))
        }
        return replace(node, value=below)
    if not isinstance(node.value, str) or not is_replaced(loc):
        return node

    def value_of(match: re.Match[str]) -> str:
        value = environ.get(match[1], "")
        if value:
            result.secrets.add(value)
        else:
            state = "empty" if match[1] in environ else "not set"
            result.problems.append(
                node.problem(f"the environment variable {match[1]} is {state}", f"export {match[1]}=...")
            )
        return value or match[0]  # one problem is enough: nobody is to complain about what is empty for want of it

    return replace(node, value=_WHOLE.sub(value_of, node.value))
