"""bluegreen generate"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from bluegreen.cli.console import document, lines
from bluegreen.cli.options import Options, Verbs
from bluegreen.cli.session import open_project
from bluegreen.errors import BluegreenError, Refused

WORDS = {
    "written": "{path} was written",
    "current": "{path} is current",
    "differs": "{path} differs from what bluegreen.yaml says",
    "missing": "{path} is missing",
    "unwanted": "{path} is for nothing that bluegreen.yaml says; remove it",
}
FINE = frozenset({"written", "current"})


@click.group("generate", cls=Verbs)
def command() -> None:
    """Write what follows from bluegreen.yaml."""


@command.command("github")
@click.option("--check", is_flag=True, help="Write nothing; exit with 3 when a file differs, is missing or unwanted.")
@click.pass_obj
def github(options: Options, check: bool) -> int:
    """Write .github/workflows: deploy, rollback, plan, drift and retire, for each environment.

    Its section `github` says how they are to be. A file that somebody else has written is never overwritten.
    """
    from bluegreen.render.github import render_workflows

    config = open_project(options).config
    project = options.folder.resolve()
    root = _repository(project)
    folder = project.relative_to(root).as_posix()
    names = [options.environment] if options.environment else config.names
    wanted = render_workflows(config, names, "" if folder == "." else folder)
    found = dict(_compared(root / ".github" / "workflows", wanted, everything=not options.environment))
    if not check:
        found = {path: _written(path, wanted[path.name]) if path.name in wanted else found[path] for path in found}
    told = {str(path.relative_to(root)): state for path, state in found.items()}
    if options.json:
        document([{"path": path, "state": state} for path, state in told.items()])
    else:
        lines(WORDS[state].format(path=path) for path, state in told.items())
    return 0 if FINE.issuperset(told.values()) else Refused.exit_code


def _repository(folder: Path) -> Path:
    """Return the folder of the git repository that a folder is in; itself where it is in none."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), folder)


def _compared(folder: Path, wanted: Mapping[str, str], *, everything: bool) -> Iterator[tuple[Path, str]]:
    """Yield each file with its state. Raises Refused for one that is somebody's own.

    everything: these are all that there are to be.
    """
    from bluegreen.render.github import HEADER

    texts = {path.name: path.read_text(errors="replace") for path in folder.glob("*.yml")}
    ours = {name: text for name, text in texts.items() if text.startswith(HEADER)}
    for name, text in wanted.items():
        path = folder / name
        if name in texts and name not in ours:
            raise Refused("somebody else has written this file", where=str(path), hint="rename or remove it")
        yield path, ("current" if ours[name] == text else "differs") if name in ours else "missing"
    for name in sorted(ours.keys() - wanted.keys()) if everything else ():
        yield folder / name, "unwanted"


def _written(path: Path, text: str) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        hint = "let this user write there, or move away what is in its place"
        raise BluegreenError(f"it cannot be written: {error.strerror}", where=str(path), hint=hint) from None
    return "written"
