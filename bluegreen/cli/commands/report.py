"""bluegreen report"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import data, document, tell
from bluegreen.cli.options import Options, Verb
from bluegreen.cli.session import open_environment
from bluegreen.errors import UsageError

if TYPE_CHECKING:
    from bluegreen.app import Environment


@click.command("report", cls=Verb)
@click.argument("run", required=False)
@click.option("--html", "file", metavar="FILE", help="Write it there.  [default: beside the journals]")
@click.option("--open", "shown", is_flag=True, help="Open it in a browser too.")
@click.pass_obj
def command(options: Options, run: str | None, file: str | None, shown: bool) -> None:
    """Write what a run did as one HTML file, the newest run's by default, and print where that is.

    It shows the phases, the public's answers by color, latencies, failures, probes and plans. The file needs no network
    and no script, and only you can read it. `bluegreen history` lists the runs.
    """
    from bluegreen.adapters.state.files import private_folder, replace_file
    from bluegreen.cli.chronicle import report_of

    environment = open_environment(options)
    run = run or _newest(environment)
    page = report_of(run, environment.journal(run))
    path = Path(file).absolute() if file else private_folder(environment.data / "runs") / f"{run}.html"
    replace_file(path, page.encode())
    if options.json:
        document({"run": run, "path": str(path)})
    else:
        data(str(path))
    if shown:
        _show(options, path)


def _newest(environment: Environment) -> str:
    """Return the newest run that began; what found the lock held is none. Raises UsageError."""
    for run in environment.store.runs():
        if any(entry.event == "run-started" for entry in environment.journal(run)):
            return run
    raise UsageError("there are no runs here yet", hint="bluegreen deploy")


def _show(options: Options, path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.as_uri()):
        tell("warning: no browser was found here: open the file yourself", color=options.color, style="yellow")
