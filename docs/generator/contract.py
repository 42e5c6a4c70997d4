"""The stack contract: what a root is handed and says, from the code that reads it and that guards its plans."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Set

from bluegreen import model
from bluegreen.adoption.contract import SINGLE_ROOT
from bluegreen.doctor import contract
from bluegreen.model import Action
from bluegreen.resources import shipped
from bluegreen.switch.guard import CHECK_NAMES, DEFAULT_OWNERSHIP, MARKER, MARKER_MAY, RULES
from generator.marks import table

VARIABLES: Mapping[str, tuple[str, str]] = {
    "color": ("string", "which of the two this layer is: `blue` or `green`"),
    "enabled": ("bool", "whether its server is to be there"),
    "server": ("object", "that color's object; null if it was never deployed"),
    "blue_enabled": ("bool", "whether blue's server is to be there"),
    "green_enabled": ("bool", "whether green's server is to be there"),
    "blue": ("object", "blue's object; null if it was never deployed"),
    "green": ("object", "green's object; null if it was never deployed"),
    "server_active": ("string", "the color that serves the public"),
    "server_previous": ("string", "where a rollback goes; empty: there is no way back"),
    "colors": ("any", "what earlier layers said of the colors, merged per color and key"),
}

SAID: Mapping[str, str] = {
    "colors": "object: `blue` and `green`, each as below",
    "server_active": "the variable, handed on",
    "server_previous": "the variable, handed on",
    "public_hostnames": "list of the names that a switch moves; their records are looked at live",
    "public_url": "where the public is asked",
    "edge": "object: where the public records live, as below",
}

SAID_OF_A_COLOR: Mapping[str, str] = {
    "enabled": "whether its server is there",
    "inputs": "its object, verbatim; by `release` and `running` in it, what it runs and whether it is stopped",
    "address": "reserved outside its server, so that it outlives it; probes connect to it",
    "backend_hostname": "its own name, `backend-blue-access...`, whatever the public name says",
    "backend_url": "where it is checked: Host and SNI are this name, the connection goes to `address`",
    "check_url": "a proxied name of its own, for `check.via: edge`; optional",
    "instance": "the path of its machine at Compute Engine, whose console is shown when it does not come up; optional",
}

SAID_OF_THE_EDGE: Mapping[str, str] = {
    "kind": "`cloudflare` or `sandbox`",
    "zone_id": "the zone's id at Cloudflare; else `edge.zone` of the configuration is looked up",
    "records": "object: public hostname to the id of its record",
}

MARKER_BLOCK = re.compile(r'^resource "terraform_data" "bluegreen" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)


def contract_text() -> str:
    """Return its tables and markers. Raises KeyError when the code has a variable or a key that is not told of."""
    reads = inspect.getsource(model.parse_color_facts) + inspect.getsource(model.ColorFacts)
    parts = [
        "## Variables",
        table(("variable", "type", "what it is", "color layer", "edge", "single root"), _variables()),
        "## Output",
        table(("key", "what it says"), _said("output", inspect.getsource(model.parse_facts), SAID)),
        "Of each color:",
        table(("key", "what it says"), _said("echo", reads, SAID_OF_A_COLOR)),
        "Of the edge:",
        table(("key", "what it says"), _said("edge", inspect.getsource(model._parse_edge), SAID_OF_THE_EDGE)),
        "## Marker",
        "Of a color layer:",
        _marker("gcp_cloudflare", "tf", "server", "main.tf"),
        "Of the edge, the last layer:",
        _marker("gcp_cloudflare", "tf", "edge", "main.tf"),
        "Of a single root:",
        _marker("sandbox", "single", "terraform", "main.tf"),
        "## Whose a resource is",
        table(("owner", "address"), [(f"`{owner}`", f"`{pattern}`") for owner, pattern in DEFAULT_OWNERSHIP]),
        "## What the guard lets pass",
        table(("step", "whose", "actions"), _rules()),
    ]
    return "\n\n".join(parts) + "\n"


def _variables() -> Iterator[tuple[str, ...]]:
    _all_told(VARIABLES, contract.SERVERS | contract.EDGE | set(SINGLE_ROOT))
    for name, told in VARIABLES.items():
        yield (f"`{name}`", *told, _in_a_color_layer(name), _wanted(name in contract.EDGE), _in_a_single_root(name))


def _in_a_color_layer(name: str) -> str:
    return {"colors": "if declared", "server_active": "**never**"}.get(name, _wanted(name in contract.SERVERS))


def _in_a_single_root(name: str) -> str:
    return _wanted(name in contract.SINGLE) or ("optional" if name in SINGLE_ROOT else "")


def _wanted(wanted: bool) -> str:
    return "required" if wanted else ""


def _said(word: str, source: str, meanings: Mapping[str, str]) -> list[tuple[str, str]]:
    _all_told(meanings, set(re.findall(rf'\b{word}\.get\("(\w+)"\)', source)))
    return [(f"`{key}`", meaning) for key, meaning in meanings.items()]


def _all_told(told: Mapping[str, object], read: Set[str]) -> None:
    """Raise KeyError for a name that the code knows and this page does not, or the other way round."""
    if differ := told.keys() ^ read:
        raise KeyError(f"not both told and read: {', '.join(sorted(differ))}")


def _marker(*path: str) -> str:
    found = MARKER_BLOCK.search(shipped("examples", *path).read_text())
    assert found, path
    return f"```hcl\n{found[0]}```"


def _rules() -> Iterator[tuple[str, str, str]]:
    yield ("every one", f"the {MARKER}", _listed(MARKER_MAY))
    for step, rules in RULES.items():
        for role, actions in rules.items():
            who, _, kind = role.partition(".")
            yield (str(step), f"the {who}'s {kind}" if kind else f"what is {role}", _listed(actions))
    for step in CHECK_NAMES.steps:
        yield (str(step), f"`{CHECK_NAMES.pattern}`", _listed(CHECK_NAMES.actions))


def _listed(actions: frozenset[Action]) -> str:
    return ", ".join(str(action) for action in Action if action in actions)
