"""From pydantic's errors to sentences about the file, and the rules that no single value can break."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError

from bluegreen.config.durations import format_duration
from bluegreen.config.fields import IDENTITY_HINT
from bluegreen.config.nodes import Loc, Node
from bluegreen.config.schema import EnvironmentSettings
from bluegreen.config.wording import Wrong, did_you_mean
from bluegreen.errors import Problem

M = TypeVar("M", bound=BaseModel)

Sentence: TypeAlias = "Callable[[Mapping[str, Any], Node], tuple[str, str]]"

_REQUIRED_HINTS = {
    "service": "the name of what is deployed: service: shop",
    "stack": "the folder of its Terraform, or a list of layers: stack: terraform",
    "environments": "one key for each environment: environments: {pro: {}}",
    "identity": IDENTITY_HINT,
    "action": "your copy of this repository at a full commit: OWNER/bluegreen@...",
    "network": "the sandbox's own /24, for example 127.77.12.0/24",
    "command": "a list: the program and its arguments",
    "url_env": "the name of the variable that holds the address: url_env: CHAT_URL",
}


def validate(model: type[M], node: Node, *, partial: bool = False) -> tuple[M | None, list[Problem]]:
    """Return the model that `node` holds, or None and every problem with it.

    partial: keys that are missing are none, since another layer may hold them.
    """
    try:
        return model.model_validate(node.plain()), []
    except ValidationError as error:
        found = [
            problem
            for one in error.errors(include_url=False, include_input=False)
            if not (partial and one["type"] == "missing")
            and (problem := _problem(model, node, one["type"], one["loc"], one.get("ctx", {}))) is not None
        ]
        return None, list(dict.fromkeys(found))


def _problem(model: type[BaseModel], root: Node, kind: str, loc: Loc, context: Mapping[str, Any]) -> Problem | None:
    if loc and loc[-1] == "[key]":  # pydantic's way to say that a key itself is wrong
        loc, kind = loc[:-1], "extra_forbidden" if kind == "literal_error" else kind
        node, _ = root.deepest(loc)
        node = Node(str(loc[-1]), node.path, node.key_place, node.key_place)
    else:
        node, _ = root.deepest(loc)
    if node.broken or (kind == "too_short" and node.value):
        return None  # reported already: by the parser, or as problems of the items
    if kind == "missing":
        return Problem(
            node.where,
            ".".join((*map(str, node.path), str(loc[-1]))),
            "is required",
            _REQUIRED_HINTS.get(str(loc[-1]), ""),
        )
    if kind == "extra_forbidden":
        return _unknown_key(model, node, loc)
    message, hint = SENTENCES.get(kind, _anything)(context, node)
    return node.problem(message, hint)


def _unknown_key(model: type[BaseModel], node: Node, loc: Loc) -> Problem:
    known = known_keys(model, loc[:-1])
    hint = did_you_mean(str(loc[-1]), known) or f"known here: {', '.join(known)}"
    return Problem(str(node.key_place or ""), node.dotted, "is no key that is known here", hint)


def known_keys(model: type[BaseModel], loc: Loc) -> Sequence[str]:
    """Return the keys that the mapping at `loc` of a model can have, () when they are not fixed."""
    annotation: Any = model
    for part in loc:
        if isinstance(part, int):
            continue
        section = next(_sections(annotation), None)
        field = next((f for n, f in section.model_fields.items() if (f.alias or n) == part), None) if section else None
        if field is None:
            return ()
        annotation = field.annotation
    if section := next(_sections(annotation), None):
        return [field.alias or name for name, field in section.model_fields.items()]
    keys = get_args(annotation)[0] if get_origin(annotation) is dict else None
    return [str(word) for word in get_args(keys)] if get_origin(keys) is Literal else ()


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and not issubclass(annotation, RootModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)


def _kind_of(value: object) -> str:
    """Return in words what a value is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, int):
        return "a whole number"
    if isinstance(value, float):
        return "a number"
    return "a mapping" if isinstance(value, Mapping) else "a list"


def _must_be(wanted: str, hint: str = "") -> Sentence:
    return lambda context, node: (f"must be {wanted}, not {_kind_of(node.value)}", hint)


def _text(context: Mapping[str, Any], node: Node) -> tuple[str, str]:
    scalar = isinstance(node.value, bool | int | float)
    return f"must be text, not {_kind_of(node.value)}", f'write it in quotes: "{node.text}"' if scalar else ""


def _mapping(context: Mapping[str, Any], node: Node) -> tuple[str, str]:
    hint = "leave the key out, or write keys under it" if node.value is None else "write keys under it"
    return f"must be a mapping of keys to values, not {_kind_of(node.value)}", hint


def _choice(context: Mapping[str, Any], node: Node) -> tuple[str, str]:
    choices = re.findall(r"'([^']*)'", str(context["expected"]))
    told = f'"{str(node.value)[:40]}"' if isinstance(node.value, str) else _kind_of(node.value)
    return f"must be {' or '.join(choices)}, not {told}", did_you_mean(str(node.value), choices)


def _bound(words: str, key: str) -> Sentence:
    return lambda context, node: (f"must be {words} {context[key]}, not {node.text}", "")


def _ours(context: Mapping[str, Any], node: Node) -> tuple[str, str]:
    error = context["error"]
    return (error.message, error.hint) if isinstance(error, Wrong) else (str(error), "")


def _anything(context: Mapping[str, Any], node: Node) -> tuple[str, str]:
    return "cannot be meant", ""


SENTENCES: Mapping[str, Sentence] = {
    "string_type": _text,
    "int_type": _must_be("a whole number"),
    "int_from_float": _must_be("a whole number"),
    "float_type": _must_be("a number"),
    "bool_type": _must_be("true or false"),
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "dict_type": _mapping,
    "tuple_type": _must_be("a list", "write [one, two]"),
    "enum": _choice,
    "literal_error": _choice,
    "greater_than_equal": _bound("at least", "ge"),
    "less_than_equal": _bound("at most", "le"),
    "too_short": lambda context, node: ("must not be empty", ""),
    "too_long": lambda context, node: (f"must not have more than {context['max_length']} entries", ""),
    "value_error": _ours,
}
"""What pydantic calls an error, as a sentence: the value's path stands before it."""


def impossible(settings: EnvironmentSettings, node: Node, project: Path, *, sandbox: bool) -> Iterator[Problem]:
    """Yield what is wrong with values that are each fine alone.

    node: the merged environment, for places. project: the folder that files are relative to.
    """
    check, quick, bake = settings.check, settings.rollback_check, settings.bake

    def problem(path: str, message: str, hint: str = "") -> Problem:
        parts: list[str] = path.split(".")
        missing: list[str | int] = []
        found, rest = node.deepest(parts)
        while found.place is None:  # a default of the sandbox: name the nearest thing that somebody wrote
            missing = [parts.pop(), *missing]
            found, rest = node.deepest(parts)
        return Problem(found.where, ".".join(map(str, (*found.path, *rest, *missing))), message, hint)

    settle = settings.settle()
    if settings.keep_warm < 2 * settle:
        yield problem(
            "keep_warm",
            f"is shorter than twice probe.settle ({format_duration(settle)})",
            "for that long the old color may still be asked; keep it longer",
        )
    if check.via == "command" and check.command is None:
        yield problem("check.via", "is command, and check.command says none", "write command: [program, argument]")
    if check.via != "command" and check.command is not None:
        yield problem("check.command", f"is never run: check.via is {check.via}", "write via: command")
    if check.timeout > check.deadline:
        yield problem(
            "check.timeout",
            "is longer than check.deadline",
            "one answer may not take longer than all of them",
        )
    for path, section in (("check", check), ("rollback_check", quick)):
        needed = (section.healthy - 1) * section.every
        if needed >= section.deadline:
            yield problem(
                f"{path}.deadline",
                f"cannot be met: {section.healthy} answers, one each {format_duration(section.every)}, take longer",
                "ask more often, ask for fewer, or wait longer",
            )
    if (bake.bad - 1) * bake.every > bake.lasts:
        yield problem(
            "bake.bad",
            f"{bake.bad} bad answers do not fit into bake.for",
            "fewer, more often, or bake longer",
        )
    if bake.blind_deadline < bake.lasts:
        yield problem("bake.blind_deadline", "is shorter than bake.for", "it is when waiting for evidence ends")
    if settings.edge.kind == "sandbox" and not sandbox:
        yield problem("edge.kind", "is sandbox, and the file has no sandbox", "add sandbox: {network: 127.77.12.0/24}")
    files = [("check.ca_file", check.ca_file)] if check.ca_file else []
    files += [(f"terraform.var_files.{index}", name) for index, name in enumerate(settings.terraform.var_files)]
    for path, name in files:
        if name and not _is_file(project / name):
            yield problem(path, f"there is no file {name}", f"it is looked for from {project}")
        elif path != "check.ca_file" and not (project / name).resolve().is_relative_to(project.resolve()):
            yield problem(path, "leads out of the project", "its values live beside bluegreen.yaml or below")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a NUL inside, or longer than names can be
        return False
