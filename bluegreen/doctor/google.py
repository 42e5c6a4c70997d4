"""What this account may do in the project of Google Cloud: enough for a deploy, and no more than that."""

from __future__ import annotations

import re

from bluegreen.doctor.findings import Finding, Unknown, failure, ok, warning
from bluegreen.doctor.subject import Subject
from bluegreen.model import Color, StackFacts

NEEDED = (
    "compute.addresses.get",
    "compute.addresses.use",
    "compute.disks.create",
    "compute.firewalls.get",
    "compute.instances.create",
    "compute.instances.delete",
    "compute.instances.get",
    "compute.instances.setLabels",
    "compute.instances.setMetadata",
    "compute.instances.setTags",
    "compute.instances.start",
    "compute.instances.stop",
    "compute.networks.get",
    "compute.subnetworks.get",
    "compute.subnetworks.use",
    "compute.subnetworks.useExternalIp",
    "compute.zoneOperations.get",
)
"""What a deploy asks for on the project: of roles/compute.instanceAdmin.v1, and roles/compute.networkViewer."""

TOO_MUCH = (
    "compute.firewalls.delete",
    "compute.firewalls.update",
    "compute.networks.delete",
    "iam.serviceAccountKeys.create",
    "iam.serviceAccounts.setIamPolicy",
    "resourcemanager.projects.setIamPolicy",
    "storage.buckets.delete",
)
"""What no deploy asks for, and whoever steals the account would like: of owners, editors and who sets up."""

FIRST = (
    "compute.addresses.create",
    "compute.firewalls.create",
    "compute.networks.create",
    "compute.subnetworks.create",
)
"""What the first deploy makes, once: of roles/compute.networkAdmin and roles/compute.securityAdmin."""

SET_UP = "have the first deploy run by somebody who also has roles/compute.networkAdmin and roles/compute.securityAdmin"
GRANT = "grant roles/compute.instanceAdmin.v1 and roles/compute.networkViewer on the project"
_PROJECT = re.compile(r"(?:^|/)projects/([^/]+)/")


def permissions(subject: Subject) -> Finding:
    """The account has what a deploy needs of the project, and nothing that none does."""
    facts = _facts(subject)
    project = _project(facts) if facts is not None else subject.project
    if not project:
        raise Unknown("no machine here is Google's")
    held = subject.permissions().held(project, (*NEEDED, *FIRST, *TOO_MUCH))
    missing = [permission for permission in NEEDED if permission not in held]
    if len(missing) == len(NEEDED):
        seen = f"{project}: nothing of a deploy, which is enough to switch and to roll back"
        return warning(seen, f"where deploys run, {GRANT}")
    if missing:
        return failure(f"{project}: missing {', '.join(missing)}", GRANT)
    lacking = [permission for permission in FIRST if facts is None and permission not in held]
    if lacking:
        return warning(f"{project}: what the first deploy makes needs {', '.join(lacking)}", SET_UP)
    extra = [permission for permission in TOO_MUCH if permission in held]
    if extra:
        seen = f"{project}: more than a deploy needs: {', '.join(extra)}"
        return warning(seen, f"deploy as an account of its own; {GRANT}, and no role that holds these")
    return ok(f"{project}: what a deploy needs, and none of what it does not")


def _facts(subject: Subject) -> StackFacts | None:
    """Return what is deployed; None as long as nothing is, or nobody knows."""
    try:
        return subject.facts()
    except Unknown:
        return None


def _project(facts: StackFacts) -> str:
    """Return the project of the colors' machines, "" when they are somebody else's."""
    named = (_PROJECT.search(facts.of(color).instance) for color in Color)
    return next((found[1] for found in named if found), "")
