"""Whether there is a Terraform, and whether everybody who runs it gets the same providers and modules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bluegreen.doctor.findings import Finding, Unknown, failure, ok, together, warning
from bluegreen.doctor.subject import Subject
from bluegreen.model import Color
from bluegreen.ports import State, Survey

PIN = "there: terraform init -backend=false && terraform providers lock -platform=linux_amd64 -platform=darwin_arm64"
BUILT_IN = "terraform.io/builtin/terraform"
"""The provider of terraform_data, which is part of Terraform."""

OLDER = "bluegreen deploy, which goes to the idle one; a color is brought up to date by its next release"
PIN_MODULE = "write the version of each module that comes from elsewhere: ?ref=TAG"


def engine(subject: Subject) -> Finding:
    """A Terraform is there, and none of the states is of a newer one, which it may refuse."""
    if subject.no_engine is not None:
        raise subject.no_engine
    here = _release(subject.engine)
    newer = {f"{layer} by {state.engine}" for layer, state in subject.states().items() if _release(state.engine) > here}
    if newer:
        seen = f"{subject.engine} is older than what wrote a state: {', '.join(sorted(newer))}"
        return warning(seen, "install that version, or name it in terraform.engine")
    return ok(f"{subject.engine} ({subject.program})")


def lock_files(subject: Subject) -> Finding:
    """Each root's providers are pinned, for other platforms too."""
    roots = {survey.folder: survey for survey in subject.surveys().values()}
    pinned = {f"{name} {one.version}" for root in roots.values() for name, one in (root.locked or {}).items()}
    return together(_unpinned(roots), ", ".join(sorted(pinned)) or "no root needs a provider")


def _unpinned(roots: Mapping[str, Survey]) -> Iterator[Finding]:
    bare = [folder for folder, root in roots.items() if root.unpinned]
    if bare:
        yield warning(f"no lock file in {', '.join(bare)}: each machine takes the newest providers that fit", PIN)
    for folder, root in roots.items():
        missing = sorted(root.required.keys() - root.locked.keys()) if root.locked is not None else ()
        if missing:
            yield failure(f"the lock file in {folder} has no {', '.join(missing)}", PIN)
    narrow = [folder for folder, root in roots.items() if not all(one.portable for one in (root.locked or {}).values())]
    if narrow:
        yield warning(f"the lock file in {', '.join(narrow)} has checksums of one platform only", PIN)


def versions(subject: Subject) -> Finding:
    """State, lock files and the last init agree on providers and modules, and so do the roots, and blue and green."""
    states = subject.states()  # once a state was read, its layer has been initialised
    surveys = subject.surveys()
    parts = [
        *_unlocked(states, surveys),
        *_told_apart(surveys),
        *_left_over(surveys),
        *_modules(surveys),
        *_writers(states),
    ]
    if not parts and not states:
        raise Unknown("no state was read, to be held against lock files and modules")
    return together(parts, "states, lock files and modules agree, and so do blue and green")


def _unlocked(states: Mapping[str, State], surveys: Mapping[str, Survey]) -> Iterator[Finding]:
    """A state whose resources are of a provider that the code does not get any more cannot even be destroyed."""
    for layer, state in states.items():
        survey = surveys[layer]
        lost = sorted(state.providers - (survey.locked or {}).keys() - {BUILT_IN}) if survey.locked is not None else ()
        if lost:
            seen = f"{layer} has resources of {', '.join(lost)}, which {survey.folder} does not lock"
            yield failure(seen, f"terraform -chdir={survey.folder} state replace-provider, or require it again")


def _told_apart(surveys: Mapping[str, Survey]) -> Iterator[Finding]:
    """Roots that lock one provider at different versions."""
    locked: dict[str, dict[str, str]] = {}
    for survey in surveys.values():
        for name, one in (survey.locked or {}).items():
            locked.setdefault(name, {})[survey.folder] = one.version
    for name, folders in locked.items():
        if len(set(folders.values())) > 1:
            by = ", ".join(f"{version} in {folder}" for folder, version in folders.items())
            yield warning(
                f"{name} is locked at {by}", "terraform init -upgrade in the older one, and commit its lock file"
            )


def _left_over(surveys: Mapping[str, Survey]) -> Iterator[Finding]:
    """What the last init here has installed, where the lock file has moved on: the next one brings it."""
    for layer, survey in surveys.items():
        for name, version in survey.installed.items():
            wanted = (survey.locked or {}).get(name)
            if wanted is not None and wanted.version != version:
                seen = f"{layer} has {name} {version} here, and {wanted.version} in its lock file"
                yield warning(seen, f"bluegreen tf {layer} -- init")


def _modules(surveys: Mapping[str, Survey]) -> Iterator[Finding]:
    loose = {source for survey in surveys.values() for source in survey.modules.values() if _is_loose(source)}
    if loose:
        yield warning(f"modules without a version: {', '.join(sorted(loose))}", PIN_MODULE)
    if Color.BLUE in surveys and Color.GREEN in surveys:
        blue, green = surveys[Color.BLUE].modules, surveys[Color.GREEN].modules
        apart = sorted(call for call in blue.keys() | green.keys() if blue.get(call) != green.get(call))
        if blue and green and apart:
            yield warning(f"blue and green have other modules here: {', '.join(apart)}", "bluegreen tf LAYER -- init")


def _is_loose(source: str) -> bool:
    """Whether a module is whatever its repository holds today."""
    return source.startswith("git::") and "ref=" not in source


def _writers(states: Mapping[str, State]) -> Iterator[Finding]:
    wrote = {str(color): states[color].engine for color in Color if color in states and states[color].engine}
    if len(set(map(_release, wrote.values()))) > 1:
        by = ", ".join(f"{color} by {version}" for color, version in wrote.items())
        yield warning(f"the colors' states were written by different Terraforms: {by}", OLDER)


def _release(version: str) -> tuple[int, ...]:
    """Return major and minor, which decide what a state is like; () where there is none."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else ()
