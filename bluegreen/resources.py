"""Finds the files that ship beside the code: templates/, terraform/modules/ and examples/."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """Return the path of a shipped file or folder, as `shipped("templates", "tfvars")`.

    In a wheel they lie inside the package, under `_shipped`; in a checkout, beside it. Raises FileNotFoundError
    when there is none: the installation is broken.
    """
    packaged = PACKAGE / "_shipped"
    path = (packaged if packaged.is_dir() else PACKAGE.parent).joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"{path}: this file belongs to bluegreen and is missing; install it again")
    return path
