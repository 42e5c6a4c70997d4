"""The two files that bring somebody's root into the contract: the marker with its output, and `bluegreen.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from bluegreen.adoption.contract import has_marker, missing_variables
from bluegreen.adoption.parts import Record, address_of, ownership, public_records, records, servers
from bluegreen.adoption.source import Source, unquoted
from bluegreen.model import OUTPUT, Color
from bluegreen.render.tfvars import to_hcl

MARKER_FILE = "bluegreen.tf"

_TYPES = {"blue_enabled": "bool", "green_enabled": "bool", "blue": "any", "green": "any"}
_DESCRIPTIONS = {
    **{f"{color}_enabled": f"Whether {color} has a server." for color in Color},
    **{
        str(color): f"What {color} runs: an object with release, running and whatever else describes it; null if never "
        "deployed."
        for color in Color
    },
    "server_active": "The color that serves the public.",
    "server_previous": 'The color that a rollback goes back to, or "".',
}
FILL_IN = "fill in"


@dataclass(frozen=True, slots=True)
class Names:
    """What no code says. stack: the root's folder, relative to the project. release: what runs there now."""

    service: str
    environment: str
    stack: str
    hostname: str
    zone: str
    public_url: str
    release: str


def marker_file(source: Source, names: Names) -> str:
    """Return what the root lacks as code; "" when it lacks nothing."""
    parts = [_variable(name) for name in missing_variables(source)]
    if parts:
        parts[0] = (
            f"# Set by `bluegreen`. None has a default: a bare plan in a fresh checkout asks instead.\n{parts[0]}"
        )
    if not has_marker(source):
        parts.append("\n".join(_marker(source, names)))
    if source.root.named("output", OUTPUT) is None:
        parts.append(
            f'output "{OUTPUT}" {{\n'
            '  description = "What bluegreen reads: the colors, which of them is active, and the edge."\n'
            f"  value       = terraform_data.{OUTPUT}.output\n}}\n"
        )
    return "\n".join(parts)


def _variable(name: str) -> str:
    body = f"  description = {to_hcl(_DESCRIPTIONS[name])}\n  type        = {_TYPES.get(name, 'string')}\n"
    return f'variable "{name}" {{\n{body}}}\n'


def _marker(source: Source, names: Names) -> Iterator[str]:
    yield "# What `bluegreen` reads. Its output is stored only when everything before it has succeeded."
    yield f'resource "terraform_data" "{OUTPUT}" {{'
    yield "  input = {"
    yield "    colors = {"
    for color in Color:
        yield f"      {color} = {{"
        yield from _color(source, color, names)
        yield "      }"
    yield "    }"
    yield "    server_active    = var.server_active"
    yield "    server_previous  = var.server_previous"
    yield f"    public_hostnames = [{to_hcl(names.hostname)}]"
    yield f"    public_url       = {to_hcl(names.public_url)}"
    yield f"    edge             = {{ {', '.join(_edge(source))} }}"
    yield "  }"
    yield ""
    yield f"  depends_on = [{', '.join(_made(source))}]"
    yield "}\n"


def _color(source: Source, color: Color, names: Names) -> Iterator[str]:
    hostname = f"backend-{color}-access.{names.hostname}"
    url = urlsplit(names.public_url)
    port = f":{url.port}" if url.port else ""
    address = address_of(source, color)
    yield f"        enabled          = var.{color}_enabled"
    yield f"        inputs           = var.{color}"
    yield f"        address          = {address or f'null # {FILL_IN}: the reserved address of {color}'}"
    yield f"        backend_hostname = {to_hcl(hostname)}"
    yield f"        backend_url      = {to_hcl(f'{url.scheme}://{hostname}{port}/')}"
    machine = next((one for one in servers(source, color) if one.type == "google_compute_instance"), None)
    if machine is not None:
        yield f"        instance         = one({machine.type}.{machine.label}[*].id)"


def _edge(source: Source) -> Iterator[str]:
    """Yield the edge's keys; the zone's id where a module gives it out, else it is looked up by edge.zone."""
    yield 'kind = "cloudflare"'
    for record in public_records(source)[:1]:
        module = source.called(record.module.prefix.removeprefix("module.").rstrip("."))
        for key, output in (("zone_id", "zone_id"), ("records", "record_ids")):
            if module is not None and module.named("output", output):
                yield f"{key} = {module.prefix}{output}"


def _made(source: Source) -> list[str]:
    made = source.root.of("module", "resource")
    return [f"module.{one.label}" if one.kind == "module" else f"{one.type}.{one.label}" for one in made]


def project_file(source: Source, names: Names) -> str:
    return "\n".join(_project(source, names)) + "\n"


def _project(source: Source, names: Names) -> Iterator[str]:
    yield "# Every other key, with its default: bluegreen config show"
    yield f"service: {names.service}"
    yield f"stack: {to_hcl(names.stack)}"
    yield ""
    yield "defaults:"
    yield "  # How an answer says which color it came from, for example {color: {header: x-color}}. With none, records"
    yield "  # and health are all the proof there is: let your servers say it, and write that here."
    yield "  identity: none"
    yield "  edge: # where the public records are looked at"
    yield f"    zone: {names.zone}"
    yield f"    hostnames: [{names.hostname}]"
    if not any(block.find(r"\brunning\b") for _, block in source.everywhere()):
        yield "  standby: destroy # nothing here follows `running`, which is how a server is stopped"
    flipping = [record for record in records(source) if record.flips and record not in public_records(source)]
    owners = ownership(source)
    if flipping or owners:
        yield "  guard:"
    if flipping:
        yield from _allowances(flipping)
    if owners:
        yield "    ownership: # whose a resource is"
        yield from (f"      {owner}: [{', '.join(map(to_hcl, patterns))}]" for owner, patterns in owners.items())
    yield ""
    yield "environments:"
    yield f"  {names.environment}:"
    said = source.given("server_active")
    active = unquoted(said.head) if said else ""
    yield f"    first_active: {active if active in list(Color) else Color.BLUE}"


def _allowances(flipping: list[Record]) -> Iterator[str]:
    yield "    allow: # these change their type with a switch, and are nowhere meanwhile: take it out once they keep it"
    for record in flipping:
        yield f"      - address: {to_hcl(record.pattern)}"
        yield "        actions: [replace]"
        yield "        phases: [prepare, switch, return]"
