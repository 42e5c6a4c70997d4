"""Takes somebody's root module into a project: says what it is, writes what is missing, overwrites nothing."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bluegreen.adapters.state.files import explained
from bluegreen.adapters.terraform.folder import VALUES_FILE, code_files, loading_files
from bluegreen.adoption.contract import SINGLE_ROOT, what_fights, what_lacks
from bluegreen.adoption.files import FILL_IN, MARKER_FILE, Names, marker_file, project_file
from bluegreen.adoption.findings import Finding, Kind, bites
from bluegreen.adoption.hazards import what_bites
from bluegreen.adoption.source import Source, read_source
from bluegreen.config.fields import NAME
from bluegreen.config.load import FILE
from bluegreen.errors import EngineError, UsageError
from bluegreen.model import Color
from bluegreen.render.tfvars import to_hcl

IGNORED = (".bluegreen/", VALUES_FILE)
"""What a run leaves in a project, and what never belongs into git."""

_HOSTNAME = re.compile(r"(?=.{1,200}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What was found, and what is to be written: path -> text, of files that are not there yet.

    kept: files that are there already, and were left as they are. steps: what is to be done next, in order.
    """

    findings: Sequence[Finding]
    files: Mapping[Path, str]
    kept: Sequence[Path]
    steps: Sequence[str]

    def write(self) -> None:
        """Write the files. Raises UsageError where that cannot be done; what is there is never overwritten."""
        for path, text in self.files.items():
            try:
                with path.open("x") as file:
                    file.write(text)
            except OSError as error:
                raise UsageError(
                    f"it cannot be written: {error.strerror}", where=str(path), hint="--dry-run shows it"
                ) from None


def adopt(
    project: Path,
    folder: Path,
    *,
    hostname: str,
    zone: str = "",
    public_url: str = "",
    service: str = "",
    environment: str = "pro",
    release: str = "unknown",
) -> Adoption:
    """Read the root module in `folder`, which lies in the project; nothing is written yet.

    hostname: the public one. zone: "" for what follows its first label, or for itself. public_url: "" for https:// and
    the hostname. service: "" for the project folder's name. release: what the active color runs now. Raises UsageError
    for names that are none, EngineError when there is no root, or when it runs Terraform somewhere else.
    """
    given = Names(
        service or re.sub(r"[^a-z0-9-]+", "-", project.name.lower()).strip("-"),
        environment,
        os.path.relpath(folder, project),
        hostname,
        zone or (hostname.partition(".")[2] if hostname.count(".") > 1 else hostname),
        public_url or f"https://{hostname}/",
        release,
    )
    with explained(folder, "read this root"):
        return _adopt(project, folder, _names(given))


def _adopt(project: Path, folder: Path, names: Names) -> Adoption:
    if not folder.resolve().is_relative_to(project.resolve()):
        raise UsageError(
            f"{folder} is not in the project {project}", hint="-C DIR names the folder that bluegreen.yaml is to lie in"
        )
    if not code_files(folder):
        raise EngineError(
            f"no Terraform configuration in {folder}",
            hint="DIR is the folder of your root module, where its *.tf are; a new project: bluegreen init NAME",
        )
    source = read_source(project, folder, loading_files(folder))
    marker = folder / MARKER_FILE
    wanted = {project / FILE: project_file(source, names), marker: marker_file(source, names)}
    wanted[project / ".gitignore"] = "".join(f"{line}\n" for line in (*IGNORED, ".terraform/", "*.tfstate*"))
    files = {path: text for path, text in wanted.items() if text and not os.path.lexists(path)}
    findings = [
        *what_lacks(source, source.shown(marker)),
        *what_fights(source),
        *_unfinished(source, marker, files),
        *what_bites(source),
        *_unignored(source),
    ]
    kept = [path for path in wanted if os.path.lexists(path)]
    return Adoption(list(dict.fromkeys(findings)), files, kept, list(_steps(source, names, findings)))


def _names(names: Names) -> Names:
    """Check what is to be written as a name. Raises UsageError."""
    for what, name in (("service", names.service), ("environment", names.environment)):
        if not re.fullmatch(NAME, name, re.ASCII):
            raise UsageError(
                f"{name!r} is no name for {what} here: lower-case letters, digits and dashes, a letter first",
                hint="--service NAME says it" if what == "service" else "-e NAME says it",
            )
    for what, name in (("--hostname", names.hostname), ("--zone", names.zone)):
        if not _HOSTNAME.fullmatch(name):
            raise UsageError(
                f"{what} {name!r} is no host name", hint="write it whole and in lower case: pro.example.com"
            )
    if names.hostname != names.zone and not names.hostname.endswith(f".{names.zone}"):
        raise UsageError(f"{names.hostname} is not in the zone {names.zone}", hint="--zone ZONE names its own")
    if not names.release.strip():
        raise UsageError("--release is empty", hint="it is what runs now; leave it out where that is not known")
    url = urlsplit(names.public_url)
    if url.scheme not in ("http", "https") or not url.hostname or re.search(r"[\s\"\\]", names.public_url):
        raise UsageError(f"--public-url {names.public_url!r} is no URL", hint="for example https://pro.example.com/")
    return names


def _unfinished(source: Source, marker: Path, files: Mapping[Path, str]) -> Iterator[Finding]:
    """Yield the lines of what is to be written, or was written before, that somebody has to fill in."""
    text = files.get(marker) or (marker.read_text(errors="replace") if marker.exists() else "")
    for number, line in enumerate(text.splitlines(), 1):
        if f"# {FILL_IN}:" in line:
            told = line.partition(f"# {FILL_IN}: ")[2]
            yield Finding(Kind.LACKS, f"{source.shown(marker)}:{number}", f"{FILL_IN}: {told}", "write it there")


def _unignored(source: Source) -> Iterator[Finding]:
    ignore = source.project / ".gitignore"
    lines = ignore.read_text(errors="replace").split() if ignore.is_file() else list(IGNORED)
    for wanted in IGNORED:
        if not {wanted, wanted.rstrip("/")} & {line.lstrip("/") for line in lines}:
            yield bites(source.shown(ignore), f"git does not ignore {wanted}", f"add the line {wanted}")


def _steps(source: Source, names: Names, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield what is to be done next. The one apply by hand comes first: a run refuses a state without the marker."""
    if any(FILL_IN in finding.message for finding in findings):
        yield f"fill in what {MARKER_FILE} leaves open"
    values = " ".join(f"-var {shlex.quote(f'{name}={value}')}" for name, value in _values(source, names))
    yield "where this root is deployed already, bring the marker into its state, with everything as it is:"
    yield f"  terraform -chdir={shlex.quote(names.stack)} apply {values}".rstrip()
    yield "  which must say: 1 to add, 0 to change, 0 to destroy"
    if any(finding.kind is Kind.FIGHTS for finding in findings):
        yield "take out the lines that fight"
    yield "bluegreen plan --release VERSION"


def _values(source: Source, names: Names) -> Iterator[tuple[str, str]]:
    """Yield each variable that nothing gives a value yet, and which one changes nothing, as -var takes it."""
    runs = to_hcl({"release": names.release})
    known = dict.fromkeys(SINGLE_ROOT, "true") | {"server_active": str(Color.BLUE), "server_previous": ""}
    for color in Color:
        enabled = source.given(f"{color}_enabled")
        known[color] = "null" if enabled and enabled.head.code.strip() == "false" else runs
    for name, value in known.items():
        declared = source.root.named("variable", name)
        if source.given(name) is None and not (declared and declared.attribute("default")):
            yield name, value
