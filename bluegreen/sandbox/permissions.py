"""Google's Cloud Resource Manager, as far as one question goes: which of these permissions does the caller have?

The sandbox's other APIs let everybody do everything; this one answers as for the deployer of the example's README.
"""

from __future__ import annotations

import re

from bluegreen.sandbox.call import Call, Rejected, Reply
from bluegreen.sandbox.compute.refusals import Refused, invalid
from bluegreen.sandbox.compute.service import check_token

HELD = re.compile(
    r"""
    compute\.(disks|images|instances|snapshots)\.\w+
    | compute\.(addresses|networks|subnetworks)\.(get|list|use|useExternalIp)
    | compute\.(firewalls|machineTypes|projects|regions|zones)\.(get|list)
    | compute\.(addresses|firewalls|networks|subnetworks)\.create
    | compute\.(global|region|zone)Operations\.(get|list)
    """,
    re.VERBOSE,
)
"""What roles/compute.instanceAdmin.v1 and roles/compute.networkViewer hold, of what this sandbox has, and what the
first deploy makes."""

MOST = 100
"""Permissions in one question."""


def answer(call: Call) -> Reply:
    """Answer one call; `call.path` is what follows /cloudresourcemanager/v1/."""
    try:
        check_token(call.headers.get("authorization", ""))
        if call.method != "POST" or not re.fullmatch(r"projects/[a-z0-9.:-]+:testIamPermissions", call.path):
            raise Refused(404, "notFound", f"The sandbox's Resource Manager has no {call.method} {call.path}")
        asked = call.json().get("permissions")
        if not isinstance(asked, list) or not 1 <= len(asked) <= MOST or not all(map(_is_permission, asked)):
            raise invalid("permissions", asked, f"1 to {MOST} permissions without wildcards.")
        held = [permission for permission in asked if HELD.fullmatch(permission)]
        return Reply.json({"permissions": held} if held else {})  # as all of Google's APIs leave out what is empty
    except Refused as error:
        return error.reply()
    except Rejected as error:
        return Refused(error.status, "parseError", error.text).reply()


def _is_permission(asked: object) -> bool:
    return isinstance(asked, str) and re.fullmatch(r"[a-zA-Z]+(\.[a-zA-Z]+){2}", asked) is not None
