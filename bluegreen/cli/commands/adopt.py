"""bluegreen adopt"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from bluegreen.cli.console import data, document, lines, tell
from bluegreen.cli.options import Options, Verb

if TYPE_CHECKING:
    from bluegreen.adoption.findings import Finding


@click.command("adopt", cls=Verb)
@click.argument("directory", metavar="DIR")
@click.option("--hostname", metavar="NAME", required=True, help="The public hostname, for example pro.example.com.")
@click.option("--zone", metavar="NAME", default="", help="Its zone.  [default: the hostname without its first label]")
@click.option(
    "--public-url", metavar="URL", default="", help="Where the public is.  [default: https:// and the hostname]"
)
@click.option("--service", metavar="NAME", default="", help="What is deployed.  [default: the project folder's name]")
@click.option("--release", metavar="VERSION", default="unknown", help="What runs there now.", show_default=True)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_obj
def command(
    options: Options,
    directory: str,
    hostname: str,
    zone: str,
    public_url: str,
    service: str,
    release: str,
    dry_run: bool,
) -> None:
    """Take the Terraform root in DIR, which you have already, into this project.

    Says line by line what it lacks of the stack contract, which tfvars lines fight a run, and what will bite one day.
    Writes bluegreen.tf, with the marker and the output, into DIR, and bluegreen.yaml into the project's folder. Changes
    no file that is there, and runs no Terraform. The environment is pro, or what -e says.
    """
    from bluegreen.adoption.adopt import adopt

    project = options.folder
    adoption = adopt(
        project,
        project / directory,
        hostname=hostname,
        zone=zone,
        public_url=public_url,
        service=service,
        environment=options.environment or "pro",
        release=release,
    )
    if not dry_run:
        adoption.write()
    files = {str(path.relative_to(project)): text for path, text in adoption.files.items()}
    if options.json:
        findings = [
            {"kind": str(one.kind), "where": one.where, "message": one.message, "hint": one.hint}
            for one in adoption.findings
        ]
        document({"findings": findings, "files": files, "written": not dry_run, "next": list(adoption.steps)})
        return
    lines(line for finding in adoption.findings for line in _told(finding))
    for name, text in files.items():
        tell(f"{name}: {'would be written' if dry_run else 'written'}", color=options.color)
        if dry_run:
            data(text)
    for path in adoption.kept:
        tell(f"{path.relative_to(project)}: there already, left as it is", color=options.color)
    if not options.quiet:
        tell("next:", color=options.color)
        for step in adoption.steps:
            tell(f"  {step}", color=options.color)


def _told(finding: Finding) -> Iterator[str]:
    yield f"{finding.where}: {finding.kind}: {finding.message}"
    if finding.hint:
        yield f"    {finding.hint}"
