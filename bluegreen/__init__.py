"""Blue/green switches for services on plain servers, with Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bluegreen.app import load as load

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import `load`, and all that stands behind it, when it is first asked for."""
    if name == "load":
        from bluegreen.app import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
