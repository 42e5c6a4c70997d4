"""The yardstick: a bash script that makes the Terraform calls of a run of bluegreen, and does nothing else.

A real run is recorded, call by call: folder, argv, environment, values. The script is those calls in that order.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from shop import Shop

_RECORDER = Path(__file__).with_name("record_call.bash")
_OF_THE_RECORDER = {"PATH", "PWD", "OLDPWD", "SHLVL", "_", "BENCH_CALLS", "BENCH_ENGINE"}
_CHANGES = 2
"""Exit code of a plan that changes something."""


@dataclass(frozen=True)
class Call:
    """One call of Terraform. env: what it has over our environment. values: its tfvars file, "" for none."""

    folder: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    values: str


def engine() -> str:
    """Return the Terraform on PATH. Raises RuntimeError when there is none: the embedded one is no yardstick."""
    found = shutil.which("terraform")
    if found is None:
        raise RuntimeError("this benchmark needs terraform on PATH")
    return found


def record(shop: Shop, *arguments: str) -> list[Call]:
    """Run a command of bluegreen, and return the Terraform calls that it made."""
    tools, calls = shop.folder.parent / "recorder", shop.folder.parent / f"calls-{arguments[0]}"
    tools.mkdir(exist_ok=True)
    calls.mkdir()
    shutil.copy(_RECORDER, tools / "terraform")
    (tools / "terraform").chmod(0o700)
    env = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "BENCH_CALLS": str(calls), "BENCH_ENGINE": engine()}
    shop.run(*arguments, env={**os.environ, **env})
    found = [_read(path) for path in sorted(calls.glob("*.argv"))]
    return [call for call in found if call.argv != ("version",)]  # asked because the recorder is a script


def bare(plan: Call) -> Call:
    """Return a plan's change as a hand would make it: one `terraform apply -auto-approve` with the same values."""
    kept = (word for word in plan.argv if word.startswith(("-var-file=", "-input=")))
    return replace(plan, argv=("apply", "-auto-approve", *kept))


def _read(path: Path) -> Call:
    pairs = (pair.partition("=") for pair in _words(path.with_suffix(".env")))
    env = {name: value for name, _, value in pairs if name not in _OF_THE_RECORDER and os.environ.get(name) != value}
    values = path.with_suffix(".tfvars")
    return Call(
        folder=path.with_suffix(".folder").read_text().strip(),
        argv=tuple(_words(path)),
        env=env,
        values=values.read_text() if values.exists() else "",
    )


def _words(path: Path) -> list[str]:
    return path.read_text().split("\0")[:-1]


@dataclass(frozen=True)
class Script:
    """The calls as a bash script at `path`. It takes one argument: a folder made by `prepare`."""

    path: Path
    calls: tuple[Call, ...]

    def prepare(self, folder: Path, replaced: str, release: str) -> list[str]:
        """Lay the values of a run out beforehand, with another release in them; return the argv for that run."""
        folder.mkdir()
        for number, call in enumerate(self.calls):
            (folder / f"{number}.tfvars").write_text(call.values.replace(replaced, release))
        return ["bash", str(self.path), str(folder)]

    def __str__(self) -> str:
        return ", ".join(" ".join(word for word in call.argv if not word.startswith(("-", "/"))) for call in self.calls)


def write_script(path: Path, calls: list[Call]) -> Script:
    """Write the script. Plans and output go into the folder that it is given, privately, as those of bluegreen do."""
    lines = ["set -euo pipefail", "umask 077", f"engine={shlex.quote(engine())}", "own=$1"]
    plan = ""
    for number, call in enumerate(calls):
        for word in call.argv:
            if word.startswith("-out="):
                plan = word.removeprefix("-out=")
        words = [_word(word, plan, number) for word in call.argv]
        env = " ".join(f"{name}={shlex.quote(value)}" for name, value in call.env.items())
        ends = f" || (($? == {_CHANGES}))" if "-detailed-exitcode" in call.argv else ""
        lines.append(f"cd {shlex.quote(call.folder)}")
        lines.append(f'{env} "$engine" {" ".join(words)} </dev/null >"$own/{number}.out" 2>"$own/{number}.err"{ends}')
    path.write_text("\n".join(lines) + "\n")
    return Script(path, tuple(calls))


def _word(word: str, plan: str, number: int) -> str:
    if word.startswith("-var-file="):
        return f'-var-file="$own/{number}.tfvars"'
    if plan and word.endswith(plan):
        return f'{word.removesuffix(plan)}"$own/plan"'
    return shlex.quote(word)
