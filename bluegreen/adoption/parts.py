"""Which block of somebody's root is which part of the stack: the colors' servers and addresses, and the records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bluegreen.adoption.source import Block, Module, Source
from bluegreen.model import Color
from bluegreen.switch.guard import PUBLIC, Guard

RECORDS = frozenset({"cloudflare_record", "cloudflare_dns_record"})
"""The types whose planned content the guard can read; and the sandbox's, which are terraform_data."""

_MACHINE = re.compile(r"instance|server|machine|droplet|terraform_data")
_ADDRESS = re.compile(r"(?!.*(?:cidr|range|private|internal|subnet))(?:.*_)?(?:ip|address)(?:_|$)")
_REFERENCE = re.compile(r"(?:module|local|var|data|[a-z]\w*)(?:\.\w+|\[\d+\])+")


def is_of(color: Color, label: str) -> bool:
    """Return whether a label names a color, as blue_server does."""
    return re.search(rf"(?:^|[_-]){color}(?:[_-]|$)", label) is not None


def is_record(block: Block) -> bool:
    sandboxed = block.type == "terraform_data" and block.find(r'\bsandbox\s*=\s*"record"')
    return block.kind == "resource" and (block.type in RECORDS or bool(sandboxed))


@dataclass(frozen=True, slots=True)
class Record:
    """One resource that is a record."""

    module: Module
    block: Block

    @property
    def color(self) -> Color | None:
        """Whose own name it is; None for any other."""
        return next((color for color in Color if is_of(color, self.block.label)), None)

    @property
    def address(self) -> str:
        return f"{self.module.prefix}{self.block.type}.{self.block.label}"

    @property
    def pattern(self) -> str:
        """A pattern for the addresses of its instances, and for those of counted modules around it."""
        return re.sub(r"(module\.[^.]+)\.", r"\1*.", self.address) + "*"

    @property
    def flips(self) -> str:
        """Where its type depends on something; "" when it does not."""
        kinds = r'"(?:A|AAAA|CNAME)"'
        return self.block.find(rf"(?<![\w.])type\s*=[^\n]*{kinds}[^\n]*{kinds}")


def records(source: Source) -> list[Record]:
    return [Record(module, block) for module, block in source.everywhere() if is_record(block)]


def public_records(source: Source) -> list[Record]:
    """Return the records that are the public's: those that the guard takes for it, else the only ones of no color."""
    others = [record for record in records(source) if record.color is None]
    known = [record for record in others if Guard().owner(record.address) == PUBLIC]
    return known or (others if len(others) == 1 else [])


def servers(source: Source, color: Color) -> list[Block]:
    """Return the root's blocks that make a color's server: modules and machines that are named for it."""
    return [
        block
        for block in source.root.of("module", "resource")
        if is_of(color, block.label) and not is_record(block) and _makes_machines(source, block)
    ]


def _makes_machines(source: Source, block: Block) -> bool:
    if block.kind == "resource":
        return _MACHINE.search(block.type) is not None
    called = source.called(block.label)
    return called is None or not any(map(is_record, called.blocks))


def address_of(source: Source, color: Color) -> str:
    """Return the expression for a color's address, as its server is given it; "" when none can be seen."""
    return next((one for server in servers(source, color) for one in _addresses(server)), "")


def _addresses(server: Block) -> Iterator[str]:
    for statement in server.inside:
        if not statement.block and _ADDRESS.match(statement.name):
            expression = statement.code.strip()
            if _REFERENCE.fullmatch(expression):
                yield expression


def ownership(source: Source) -> dict[str, list[str]]:
    """Return what the guard has to be told, class -> patterns: whose a resource is that its own patterns mistake."""
    guard = Guard()
    told: dict[str, list[str]] = {}
    for record in public_records(source):
        if guard.owner(record.address) != PUBLIC:
            told.setdefault(PUBLIC, []).append(record.pattern)
    for record in records(source):
        if record.color and guard.owner(record.address) != f"backend.{record.color}":
            told.setdefault(f"backend.{record.color}", []).append(record.pattern)
    for color in Color:
        for server in servers(source, color):
            address = f"{'module' if server.kind == 'module' else server.type}.{server.label}"
            if guard.owner(f"{address}.x.y" if server.kind == "module" else address) != f"server.{color}":
                told.setdefault(f"server.{color}", []).append(f"{address}*")
    return told
