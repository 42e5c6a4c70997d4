"""What will bite in somebody's root: it keeps the contract, and yet one day a switch or a release goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bluegreen.adapters.terraform.folder import code_files
from bluegreen.adoption.findings import Finding, bites
from bluegreen.adoption.parts import address_of, public_records, records, servers
from bluegreen.adoption.source import Module, Source, followers, unquoted
from bluegreen.model import Color

MODULE_STEPS = "docs/adopt.md leads to the module cdn, whose records keep their type"
NOWHERE = "127.0.0.1"
SCRIPTS = ("Makefile", "*.sh", "*.mk", "*.md", "*.yml", "*.yaml")
WORKFLOWS = ".github/workflows"


def _flips(source: Source) -> Iterator[Finding]:
    public = {record.address for record in public_records(source)}
    for record in records(source):
        if record.flips and record.address not in public:
            yield bites(
                record.flips,
                f"{record.address} changes its type with a switch: it is deleted, then made anew, and its name is "
                "nowhere in between; the create can fail (81053, 81054)",
                f"guard.allow in bluegreen.yaml lets it be replaced for now; {MODULE_STEPS}",
            )
        for name in ("count", "for_each"):
            asked = record.block.attribute(name)
            if asked and "server_active" in asked.code:
                yield bites(
                    record.block.at(asked),
                    f"{record.address} comes and goes with server_active: a switch may neither create nor delete",
                    "keep the record, and change its content",
                )


def _unreplaced(source: Source) -> Iterator[Finding]:
    for color in Color:
        for server in servers(source, color):
            if not server.mentions(*followers(source.root, color)):
                yield bites(
                    server.place,
                    f"a release does not reach {color}: nothing here follows var.{color}",
                    f"hand var.{color} on to it, and let a change of release replace the machine",
                )


def _boot_scripts(source: Source) -> Iterator[Finding]:
    for _, block in source.everywhere():
        script = block.find(r"\bstartup-script\"?\s*=")
        if block.type == "google_compute_instance" and script and not block.find(r"\breplace_triggered_by\b"):
            yield bites(
                script,
                "a startup script runs at boot only: changed in place, it brings no release to a machine that runs",
                "metadata_startup_script, or lifecycle { replace_triggered_by }, replaces the machine",
            )


def _dependent_servers(source: Source) -> Iterator[Finding]:
    active = followers(source.root, "server_active")
    for color in Color:
        for server in servers(source, color):
            if place := server.mentions(*active):
                yield bites(
                    place,
                    f"{color}'s server depends on server_active: each switch changes servers, which the guard refuses",
                    f"let it follow var.{color}, as in var.{color}.running, instead",
                )


def _ephemeral(source: Source) -> Iterator[Finding]:
    for _, block in source.everywhere():
        for one in block.inside if block.type == "google_compute_instance" else ():
            if one.block and one.name == "access_config" and not re.search(r"\bnat_ip\b", one.code):
                yield bites(
                    block.at(one),
                    "an ephemeral address: another one after each stop, and the records still name the old one",
                    "nat_ip = a google_compute_address of its own, reserved outside the server",
                )


def _nowhere(source: Source) -> Iterator[Finding]:
    """Yield colors whose address may be 127.0.0.1, as an output says that has none to give."""
    for color in Color:
        found = re.fullmatch(r"module\.(\w+)(?:\[\d+\])?\.(\w+)", address_of(source, color))
        network = source.called(found[1]) if found else None
        output = network.named("output", found[2]) if network and found else None
        if network is None or output is None or NOWHERE not in output.head.code:
            continue
        needed = re.search(r"\bvar\.(\w+)\s*(>=|==)\s*(\d+)", output.head.code)
        given = _number(source, network, needed[1]) if needed else None
        if needed and given is not None and (given >= int(needed[3]) if needed[2] == ">=" else given == int(needed[3])):
            continue
        told = f": {needed[1]} is {given}" if needed and given is not None else ""
        yield bites(
            output.find(re.escape(NOWHERE)),
            f"{color} would be at {NOWHERE} when it is enabled{told}",
            f"{needed[1]} = {needed[3]} gives it an address" if needed else "give it a reserved address",
        )


def _number(source: Source, module: Module, name: str) -> int | None:
    """Return the number that a module is given for a variable, followed through one variable of the root."""
    given = module.call.attribute(name) if module.call else None
    if given is None:
        declared = module.named("variable", name)
        given = declared.attribute("default") if declared else None
    code = given.code.strip() if given else ""
    if code.startswith("var."):
        said, declared = source.given(code[4:]), source.root.named("variable", code[4:])
        default = declared.attribute("default") if declared else None
        code = said.head.code.strip() if said else default.code.strip() if default else ""
    return int(code) if code.isdigit() else None


def _targets(source: Source) -> Iterator[Finding]:
    """Yield scripts that apply a part: what they leave out, the next plan brings, and the marker is not made."""
    folders = dict.fromkeys((source.project, source.root.folder))
    paths = [path for folder in folders for pattern in SCRIPTS for path in sorted(folder.glob(pattern))]
    paths += sorted((source.project / WORKFLOWS).glob("*.y*ml"))
    for path in filter(Path.is_file, paths):
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if re.search(r"(?:^|[\s'\"])--?target[= ]", line) and re.search(r"\b(?:terraform|tofu)\b", line):
                yield bites(
                    f"{source.shown(path)}:{number}",
                    "-target applies a part, and leaves the marker saying what is no longer so",
                    "apply all of it, or leave it to bluegreen",
                )


def _state(source: Source) -> Iterator[Finding]:
    backends = [
        (block, one)
        for block in source.root.of("terraform")
        for one in block.inside
        if one.block and one.name == "backend"
    ]
    for block, one in backends:
        if one.labels != ("local",) and not one.code.strip():
            yield bites(
                block.at(one),
                f'the settings of backend "{" ".join(one.labels)}" are not in the code',
                "write them as terraform.backend_config in bluegreen.yaml, or no state is found",
            )
    if not [one for _, one in backends if one.labels != ("local",)]:
        yield bites(
            backends[0][0].at(backends[0][1]) if backends else source.shown(source.root.folder),
            "the state is in a file on this machine: nobody else can switch, or go back",
            "a backend that is shared and locks, such as gcs; terraform init -migrate-state brings it there",
        )


def _pins(source: Source) -> Iterator[Finding]:
    settings = list(source.root.of("terraform"))
    place = settings[0].place if settings else source.shown(source.root.folder)
    if not any(block.attribute("required_version") for block in settings):
        yield bites(
            place,
            "no required_version: another Terraform may write the state, and older ones refuse it then",
            'required_version = "~> 1.11", or what you have',
        )
    pinned = {
        one.name: (block.at(one), re.search(r"\bversion\s*[=:]", one.code) is not None)
        for block in settings
        for one in block.inside
        if one.parents == ("terraform", "required_providers")
    }
    used = {block.type.partition("_")[0]: block.place for _, block in source.everywhere() if block.type}
    for name, where in {**used, **{name: where for name, (where, _) in pinned.items()}}.items():
        if name != "terraform" and not pinned.get(name, ("", False))[1]:
            yield bites(
                where, f"the version of provider {name} is not pinned: a new one may plan changes of its own", PIN
            )
    for block in source.root.of("module"):
        said = unquoted(block.attribute("source"))
        if said and not said.startswith(".") and not block.attribute("version") and "ref=" not in said:
            yield bites(
                block.place, f"the version of module {block.label} is not pinned", "version, or ?ref= in its source"
            )
    lock = source.root.folder / ".terraform.lock.hcl"
    if set(used) - {"terraform"} and not lock.exists():
        yield bites(source.shown(lock), "there is no lock file: each machine may take other providers", LOCK)


def _unread(source: Source) -> Iterator[Finding]:
    for module in source.modules:
        for path in code_files(module.folder):
            if path.suffix == ".json":
                yield bites(
                    source.shown(path),
                    "of JSON names are read: what is said to be missing may be here, and what bites here is unseen",
                    "look there yourself, or write it as HCL",
                )


PIN = "pin it, as in ~> 5.20"
LOCK = "terraform providers lock -platform=linux_amd64 -platform=darwin_arm64, and commit it"

HAZARDS: Sequence[Callable[[Source], Iterator[Finding]]] = (
    _flips,
    _unreplaced,
    _boot_scripts,
    _dependent_servers,
    _ephemeral,
    _nowhere,
    _targets,
    _state,
    _pins,
    _unread,
)


def what_bites(source: Source) -> Iterator[Finding]:
    for hazard in HAZARDS:
        yield from hazard(source)
