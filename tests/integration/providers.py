"""The real Terraform providers: in .providers/, which `make providers` fills, or where BLUEGREEN_PROVIDERS says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("BLUEGREEN_PROVIDERS") or Path(__file__).parents[2] / ".providers").absolute()
SETTINGS = FOLDER / "terraformrc"
"""Terraform's own settings, which say where the providers are."""
TOFU = FOLDER / "tofu"

needs_providers = pytest.mark.skipif(
    not SETTINGS.is_file(),
    reason=f"no real providers: there is no {SETTINGS} (make providers, or set BLUEGREEN_PROVIDERS)",
)
