"""Secrets that are planted in every shop of a bad night, and looked for wherever they have no business."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

from shop import Shop

HEADER = "X-Probe-Pass"
SECRETS: Mapping[str, str] = {
    "SHOP_API_TOKEN": "plant3d-environment-g4rden",  # nobody's business, but there
    "TF_VAR_db_password": "plant3d-variable-g4rden",  # a root's
    "SHOP_PROBE_PASS": "plant3d-header-g4rden",  # sent with each public question
    "SHOP_STATE_PASS": "plant3d-terraform-g4rden",  # Terraform's alone
}
"""Variable of the environment -> secret. Only the first two names say that they are any."""

_PART = re.compile(rb"plant3d|g4rden")
"""The head and the tail of each, so that one that was cut in two is found as well."""

VARIABLE = """
variable "db_password" {
  type      = string
  default   = ""
  sensitive = true
}
"""


def plant(shop: Shop) -> None:
    """Have all of them used, once they are in the environment: saved plans of the servers hold the variable."""
    shop.configure(
        probe={"headers": {HEADER: "${SHOP_PROBE_PASS}"}}, terraform={"env": {"SHOP_STATE": "${SHOP_STATE_PASS}"}}
    )
    server = shop.folder / "tf" / "server"
    if server.is_dir():
        (server / "planted.tf").write_text(VARIABLE)


def found_in(content: bytes) -> bool:
    """Whether there is a planted secret, or half of one, in that; saved plans are archives, and looked into."""
    if zipfile.is_zipfile(BytesIO(content)):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return any(found_in(archive.read(name)) for name in archive.namelist())
    return _PART.search(content) is not None


def leaks(*folders: Path) -> Iterator[Path]:
    """Yield each file below the folders that holds one."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and found_in(path.read_bytes()):
                yield path
