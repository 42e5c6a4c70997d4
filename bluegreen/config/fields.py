"""The types of single values: what each accepts, what it becomes, how it is written back, its JSON Schema."""

from __future__ import annotations

import ipaddress
import re
import warnings
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    SerializationInfo,
    Strict,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from bluegreen.config.durations import (
    AUTO,
    FOREVER,
    PATTERN,
    format_duration,
    parse_duration,
    parse_duration_or_auto,
    parse_duration_or_forever,
)
from bluegreen.config.secrets import looks_like_secret
from bluegreen.config.wording import Wrong, did_you_mean

NAME = r"^[a-z][a-z0-9-]{0,62}$"
"""63 characters: names become DNS labels."""

STORES = ("auto", "local")
BUCKET = r"^gs://[a-z0-9][a-z0-9._-]{1,220}[a-z0-9](/[A-Za-z0-9][A-Za-z0-9._-]*)*$"
"""A Cloud Storage bucket, and a folder in it."""

ENGINES = ("auto", "terraform", "tofu", "embedded")

_OUR_HEADERS = frozenset({"host", "user-agent", "accept", "connection", "content-length", "transfer-encoding"})

_STRIPPED = re.compile(r"TF_(LOG.*|CLI_ARGS.*|WORKSPACE|DATA_DIR|INPUT|REATTACH_PROVIDERS)")


def _name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise Wrong(
            "must be lower-case letters, digits and dashes, a letter first, 63 at most",
            "for example shop or pre-2",
        )
    return text


def _text(text: str) -> str:
    if not text.strip():
        raise Wrong("is empty", "leave the key out, or write something")
    return text


def _path(text: str) -> str:
    if not re.match(r"/(?!/)", text) or re.search(r"[\s\x00-\x1f]", text):
        raise Wrong("must be the path of a URL, beginning with /", "for example /healthz")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        whole = False
    if not whole or re.search(r"[\s\x00-\x1f]", text):
        raise Wrong("must be a whole URL", "for example https://status.example.com/")
    if parts.username or parts.password:
        raise Wrong("must not hold a user or a password", "they would show in logs")
    return text


def _pattern(text: str) -> str:
    if not text or re.search(r"\s", text):
        raise Wrong("must be a pattern for resource addresses", "for example module.network.*")
    return text


def _regular_expression(text: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what compiles with a warning today means something else tomorrow
            groups = re.compile(text).groups
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise Wrong(f"is no regular expression: {error}", "for example 'color: (blue|green)'") from None
    if groups < 1:
        raise Wrong("needs a group, which is what is read", "for example 'color: (blue|green)'")
    return text


def _network(text: str) -> str:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        network = None
    if network is None or network.prefixlen != 24 or not network.is_loopback or "/" not in text:
        raise Wrong("must be a /24 of 127.0.0.0/8", "for example 127.77.12.0/24")
    return text


def _engine(text: str) -> str:
    if text not in ENGINES and "/" not in text:
        near = did_you_mean(text, ENGINES)
        raise Wrong(f"must be {', '.join(ENGINES)} or the path of a program", near or "a path holds a /")
    return text


def _store(text: str) -> str:
    if text not in STORES and not re.fullmatch(BUCKET, text, re.ASCII):
        near = did_you_mean(text, STORES)
        raise Wrong(f"must be {', '.join(STORES)} or a bucket", near or "for example gs://my-bucket/bluegreen")
    return text


def _backend_setting(text: str) -> str:
    key, equals, value = text.partition("=")
    if equals and looks_like_secret(key, value):
        raise Wrong("looks like a secret", "it would show in the list of processes: use terraform.env, or a file")
    return _text(text)


def _variable_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text, re.ASCII):
        raise Wrong("must be the name of an environment variable", "letters, digits and _, no digit first")
    return text


def _environment_variable(text: str) -> str:
    _variable_name(text)
    if _STRIPPED.fullmatch(text):
        raise Wrong("is never handed to Terraform, where it would change what plans and applies mean", "remove it")
    return text


def _header_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text, re.ASCII):  # RFC 9110, section 5.6.2
        raise Wrong("must be the name of an HTTP header", "for example X-Probe-Secret")
    if text.lower() in _OUR_HEADERS:
        raise Wrong("is a header that bluegreen sets itself", "choose another name")
    return text


def _header_value(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?", value.get_secret_value()):
        raise Wrong("holds what no HTTP header can carry", "a line end, say, at the end of the variable's value")
    return value


def _statuses(value: object) -> tuple[int, int]:
    """Read 200 or "200-299" as the first and the last code."""
    if isinstance(value, int) and not isinstance(value, bool):
        first = last = value
    elif isinstance(value, str) and (match := re.fullmatch(r"([0-9]{3})-([0-9]{3})", value, re.ASCII)):
        first, last = int(match[1]), int(match[2])
    else:
        raise Wrong("must be a status code or a range of them", 'for example 200 or "200-299"')
    if not 100 <= first <= last <= 599:
        raise Wrong("must be from 100 to 599, the lower one first", 'for example 200 or "200-299"')
    return first, last


def _write_statuses(value: tuple[int, int]) -> int | str:
    return value[0] if value[0] == value[1] else f"{value[0]}-{value[1]}"


def listed(value: object) -> object:
    """Read a single text as a list of one."""
    return (value,) if isinstance(value, str) else value


def _write_secret(value: SecretStr, info: SerializationInfo) -> str:
    """Mask a value, unless the context lists the secrets and it holds none of them."""
    secrets, text = info.context, value.get_secret_value()
    return "***" if secrets is None or any(secret in text for secret in secrets) else text


def none_is_a_word(value: object) -> object:
    """Read the word none as None; an empty value is not taken for it."""
    if value == "none":
        return None
    if not isinstance(value, dict):
        raise Wrong("must say how answers name their color, or be the word none", IDENTITY_HINT)
    return value


class NoneIsAWord:
    """Says in JSON Schema what `none_is_a_word` does."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        choices = handler(schema)["anyOf"]
        return {"anyOf": [{"const": "none"} if one == {"type": "null"} else one for one in choices]}


IDENTITY_HINT = (
    "identity: {color: {header: X-Color}} (or json, or pattern) where every answer names its color; "
    "identity: none where none does, and then records and health are all the proof there is"
)

Duration: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]
DurationOrForever: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_duration_or_forever),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"const": FOREVER}]}),
]
DurationOrAuto: TypeAlias = Annotated[
    float | str,
    BeforeValidator(parse_duration_or_auto),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"const": AUTO}]}),
]
StatusRange: TypeAlias = Annotated[
    tuple[int, int],
    PlainValidator(_statuses),
    PlainSerializer(_write_statuses, when_used="json"),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]{3}-[0-9]{3}$"}]}),
]
Name: TypeAlias = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": NAME})]
Text: TypeAlias = Annotated[str, AfterValidator(_text)]
UrlPath: TypeAlias = Annotated[str, AfterValidator(_path)]
Url: TypeAlias = Annotated[str, AfterValidator(_url)]
Pattern: TypeAlias = Annotated[str, AfterValidator(_pattern)]
RegularExpression: TypeAlias = Annotated[str, AfterValidator(_regular_expression)]
Network: TypeAlias = Annotated[str, AfterValidator(_network)]
TerraformEngine: TypeAlias = Annotated[str, AfterValidator(_engine)]
StorePlace: TypeAlias = Annotated[str, AfterValidator(_store)]
BackendSetting: TypeAlias = Annotated[str, AfterValidator(_backend_setting)]
VariableName: TypeAlias = Annotated[str, AfterValidator(_variable_name)]
EnvironmentVariable: TypeAlias = Annotated[str, AfterValidator(_environment_variable)]
HeaderName: TypeAlias = Annotated[str, AfterValidator(_header_name)]
OneOrMany: TypeAlias = Annotated[tuple[Pattern, ...], Strict(False), BeforeValidator(listed)]
Masked = PlainSerializer(_write_secret, return_type=str, when_used="json")
HeaderValue: TypeAlias = Annotated[SecretStr, Strict(False), AfterValidator(_header_value), Masked]
